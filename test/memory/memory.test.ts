// A large body in and another one out through a real process, by every protocol: its memory stays where it was.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stopProcess } from '../harness.ts'
import { resident } from './resident.ts'
import { roundTrip } from './trip.ts'
import { MAIN } from '../built.ts'

const GB = 1024 ** 3
const MB = 1024 ** 2
const root = join(import.meta.dirname, '../..')
let server: ChildProcess | undefined

/** A process of its own for each protocol, as the most memory that a process ever had is what is looked at. */
async function serve(): Promise<{ pid: number; port: number }> {
  const command = [MAIN, 'serve', 'app:./test/memory/app.ts', '--listen', '127.0.0.1:0', '--no-access-log']
  server = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: server.stderr! })) {
    const port = /127\.0\.0\.1:([1-9][0-9]*)/.exec(line)?.[1]
    if (port) return { pid: server.pid!, port: Number(port) }
  }
  throw new Error('the server did not start')
}

afterEach(() => server && stopProcess(server))

/** Four times what may be kept, and more; `npm run memory` has a gigabyte. */
const SIZE = process.env.MODE === 'all' ? GB : GB / 4

test.each([
  ['uwsgi', SIZE],
  ['http', SIZE],
  ['fastcgi', SIZE],
  ['scgi', SIZE],
  // Each 8 KB of a request body is asked for and waited for: a quarter takes as long as the others.
  ['ajp', SIZE / 4],
])('%s: %d bytes each way stay below 64 MB more than idle', { timeout: 120_000 }, async (protocol, size) => {
  const { pid, port } = await serve()
  // The first requests bring in code and let the heap find its size.
  for (let i = 0; i < 3; i++) await roundTrip(protocol, port, 8 * MB)
  const idle = resident(pid, 'now')
  const { status, received } = await roundTrip(protocol, port, size)
  expect({ status, received }).toEqual({ status: 200, received: size })
  expect(resident(pid, 'most') - idle).toBeLessThan(64 * MB)
})
