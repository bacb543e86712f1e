// 1 GB in and 1 GB out through a real process: its memory stays where it was.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectTo, uwsgiRequest } from '../listen/peer.ts'

const GB = 1024 ** 3
const MB = 1024 ** 2
const root = join(import.meta.dirname, '../..')
let server: ChildProcess
let address = ''

beforeAll(async () => {
  const command = ['sidecar/main.ts', 'serve', 'app:./test/memory/app.ts', '--listen', '127.0.0.1:0', '--no-access-log']
  server = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: server.stderr! })) {
    address = /127\.0\.0\.1:[1-9][0-9]*/.exec(line)?.[0] ?? ''
    if (address) break
  }
})

afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
})

/** Resident memory in bytes; `VmHWM`: the most there ever was. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))
  return Number(line![1]) * 1024
}

async function roundTrip(head: Uint8Array | string, size: number): Promise<number> {
  const socket = await connectTo(address)
  let received = 0
  socket.on('data', (bytes) => (received += bytes.length))
  const closed = once(socket, 'close')
  socket.write(head)
  const block = Buffer.alloc(MB)
  for (let left = size; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  }
  await closed
  return received
}

test.each([
  ['uwsgi', (size: number) => uwsgiRequest('/', { REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(size) })],
  ['HTTP', (size: number) => `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`],
] as const)('%s: 1 GB each way stays below 64 MB more than idle', { timeout: 120_000 }, async (_, head) => {
  // The first requests bring in code and let the heap find its size.
  for (let i = 0; i < 3; i++) await roundTrip(head(8 * MB), 8 * MB)
  const idle = memory('VmRSS')
  expect(await roundTrip(head(GB), GB)).toBeGreaterThanOrEqual(GB)
  expect(memory('VmHWM') - idle).toBeLessThan(64 * MB)
})
