// What a stop does to connections: what is asked for is answered, and all of the answer is sent.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { LIMITS } from '../../sidecar/listen/limits.ts'
import { handleOf } from '../../sidecar/listen/passing.ts'
import type { PassedConnection, RawHandle, Succession } from '../../sidecar/succession.ts'
import { eventually, until } from '../harness.ts'
import { ajpPacket, forward, netstring, record, request } from '../wire/build.ts'
import { freshFolder, limit, startGateway, text, type Handler } from './gateway.ts'
import { connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

const MB = 1024 * 1024
afterEach(() => void vi.useRealTimers())
const large: Handler = text('x'.repeat(16 * MB))
const PROXY = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'
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
  await eventually(() => expect(heard).toMatch(/here$/))
  heard = ''
  // It is with the system now, and the gateway has not read it.
  socket.write(get)
  await gateway.drain()
  await eventually(() => expect(heard).toMatch(/Connection: close[^]*here$/))
})

const addressOf = (at: string): string => (at === 'unix' ? `unix:${freshFolder()}/s.sock` : at)

/** Waits until a gateway that drains lets nobody in any more, and has gone on from there. */
async function closedDoor(address: string): Promise<void> {
  await until('the door is closed', async () => {
    const socket = await connectTo(address).catch(() => undefined)
    socket?.destroy()
    return socket === undefined
  })
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a new connection, whose client has sent nothing when the gateway stops', () => {
  const cgi = { CONTENT_LENGTH: '0', SCGI: '1', REQUEST_METHOD: 'GET', REQUEST_URI: '/', PATH_INFO: '/' }

  test.each([
    ['http', '127.0.0.1:0', get],
    ['http over a Unix socket', 'unix', get],
    ['uwsgi', '127.0.0.1:0', uwsgiRequest('/')],
    ['fastcgi', 'fastcgi://127.0.0.1:0', request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' })],
    ['scgi', '127.0.0.1:0', netstring(cgi)],
    ['ajp', '127.0.0.1:0', forward()],
  ])('%s: its request is answered, and the connection closed', async (_, at, bytes) => {
    const { addresses, gateway, errors } = await startGateway([addressOf(at)], text('here'))
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    const drained = gateway.drain()
    await closedDoor(addresses[0]!)
    socket.write(bytes)
    expect(await answer).toContain('here')
    await drained
    expect(errors).toEqual([])
  })

  test.each([
    ['nothing', '', PROXY + get],
    ['a part of its PROXY header', PROXY.slice(0, 9), PROXY.slice(9) + get],
    ['its PROXY header', PROXY, get],
  ])('behind a load balancer, with %s sent', async (_, before, after) => {
    const settings = { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }
    const { addresses, gateway } = await startGateway([settings], text('here'))
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(before)
    const drained = gateway.drain()
    await closedDoor(addresses[0]!)
    socket.write(after)
    expect(await answer).toContain('here')
    await drained
  })

  test.each([
    ['fastcgi', 'GET_VALUES', record(9, 0), request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' })],
    ['ajp', 'CPING', ajpPacket(10), forward()],
  ])('%s: with no more sent than %s, which was answered', async (protocol, _, question, bytes) => {
    const { addresses, gateway } = await startGateway([`${protocol}://127.0.0.1:0`], text('here'))
    const socket = await connectTo(addresses[0]!)
    socket.write(question)
    await once(socket, 'data')
    const answer = readAll(socket)
    const drained = gateway.drain()
    await closedDoor(addresses[0]!)
    socket.write(bytes)
    expect(await answer).toContain('here')
    await drained
  })

  test('it is read before its moment is over, though the gateway was busy for longer', async () => {
    const promised = 1000
    limit({ promised })
    const settings = { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }
    const { addresses, gateway } = await startGateway(['127.0.0.1:0', settings, 'ajp://127.0.0.1:0'], text('here'))
    const sockets = await Promise.all(addresses.map(connectTo))
    const [silent, balanced, asked] = sockets
    balanced!.write(PROXY)
    asked!.write(ajpPacket(10))
    await once(asked!, 'data')
    const answers = sockets.map(readAll)
    const drained = gateway.drain()
    await Promise.all(addresses.map(closedDoor))
    silent!.write(get)
    balanced!.write(get)
    asked!.write(forward())
    for (const since = performance.now(); performance.now() - since < promised + 200;);
    for (const answer of await Promise.all(answers)) expect(answer).toContain('here')
    await drained
  })

  test('it is closed after a moment', async () => {
    limit({ promised: 300 })
    const settings = { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }
    const { addresses, gateway, errors } = await startGateway(['127.0.0.1:0', settings, 'ajp://127.0.0.1:0'], text(''))
    const [silent, balanced, asked] = await Promise.all(addresses.map(connectTo))
    balanced!.write(PROXY)
    asked!.write(ajpPacket(10))
    await once(asked!, 'data')
    const begun = performance.now()
    const closed = Promise.all([silent!, balanced!, asked!].map(readAll))
    await gateway.drain()
    expect(performance.now() - begun).toBeGreaterThan(200)
    await closed
    expect(errors).toEqual([])
  })

  test('where less time than that is left, nobody is said to have been cut', async () => {
    const { addresses, gateway, errors } = await startGateway(['127.0.0.1:0'], text(''), { drainTimeout: 20 })
    const closed = readAll(await connectTo(addresses[0]!))
    await gateway.drain()
    expect(await closed).toBe('')
    expect(errors).toEqual([])
  })

  test('a second signal closes it at once', async () => {
    const { addresses, gateway } = await startGateway(['127.0.0.1:0'], text(''))
    const closed = readAll(await connectTo(addresses[0]!))
    void gateway.drain()
    await closedDoor(addresses[0]!)
    const begun = performance.now()
    await gateway.close()
    expect(await closed).toBe('')
    expect(performance.now() - begun).toBeLessThan(LIMITS.promised - 500)
  })
})

test('a connection on which nothing was sent for a while, or between two requests, is not waited for', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { addresses, gateway } = await startGateway(
    ['127.0.0.1:0', { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }, 'ajp://127.0.0.1:0'],
    text('here'),
  )
  const [silent, balanced, asked] = await Promise.all(addresses.map(connectTo))
  balanced!.write(PROXY)
  const kept = await connectTo(addresses[0]!)
  const closed = Promise.all([silent!, balanced!].map(readAll))
  let heard = ''
  for (const socket of [kept, asked!]) socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  const ask = async (): Promise<void> => {
    heard = ''
    kept.write(get)
    asked!.write(Buffer.concat([ajpPacket(10), forward()]))
    await eventually(() => expect(heard.match(/here/g)).toHaveLength(2))
  }
  await ask()
  vi.advanceTimersByTime(LIMITS.promised + 1)
  await ask()
  const start = Date.now()
  await gateway.drain()
  expect(Date.now() - start).toBeLessThan(LIMITS.promised - 1000)
  await closed
})

