// What a burst took is given back when it is over.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test, vi } from 'vitest'
import { MAIN } from '../built.ts'
import { stopProcess } from '../harness.ts'
import { resident } from './resident.ts'

const MB = 1024 ** 2
const CONNECTIONS = 512
/** Requests on each connection, as many at a time as it takes. */
const REQUESTS = 200
let server: ChildProcess | undefined

afterEach(() => server && stopProcess(server))

async function serve(): Promise<{ pid: number; port: number }> {
  const command = [MAIN, 'serve', 'app:./test/memory/app.ts', '--listen', 'http://127.0.0.1:0', '--no-access-log']
  const root = join(import.meta.dirname, '../..')
  server = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: server.stderr! })) {
    const port = /127\.0\.0\.1:([1-9][0-9]*)/.exec(line)?.[1]
    if (port) return { pid: server.pid!, port: Number(port) }
  }
  throw new Error('the server did not start')
}

/** Connections that all ask at once, and again and again. */
async function burst(port: number, connections: number): Promise<void> {
  const text = 'GET /?bytes=1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(REQUESTS - 1)
  const last = 'GET /?bytes=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  const all = Array.from({ length: connections }, async () => {
    const socket = connect(port, '127.0.0.1').resume()
    socket.write(text + last)
    await once(socket, 'close')
  })
  await Promise.all(all)
}

test('a gateway that rests has the memory that it had before the burst', { timeout: 120_000 }, async () => {
  const { pid, port } = await serve()
  const idle = resident(pid, 'now')
  await burst(port, CONNECTIONS)
  // Otherwise there would be nothing to give back.
  expect(resident(pid, 'most') - idle).toBeGreaterThan(32 * MB)
  await vi.waitFor(() => expect(resident(pid, 'now') - idle).toBeLessThan(20 * MB), { timeout: 30_000, interval: 500 })
  // And what it forgot costs no answer.
  await burst(port, 2)
})
