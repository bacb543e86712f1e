// The same listener on a server of node:http and behind the gateway's HTTP door: what it sees of its socket, what watches it, what its client gets.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, Server, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { handleNode, serverOf } from '../../sidecar/handlers/node/handle.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { startGateway, type TestGateway } from '../listen/gateway.ts'
import { connectTo, readAll, talk } from '../listen/peer.ts'
import { openMount } from '../mount.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function byNode(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

let gateway: TestGateway
async function byGateway(listener: RequestListener): Promise<string> {
  const server = serverOf(listener)
  gateway = await startGateway(['http://127.0.0.1:0'], (exchange) => handleNode(server, exchange))
  return gateway.addresses[0]!
}

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const POST = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody'

/** Runs `listener` by both, and gives what `seen` has by each. */
async function both<T>(
  listener: (seen: (what: T) => void) => RequestListener,
  run: (address: string) => Promise<unknown>,
) {
  const results: T[][] = []
  for (const serve of [byNode, byGateway]) {
    const seen: T[] = []
    await run(await serve(listener((what) => void seen.push(what))))
    results.push(seen)
  }
  expect(results[0]).not.toEqual([])
  return results
}

describe('the socket', () => {
  test.each([GET, POST])('has what a socket of node:http has: %j', async (request) => {
    const [expected, actual] = await both<unknown>(
      (seen) => (message, response) => {
        const socket = message.socket as Socket & { encrypted?: boolean; server?: unknown }
        const { connecting, pending, readyState, remoteFamily, remoteAddress } = socket
        seen({ connecting, pending, readyState, remoteFamily, remoteAddress })
        seen([
          (message as { upgrade?: unknown }).upgrade,
          message.complete,
          socket.server instanceof Server,
          typeof socket.bytesRead,
        ])
        seen([typeof socket.bytesWritten, typeof socket.resetAndDestroy])
        socket.encrypted = true
        seen(socket.encrypted)
        setImmediate(() => {
          seen(message.complete)
          message.resume().on('end', () => {
            seen(message.complete)
            response.end()
          })
        })
      },
      (address) => talk(address, request),
    )
    expect(actual).toEqual(expected)
  })

  test.each<[string, (socket: Socket, client: Socket) => void]>([
    ['the app destroys it', (socket) => void socket.destroy()],
    ['the app destroys it with an error', (socket) => void socket.destroy(new Error('why'))],
    ['the app resets it', (socket) => void socket.resetAndDestroy()],
    ['the client leaves', (_, client) => void client.destroy()],
    ['the client resets', (_, client) => void client.resetAndDestroy()],
  ])('tells that %s', async (_, act) => {
    let client: Socket
    let closed: Promise<unknown>
    const [expected, actual] = await both<string>(
      (seen) => (request, response) => {
        const { socket } = request
        socket.on('error', (error) => seen(`error ${error.message}`))
        for (const event of ['end', 'close']) socket.on(event, () => seen(event))
        request.on('error', (error) => seen(`request ${error.message}`))
        closed = once(response, 'close')
        act(socket, client)
      },
      async (address) => {
        client = await connectTo(address)
        const answer = readAll(client)
        client.write(GET)
        await answer
        await closed
        await new Promise(setImmediate)
      },
    )
    expect(actual!.toSorted()).toEqual(expected!.toSorted())
  })

  test('an error that nobody listens for ends nothing', async () => {
    await talk(await byGateway((request) => void request.socket.destroy(new Error('why'))), GET)
    expect(gateway.errors).toMatchObject([{ code: 'NODE_DESTROYED' }])
  })
})

describe('who watches', () => {
  test('the diagnostics channels get what node:http publishes', async () => {
    const names = ['http.server.request.start', 'http.server.response.created', 'http.server.response.finish']
    const watched: unknown[][] = []
    for (const serve of [byNode, byGateway]) {
      const seen: unknown[] = []
      const heard = names.map((name) => {
        const listener = (message: unknown): void => {
          const kinds = Object.entries(message as object).map(([key, value]) => [
            key,
            (value as object).constructor.name,
          ])
          seen.push([name, { ...Object.fromEntries(kinds), socket: kinds.some(([key]) => key === 'socket') }])
        }
        subscribe(name, listener)
        return () => unsubscribe(name, listener)
      })
      await talk(await serve((_, response) => void response.end('x')), GET)
      for (const stop of heard) stop()
      watched.push(seen)
    }
    expect(watched[0]!.length).toBe(3)
    expect(watched[1]).toEqual(watched[0])
  })

  test.each([
    ['a function', './raw.ts#hello', '/'],
    ['Fastify', './fastify.ts#app', '/json'],
    ['an http.Server', './connect.ts#server', '/a'],
  ])('sees the request event of %s, as tracing tools do that wrap http.Server', async (_, target, path) => {
    const { request, mount } = await openMount(node, { node: target }, new URL('apps/', import.meta.url))
    const seen: unknown[] = []
    const { emit } = Server.prototype
    Server.prototype.emit = function (this: Server, event: string, ...values: unknown[]) {
      if (event === 'request') seen.push((values[0] as { url: string }).url)
      return Reflect.apply(emit, this, [event, ...values])
    }
    try {
      expect((await request({ path }).response).status).toBe(200)
    } finally {
      Server.prototype.emit = emit
    }
    expect(seen).toEqual([path])
    await mount.close()
  })
})

