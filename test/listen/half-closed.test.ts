// Clients that close their side behind a request: what it costs when many do so at a time.
import { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { until } from '../harness.ts'
import { startGateway } from './gateway.ts'
import { connectTo } from './peer.ts'

const CLIENTS = 300

test('of many that leave at a time each is asked for by itself, and not all of them for each', async () => {
  const { addresses, gateway } = await startGateway(['127.0.0.1:0'], () => {})
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(addresses[0]!)))
  for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await until('all requests', () => gateway.mounts[0]!.inFlight === CLIENTS)
  const written = vi.spyOn(Socket.prototype, 'write')
  const asked = (): Set<unknown> =>
    new Set(written.mock.contexts.filter((_, at) => isNothing(written.mock.calls[at]![0])))
  for (const client of clients) client.end()
  await until('all are asked for', () => asked().size === CLIENTS)
  // Once at once, and then every second.
  expect(written.mock.calls.length).toBeLessThan(20 * CLIENTS)
  written.mockRestore()
  for (const client of clients) client.destroy()
})

function isNothing(chunk: unknown): boolean {
  return chunk instanceof Uint8Array && chunk.byteLength === 0
}
