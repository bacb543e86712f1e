// A row's server, running: started, waited for, stopped by its process id.
import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { accepts, freePort, stopProcess, until } from '../harness.ts'
import type { Options } from './options.ts'
import type { Row, Started } from './row.ts'

/** A server that accepts connections. */
export interface Server {
  readonly row: Row
  readonly endpoint: SocketEndpoint
  readonly pid: number
  /** Of the server behind it, where there is one. */
  readonly backendPid: number | undefined
  stop(): Promise<void>
}

/** @throws {Error} when it ends instead of listening, with what it said. */
export async function startServer(
  row: Row,
  options: Options,
  folder: string,
  nodeOptions: readonly string[] = [],
): Promise<Server> {
  const { workers, sidegate } = options
  const own = join(folder, row.name)
  mkdirSync(own)
  const main = row.start({
    folder: own,
    port: await freePort(),
    backendPort: await freePort(),
    workers,
    sidegate,
    nodeOptions,
  })
  const { endpoint, backend } = main
  const stop = async (): Promise<void> => {
    await stopProcess(main.process)
    if (backend) await stopProcess(backend.process)
  }
  try {
    if (backend) await listens(`the server behind ${row.name}`, backend)
    await listens(row.name, main)
  } catch (error) {
    await stop()
    throw error
  }
  return { row, endpoint, pid: main.process.pid!, backendPid: backend?.process.pid, stop }
}

async function listens(name: string, { process: child, endpoint }: Started): Promise<void> {
  let said = ''
  let failed: Error | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-4000)
    })
  }
  child.on('error', (error) => (failed = error))
  await until(`${name} listens`, () => {
    if (failed) throw failed
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended at once:\n${said}`)
    return accepts(formatEndpoint(endpoint))
  })
}
