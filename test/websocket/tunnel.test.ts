// Connections that a mount took over, byte by byte: over HTTP and over uwsgi, without a web server between; and with layers, which change
// nothing.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { answer } from '../../sidecar/mounted.ts'
import { until } from '../harness.ts'
import { absent, seesAll } from '../layered.ts'
import { limit, startGateway } from '../listen/gateway.ts'
import { connectTo, readAll, uwsgiRequest } from '../listen/peer.ts'

const HEAD = { status: 101, reason: 'Switching Protocols', headers: [['Upgrade', 'echo']] } as const

const doors = {
  http: (path: string, more = ''): Buffer =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n${more}\r\n`),
  uwsgi: (path: string): Buffer =>
    Buffer.from(uwsgiRequest(path, { HTTP_UPGRADE: 'echo', HTTP_CONNECTION: 'upgrade' })),
} as const

/** Reads a response head; what comes behind it stays in the socket. */
async function readHead(socket: Socket): Promise<string> {
  let text = ''
  while (!text.includes('\r\n\r\n')) {
    await once(socket, 'readable')
    const piece = socket.read() as Buffer | null
    text += piece?.toString('latin1') ?? ''
  }
  const end = text.indexOf('\r\n\r\n') + 4
  if (end < text.length) socket.unshift(Buffer.from(text.slice(end), 'latin1'))
  return text.slice(0, end)
}

type Handle = (exchange: Exchange) => void | Promise<void>

const directly = (handle: Handle): Handle => handle
const throughLayers =
  (handle: Handle): Handle =>
  (exchange) =>
    answer({ handle }, seesAll(absent(exchange)))

describe.each([
  ['http', 'directly', directly],
  ['uwsgi', 'directly', directly],
  ['http', 'through layers', throughLayers],
  ['uwsgi', 'through layers', throughLayers],
] as const)('%s, %s', (protocol, _, way) => {
  const request = doors[protocol]

  async function open(handle: Handle, options = {}, early = '') {
    const started = await startGateway([`${protocol}://127.0.0.1:0`], way(handle), options)
    const socket = await connectTo(started.addresses[0]!)
    socket.write(Buffer.concat([request('/x'), Buffer.from(early)]))
    return { ...started, socket }
  }
  const record = (accesses: Record<string, unknown>[], gateway: { log: { flush(): void } }) =>
    until('the access record', () => {
      gateway.log.flush()
      const [first] = accesses
      return first && { ...first, code: first.code }
    })

  test('the head is sent at once, and what comes after it is raw', async () => {
    const { socket, accesses, gateway } = await open((exchange) => {
      const tunnel = exchange.upgrade({ ...HEAD, headers: [...HEAD.headers, ['X-Own', 'yes']] })
      tunnel.on('data', (bytes: Buffer) => tunnel.write(bytes.toString('latin1').toUpperCase()))
      tunnel.on('end', () => tunnel.end('bye'))
    })
    expect((await readHead(socket)).split('\r\n')).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: echo',
      'X-Own: yes',
      'Connection: Upgrade',
      '',
      '',
    ])
    socket.write('hello')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toBe('HELLO')
    const rest = readAll(socket)
    socket.end()
    expect(await rest).toBe('bye')
    expect(await record(accesses, gateway)).toMatchObject({ status: 101, received: 5, sent: 8, code: undefined })
  })

  test('bytes behind the request are the first of the tunnel, also when the mount takes its time', async () => {
    const { socket } = await open(
      async (exchange) => {
        await new Promise((resolve) => setImmediate(resolve))
        const tunnel = exchange.upgrade(HEAD)
        await pipeline(tunnel, tunnel)
      },
      {},
      'early',
    )
    socket.write(' and late')
    await readHead(socket)
    socket.end()
    expect(String(await buffer(socket))).toBe('early and late')
  })

  test('what comes before the mount has decided is bounded', async () => {
    let decide = (): void => {}
    let taken: Duplex | undefined
    const { socket } = await open(async (exchange) => {
      await new Promise<void>((resolve) => (decide = resolve))
      taken = exchange.upgrade(HEAD)
      await pipeline(taken, taken)
    })
    const big = Buffer.alloc(16 * 1024 * 1024, 'x')
    socket.write(big)
    // The system's buffers are full and the client has to wait: the gateway reads no more.
    let before = -1
    await until('the client to be held up', async () => {
      const now = socket.bytesWritten - socket.writableLength
      const same = now === before
      before = now
      await new Promise((resolve) => setImmediate(resolve))
      return same && socket.writableLength > 0
    })
    decide()
    await readHead(socket)
    let echoed = 0
    socket.on('data', (bytes: Buffer) => {
      echoed += bytes.length
      if (echoed === big.length) socket.end()
    })
    await once(socket, 'end')
    expect(echoed).toBe(big.length)
    expect(taken!.readableHighWaterMark).toBeLessThanOrEqual(64 * 1024)
  })

  test('a client that does not read slows the app down', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'y')
    let written = 0
    let full = false
    const { socket } = await open(async (exchange) => {
      const tunnel = exchange.upgrade(HEAD)
      for (; written < 64 * 1024 * 1024; written += chunk.length) {
        if (tunnel.write(chunk)) continue
        full = true
        await once(tunnel, 'drain')
      }
      tunnel.end()
    })
    await readHead(socket)
    await until('the app to be held up', () => full)
    expect(written).toBeLessThan(32 * 1024 * 1024)
    let read = 0
    socket.on('data', (bytes: Buffer) => (read += bytes.length))
    await once(socket, 'end')
    expect(read).toBe(64 * 1024 * 1024)
    socket.end()
  })

  test('an app that does not read slows the client down', async () => {
    let tunnel: Duplex | undefined
    const { socket } = await open((exchange) => {
      tunnel = exchange.upgrade(HEAD)
    })
    await readHead(socket)
    const big = Buffer.alloc(16 * 1024 * 1024, 'z')
    socket.write(big)
    await until('the tunnel to be full', () => tunnel!.readableLength >= 64 * 1024)
    expect(tunnel!.readableLength).toBeLessThan(256 * 1024)
    let read = 0
    tunnel!.on('data', (bytes: Buffer) => (read += bytes.length))
    socket.end()
    await once(tunnel!, 'end')
    expect(read).toBe(big.length)
    tunnel!.end()
  })

  test('a client that resets is an error of the tunnel, which nobody has to listen for', async () => {
    let tunnel: Duplex | undefined
    const { socket, accesses, gateway } = await open((exchange) => {
      tunnel = exchange.upgrade(HEAD)
      tunnel.resume()
    })
    await readHead(socket)
    const closed = new Promise((resolve) => tunnel!.once('close', resolve))
    socket.resetAndDestroy()
    await closed
    expect(tunnel!.errored).toMatchObject({ code: 'ECONNRESET' })
    expect(await record(accesses, gateway)).toMatchObject({ status: 101, code: 'CLIENT_GONE' })
  })

  test('a mount that destroys it closes the connection', async () => {
    const { socket, accesses, gateway } = await open((exchange) => void exchange.upgrade(HEAD).destroy())
    await readAll(socket)
    expect(await record(accesses, gateway)).toMatchObject({ status: 101, code: undefined })
  })

  test('a mount that throws after the upgrade closes the connection', async () => {
    const { socket, errors, accesses, gateway } = await open((exchange) => {
      exchange.upgrade(HEAD)
      throw new Error('too late')
    })
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 101 /)
    expect(await record(accesses, gateway)).toMatchObject({ status: 101, code: 'APP_RAISED' })
    expect(errors).toMatchObject([{ code: 'APP_RAISED', message: expect.stringContaining('too late') }])
  })

  test('a mount may answer with an ordinary response; it is the last of the connection', async () => {
    const { socket } = await open(async (exchange) => {
      expect([exchange.upgradable, exchange.upgradeAsked]).toEqual([true, 'echo'])
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      for (let i = 0; i < 64; i++) await exchange.send(Buffer.alloc(64 * 1024, 'r'))
      exchange.end()
      expect(exchange.upgradable).toBe(false)
    })
    const answer = await readAll(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    // uwsgi has no other way to end a response, and no field for it.
    expect(/\r\nConnection: close\r\n/i.test(answer)).toBe(protocol === 'http')
    expect(answer.length).toBeGreaterThan(64 * 64 * 1024)
  })

  test('a client that goes before the mount has decided aborts the exchange', async () => {
    let exchange: Exchange | undefined
    const { socket } = await open((given) => void (exchange = given))
    await until('the request', () => exchange)
    socket.destroy()
    await until('the abort', () => exchange!.aborted)
    expect(() => exchange!.upgrade(HEAD)).toThrow(expect.objectContaining({ code: 'CLIENT_GONE' }))
  })

  test.each([
    ['another status', { ...HEAD, status: 200 }, 'UPGRADE_HEAD'],
    ['a length', { ...HEAD, headers: [['Content-Length', '0']] as const }, 'UPGRADE_HEAD'],
    ['a framing', { ...HEAD, headers: [['Transfer-Encoding', 'chunked']] as const }, 'UPGRADE_HEAD'],
    ['a line break', { ...HEAD, headers: [['X-A', 'a\r\nb']] as const }, 'HEADER_VALUE'],
  ])('a head with %s is refused, and the client gets 500', async (_, head, code) => {
    const { socket } = await open((exchange) => void exchange.upgrade(head))
    expect(await readAll(socket)).toMatch(new RegExp(`^HTTP/1\\.1 500 [^]*${code}`))
  })

  test('a request that asks for nothing cannot be upgraded', async () => {
    const { addresses } = await startGateway([`${protocol}://127.0.0.1:0`], (exchange) => {
      expect(exchange.upgradable).toBe(false)
      exchange.upgrade(HEAD)
    })
    const socket = await connectTo(addresses[0]!)
    socket.write(protocol === 'http' ? 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' : uwsgiRequest('/'))
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 [^]*UPGRADE_NOT_ASKED/)
  })

  test('silence has no limit, a connection closed from one side has', async () => {
    limit({ idle: 20, body: 20, send: 5000, linger: 20 })
    const tunnels: Duplex[] = []
    const { socket, addresses, accesses, gateway } = await open((exchange) => {
      const tunnel = exchange.upgrade(HEAD)
      tunnels.push(tunnel.on('data', (bytes: Buffer) => tunnel.write(bytes)))
    })
    await readHead(socket)
    const other = await connectTo(addresses[0]!)
    other.write(request('/other'))
    await readHead(other)
    other.end()
    // The app of the other one does not end its side: after a while of silence the gateway does.
    await readAll(other)
    expect(await record(accesses, gateway)).toMatchObject({ uri: '/other', status: 101, code: undefined })
    socket.write('still here')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toBe('still here')
    socket.destroy()
  })

  test.each(['', ' and sends all the time'])(
    'a client that takes nothing%s is not waited for for ever',
    async (sends) => {
      limit({ send: 50 })
      const { socket, accesses, gateway } = await open((exchange) => {
        const tunnel = exchange.upgrade(HEAD).resume()
        while (tunnel.write(Buffer.alloc(1024 * 1024))) continue
        for (let i = 0; i < 32; i++) tunnel.write(Buffer.alloc(1024 * 1024))
      })
      await readHead(socket)
      const timer = setInterval(() => sends && socket.write('x'), 10)
      try {
        expect(await record(accesses, gateway)).toMatchObject({ status: 101, code: 'SEND_TIMEOUT' })
      } finally {
        clearInterval(timer)
        socket.destroy()
      }
    },
  )

  test('a gateway that stops waits for it, and then closes it', async () => {
    let tunnel: Duplex | undefined
    const { socket, gateway, accesses, errors } = await open(
      (exchange) => {
        tunnel = exchange.upgrade(HEAD)
        tunnel.on('data', (bytes: Buffer) => tunnel!.write(bytes))
      },
      { drainTimeout: 200 },
    )
    await readHead(socket)
    const stopped = gateway.drain()
    socket.write('while it drains')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toBe('while it drains')
    await Promise.all([stopped, readAll(socket)])
    expect(tunnel!.destroyed).toBe(true)
    expect(errors).toMatchObject([{ code: 'DRAIN_TIMEOUT' }])
    expect(await record(accesses, gateway)).toMatchObject({
      status: 101,
      received: 15,
      sent: 15,
      code: 'GATEWAY_CLOSED',
    })
  })

  test('a gateway that stops does not wait for one that ends in time', async () => {
    const { socket, gateway, errors } = await open((exchange) => {
      const tunnel = exchange.upgrade(HEAD)
      tunnel.pipe(tunnel)
    })
    await readHead(socket)
    const stopped = gateway.drain()
    socket.end()
    await Promise.all([stopped, readAll(socket)])
    expect(errors).toEqual([])
  })
})