test('rawHeaders has the names as the client wrote them', async () => {
  const request =
    'POST / HTTP/1.1\r\nHost: a\r\nX-CamelCase: b\r\naccept: c\r\nCONNECTION: close\r\nContent-length: 0\r\n\r\n'
  const [expected, actual] = await both<unknown>(
    (seen) => (message, response) => {
      const names = message.rawHeaders.filter((_, index) => index % 2 === 0)
      seen([names.toSorted(), Object.keys(message.headers).toSorted()])
      response.end()
    },
    (address) => talk(address, request),
  )
  expect(actual).toEqual(expected)
})

describe('an exported server', () => {
  test.each([
    ['plain', []],
    [
      'told',
      [
        {
          level: 'warn',
          code: 'NODE_SERVER',
          mount: '/',
          message: expect.stringMatching(/: timeout, keepAliveTimeout, on\('clientError'\)$/),
        },
      ],
    ],
  ])('whose connections are told %s', async (name, records) => {
    const { request, logged } = await openMount(
      node,
      { node: `./settings.ts#${name}` },
      new URL('apps/', import.meta.url),
    )
    expect((await request().response).body.toString()).toBe('answered')
    expect(logged).toEqual(records.map((record) => expect.objectContaining(record)))
  })
})

test('an app of Express is no server, and nothing is said of its settings', async () => {
  const { logged, mount } = await openMount(node, { node: './express.ts' }, new URL('apps/', import.meta.url))
  expect(logged).toEqual([])
  await mount.close()
})

describe('the client', () => {
  /** Without the fields of node:http that belong to the connection or tell the time. */
  const bare = (answer: string): string => answer.replaceAll(/(?:Date|Connection|Keep-Alive): [^\r]*\r\n/gi, '')

  test.each<[string, RequestListener]>([
    [
      'early hints',
      (_, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' })
        response.writeProcessing()
        response.end('x')
      },
    ],
    [
      'a head alone, and the end of the connection',
      (_, response) => void (response.flushHeaders(), response.destroy()),
    ],
  ])('gets %s', async (_, listener) => {
    const expected = bare(await talk(await byNode(listener), GET))
    expect(bare(await talk(await byGateway(listener), GET))).toBe(expected)
  })

  test.each(['close', 'Close, x'])('gets the end of the connection with Connection: %s', async (value) => {
    const listener: RequestListener = (_, response) => response.setHeader('Connection', value).end('x')
    const keeping = GET.replace('Connection: close\r\n', '')
    expect(await talk(await byNode(listener), keeping)).toMatch(/\r\nConnection: close/i)
    expect(await talk(await byGateway(listener), keeping)).toMatch(/\r\nConnection: close/i)
  })

  test.each([101, 199])('gets 500 in place of a response with status %d', async (status) => {
    const answer = await talk(
      await byGateway((_, response) => void response.writeHead(status, { Upgrade: 'x' }).end()),
      GET,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 500 [^]*STATUS_LINE/)
  })

  test('gets the head of a response that is destroyed with its first bytes, and the end of the connection', async () => {
    const answer = await talk(
      await byGateway((_, response) => {
        response.setHeader('Content-Length', 5)
        response.write('x')
        response.destroy()
      }),
      GET,
    )
    expect(bare(answer)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx')
    expect(gateway.errors).toMatchObject([{ code: 'NODE_DESTROYED' }])
  })

  test('of a server that takes upgrades only gets 400 for anything else', async () => {
    const { mount } = await openMount(node, { node: './upgrades.ts' }, new URL('apps/', import.meta.url))
    const { addresses } = await startGateway(['http://127.0.0.1:0'], (exchange) => mount.handle(exchange))
    expect(await talk(addresses[0]!, GET)).toMatch(/^HTTP\/1\.1 400 [^]*UPGRADE_NOT_ASKED/)
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
    expect(await talk(addresses[0]!, upgrade)).toMatch(/^HTTP\/1\.1 101 /)
  })
})
