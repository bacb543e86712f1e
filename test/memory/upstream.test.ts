// A large body in and another one out through an upstream mount: the memory of the process in the middle stays where it was.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { stopProcess } from '../harness.ts'
import { connectTo } from '../listen/peer.ts'
import { resident } from './resident.ts'
import { MAIN } from '../built.ts'

const GB = 1024 ** 3
const MB = 1024 ** 2
const root = join(import.meta.dirname, '../..')
let inner: { process: ChildProcess; address: string }
let outer: { process: ChildProcess; address: string } | undefined

async function serve(target: string): Promise<{ process: ChildProcess; address: string }> {
  const command = [MAIN, 'serve', target, '--listen', '127.0.0.1:0', '--no-access-log']
  const child = spawn(process.execPath, [...command], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /^ *listening +(127\.0\.0\.1:[0-9]+)/.exec(line)?.[1]
    if (address) return { process: child, address }
  }
  throw new Error(`${target} did not start`)
}

beforeAll(async () => {
  inner = await serve('app:./test/memory/app.ts')
})

afterEach(() => outer && stopProcess(outer.process))
afterAll(() => stopProcess(inner.process))

async function roundTrip(size: number): Promise<number> {
  const socket = await connectTo(outer!.address)
  let received = 0
  socket.on('data', (bytes) => (received += bytes.length))
  const closed = once(socket, 'close')
  socket.write(`POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
  const block = Buffer.alloc(MB)
  for (let left = size; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  }
  await closed
  return received
}

/** Four times what may be kept, and more; `npm run memory` has a gigabyte. */
const SIZE = process.env.MODE === 'all' ? GB : GB / 4

test.each([
  ['http', SIZE],
  ['uwsgi', SIZE],
  ['fastcgi', SIZE],
  ['scgi', SIZE],
  // Each 8 KB of a request body is asked for and waited for: a quarter takes as long as the others.
  ['ajp', SIZE / 4],
] as const)('%s: %d bytes each way stay below 64 MB more than idle', { timeout: 180_000 }, async (protocol, size) => {
  outer = await serve(`upstream:${protocol}://${inner.address}`)
  // The first requests bring in code and let the heap find its size.
  for (let i = 0; i < 3; i++) await roundTrip(8 * MB)
  const { pid } = outer.process
  const idle = resident(pid!, 'now')
  const began = performance.now()
  expect(await roundTrip(size)).toBeGreaterThanOrEqual(size)
  const seconds = (performance.now() - began) / 1000
  const more = resident(pid!, 'most') - idle
  console.log(`${protocol}: ${Math.round((2 * size) / MB / seconds)} MB/s, ${Math.round(more / MB)} MB more`)
  expect(more).toBeLessThan(64 * MB)
})
