// What a connection may take of time, of bytes and of places: every limit of the doors, with the times made short.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { eventually } from '../harness.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { ajpPacket, begin, forward, netstring, pairs, record, request } from '../wire/build.ts'
import { freshFolder, limit, startGateway, text, type Handler } from './gateway.ts'
import { bodyOf, connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

const MB = 1024 * 1024
const post = (size: number, more = ''): string => `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n${more}\r\n`
const uwsgiPost = (size: number): Uint8Array =>
  uwsgiRequest('/', { REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(size) })

/** Reads all of the body, then answers with its size. */
const reading: Handler = async (exchange) => {
  let size = 0
  for await (const piece of exchange.body) size += piece.byteLength
  text(String(size))(exchange)
}

/** Writes a byte now and then, until the other side closes. */
async function drip(socket: Socket, every = 20): Promise<void> {
  const timer = setInterval(() => socket.write('x'), every)
  if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  clearInterval(timer)
}

test.each([
  ['http', post(30 * MB), '127.0.0.1:0'],
  ['uwsgi', uwsgiPost(30 * MB), '127.0.0.1:0'],
  ['uwsgi over a Unix socket', uwsgiPost(30 * MB), 'unix'],
] as const)('%s: who writes all of a large upload before it reads gets an early answer', async (_, head, where) => {
  const { addresses } = await startGateway(
    [where === 'unix' ? `unix:${freshFolder()}/s.sock` : where],
    text('too much'),
  )
  const socket = await connectTo(addresses[0]!)
  socket.pause()
  socket.write(head)
  const block = Buffer.alloc(MB)
  for (let part = 0; part < 30; part++) if (!socket.write(block)) await once(socket, 'drain')
  socket.resume()
  expect(bodyOf(await readAll(socket))).toBe('too much')
})

test.each([
  ['a client', {}, { lingerTotal: 100 }],
  ['a trusted web server', { trust: ['127.0.0.1'] }, { lingerTrusted: 100 }],
])('behind an early answer %s may send for a bounded time, however slowly', async (_, settings, limits) => {
  limit(limits)
  const { addresses } = await startGateway([{ address: 'http://127.0.0.1:0', ...settings }], text('no'))
  const socket = await connectTo(addresses[0]!)
  socket.write(post(8 * MB))
  socket.resume()
  await drip(socket)
  expect(socket.closed).toBe(true)
})

test('a connection that is kept for the rest of a body is kept for a bounded time', async () => {
  limit({ lingerTrusted: 100 })
  const { addresses } = await startGateway(['fastcgi://127.0.0.1:0'], text('no'))
  const socket = await connectTo(addresses[0]!)
  socket.resume()
  socket.write(request(1, { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '100000' }))
  const timer = setInterval(() => socket.write(record(5, 1, 'x')), 20)
  await new Promise((resolve) => socket.on('close', resolve))
  clearInterval(timer)
  expect(socket.closed).toBe(true)
})

test('a kept connection whose early answered body has come whole takes the next request later on', async () => {
  limit({ lingerTotal: 500, lingerTrusted: 500 })
  const { addresses } = await startGateway(['http://127.0.0.1:0'], text('no'))
  const socket = await connectTo(addresses[0]!)
  let heard = ''
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  socket.write(`${post(5)}`)
  await eventually(() => expect(heard).toMatch(/no$/))
  socket.write('hello')
  await new Promise((resolve) => setTimeout(resolve, 600))
  socket.write('GET / HTTP/1.1\r\nHo')
  await new Promise((resolve) => setTimeout(resolve, 20))
  socket.write('st: h\r\nConnection: close\r\n\r\n')
  if (!socket.closed) await once(socket, 'close')
  expect(heard.match(/no/g)).toHaveLength(2)
})

test.each(['http', 'uwsgi', 'scgi'])('%s: a head has its time in all, however it trickles', async (protocol) => {
  const { addresses, errors } = await startGateway(
    [{ address: `${protocol}://127.0.0.1:0`, headTimeout: 0.1 }],
    reading,
  )
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write({ http: 'GET / HTTP/1.1\r\nX-', uwsgi: Buffer.from([0, 0xff, 0x0f, 0]), scgi: '4000:' }[protocol]!)
  await drip(socket)
  expect(errors.map(({ code }) => code)).toEqual(['HEAD_TIMEOUT'])
  expect(await answer).toMatch(/ 408 /)
})

test('a head that stands still after its first part has no more time than its own', async () => {
  const { addresses } = await startGateway([{ address: '127.0.0.1:0', headTimeout: 2 }], reading)
  const socket = await connectTo(addresses[0]!)
  const other = await connectTo(addresses[0]!)
  const order: string[] = []
  const answers = [socket, other].map(readAll)
  socket.on('close', () => order.push('first'))
  other.on('close', () => order.push('second'))
  socket.write('GET / HTTP/1.1\r\n')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  other.write('GET / HTTP/1.1\r\n')
  socket.write('X')
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/ 408 /)
  expect(order).toEqual(['first', 'second'])
})