describe('HTTP', () => {
  const plain = (exchange: Exchange): void => {
    expect(exchange.upgradable).toBe(false)
    exchange.body.discard()
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    exchange.end('plain')
  }

  test.each([
    [
      'h2c, which is no upgrade any more',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n',
    ],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
    ['no Connection', 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n'],
    ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 3\r\n\r\nabc'],
    [
      'a chunked body',
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
  ])('a request with %s is an ordinary one', async (_, text) => {
    const { addresses } = await startGateway(['http://127.0.0.1:0'], plain)
    const socket = await connectTo(addresses[0]!)
    socket.write(text)
    const answer = await once(socket, 'data')
    expect(String(answer[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*plain/)
    socket.destroy()
  })
})

describe('a client that has closed its side before its connection is taken over', () => {
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

  test.each(['', 'early'])('is told of behind what it sent (%j)', async (early) => {
    const { addresses } = await startGateway(['http://127.0.0.1:0'], async (exchange) => {
      await wait(50)
      const tunnel = exchange.upgrade(HEAD)
      tunnel.on('data', (bytes: Buffer) => tunnel.write(bytes))
      tunnel.on('end', () => tunnel.end('bye'))
    })
    const socket = await connectTo(addresses[0]!)
    socket.end(Buffer.concat([doors.http('/x'), Buffer.from(early)]))
    expect((await readAll(socket)).split('\r\n\r\n')[1]).toBe(`${early}bye`)
  })

  test('is not kept for ever by a mount that goes on', async () => {
    limit({ idle: 50 })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], async (exchange) => {
      await wait(20)
      exchange.upgrade(HEAD).resume()
    })
    const socket = await connectTo(addresses[0]!)
    socket.end(doors.http('/x'))
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 101 /)
  })
})

test('FastCGI cannot carry it, and the error says who speaks it', async () => {
  const { addresses, errors } = await startGateway(['fastcgi://127.0.0.1:0'], (exchange) => {
    expect([exchange.upgradable, exchange.upgradeAsked]).toEqual([false, 'echo'])
    exchange.upgrade(HEAD)
  })
  const socket = await connectTo(addresses[0]!)
  const { fastcgi } = await import('../../sidecar/wire/fastcgi.ts')
  const codec = fastcgi.client()
  socket.write(
    codec.request(
      {
        REQUEST_METHOD: 'GET',
        PATH_INFO: '/',
        SERVER_PROTOCOL: 'HTTP/1.1',
        SERVER_SOFTWARE: 'nginx/1.22.1',
        HTTP_UPGRADE: 'echo',
        HTTP_CONNECTION: 'upgrade',
      },
      0,
    ),
  )
  const end = codec.finish()
  if (end) socket.write(end)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(String(answer)).toMatch(/Status: 501 [^]*UPGRADE_UNSUPPORTED/)
  expect(errors[0]!.message).toMatch(/asks for echo, but nginx\/1\.22\.1 speaks fastcgi to fastcgi:\/\/127/)
  socket.destroy()
})
