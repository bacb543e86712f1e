// WebSockets of ASGI apps: through the gateway to a real worker, by HTTP, and by uwsgi as far as the door.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { asgi } from '../../sidecar/mounts/asgi/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { connectTo, readAll } from '../listen/peer.ts'
import { APPS } from './mount.ts'

/** Seconds. */
const PING = 0.3
let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({
    listen: ['127.0.0.1:0', 'fastcgi://127.0.0.1:0'],
    mounts: [
      {
        key: '/in',
        kind: asgi as unknown as MountKind,
        settings: { asgi: 'sockets', stopTimeout: 5, webSockets: { maxMessage: 3_000_000 } },
      },
      {
        key: '/pinged',
        kind: asgi as unknown as MountKind,
        settings: { asgi: 'sockets', stopTimeout: 5, webSockets: { ping: PING } },
      },
    ],
    directory: APPS,
    drainTimeout: 600_000,
  })
})
afterAll(() => gateway.stop())

interface Talk {
  socket: WebSocket
  next(): Promise<{ text: string; data: Buffer; binary: boolean }>
  closed: Promise<[code: number, reason: string]>
}

function open(path: string, protocols: string[] = [], options: ClientOptions = {}, mount = '/in'): Talk {
  const socket = new WebSocket(`ws://${gateway.addresses[0]}${mount}/${path}`, protocols, options)
  const came: { text: string; data: Buffer; binary: boolean }[] = []
  socket.on('message', (data: Buffer, binary) => came.push({ text: data.toString(), data, binary }))
  socket.on('error', () => {})
  const closed = once(socket, 'close').then(([code, reason]) => [code as number, String(reason)] as [number, string])
  const next = () => until('a message', () => came.shift())
  return { socket, next, closed }
}

async function refused(path: string): Promise<{ status: number; body: string; header: string | undefined }> {
  const { socket } = open(path)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const piece of response) body += String(piece)
  return { status: response.statusCode!, body, header: response.headers['x-why'] as string | undefined }
}

test('text, bytes, empty and large messages, both ways; subprotocol and headers', async () => {
  const { socket, next, closed } = open('echo', ['one', 'two'])
  const opened = once(socket, 'open')
  const [{ headers }] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }]
  await opened
  expect([headers['x-own'], socket.protocol]).toEqual(['v', 'one'])
  for (const message of [
    'héllo',
    '',
    Buffer.from([0, 1, 255]),
    Buffer.alloc(0),
    'x'.repeat(100_000),
    Buffer.alloc(2_500_000, 'abc'),
  ]) {
    socket.send(message)
    const { data, binary } = await next()
    expect(binary).toBe(typeof message !== 'string')
    expect(data.equals(Buffer.from(message))).toBe(true)
  }
  socket.close(4000, 'bye')
  expect(await closed).toEqual([4000, 'bye'])
  await until('the end in the app', () => /disconnect 4000 bye/.test(gateway.log.text))
})

test('the scope of a WebSocket', async () => {
  const { next, closed } = open('show_scope')
  expect(JSON.parse((await next()).text)).toEqual({
    type: 'websocket',
    scheme: 'ws',
    path: '/in/show_scope',
    root_path: '/in',
    http_version: '1.1',
    subprotocols: [],
    method: false,
  })
  // The app has returned.
  expect(await closed).toEqual([1000, ''])
})

test('the app closes, with code and reason', async () => {
  expect(await open('close').closed).toEqual([4001, 'enough'])
  await until('the end in the app', () => /closed 4001/.test(gateway.log.text))
})

test.for([
  ['refuse', 403, /^$/],
  ['deny', 401, /^not you$/],
  ['raises', 500, /./],
  ['nothing', 500, /./],
  ['send_first', 500, /./],
  ['other_protocol', 500, /./],
] as const)('%s: %i', async ([path, status, body]) => {
  const got = await refused(path)
  expect(got).toMatchObject({ status, body: expect.stringMatching(body) })
  expect(got.header).toBe(path === 'deny' ? 'no' : undefined)
})

test('an app that raises while it is open: 1011, and its traceback in the log', async () => {
  expect(await open('raises_open').closed).toEqual([1011, ''])
  await until('the log', () => /while it is open/.test(gateway.log.text))
  expect(await open('bad_code').closed).toEqual([1011, ''])
  await until('the log', () => /1006 is none that can be sent/.test(gateway.log.text))
})

test('a client that is lost, one that closes without a code, one that sends too much', async () => {
  const lost = open('echo')
  await once(lost.socket, 'open')
  lost.socket.terminate()
  await until('1006', () => /disconnect 1006/.test(gateway.log.text))
  const plain = open('echo')
  await once(plain.socket, 'open')
  plain.socket.close()
  await until('1005', () => /disconnect 1005/.test(gateway.log.text))
  const large = open('echo', [], { perMessageDeflate: false })
  await once(large.socket, 'open')
  large.socket.send(Buffer.alloc(3_000_001))
  expect((await large.closed)[0]).toBe(1009)
})

