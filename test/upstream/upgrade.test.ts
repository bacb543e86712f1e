// Upgrades through HTTP upstreams: WebSockets of a real `ws` server, and another protocol.
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '../harness.ts'
import {
  Cleanup,
  deadUpstream,
  httpUpstream,
  upstreamGateway,
  type DeadUpstream,
  type Upstream,
  type UpstreamGateway,
} from './servers.ts'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const gateway = async (
  settings: Record<string, unknown>,
  options?: Parameters<typeof upstreamGateway>[1],
): Promise<UpstreamGateway> => cleanup.add(await upstreamGateway(settings, options), (one) => one.stop())

const nobody = async (): Promise<DeadUpstream> => cleanup.add(await deadUpstream(), (one) => one.close())

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

async function start(upgrade: Upgrade): Promise<Upstream> {
  const upstream = cleanup.add(await httpUpstream((_, response) => response.end('plain')), (one) => one.close())
  upstream.server.on('upgrade', (request, socket, head) => {
    cleanup.add(socket, (open) => open.destroy())
    socket.on('error', () => {})
    upgrade(request, socket, head)
  })
  return upstream
}

/** A ws server that sends everything back. */
async function echoes(): Promise<{ upstream: Upstream; sockets: WebSocketServer; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (names) => [...names][0] ?? false })
  const upstream = await start((request, socket, head) => {
    requests.push(request)
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
    })
  })
  return { upstream, sockets, requests }
}

const wsUrl = ({ url }: UpstreamGateway, path = '/'): string => `${url.replace('http:', 'ws:')}${path}`

function open(url: string, protocols: string[] = []): Promise<WebSocket> {
  const client = new WebSocket(url, protocols)
  return new Promise((resolve, reject) => client.on('open', () => resolve(client)).on('error', reject))
}

test('a WebSocket passes both ways, with its path, fields and subprotocol', async () => {
  const { upstream, requests } = await echoes()
  const one = await gateway({ upstream: upstream.url }, { key: '/live' })
  const client = await open(wsUrl(one, '/a%2Fb//c?x=1'), ['chat', 'other'])
  expect(client.protocol).toBe('chat')
  expect(requests[0]!.url).toBe('/a%2Fb//c?x=1')
  expect(requests[0]!.headers).toMatchObject({
    host: new URL(one.url).host,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-prefix': '/live',
    upgrade: 'websocket',
  })
  const big = Buffer.alloc(5 * 1024 * 1024, 'x')
  client.send('hello')
  expect(String((await once(client, 'message'))[0])).toBe('hello')
  client.send(big)
  expect(((await once(client, 'message'))[0] as Buffer).equals(big)).toBe(true)
  client.close(4001, 'bye')
  const [code, reason] = (await once(client, 'close')) as [number, Buffer]
  expect([code, String(reason)]).toEqual([4001, 'bye'])
})

test('tunnels hold no connection of the mount, and end with either side', async () => {
  const { upstream, sockets } = await echoes()
  const one = await gateway({ upstream: upstream.url, connections: 2 })
  const clients = await Promise.all(Array.from({ length: 60 }, () => open(wsUrl(one))))
  expect(await (await fetch(one.url)).text()).toBe('plain')
  for (const client of clients.slice(0, 30)) client.terminate()
  await until('the upstream lost them', () => sockets.clients.size === 30)
  for (const socket of sockets.clients) socket.terminate()
  await until('the clients lost them', () => clients.every(({ readyState }) => readyState === WebSocket.CLOSED))
})

test('a refusal is a response', async () => {
  const body = 'no'.repeat(50_000)
  const upstream = await start((_, socket) =>
    socket.end(
      `HTTP/1.1 403 Not You\r\nX-Why: because\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${body}\r\n0\r\n\r\n`,
    ),
  )
  const one = await gateway({ upstream: upstream.url })
  const client = new WebSocket(wsUrl(one)).on('error', () => {})
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  expect([response.statusCode, response.headers['x-why']]).toEqual([403, 'because'])
  let text = ''
  for await (const piece of response) text += String(piece)
  expect(text).toBe(body)
})

async function status(url: string): Promise<number> {
  const client = new WebSocket(url).on('error', () => {})
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  response.resume()
  return response.statusCode!
}

test('a dead upstream is 502, a late one 504, one that hangs up 502', async () => {
  const dead = await nobody()
  const one = await gateway({ upstream: dead.url })
  expect(await status(wsUrl(one))).toBe(502)
  expect(one.log.text).toMatch(/cannot connect to .*ECONNREFUSED.*code=UPSTREAM_CONNECT/)
  const late = await start(() => {})
  const two = await gateway({ upstream: late.url, firstByteTimeout: 0.1, retries: 0 })
  expect(await status(wsUrl(two))).toBe(504)
  const rude = await start((_, socket) => socket.destroy())
  const three = await gateway({ upstream: rude.url, retries: 0 })
  expect(await status(wsUrl(three))).toBe(502)
  expect(three.log.text).toContain('code=UPSTREAM_RESET')
  // One record a request.
  expect(three.log.text.match(/UPSTREAM_RESET/g)).toHaveLength(2)
})

test('another upstream is asked when one is dead', async () => {
  const dead = await nobody()
  const { upstream } = await echoes()
  const one = await gateway({ upstream: [dead.url, upstream.url] })
  for (let count = 0; count < 4; count++) (await open(wsUrl(one))).terminate()
  expect(one.log.text).toContain(`trying ${upstream.url}`)
})

test('a client that goes away before the answer takes the request with it', async () => {
  let gone = 0
  const upstream = await start((_, socket) => socket.resume().on('end', () => gone++))
  const one = await gateway({ upstream: upstream.url })
  const clients = Array.from({ length: 10 }, () => new WebSocket(wsUrl(one)).on('error', () => {}))
  await until('all have arrived', () => upstream.connections === 10)
  for (const client of clients) client.terminate()
  await until('all are gone', () => gone === 10)
  expect(one.log.text).not.toContain('UPSTREAM')
})

test('any other protocol passes too', async () => {
  const upstream = await start((request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  const one = await gateway({ upstream: upstream.url })
  const client = httpRequest(one.url, { method: 'POST', headers: { Connection: 'Upgrade', Upgrade: 'shout/1' } })
  client.setHeader('Content-Length', 0)
  client.end()
  const [response, socket] = (await once(client, 'upgrade')) as [IncomingMessage, Duplex]
  expect(response.headers.upgrade).toBe('shout/1')
  socket.write('hey')
  expect(String((await once(socket, 'data'))[0])).toBe('hey')
  socket.destroy()
})

test('a server that is no WebSocket server', async () => {
  const server = createServer((_, response) => response.writeHead(426).end('upgrade what?'))
  cleanup.add(server, () => (server.closeAllConnections(), server.close()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const plain = await gateway({ upstream: `http://127.0.0.1:${(server.address() as { port: number }).port}` })
  expect(await status(wsUrl(plain))).toBe(426)
})
