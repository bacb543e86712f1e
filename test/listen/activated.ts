// A process that is started as systemd starts one: with listening sockets from number 3 on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { stopProcess, until } from '../harness.ts'
import { freshFolder } from './gateway.ts'
import { MAIN } from '../built.ts'

/** A listening socket that is not accepted from here. */
export async function socketOn(where: string): Promise<Server> {
  const server = createServer()
  if (where.startsWith('/')) server.listen(where)
  else server.listen(0, where)
  await once(server, 'listening')
  // The process that is started accepts; this one only holds the socket until then.
  const { fd } = handleOf(server)
  expect(fd).toBeGreaterThan(2)
  onTestFinished(() => void server.close())
  return server
}

function handleOf(server: Server): { fd: number } {
  return (server as unknown as { _handle: { fd: number } })._handle
}

/** What systemd does: sockets from 3 on, and variables with the process id of what is started. */
export function start(
  words: string[],
  sockets: Server[],
  environment: Record<string, string> = {},
  shell = 'LISTEN_PID=$$ exec "$@"',
) {
  const child = spawn('/bin/sh', ['-c', shell, 'sh', process.execPath, MAIN, 'serve', ...words], {
    cwd: freshFolder(),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', ...sockets.map((server) => handleOf(server).fd)],
  })
  let said = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  onTestFinished(() => stopProcess(child))
  return {
    pid: child.pid!,
    said: () => said,
    // Whoever accepts first would get a connection: only one may.
    serving: async () => {
      await until('it serves', () => {
        if (child.exitCode !== null) throw new Error(`it ended:\n${said}`)
        return said.includes('mounted')
      })
      for (const server of sockets) {
        const path = server.address()
        // close() would remove the file, which the other process does not have to know of.
        if (typeof path === 'string') renameSync(path, `${path}.kept`)
        server.close()
        if (typeof path === 'string') renameSync(`${path}.kept`, path)
      }
    },
    ended: async () => {
      const [code] = (await once(child, 'close')) as [number]
      return { code, said }
    },
    finish: () => stopProcess(child),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
  }
}

/** As an address. */
export const portOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`
