// A row's server, running: started, waited for, stopped by its process id.
import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { formatEndpoint, type Endpoint } from '../../sidecar/listen/address.ts'
import { accepts, freePort, stopProcess, until } from '../harness.ts'
import type { Options } from './options.ts'
import type { Row } from './row.ts'

/** A server that accepts connections. */
export interface Server {
  readonly row: Row
  readonly endpoint: Endpoint
  readonly pid: number
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
  const { process: child, endpoint } = row.start({
    folder: own,
    port: await freePort(),
    workers,
    sidegate,
    nodeOptions,
  })
  let said = ''
  let failed: Error | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-4000)
    })
  }
  child.on('error', (error) => (failed = error))
  try {
    await until(`${row.name} listens`, () => {
      if (failed) throw failed
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${row.name} ended at once:\n${said}`)
      return accepts(formatEndpoint(endpoint))
    })
  } catch (error) {
    await stopProcess(child)
    throw error
  }
  return { row, endpoint, pid: child.pid!, stop: () => stopProcess(child) }
}
