// A large body into a JavaScript worker process and another one out of it, to a client that stops reading for a while: neither the gateway's memory nor
// the worker's grows with it.
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { connectTo } from '../listen/peer.ts'
import { processesBelow } from '../chaos/resources.ts'
import { until } from '../harness.ts'
import { resident } from './resident.ts'

const MB = 1024 ** 2
const here = import.meta.dirname
const folder = commandFolder()
const ALL = process.env.MODE === 'all'
/** `npm run memory` has three kinds, and a size that would not fit by chance. */
const SIZE = ALL ? 300 * MB : 128 * MB
const KINDS = {
  node: { node: join(here, 'handlers.ts#node') },
  fetch: { fetch: join(here, 'handlers.ts#fetch') },
  app: { app: join(here, 'app.ts') },
}

/** The client reads nothing until this holds: the worker has filled what is between them, and waits. */
async function trip(port: number, size: number, filled: () => Promise<void>): Promise<number> {
  const socket = await connectTo(`127.0.0.1:${port}`)
  let received = 0
  let reads = false
  socket.on('data', (bytes) => {
    received += bytes.length
    if (reads) return
    reads = true
    socket.pause()
    void filled().then(() => socket.resume())
  })
  const closed = once(socket, 'close')
  socket.write(`POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
  const block = Buffer.alloc(MB)
  for (let left = size; left > 0; left -= block.length)
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  await closed
  return received
}

test.each(ALL ? (['node', 'fetch', 'app'] as const) : (['node'] as const))(
  '%s: memory stays below 64 MB more than idle, on both sides',
  { timeout: 180_000 },
  async (kind) => {
    const mounts = { '/': { ...KINDS[kind], processes: 1 } }
    folder.write('c.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts, log: { access: false } }))
    const one = folder.run(['serve', '--config', 'c.json', '--admin', 'a.sock'])
    const port = await one.port()
    const pids = [one.pid, ...processesBelow(one.pid)]
    const all = (): number => pids.reduce((sum, pid) => sum + resident(pid, 'now'), 0)
    for (let i = 0; i < 3; i++) await trip(port, 8 * MB, async () => {})
    const idle = pids.map((pid) => resident(pid, 'now'))
    let before = 0
    const settled = (): Promise<void> =>
      until('nothing more is written', () => {
        const now = all()
        const same = Math.abs(now - before) < MB
        before = now
        return same
      }).then(() => {})
    const began = performance.now()
    expect(await trip(port, SIZE, settled)).toBeGreaterThanOrEqual(SIZE)
    const seconds = (performance.now() - began) / 1000
    const more = pids.map((pid, index) => resident(pid, 'most') - idle[index]!)
    const text = more.map((bytes) => Math.round(bytes / MB)).join(' + ')
    console.log(`${kind}: ${Math.round((2 * SIZE) / MB / seconds)} MB/s, ${text} MB more`)
    for (const bytes of more) expect(bytes).toBeLessThan(64 * MB)
    expect((await one.stop()).code).toBe(0)
  },
)
