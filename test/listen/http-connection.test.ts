// What one HTTP connection may carry, through a real listener: requests one behind the other, bodies that are asked for, left out or
// malformed, and answers that end it.
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { eventually } from '../harness.ts'
import { freshFolder, startGateway, text, type Handler } from './gateway.ts'
import { connectTo, readAll, talk } from './peer.ts'

const HOST = 'Host: h\r\n'
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\n${HOST}${more}\r\n`
const post = (path: string, size: number, more = ''): string =>
  `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n${more}\r\n`
const LAST = 'Connection: close\r\n'
const chunked = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`

interface Line {
  readonly socket: Socket
  /** All that came, once the other side has closed. */
  readonly all: Promise<string>
  /** Waits until what came matches. */
  said(pattern: RegExp): Promise<void>
}

async function open(handler: Handler): Promise<Line & { gateway: Awaited<ReturnType<typeof startGateway>> }> {
  const gateway = await startGateway(['http://127.0.0.1:0'], handler)
  const socket = await connectTo(gateway.addresses[0]!)
  const all = readAll(socket)
  let heard = ''
  socket.on('data', (piece: string) => (heard += piece))
  const said = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(heard)) await new Promise((resolve) => socket.once('data', resolve))
  }
  return { socket, all, said, gateway }
}

/** Answers with the path and the body. */
async function echo(exchange: Exchange): Promise<void> {
  let body = ''
  for await (const piece of exchange.body) body += Buffer.from(piece).toString('latin1')
  text(`<${exchange.logged.uri} ${body}>`)(exchange)
}

const echoed = (answer: string): string[] => answer.match(/<[^>]*>/g) ?? []

test.each<[string, Handler]>([
  ['at once', (exchange) => text(`<${exchange.logged.uri} >`)(exchange)],
  ['later', echo],
])('pipelined requests are answered in order, %s', async (_, handler) => {
  const { socket, all } = await open(handler)
  const paths = Array.from({ length: 50 }, (__, index) => `/${index}`)
  socket.write(paths.map((path) => get(path)).join('') + get('/last', LAST) + get('/behind'))
  expect(echoed(await all)).toEqual([...paths, '/last'].map((path) => `<${path} >`))
})

test('a body that breaks in a later read is answered with 400, and the app that reads it gets the error', async () => {
  const caught: unknown[] = []
  let begun = false
  const { socket, all, gateway } = await open(async (exchange) => {
    begun = true
    try {
      await echo(exchange)
    } catch (error) {
      caught.push(error)
      throw error
    }
  })
  socket.write(`${chunked}3\r\nabc\r\n`)
  while (!begun) await new Promise((resolve) => setImmediate(resolve))

  socket.write('no size\r\n')
  expect(await all).toMatch(/^HTTP\/1\.1 400 [^]*\r\nConnection: close\r\n[^]*HTTP_SYNTAX/)
  expect(caught).toMatchObject([{ code: 'HTTP_SYNTAX' }])
  expect(gateway.errors).toMatchObject([{ code: 'HTTP_SYNTAX', blame: 'peer' }])
})

test.each([
  ['by its length', post('/', 100)],
  ['by its chunks', chunked],
])('a body that is cut %s is seen behind another request, too', async (_, head) => {
  const caught: unknown[] = []
  const { promise: sent, resolve } = Promise.withResolvers<void>()
  const { socket, all } = await open(async (exchange) => {
    // The end is here before the second request can be begun.
    if (exchange.logged.uri === '/first') await sent
    for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next))
    await echo(exchange).catch((error: unknown) => {
      caught.push(error)
      throw error
    })
  })
  socket.end(`${post('/first', 5)}whole${head}3\r\nabc\r\n`, resolve)
  expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*<\/first whole>$/)
  await eventually(() => expect(caught).toMatchObject([{ code: 'BODY_CUT' }]))
})

test.each([101, 103, 1000, 200.5, NaN])('an app cannot answer with %d', async (status) => {
  const { socket, all } = await open((exchange) => exchange.respond({ status, reason: '', headers: [] }))
  socket.write(get('/', LAST))
  expect(await all).toMatch(/^HTTP\/1\.1 500 [^]*STATUS_LINE/)
})

const hints = { status: 103, reason: 'Early Hints', headers: [['Link', '</a.css>; rel=preload']] } as const
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'