test.each([
  ['bytes that are too few to tell a protocol', {}, Buffer.from([0x12])],
  ['a PROXY header', { proxyProtocol: ['127.0.0.1'] }, Buffer.from('PROXY TCP4 ')],
])('%s have their time in all', async (_, settings, first) => {
  limit({ first: 100 })
  const { addresses } = await startGateway([{ address: '127.0.0.1:0', ...settings }], reading)
  const socket = await connectTo(addresses[0]!)
  socket.resume()
  socket.write(first)
  const timer = setInterval(() => socket.write('1'), 70)
  await new Promise((resolve) => socket.on('close', resolve))
  clearInterval(timer)
  expect(socket.closed).toBe(true)
})

test.each([
  ['a ping by AJP', ajpPacket(10)],
  ['a question for values by FastCGI', record(9, 0, pairs({ FCGI_MAX_CONNS: '' }))],
  ['a FastCGI request for a role that is not served', begin(1, { role: 2 })],
])('behind %s a connection may be idle as long as any', async (_, bytes) => {
  limit({ idle: 100 })
  const { addresses } = await startGateway(['127.0.0.1:0'], reading)
  const socket = await connectTo(addresses[0]!)
  socket.resume()
  socket.write(bytes)
  if (!socket.closed) await once(socket, 'close')
  expect(socket.errored).toBeNull()
})

test('who speaks the wrong protocol gets its answer, and no longer than that', async () => {
  limit({ linger: 100 })
  const { addresses } = await startGateway(['uwsgi://127.0.0.1:0'], reading)
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write('GET / HTTP/1.1\r\n')
  await drip(socket)
  expect(await answer).toMatch(/WRONG_PROTOCOL/)
})

const bodies: [string, Uint8Array][] = [
  ['http', Buffer.from(post(5000))],
  ['uwsgi', uwsgiPost(5000)],
]
test.each(bodies)('%s: a body that comes too slowly is answered with 408', async (_, head) => {
  limit({ bodyGrace: 100 })
  const { addresses, errors } = await startGateway(['127.0.0.1:0'], reading)
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write(head)
  socket.on('end', () => socket.destroy())
  await drip(socket)
  expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*BODY_SLOW/)
  expect(errors).toMatchObject([{ code: 'BODY_SLOW', blame: 'peer' }])
  expect(errors[0]!.message).toMatch(/less than 500 a second/)
})

test('a body may come as slowly as the settings allow, and has its time in all', async () => {
  limit({ bodyGrace: 1 })
  const { addresses, errors } = await startGateway(
    [
      { address: '127.0.0.1:0', bodyRate: 0, bodyTimeout: 0.3 },
      { address: '127.0.0.1:0', bodyRate: 1 },
    ],
    reading,
  )
  const fast = await connectTo(addresses[1]!)
  const good = readAll(fast)
  fast.write(post(10, 'Connection: close\r\n'))
  const timer = setInterval(() => fast.write('x'), 5)
  expect(bodyOf(await good)).toBe('10')
  clearInterval(timer)
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.on('end', () => socket.destroy())
  socket.write(post(5000))
  await drip(socket)
  expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*BODY_SLOW/)
  expect(errors[0]!.message).toBe('the request body was not complete after 0.3 s')
})

