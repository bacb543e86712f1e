// A real HAProxy in front of a FastCGI listener.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, freePort, program, stopProcess, temporaryFolder, until } from '../harness.ts'

/** A running HAProxy. */
export interface Haproxy {
  /** Where it takes HTTP: `127.0.0.1:PORT`. */
  readonly address: string
  stop(): Promise<void>
}

/** Starts HAProxy, with one thread as threads share no connections, and with `backend`, the lines of a `backend` section called `app`, and other sections behind them. */
export async function haproxy(backend: string, sections = ''): Promise<Haproxy> {
  const folder = temporaryFolder()
  const address = `127.0.0.1:${await freePort()}`
  const file = join(folder.path, 'haproxy.cfg')
  const text = `global
  maxconn 400
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind ${address}
  default_backend app
backend app
${backend}
${sections}
`
  writeFileSync(file, text)
  const child = spawn(program('haproxy')!, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  await until('HAProxy listens', () => {
    if (child.exitCode !== null) throw new Error(`HAProxy ended at once:\n${said}`)
    return accepts(address)
  })
  return {
    address,
    async stop() {
      await stopProcess(child, 'SIGTERM')
      folder.remove()
    },
  }
}
