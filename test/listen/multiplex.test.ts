// Several requests at once on one FastCGI connection: by hand, and from a real HAProxy with `option mpxs-conns`.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { begin, pair, record, request } from '../wire/build.ts'
import { decodeRecords } from '../wire/decode.ts'
import { eventually, program } from '../harness.ts'
import { startGateway, text, type Handler } from './gateway.ts'
import { haproxy, type Haproxy } from './haproxy.ts'
import { connectTo } from './peer.ts'

const KB = 1024
const post = (id: number, path: string, length: number): Buffer =>
  request(id, { REQUEST_METHOD: 'POST', REQUEST_URI: path, PATH_INFO: path, CONTENT_LENGTH: String(length) })
const get = (id: number, path: string): Buffer => Buffer.concat([post(id, path, 0), record(5, id)])

/** A connection, and what came back on it by request id. */
async function connection(address: string) {
  const socket = await connectTo(address)
  let bytes = Buffer.alloc(0)
  let closed = false
  socket.on('data', (piece) => (bytes = Buffer.concat([bytes, piece])))
  socket.on('close', () => (closed = true))
  const records = (id: number) => decodeRecords(bytes).filter((one) => one.id === id)
  return {
    socket,
    closed: () => closed,
    stdout: (id: number) =>
      Buffer.concat(records(id).flatMap(({ type, content }) => (type === 6 ? content : []))).toString(),
    over: (id: number) => records(id).some(({ type }) => type === 3),
  }
}

/** Remembers exchanges by path; answers `/quick…` at once. */
function keeping(handle: (exchange: Exchange) => void | Promise<void> = () => {}) {
  const kept = new Map<string, Exchange>()
  const handler: Handler = (exchange) => {
    if (exchange.logged.uri.startsWith('/quick')) return text('quick')(exchange)
    kept.set(exchange.logged.uri, exchange)
    return handle(exchange)
  }
  return { kept, handler, arrived: (path: string) => eventually(() => expect(kept.has(path)).toBe(true)) }
}

