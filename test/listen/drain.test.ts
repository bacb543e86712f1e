// What a stop does to connections: what is asked for is answered, and all of the answer is sent.
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { request } from '../wire/build.ts'
import { freshFolder, startGateway, text, type Handler } from './gateway.ts'
import { connectTo, readAll, uwsgiRequest } from './peer.ts'

const MB = 1024 * 1024
const large: Handler = text('x'.repeat(16 * MB))
const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

test.each([
  ['http', get, '127.0.0.1:0'],
  ['http over a Unix socket', get, 'unix'],
  ['uwsgi', uwsgiRequest('/'), '127.0.0.1:0'],
  ['fastcgi', request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' }), '127.0.0.1:0'],
])('%s: a response that waits for its client is sent whole', async (_, bytes, at) => {
  const { addresses, gateway } = await startGateway([at === 'unix' ? `unix:${freshFolder()}/s.sock` : at], large)
  const socket = await connectTo(addresses[0]!)
  socket.write(bytes)
  await once(socket, 'readable')
  const drained = gateway.drain()
  const answer = await readAll(socket)
  expect(answer.length).toBeGreaterThan(16 * MB)
  await drained
})

test('a response that nobody takes is waited for as long as a request', async () => {
  const { addresses, gateway, errors } = await startGateway(['127.0.0.1:0'], large, { drainTimeout: 50 })
  const socket = await connectTo(addresses[0]!)
  socket.write(get)
  await once(socket, 'readable')
  await gateway.drain()
  expect(errors).toMatchObject([{ code: 'DRAIN_TIMEOUT', message: expect.stringMatching(/^responses were still/) }])
  socket.destroy()
})

test.each([
  ['uwsgi', uwsgiRequest('/'), 20],
  ['http', Buffer.from(get), 20],
  ['bytes that are too few to tell a protocol', uwsgiRequest('/'), 1],
])('%s: a request of which a part has come is answered', async (_, bytes, part) => {
  const { addresses, gateway } = await startGateway(['127.0.0.1:0'], text('here'))
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write(bytes.subarray(0, part))
  const drained = gateway.drain()
  socket.write(bytes.subarray(part))
  expect(await answer).toMatch(/here$/)
  await drained
})

test.each(['127.0.0.1:0', 'unix'])('%s: a request that was sent on a kept connection is answered', async (at) => {
  const { addresses, gateway } = await startGateway([at === 'unix' ? `unix:${freshFolder()}/s.sock` : at], text('here'))
  const socket = await connectTo(addresses[0]!)
  let heard = ''
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  socket.write(get)
  await vi.waitFor(() => expect(heard).toMatch(/here$/))
  heard = ''
  // It is with the system now, and the gateway has not read it.
  socket.write(get)
  await gateway.drain()
  await vi.waitFor(() => expect(heard).toMatch(/Connection: close[^]*here$/))
})

test('a connection without a request is not waited for', async () => {
  const { addresses, gateway } = await startGateway(
    ['127.0.0.1:0', { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }],
    text('here'),
  )
  const silent = await connectTo(addresses[0]!)
  const kept = await connectTo(addresses[0]!)
  const balanced = await connectTo(addresses[1]!)
  const closed = Promise.all([silent, kept, balanced].map((socket) => once(socket, 'close')))
  for (const socket of [silent, balanced]) socket.resume()
  let heard = ''
  kept.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  balanced.write('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')
  kept.write(get)
  await vi.waitFor(() => expect(heard).toMatch(/here$/))
  const start = performance.now()
  await gateway.drain()
  expect(performance.now() - start).toBeLessThan(5000)
  await closed
})