const waits: [string, Handler][] = [
  [
    'after its client was slow to take a first part of the response',
    async (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      exchange.write(Buffer.alloc(16 * MB))
      await reading(exchange)
    },
  ],
  [
    'after it did something else for longer than that',
    async (exchange) => {
      await exchange.body.read()
      await new Promise((resolve) => setTimeout(resolve, 300))
      await reading(exchange)
    },
  ],
]
test.each(waits)('an app waits for a silent client for a bounded time %s', async (_, handler) => {
  limit({ body: 150 })
  const { addresses, errors } = await startGateway(['127.0.0.1:0'], handler)
  const socket = await connectTo(addresses[0]!)
  socket.write(`${post(100)}part`)
  await readAll(socket)
  expect(errors).toMatchObject([{ code: 'BODY_TIMEOUT', blame: 'peer' }])
})

test('a client that takes nothing of its response is not waited for longer because it sends', async () => {
  limit({ send: 200 })
  const { addresses, accesses, gateway } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    for (let part = 0; part < 64; part++) await exchange.send(Buffer.alloc(MB))
    exchange.end()
  })
  const socket = await connectTo(addresses[0]!)
  socket.pause()
  socket.write(post(60_000))
  await drip(socket)
  gateway.log.flush()
  expect(accesses).toMatchObject([{ code: 'SEND_TIMEOUT' }])
})

test('a body has its time in all when nothing comes', async () => {
  const { addresses, errors } = await startGateway([{ address: '127.0.0.1:0', bodyTimeout: 0.2 }], reading)
  expect(await talk(addresses[0]!, post(100))).toMatch(/^HTTP\/1\.1 408 [^]*BODY_SLOW/)
  expect(errors[0]!.message).toBe('the request body was not complete after 0.2 s')
})

test('an app that reads slowly is no fault of the client', async () => {
  limit({ bodyGrace: 50 })
  const { addresses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    await reading(exchange)
  })
  expect(bodyOf(await talk(addresses[0]!, post(5, 'Connection: close\r\n'), 'hello'))).toBe('5')
})

test('connections are bounded, in all and of one peer, and that is told once', async () => {
  const { addresses, errors } = await startGateway(
    [
      { address: '127.0.0.1:0', connections: 3 },
      { address: '127.0.0.1:0', connectionsPerPeer: 2 },
    ],
    text('here'),
  )
  const counts = [3, 2]
  for (const [at, address] of addresses.entries()) {
    const sockets: Socket[] = []
    const closed = new Set<Socket>()
    for (let one = 0; one < 8; one++) {
      const socket = await connectTo(address)
      socket.resume()
      socket.on('close', () => closed.add(socket))
      sockets.push(socket)
    }
    await eventually(() => expect(closed.size).toBe(8 - counts[at]!))
    sockets[0]!.destroy()
    await eventually(async () => expect(await talk(address, uwsgiRequest('/'))).toMatch(/here$/))
    for (const socket of sockets) socket.destroy()
  }
  expect(errors.map(({ code, blame }) => `${code} ${blame}`)).toEqual([
    'CONNECTIONS_MAX upstream',
    'PEER_CONNECTIONS_MAX peer',
  ])
})