describe('by hand', () => {
  test('requests are handled side by side, and answered in any order', async () => {
    const { kept, handler, arrived } = keeping()
    const { addresses } = await startGateway(['127.0.0.1:0'], handler)
    const peer = await connection(addresses[0]!)
    peer.socket.write(Buffer.concat([get(1, '/a'), begin(3), get(5, '/b')]))
    await arrived('/b')
    text('b')(kept.get('/b')!)
    await eventually(() => expect(peer.over(5)).toBe(true))
    expect(peer.over(1)).toBe(false)
    peer.socket.write(get(5, '/quick'))
    text('a')(kept.get('/a')!)
    await eventually(() => expect(peer.over(1)).toBe(true))
    expect(peer.stdout(1)).toMatch(/a$/)
    expect(peer.stdout(5)).toMatch(/b[^]*quick$/)
  })

  test('an unread body does not stop the others, up to its bound', async () => {
    const { kept, handler, arrived } = keeping()
    const { addresses } = await startGateway(['127.0.0.1:0'], handler)
    const peer = await connection(addresses[0]!)
    peer.socket.write(Buffer.concat([post(1, '/slow', 1000 * KB), get(3, '/quick/1')]))
    await arrived('/slow')
    // 192 KB that nobody reads: three times what a connection of its own would hold.
    for (let part = 0; part < 6; part++) peer.socket.write(record(5, 1, Buffer.alloc(32 * KB)))
    peer.socket.write(get(5, '/quick/2'))
    await eventually(() => expect(peer.over(5)).toBe(true))
    const { body } = kept.get('/slow')!
    expect(body.waiting).toBe(192 * KB)
    // The rest fills it: then the connection waits, and takes in no more.
    for (let part = 6; part < 31; part++) peer.socket.write(record(5, 1, Buffer.alloc(32 * KB)))
    peer.socket.write(Buffer.concat([record(5, 1, Buffer.alloc(8 * KB)), record(5, 1), get(7, '/quick/3')]))
    await eventually(() => expect(body.waiting).toBeGreaterThanOrEqual(256 * KB))
    expect(body.received).toBeLessThan(256 * KB + 64 * KB + 1)
    expect(peer.over(7)).toBe(false)
    let size = 0
    for await (const bytes of body) size += bytes.byteLength
    expect(size).toBe(1000 * KB)
    await eventually(() => expect(peer.over(7)).toBe(true))
  })

  test('an app that reads nothing while others wait is given up, and the others go on', async () => {
    const { kept, handler, arrived } = keeping()
    const { addresses, errors } = await startGateway(['127.0.0.1:0'], handler)
    const peer = await connection(addresses[0]!)
    peer.socket.write(Buffer.concat([get(1, '/other'), post(3, '/stuck', 1000 * KB)]))
    for (let part = 0; part < 20; part++) peer.socket.write(record(5, 3, Buffer.alloc(50 * KB)))
    peer.socket.write(Buffer.concat([record(5, 3), get(5, '/quick')]))
    await arrived('/stuck')
    await eventually(() => expect(peer.over(5)).toBe(true))
    expect(peer.stdout(3)).toMatch(/^Status: 503 [^]*BODY_STALLED/)
    expect(errors).toMatchObject([{ code: 'BODY_STALLED', uri: '/stuck' }])
    text('other')(kept.get('/other')!)
    await eventually(() => expect(peer.over(1)).toBe(true))
  })

  test('all wait while the host takes nothing, and all are woken', async () => {
    const woken: string[] = []
    const { kept, handler, arrived } = keeping()
    const { addresses } = await startGateway(['127.0.0.1:0'], handler)
    const peer = await connection(addresses[0]!)
    peer.socket.pause()
    peer.socket.write(Buffer.concat([get(1, '/a'), get(3, '/b'), get(5, '/c')]))
    await arrived('/c')
    const exchanges = [...kept.values()]
    for (const exchange of exchanges) exchange.respond({ status: 200, reason: 'OK', headers: [] })
    while (exchanges[0]!.write(Buffer.alloc(256 * KB, 'a')));
    for (const exchange of exchanges.slice(1))
      expect(exchange.write(Buffer.alloc(KB, exchange.logged.uri[1]))).toBe(false)
    for (const exchange of exchanges) void exchange.drained().then(() => woken.push(exchange.logged.uri))
    expect(woken).toEqual([])
    peer.socket.resume()
    await eventually(() => expect(woken.toSorted()).toEqual(['/a', '/b', '/c']))
    for (const exchange of exchanges) exchange.end()
    await eventually(() => expect([1, 3, 5].every((id) => peer.over(id))).toBe(true))
    expect(peer.stdout(1)).toMatch(/^[^]*\r\n\r\na+$/)
    expect(peer.stdout(3)).toMatch(/\r\n\r\nb{1024}$/)
    expect(peer.stdout(5)).toMatch(/\r\n\r\nc{1024}$/)
  })

  test('a response that is cut ends the connection, when the others are done or their time is up', async () => {
    for (const patient of [true, false]) {
      const { kept, handler, arrived } = keeping()
      const { addresses } = await startGateway(['127.0.0.1:0'], handler)
      const peer = await connection(addresses[0]!)
      peer.socket.write(Buffer.concat([get(1, '/cut'), get(3, '/whole')]))
      await arrived('/whole')
      const [cut, other] = [...kept.values()] as [Exchange, Exchange]
      cut.respond({ status: 200, reason: 'OK', headers: [] })
      cut.write('part')
      cut.fail(new Error('boom'))
      if (patient) text('whole')(other)
      await eventually(() => expect(peer.closed()).toBe(true))
      expect(peer.over(1)).toBe(false)
      expect([peer.stdout(3).endsWith('whole'), other.aborted]).toEqual([patient, !patient])
    }
  })

  test('while the gateway stops, the connection ends with its last request', async () => {
    const { kept, handler, arrived } = keeping()
    const { addresses, gateway } = await startGateway(['127.0.0.1:0'], handler)
    const peer = await connection(addresses[0]!)
    peer.socket.write(Buffer.concat([get(1, '/a'), get(3, '/b')]))
    await arrived('/b')
    const drained = gateway.drain()
    for (const path of ['/a', '/b']) {
      expect(peer.closed()).toBe(false)
      text(path)(kept.get(path)!)
      await eventually(() => expect(peer.over(path === '/a' ? 1 : 3)).toBe(true))
    }
    await drained
    await eventually(() => expect(peer.closed()).toBe(true))
    expect(peer.stdout(3)).toMatch(/\/b$/)
  })

  test('FCGI_MPXS_CONNS is 1', async () => {
    const { addresses } = await startGateway(['127.0.0.1:0'], text('x'))
    const peer = await connection(addresses[0]!)
    let answer = ''
    peer.socket.on('data', (bytes) => (answer += bytes.toString('latin1')))
    peer.socket.write(record(9, 0, pair('FCGI_MPXS_CONNS', '')))
    await eventually(() => expect(answer).toContain('FCGI_MPXS_CONNS1'))
  })
})