test('pings: a client that answers stays, one that does not is given up', async () => {
  const deaf = open('echo', [], { autoPong: false }, '/pinged')
  await once(deaf.socket, 'ping')
  const good = open('echo', [], {}, '/pinged')
  expect((await deaf.closed)[0]).toBe(1006)
  good.socket.send('still here')
  expect((await good.next()).text).toBe('still here')
  good.socket.close()
})

test('pings: a client that takes longer than that to send a message stays', async () => {
  const socket = await connectTo(gateway.addresses[0]!)
  let heard = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => (heard = Buffer.concat([heard, bytes])))
  const host = gateway.addresses[0]!
  socket.write(
    `GET /pinged/echo HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await until('the head', () => heard.includes('\r\n\r\n'))
  heard = Buffer.alloc(0)
  // A text of twenty bytes, masked with zeros. Between two of them no pong can be sent.
  const frame = Buffer.concat([Buffer.of(0x81, 0x80 + 20, 0, 0, 0, 0), Buffer.alloc(20, 'slow')])
  const pings = () => heard.filter((byte) => byte === 0x89).length
  for (let at = 0; at < frame.length; at++) {
    socket.write(frame.subarray(at, at + 1))
    if (at < 3) await until('another ping', () => pings() > at || socket.destroyed)
  }
  await until('the echo, or the end', () => heard.includes('slowslowslowslowslow') || socket.closed)
  expect(socket.closed).toBe(false)
  socket.destroy()
})

test('pings: a gateway that is busy for longer hears what has come meanwhile before it gives a client up', async () => {
  const client = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const { WebSocket } = require('ws')
     const socket = new WebSocket(workerData)
     socket.on('close', (code) => parentPort.postMessage(code))
     parentPort.on('message', () => socket.close(4000))`,
    { eval: true, workerData: `ws://${gateway.addresses[0]}/pinged/echo` },
  )
  const closed = once(client, 'message')
  const { ping } = WebSocket.prototype
  let pings = 0
  const busy = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * PING * 1000)
  WebSocket.prototype.ping = function (): void {
    ping.call(this)
    pings++
    setImmediate(busy)
  }
  await until('it was busy behind two pings', () => pings >= 3).finally(() => (WebSocket.prototype.ping = ping))
  client.postMessage('close')
  expect(await closed).toEqual([4000])
  await client.terminate()
})

test('an app that reads nothing stops its client, and loses nothing', async () => {
  const size = 8_000_000
  const { socket, next } = open(`deaf?${size}`, [], { perMessageDeflate: false })
  await once(socket, 'open')
  for (let at = 0; at < size; at += 40_000) socket.send(Buffer.alloc(40_000))
  await until('it has to wait', async () => socket.bufferedAmount > 0)
  const before = socket.bufferedAmount
  await fetch(`http://${gateway.addresses[0]}/in/release`)
  expect(Number((await next()).text)).toBe(size)
  expect(before).toBeGreaterThan(0)
  socket.close()
})

test('a client that reads nothing stops the app', async () => {
  const { socket } = open('flood', [], { perMessageDeflate: false })
  await once(socket, 'open')
  socket.pause()
  const sent = async (): Promise<number> => Number(await (await fetch(`http://${gateway.addresses[0]}/in/`)).text())
  let before = -1
  await until('it has to wait', async () => {
    const now = await sent()
    const same = now === before
    before = now
    return same && now > 0
  })
  expect(before).toBeLessThan(40_000_000)
  socket.terminate()
  await until('send raises for a client that went away meanwhile', () =>
    /flood ended by ClientDisconnected/.test(gateway.log.text),
  )
})

test.for([
  ['Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '426', /Sec-WebSocket-Version: 13/i],
  ['Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short', '400', /WEBSOCKET_KEY|Sec-WebSocket-Key/],
] as const)('a handshake with %s is refused', async ([fields, status, answer]) => {
  const socket = await connectTo(gateway.addresses[0]!)
  socket.write(
    `GET /in/echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n${fields}\r\n\r\n`,
  )
  const text = await readAll(socket)
  expect(text).toContain(` ${status} `)
  expect(text).toMatch(answer)
})

test('the gateway stops: the app and the client are told with 1001', async () => {
  const other = await startGateway({
    listen: ['127.0.0.1:0'],
    mounts: [{ key: '/in', kind: asgi as unknown as MountKind, settings: { asgi: 'sockets' } }],
    directory: APPS,
    drainTimeout: 600_000,
  })
  const socket = new WebSocket(`ws://${other.addresses[0]}/in/echo`)
  await once(socket, 'open')
  const closed = once(socket, 'close')
  await other.stop()
  expect((await closed)[0]).toBe(1001)
  expect(other.log.text).toMatch(/disconnect 1001/)
})
