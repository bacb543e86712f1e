// A connection of two pipes, here over two connections of TCP: what it is to whoever uses it, whatever carries the bytes. That it works over
// pipes of Windows is seen in test/windows/programs/processes.test.ts.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { PipePair } from '../../sidecar/processes/pipe-pair.ts'

/** A pair; what the other side reads, and what it writes to. */
async function makePair(): Promise<{ pair: PipePair; reads: Socket; writes: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  const ways: (readonly [Socket, Socket])[] = []
  for (let count = 0; count < 2; count++) {
    const ours = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [[theirs]] = (await Promise.all([once(server, 'connection'), once(ours, 'connect')])) as [[Socket], unknown]
    ways.push([ours, theirs])
    sockets.push(
      ours,
      theirs.on('error', () => {}),
    )
  }
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const [[incoming, writes], [outgoing, reads]] = ways as [(typeof ways)[0], (typeof ways)[0]]
  return { pair: new PipePair(incoming, outgoing), reads, writes }
}

const BIG = Buffer.from(Array.from({ length: 500_000 }, (_, index) => index).join())

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('bytes pass both ways at the same time, and the end of each way is its own', async () => {
  const { pair, reads, writes } = await makePair()
  const sent = all(reads)
  pair.cork()
  for (let at = 0; at < BIG.length; at += 1_000_000) pair.write(BIG.subarray(at, at + 1_000_000))
  pair.uncork()
  pair.end()
  expect((await sent).equals(BIG)).toBe(true)
  writes.end(BIG)
  expect((await all(pair)).equals(BIG)).toBe(true)
})

test('what nobody reads is not taken from the other side', async () => {
  const { pair, writes } = await makePair()
  pair.pause()
  const big = Buffer.alloc(64 * 1024 * 1024)
  const written = new Promise((resolve) => writes.end(big, () => resolve('all')))
  pair.read(0)
  await expect.poll(() => pair.readableLength).toBeGreaterThan(0)
  expect(pair.readableLength).toBeLessThan(1024 * 1024)
  expect(writes.writableLength).toBeGreaterThan(0)
  pair.resume()
  expect(await written).toBe('all')
})

test('the death of the other side is the end of what came, and then of the connection', async () => {
  const { pair, reads, writes } = await makePair()
  writes.end('last words')
  await once(writes, 'finish')
  reads.destroy()
  const closed = once(pair, 'close')
  expect((await all(pair)).toString()).toBe('last words')
  pair.end()
  await closed
})

test('a connection that breaks is closed, and says why', async () => {
  const { pair, writes } = await makePair()
  const failed = once(pair, 'error') as Promise<[NodeJS.ErrnoException]>
  const closed = once(pair, 'close').catch(() => {})
  writes.resetAndDestroy()
  expect((await failed)[0].code).toBe('ECONNRESET')
  await closed
  expect(pair.destroyed).toBe(true)
})

test('closing it closes both', async () => {
  const { pair, reads, writes } = await makePair()
  const ends = Promise.all([once(reads.resume(), 'end'), once(writes.resume(), 'end')])
  pair.destroy()
  expect(await ends).toEqual([[], []])
})