describe.skipIf(!program('haproxy'))('behind HAProxy', () => {
  let host: Haproxy | undefined
  afterEach(async () => {
    await host?.stop()
    host = undefined
  })

  const front = (address: string, options: string): Promise<Haproxy> =>
    haproxy(
      `  http-reuse always\n  use-fcgi-app mpx\n  server s ${address} proto fcgi`,
      `fcgi-app mpx\n  docroot /srv\n  option keep-conn\n${options}`,
    )

  /** A request through HAProxy: the status, and the hash of the body. */
  function send(address: string, path: string, body: Buffer, wait = 0): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const call = httpRequest(`http://${address}${path}`, { method: 'POST', agent: false }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (bytes: Buffer) => {
          parts.push(bytes)
          if (wait === 0) return
          response.pause()
          setTimeout(() => response.resume(), wait)
        })
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(parts) }))
        response.on('error', reject)
      })
      call.on('error', reject)
      call.end(body)
    })
  }

  const bytesFor = (index: number): Buffer => Buffer.alloc(1 + ((index * 7919) % 300_000), `request ${index} `)
  const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

  test.each([
    ['that asks', '  option get-values\n  option mpxs-conns\n  option max-reqs 10'],
    ['that does not ask', '  option mpxs-conns\n  option max-reqs 10'],
    ['that does not multiplex', ''],
  ])('%s: 200 uploads and downloads at once, some slow, each right to the byte', async (_, options) => {
    let most = 0
    let inFlight = 0
    const { addresses, errors } = await startGateway(['fastcgi://127.0.0.1:0'], async (exchange) => {
      most = Math.max(most, ++inFlight)
      const parts: Uint8Array[] = []
      const slow = exchange.logged.uri.startsWith('/slow')
      for await (const bytes of exchange.body) {
        parts.push(Buffer.from(bytes))
        if (slow) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      const body = Buffer.concat(parts)
      exchange.respond({ status: 200, reason: 'OK', headers: slow ? [] : [['Content-Length', String(body.length)]] })
      for (let at = 0; at < body.length; at += 10_000) await exchange.send(body.subarray(at, at + 10_000))
      exchange.end()
      inFlight--
    })
    host = await front(addresses[0]!.replace('fastcgi://', ''), options)
    const { address } = host
    const ask = async (index: number): ReturnType<typeof send> => {
      const path = index % 10 === 0 ? `/slow/${index}` : `/${index}`
      const answer = await send(address, path, bytesFor(index), index % 25 === 1 ? 5 : 0)
      // HAProxy 2.6 that does not ask for the limits answers a few by itself on a busy machine, without a word to the gateway.
      const own = answer.status === 500 && answer.body.includes('An internal server error occurred.')
      return own ? ask(index) : answer
    }
    const answers = await Promise.all(Array.from({ length: 200 }, (__, index) => ask(index)))
    const wrong = answers.filter(({ status, body }, index) => status !== 200 || hash(body) !== hash(bytesFor(index)))
    expect(errors).toEqual([])
    expect(wrong.map(({ status, body }) => [status, body.toString('latin1', 0, 200)])).toEqual([])
    expect(most).toBeGreaterThan(1)
  })

  /** A listener in front of another that counts connections. */
  async function relayTo(address: string) {
    const server = createServer((host) => {
      count++
      void connectTo(address).then((gateway) => {
        host.on('error', () => gateway.destroy())
        gateway.on('close', () => host.destroy())
        host.pipe(gateway).pipe(host)
      })
    }).listen(0, '127.0.0.1')
    let count = 0
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => count }
  }

  test('requests share a connection there, and one that is cut is seen as cut, and costs the other nothing', async () => {
    const { kept, handler, arrived } = keeping()
    const { addresses } = await startGateway(['fastcgi://127.0.0.1:0'], handler)
    const relay = await relayTo(addresses[0]!)
    host = await front(relay.address, '  option get-values\n  option mpxs-conns\n  option max-reqs 10')
    const { address } = host
    // The first makes the connection that the others share.
    expect((await send(address, '/quick', Buffer.from('x'))).status).toBe(200)
    const first = send(address, '/a', Buffer.from('x'))
    await arrived('/a')
    const second = send(address, '/b', Buffer.from('x')).catch((error: Error) => error)
    await arrived('/b')
    expect(relay.connections()).toBe(1)
    kept.get('/b')!.respond({ status: 200, reason: 'OK', headers: [['Content-Length', '10']] })
    kept.get('/b')!.write('part')
    kept.get('/b')!.fail(new Error('boom'))
    text('a')(kept.get('/a')!)
    expect((await first).body.toString()).toBe('a')
    expect(await second).toBeInstanceOf(Error)
  })
})