/** Sends interim responses, then `<done>`. */
const hinting: Handler = (exchange) => {
  const sent = [exchange.interim(hints), exchange.interim({ status: 102, reason: 'Processing', headers: [] })]
  text(`<${sent.join()}>`)(exchange)
  expect(exchange.interim(hints)).toBe(false)
}

test('interim responses come ahead of the response, on a connection that is kept', async () => {
  const { socket, all } = await open(hinting)
  socket.write(get('/1') + get('/2', LAST))
  const answer = await all
  expect(echoed(answer).filter((text) => text !== '</a.css>')).toEqual(['<true,true>', '<true,true>'])
  expect(answer).toMatch(/^HTTP\/1\.1 103 [^]*?\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 /)
  expect(answer.split(HINTS)).toHaveLength(3)
})

test('nobody who could take an interim response for the final one gets it: HTTP/1.0, and nginx as a proxy', async () => {
  const { socket, all } = await open(hinting)
  socket.write('GET / HTTP/1.0\r\nHost: h\r\n\r\n')
  expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*<false,false>$/)
  const { addresses } = await startGateway(
    ['http://127.0.0.1:0', { address: 'http://127.0.0.1:0', trust: ['127.0.0.1'] }, `unix:${freshFolder()}/s.sock`],
    hinting,
    { host: 'nginx' },
  )
  const [direct, ...proxied] = await Promise.all(addresses.map((address) => talk(address, get('/', LAST))))
  expect(direct).toMatch(/<true,true>$/)
  for (const answer of proxied) expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*<false,false>$/)
})

test('a host that hands Expect on, and takes the first head for the response, gets neither 100 nor 103, whoever it is', async () => {
  let asked = (): void => {}
  const reading: Handler = async (exchange) => {
    const body = exchange.body.read()
    asked()
    await body
    hinting(exchange)
  }
  const { addresses } = await startGateway(['http://127.0.0.1:0', `unix:${freshFolder()}/s.sock`], reading, {
    host: 'unit',
  })
  for (const address of addresses) {
    const socket = await connectTo(address)
    const all = readAll(socket)
    const waits = new Promise<void>((resolve) => (asked = resolve))
    socket.write(post('/', 2, `Expect: 100-continue\r\n${LAST}`))
    await waits
    socket.write('ab')
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*<false,false>$/)
  }
})

test.each([
  ['no interim status', { ...hints, status: 200 }, 'STATUS_LINE'],
  ['a status below 100', { ...hints, status: 99 }, 'STATUS_LINE'],
  ['101', { ...hints, status: 101 }, 'STATUS_LINE'],
  ['a line feed', { ...hints, headers: [['Link', 'a\nb']] }, 'HEADER_VALUE'],
] as const)('an interim response with %s is an error of the app', async (_, head, code) => {
  const { socket, all } = await open((exchange) => void exchange.interim(head))
  socket.write(get('/', LAST))
  expect(await all).toMatch(new RegExp(`^HTTP/1\\.1 500 [^]*${code}`))
})

test('an app may ask for the end of the connection', async () => {
  const { socket, all } = await open((exchange) => {
    if (exchange.logged.uri === '/2') exchange.closeAfter()
    text(`<${exchange.logged.uri}>`)(exchange)
  })
  socket.write(get('/1') + get('/2') + get('/3'))
  const answer = await all
  expect(echoed(answer)).toEqual(['</1>', '</2>'])
  expect(answer.match(/Connection: close/g)).toHaveLength(1)
})

test('an exchange has the fields as the client wrote them', async () => {
  const seen: (readonly string[] | undefined)[] = []
  const { socket, all } = await open((exchange) => {
    seen.push(exchange.fields)
    text('<>')(exchange)
  })
  socket.write(get('/', 'X-CamelCase: a\r\nx-lower: b\r\n') + get('/', LAST))
  await all
  expect(seen).toEqual([
    ['Host', 'h', 'X-CamelCase', 'a', 'x-lower', 'b'],
    ['Host', 'h', 'Connection', 'close'],
  ])
})

test('pipelined requests wait for the one in flight', async () => {
  const seen: Exchange[] = []
  const { socket, all, said } = await open((exchange) => void seen.push(exchange))
  socket.write(`${get('/1')}${post('/2', 3)}abc${get('/3', LAST)}`)
  for (const count of [1, 2, 3]) {
    while (seen.length < count) await new Promise((resolve) => setImmediate(resolve))
    expect(seen.map(({ logged }) => logged.uri)).toEqual(['/1', '/2', '/3'].slice(0, count))
    text(`<${count}>`)(seen.at(-1)!)
    await said(new RegExp(`<${count}>`))
  }
  expect(echoed(await all)).toEqual(['<1>', '<2>', '<3>'])
})