const whole: [string, Uint8Array | string, RegExp][] = [
  ['http', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello', /\r\n\r\n5$/],
  ['http, two requests', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(2), /\r\n\r\n0HTTP[^]*\r\n\r\n0$/],
  ['uwsgi', Buffer.concat([uwsgiPost(5), Buffer.from('hello')]), /\r\n\r\n5$/],
  ['fastcgi', Buffer.concat([request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' }), record(5, 1)]), /\r\n\r\n0/],
  ['ajp', forward({}), /AB[^]{5}0[^]AB[^]{4}$/],
  [
    'scgi',
    Buffer.concat([netstring({ CONTENT_LENGTH: '5', SCGI: '1', REQUEST_METHOD: 'POST' }), Buffer.from('hello')]),
    /\r\n\r\n5$/,
  ],
]
test.each(
  whole.flatMap(([name, bytes, answer]) => ['127.0.0.1:0', 'unix'].map((at) => [name, at, bytes, answer] as const)),
)('%s on %s: a client that closes its side behind a whole request gets the answer', async (_, at, bytes, expected) => {
  const address = at === 'unix' ? `unix:${freshFolder()}/s.sock` : at
  const { addresses, gateway, accesses, errors } = await startGateway([address], async (exchange) => {
    await new Promise((resolve) => setTimeout(resolve, 30))
    await reading(exchange)
  })
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.end(bytes)
  expect(await answer).toMatch(expected)
  expect(errors).toEqual([])
  gateway.log.flush()
  for (const access of accesses) expect(access).toMatchObject({ status: 200 })
})

test('a client that is answered early and gives up its upload gets all of the answer', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], text('x'.repeat(16 * MB)))
  const socket = await connectTo(addresses[0]!)
  socket.write(post(1000))
  await once(socket, 'readable')
  socket.end()
  expect((await readAll(socket)).length).toBeGreaterThan(16 * MB)
})

test.each(['127.0.0.1:0', '[::1]:0', 'unix'])('%s: a client that has closed all of its side is gone', async (at) => {
  const address = at === 'unix' ? `unix:${freshFolder()}/s.sock` : at
  const seen: Exchange[] = []
  const { addresses } = await startGateway([address], (exchange) => void seen.push(exchange))
  for (const half of [false, true]) {
    seen.length = 0
    const socket = await connectTo(addresses[0]!)
    if (half) socket.end(uwsgiRequest('/'))
    else socket.write(uwsgiRequest('/'))
    await eventually(() => expect(seen).toHaveLength(1))
    expect(seen[0]!.aborted).toBe(false)
    socket.destroy()
    await eventually(() => expect(seen[0]!.aborted).toBe(true))
  }
})

test('the rest of an upload does not make the end of a response that breaks off a proper one', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    exchange.write('part')
    throw new Error('boom')
  })
  const socket = await connectTo(addresses[0]!)
  socket.write(uwsgiRequest('/', { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '1000000' }))
  await once(socket, 'data')
  socket.resume().write('x'.repeat(1000))
  await new Promise((resolve) => socket.on('close', resolve))
  expect(socket.errored).toMatchObject({ code: 'ECONNRESET' })
})

test('a response that breaks off is read ahead of its end by a host that is as busy as the gateway', async () => {
  const busy = (): void => {
    for (const since = performance.now(); performance.now() - since < 400;);
  }
  const { addresses } = await startGateway(
    ['fastcgi://127.0.0.1:0'],
    (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      exchange.write('part')
      setImmediate(busy)
      throw new Error('boom')
    },
    { host: 'nginx' },
  )
  const socket = await connectTo(addresses[0]!)
  const pieces: string[] = []
  socket.on('data', (bytes: Buffer) => pieces.push(bytes.toString('latin1')))
  socket.write(request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' }))
  await once(socket, 'end')
  socket.destroy()
  expect(pieces).toEqual([expect.stringMatching(/part[^]{0,8}$/), '\0\x06\0\x01\0\0\0\0'])
})

test.each(['caddy', 'nginx'].flatMap((host) => ['127.0.0.1:0', 'unix'].map((at) => [host, at] as const)))(
  'the bytes of a FastCGI response that breaks off say so to %s, over %s',
  async (host, at) => {
    const address = `fastcgi://${at === 'unix' ? `unix:${freshFolder()}/s.sock` : at}`
    const broken: Handler = (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      exchange.write('part')
      throw new Error('boom')
    }
    const { addresses } = await startGateway([address], broken, { host })
    const get = request(1, { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' })
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(get)
    // Caddy writes the end of a body that is none by itself, whatever it has been told by then.
    socket.on('end', () => socket.write(record(5, 1), () => socket.end()))
    const bytes = await answer
    expect(bytes).toContain('part')
    // The header of a record of version 0.
    expect(bytes.slice(-8)).toBe('\0\x06\0\x01\0\0\0\0')
    expect(socket.errored).toBeNull()
  },
)