const alone: Succession = {
  followed: false,
  startedPid: process.pid,
  socket: () => undefined,
  closeOthers: () => {},
  keep: () => {},
  pass: () => {},
  onPassed: () => {},
}

test('a connection whose PROXY header comes while the next gateway serves already goes there behind it', async () => {
  limit({ promised: 300 })
  const passed: PassedConnection[] = []
  const pass: Succession['pass'] = (connection, _, gone) => {
    passed.push(connection)
    gone()
  }
  const settings = { address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }
  const succession = { ...alone, followed: true, pass }
  const { addresses, gateway } = await startGateway([settings], text('here'), { succession })
  const socket = await connectTo(addresses[0]!)
  socket.write(PROXY.slice(0, 9))
  // Once this is answered, that is read.
  expect(await talk(addresses[0]!, `${PROXY}GET / HTTP/1.0\r\n\r\n`)).toMatch(/here$/)
  const drained = gateway.drain()
  await closedDoor(addresses[0]!)
  socket.write(PROXY.slice(9))
  await drained
  expect(passed).toMatchObject([{ protocol: undefined, begun: true, client: { address: '192.0.2.1' } }])
  socket.destroy()
})

describe('a connection that comes from the gateway before while it drains', () => {
  /** A gateway that drains, and a client's connection that is handed to it, on which it goes on. */
  async function handedOver(protocol: string | undefined) {
    let take: (connection: PassedConnection, handle: RawHandle) => void = () => {}
    const succession = { ...alone, onPassed: (taker: typeof take) => (take = taker) }
    let finish: (() => void) | undefined
    const handler: Handler = (exchange) => {
      if (exchange.variables.PATH_INFO === '/') return text('here')(exchange)
      finish = () => text('late')(exchange)
    }
    const { addresses, gateway } = await startGateway(['127.0.0.1:0'], handler, { succession })
    const busy = await connectTo(addresses[0]!)
    busy.resume().write(get.replace('/', '/late'))
    await until('a request is under way', () => finish !== undefined)
    const before = createServer({ pauseOnConnect: true })
    before.listen(0, '127.0.0.1')
    await once(before, 'listening')
    const { port } = before.address() as AddressInfo
    const [client, [socket]] = await Promise.all([connectTo(`127.0.0.1:${port}`), once(before, 'connection')])
    before.close()
    const drained = gateway.drain()
    await closedDoor(addresses[0]!)
    const handle = handleOf(socket as Socket)!
    Object.assign(socket as object, { _handle: null })
    take({ listener: gateway.listenerKeys[0]!, protocol, begun: protocol !== undefined, client: undefined }, handle)
    return { client, drained, finish: finish! }
  }

  test.each([undefined, 'http'])('its request is answered: %s', async (protocol) => {
    const { client, drained, finish } = await handedOver(protocol)
    finish()
    client.write(get)
    expect(await readAll(client)).toMatch(/Connection: close[^]*here$/)
    await drained
  })

  test.each([undefined, 'http'])('it is closed after a moment: %s', async (protocol) => {
    limit({ promised: 300 })
    const { client, drained, finish } = await handedOver(protocol)
    finish()
    expect(await readAll(client)).toBe('')
    await drained
  })
})