test('wherever the reads end', async () => {
  const stream = `${post('/1', 3)}abc\r\n${post('/2', 4)}de\r\n${chunked}2;x\r\nfg\r\n0\r\nX-T: a\r\n\r\n${get('/4', LAST)}`
  for (let at = 1; at < stream.length; at += 7) {
    const { socket, all, said } = await open(echo)
    socket.write(stream.slice(0, at))
    if (at > stream.indexOf('abc') + 3) await said(/<\/1 abc>/)
    socket.write(stream.slice(at))
    expect(echoed(await all)).toEqual(['</1 abc>', '</2 de\r\n>', '</ fg>', '</4 >'])
  }
})

test('a client that sends ahead and reads late gets all of it', async () => {
  const chunk = Buffer.alloc(50_000, 'x')
  const state = { handled: 0, full: false }
  const { addresses } = await startGateway(['http://127.0.0.1:0'], (exchange) => {
    state.handled++
    exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Length', String(chunk.length)]] })
    if (!exchange.write(chunk)) state.full = true
    exchange.end()
  })
  const socket = await connectTo(addresses[0]!)
  socket.pause()
  let received = 0
  socket.on('data', (piece: Buffer) => (received += piece.length))
  socket.write(get('/').repeat(600) + get('/', LAST))
  while (!state.full) await new Promise((resolve) => setImmediate(resolve))
  // Those behind are not handled before there is room for their answers.
  await new Promise((resolve) => setImmediate(resolve))
  expect(state.handled).toBeLessThan(600)
  socket.resume()
  await new Promise((resolve) => socket.on('close', resolve))
  expect(state.handled).toBe(601)
  expect(received).toBeGreaterThan(601 * chunk.length)
})

test('draining, the request in flight is the last one, and says so', async () => {
  const seen: Exchange[] = []
  const { socket, all, gateway } = await open((exchange) => void seen.push(exchange))
  socket.write(get('/1') + get('/2'))
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const drained = gateway.gateway.drain()
  text('<1>')(seen[0]!)
  const answer = await all
  expect(echoed(answer)).toEqual(['<1>'])
  expect(answer).toContain('\r\nConnection: close\r\n')
  await drained
  expect(seen).toHaveLength(1)
})

test('100 Continue comes when the app reads, and not when it does not', async () => {
  const { socket, all, said } = await open((exchange) =>
    exchange.logged.uri === '/read' ? echo(exchange) : text('<no>')(exchange),
  )
  socket.write(post('/read', 5, 'Expect: 100-continue\r\n'))
  await said(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  socket.write('hello')
  await said(/<\/read hello>/)
  socket.write(post('/other', 5, 'Expect: 100-continue\r\n'))
  const answer = await all
  expect(answer.match(/100 Continue/g)).toHaveLength(1)
  expect(answer).toMatch(/Connection: close\r\n\r\n<no>$/)
})

test.each([
  ['the rest of a form is skipped, and the connection kept', 200_000, ['<early>', '<early>']],
  ['the rest of an upload costs the connection, and the answer arrives', 800_000, ['<early>']],
])('answered early, %s', async (_, size, expected) => {
  const { socket, all, said } = await open(text('<early>'))
  socket.write(post('/', size))
  await said(/<early>/)
  socket.write(Buffer.alloc(size))
  socket.write(get('/', LAST))
  expect(echoed(await all)).toEqual(expected)
})

test('a chunk that is none, in one read with the head, is answered with 400', async () => {
  const { addresses, errors } = await startGateway(['http://127.0.0.1:0'], echo)
  expect(await talk(addresses[0]!, `${chunked}x\r\n`)).toMatch(/^HTTP\/1\.1 400 [^]*HTTP_SYNTAX/)
  expect(errors).toMatchObject([{ code: 'HTTP_SYNTAX' }])
})

test('a request that asks for another protocol, and is answered: what comes behind it is of neither', async () => {
  const { socket, all } = await open(text('<no>'))
  socket.write(get('/', 'Upgrade: x\r\nConnection: Upgrade\r\n') + get('/2'))
  const answer = await all
  expect(echoed(answer)).toEqual(['<no>'])
  expect(answer).toContain('\r\nConnection: close\r\n')
})
