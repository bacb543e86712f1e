// WebSockets through layers: they see the handshake and may change it, and may stand round the connection.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex, Transform } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer, type RawData } from 'ws'
import type { Exchange } from '../../sidecar/exchange.ts'
import { through, type Layer } from '../../sidecar/layer.ts'
import { answer } from '../../sidecar/mounted.ts'
import { app } from '../../sidecar/mounts/app.ts'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { scriptFolder } from '../cgi/scripts.ts'
import { startGateway, until, type TestGateway, type TestMount } from '../harness.ts'
import { layered } from '../layered.ts'
import { startGateway as startMounts } from '../listen/gateway.ts'
import { connectTo } from '../listen/peer.ts'
import { notes } from './apps/notes.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function start(mounts: readonly TestMount[], directory = import.meta.dirname): Promise<TestGateway> {
  const gateway = await startGateway({ listen: ['127.0.0.1:0'], mounts, directory, drainTimeout: 5000 })
  stops.push(() => gateway.gateway.close())
  return gateway
}

async function echoServer(): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data: RawData) => socket.send(data)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => (server.closeAllConnections(), server.close()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function opened(address: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${address}`)
  stops.push(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

async function echoed(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  return String((await once(socket, 'message'))[0])
}

const layers = (kind: unknown): MountKind => layered(kind as MountKind)

test('every kind that takes connections over does so through layers that change nothing, and ends them when told', async () => {
  const { gateway, addresses, log } = await start([
    { key: '/app', kind: layers(app), settings: { app: './apps/wsgi.ts' } },
    { key: '/node', kind: layers(node), settings: { node: './apps/server.ts' } },
    { key: '/up', kind: layers(upstream), settings: { upstream: await echoServer() } },
  ])
  const name = `layers-${process.pid}`
  const clients = await Promise.all(
    ['app', 'node', 'up'].map((key) => opened(`${addresses[0]}/${key}?name=${name}-${key}`)),
  )
  for (const client of clients) expect(await echoed(client, 'hello')).toBe('hello')
  expect(gateway.mounts.map(({ inFlight }) => inFlight)).toEqual([1, 1, 1])
  const closed = Promise.all(clients.map((client) => once(client, 'close')))
  await gateway.drain()
  expect((await closed).map(([code]) => code as number)).toEqual([1001, 1001, 1001])
  expect(gateway.mounts.map(({ inFlight, failed }) => [inFlight, failed])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(log.text.split('\n').filter((line) => line.includes(' 101 '))).toHaveLength(3)
})

test('a client that breaks off is seen by the app behind layers', async () => {
  const { addresses } = await start([{ key: '/', kind: layers(node), settings: { node: './apps/server.ts' } }])
  const name = `broken-${process.pid}`
  const client = await opened(`${addresses[0]}/?name=${name}`)
  client.terminate()
  const closed = await until('its end', () => notes().find((note) => note.startsWith(`${name}: closed`)))
  expect(closed).toBe(`${name}: closed 1006 `)
})

/** Swaps the case of letters, both ways. */
class Swapped extends Duplex {
  readonly #tunnel: Duplex
  readonly #in = swap()

  constructor(tunnel: Duplex) {
    super()
    this.#tunnel = tunnel
    tunnel.pipe(this.#in)
    this.#in.on('data', (bytes) => this.push(bytes) || this.#in.pause())
    this.#in.on('end', () => this.push(null))
    tunnel.on('close', () => this.destroy(tunnel.errored ?? undefined))
  }

  override _read(): void {
    this.#in.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#tunnel.write(swapped(chunk), callback)
  }

  override _final(callback: () => void): void {
    this.#tunnel.end(callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#tunnel.destroy()
    callback(error)
  }
}

function swap(): Transform {
  return new Transform({ transform: (chunk: Buffer, _, callback) => callback(null, swapped(chunk)) })
}

function swapped(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0x20))
}

const ASKS = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

test('a layer changes the head of the handshake, and stands round the connection', async () => {
  const heard: string[] = []
  const layer: Layer = {
    upgrade: (head, outer) =>
      new Swapped(outer.upgrade({ ...head, headers: [...head.headers, ['X-Layer', 'between']] })),
    over: ({ state, status }) => heard.push(`${state} ${status}`),
  }
  const { addresses, gateway, accesses } = await startMounts(['http://127.0.0.1:0'], (outer) => {
    const inner = through(outer, layer)
    const tunnel = inner.upgrade({ status: 101, reason: '', headers: [] })
    let text = ''
    tunnel.on('data', (bytes: Buffer) => (text += bytes.toString()))
    tunnel.on('end', () => (heard.push(text), tunnel.end('BYE')))
  })
  const socket = await connectTo(addresses[0]!)
  let answer = ''
  socket.setEncoding('latin1').on('data', (text) => (answer += text))
  socket.write(ASKS)
  await until('the head', () => answer.includes('\r\n\r\n'))
  socket.end('abc')
  await once(socket, 'close')
  const [head, body] = answer.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 101 [^]*X-Layer: between/)
  expect([body, heard]).toEqual(['bye', ['ABC', 'ended 101']])
  await until('the record', () => (gateway.log.flush(), accesses.length > 0))
  expect(accesses).toMatchObject([{ status: 101, received: 3, sent: 3 }])
})

test('a layer may refuse, and may take a connection itself', async () => {
  const { addresses } = await startMounts(['http://127.0.0.1:0'], {
    '/refused': (outer) => {
      outer.respond({ status: 403, reason: 'Forbidden', headers: [] })
      outer.end()
    },
    '/taken': (outer) => {
      const inner = through(outer, {})
      outer.upgrade({ status: 101, reason: '', headers: [] }).end('here')
      expect(() => inner.upgrade({ status: 101, reason: '', headers: [] })).toThrow(
        expect.objectContaining({ code: 'HEAD_SENT' }),
      )
    },
  })
  const ask = async (path: string): Promise<string> => {
    const socket = await connectTo(addresses[0]!)
    socket.end(ASKS.replace('/', path))
    let answer = ''
    for await (const piece of socket.setEncoding('latin1')) answer += piece as string
    return answer
  }
  expect(await ask('/refused')).toMatch(/^HTTP\/1\.1 403 /)
  expect(await ask('/taken')).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nhere$/)
})

test('a connection ends with a layer that throws behind having taken it', async () => {
  const { addresses, gateway, errors, accesses } = await startMounts(['http://127.0.0.1:0'], (outer) => {
    const layer: Layer = {
      upgrade: (head) => {
        outer.upgrade(head)
        throw new Error('too late')
      },
    }
    const handle = (exchange: Exchange): void => void exchange.upgrade({ status: 101, reason: '', headers: [] })
    answer({ handle }, through(through(outer, layer), {}))
  })
  const socket = await connectTo(addresses[0]!)
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => (received += text))
  socket.write(ASKS)
  await once(socket, 'close')
  expect(received).toMatch(/^HTTP\/1\.1 101 /)
  expect(gateway.mounts).toMatchObject([{ requests: 1, inFlight: 0, failed: 1 }])
  await until('the records', () => (gateway.log.flush(), accesses.length > 0))
  expect(errors).toMatchObject([{ code: 'APP_RAISED' }])
  expect(accesses).toMatchObject([{ status: 101, code: 'APP_RAISED' }])
})

test('without an upgrade that the door can carry, the exchange behind a layer has none', async () => {
  const seen: unknown[] = []
  const { addresses } = await startMounts(['127.0.0.1:0'], (outer) => {
    const inner = through(
      outer,
      {},
      { variables: { ...outer.variables, HTTP_UPGRADE: 'echo', HTTP_CONNECTION: 'upgrade' } },
    )
    seen.push(outer.upgradable, inner.upgradable)
    inner.upgrade({ status: 101, reason: '', headers: [] })
  })
  const response = await fetch(`http://${addresses[0]}/`)
  expect([response.status, seen]).toEqual([501, [false, false]])
  await response.text()
})

test('a local redirect of a CGI script leads to a WebSocket too', async () => {
  const scripts = scriptFolder({ 'bin/to': `#!/bin/sh\nprintf 'Location: /socket?name=%s\\n\\n' "$QUERY_STRING"` })
  const { gateway, addresses } = await start([
    { key: '/bin', kind: cgi as unknown as MountKind, settings: { cgi: `${scripts.path}/bin` } },
    { key: '/socket', kind: layers(node), settings: { node: './apps/server.ts' } },
  ])
  const name = `redirected-${process.pid}`
  const client = await opened(`${addresses[0]}/bin/to?${name}`)
  expect(await echoed(client, 'hello')).toBe('hello')
  expect(gateway.mounts).toMatchObject([
    { key: '/bin', inFlight: 1 },
    { key: '/socket', inFlight: 1 },
  ])
  const closed = once(client, 'close')
  await gateway.drain()
  expect((await closed)[0]).toBe(1001)
})
