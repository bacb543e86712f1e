// A gateway that stops while connections are taken over: WebSockets are told, others are given time, and nobody waits for those
// on which nothing happens.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { MountedStatus } from '../../sidecar/mounted.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { closeFrame } from '../../sidecar/wire/websocket.ts'
import { startGateway as startReal, until, type TestGateway } from '../harness.ts'
import { limit, startGateway } from '../listen/gateway.ts'
import { connectTo, readAll, uwsgiRequest } from '../listen/peer.ts'
import { notes } from './apps/notes.ts'

/** Longer than a test may take: whoever waits for it fails. */
const drainTimeout = 600_000

describe('apps that speak WebSocket', () => {
  const stops: (() => unknown)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })

  const ofItsOwn = {
    '/work': { kind: node as unknown as MountKind, settings: { node: './apps/server.ts', processes: 1 } },
    '/run': {
      kind: run as unknown as MountKind,
      settings: { run: `${process.execPath} apps/command.mjs $SOCKET`, speaks: 'http' },
    },
  } as const

  /** A gateway with an app of its own, and the same app somewhere else behind it. */
  async function start(): Promise<TestGateway> {
    const server: Server = createServer()
    const webSockets = new WebSocketServer({ server })
    webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(() => (server.closeAllConnections(), server.close()))
    const gateway = await startReal({
      listen: ['127.0.0.1:0'],
      mounts: [
        { key: '/app', kind: node as unknown as MountKind, settings: { node: './apps/server.ts' } },
        { key: '/work', ...ofItsOwn['/work'] },
        {
          key: '/up',
          kind: upstream as unknown as MountKind,
          settings: { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        },
      ],
      directory: import.meta.dirname,
      drainTimeout,
    })
    stops.push(() => gateway.gateway.close())
    return gateway
  }

  test('idle ones end with 1001 on both sides, at once', async () => {
    const { gateway, addresses, log } = await start()
    const name = `stop-${process.pid}`
    const clients = ['app', 'work', 'up'].map((key) => new WebSocket(`ws://${addresses[0]}/${key}?name=${name}`))
    await Promise.all(clients.map((client) => once(client, 'open')))
    const closed = Promise.all(clients.map((client) => once(client, 'close')))
    await gateway.drain()
    expect((await closed).map(([code]) => code as number)).toEqual([1001, 1001, 1001])
    await until('the app has seen it', () => notes().some((note) => note.startsWith(`${name}: closed 1001`)))
    expect(log.text).not.toContain('code=')
  })

  test.each(['/work', '/run'] as const)(
    '%s: those of a process end with 1001 when another one takes its place, and the next ones go to that',
    async (key) => {
      const { gateway, addresses } = await startReal({
        listen: ['127.0.0.1:0'],
        mounts: [{ key, ...ofItsOwn[key] }],
        directory: import.meta.dirname,
        drainTimeout,
      })
      stops.push(() => gateway.close())
      const dial = async (): Promise<WebSocket> => {
        const client = new WebSocket(`ws://${addresses[0]}${key}?name=reload-${process.pid}`)
        await once(client, 'open')
        return client
      }
      const client = await dial()
      const closed = once(client, 'close')
      await gateway.reload(key)
      const next = await dial()
      expect((await closed)[0]).toBe(1001)
      next.send('hello')
      const [text] = (await once(next, 'message')) as [Buffer]
      expect(String(text)).toBe('hello')
      next.terminate()
    },
  )

  test('a worker that dies ends all of its own, and one line says how many', async () => {
    const { gateway, addresses, log } = await start()
    const clients = [1, 2, 3].map(() => new WebSocket(`ws://${addresses[0]}/work?name=dies-${process.pid}`))
    await Promise.all(clients.map((client) => once(client, 'open')))
    const closed = Promise.all(clients.map((client) => once(client, 'close')))
    const work = (): MountedStatus => gateway.mounts.find(({ key }) => key === '/work')!
    process.kill(work().mount!.pids![0]!, 'SIGKILL')
    expect((await closed).map(([code]) => code as number)).toEqual([1006, 1006, 1006])
    const said = await until('it is said', () => log.text.match(/.*code=WORKER_DIED/g))
    expect(said).toEqual([
      expect.stringContaining('; connections that its app had taken over, and that ended with it: 3 '),
    ])
    await gateway.drain()
    expect(log.text.match(/code=WORKER_DIED/g)).toHaveLength(1)
    expect(work().failed).toBe(3)
  })

  test.each(['app', 'work'])('a message that is under way to the client comes before the end: %s', async (key) => {
    const { gateway, addresses } = await start()
    const client = new WebSocket(`ws://${addresses[0]}/${key}?name=slow-${process.pid}`)
    await once(client, 'open')
    const big = Buffer.alloc(8 * 1024 * 1024, 'sidegate')
    const got: Buffer[] = []
    client.on('message', (data: Buffer) => got.push(data))
    client.send(big)
    client.pause()
    await until('all is sent', () => client.bufferedAmount === 0)
    const drained = gateway.drain()
    client.resume()
    const [code] = (await once(client, 'close')) as [number]
    expect([code, got.length, got[0]?.equals(big)]).toEqual([1001, 1, true])
    await drained
  })
})

const SOCKET = { HTTP_UPGRADE: 'websocket', HTTP_CONNECTION: 'Upgrade', HTTP_SEC_WEBSOCKET_VERSION: '13' }
const HEAD = { status: 101, reason: 'Switching Protocols', headers: [] }

/** Unmasked for the eyes: a text frame as a client sends it, with a mask of zeros. */
const text = (content: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | content.length, 0, 0, 0, 0]), Buffer.from(content)])

const unmasked = (frame: Buffer): string =>
  Buffer.from(frame.subarray(6).map((byte, index) => byte ^ frame[2 + index]!)).toString('hex')

describe('bytes', () => {
  async function open(
    handle: (exchange: Exchange) => void | Promise<void>,
    variables: Record<string, string> = SOCKET,
  ) {
    const started = await startGateway(['uwsgi://127.0.0.1:0'], handle, { drainTimeout })
    const socket = await connectTo(started.addresses[0]!)
    socket.write(uwsgiRequest('/', variables))
    return { ...started, socket }
  }
  /** A mount that keeps what it reads. */
  function collecting(): { got: () => Buffer; tunnel: () => Duplex; handle: (exchange: Exchange) => void } {
    const pieces: Buffer[] = []
    let tunnel: Duplex | undefined
    return {
      got: () => Buffer.concat(pieces),
      tunnel: () => tunnel!,
      handle: (exchange) => {
        tunnel = exchange.upgrade(HEAD)
        tunnel.on('data', (bytes: Buffer) => pieces.push(bytes))
        tunnel.on('end', () => tunnel!.end())
      },
    }
  }
  const upgraded = (socket: Socket): Promise<unknown> => once(socket, 'data')

  test('the app gets one Close frame, masked as of a client, and nothing after it', async () => {
    const app = collecting()
    const { socket, gateway } = await open(app.handle)
    await upgraded(socket)
    socket.write(text('hello'))
    await until('the message', () => app.got().length === 11)
    const drained = gateway.drain()
    expect(app.got().length).toBe(11 + 8)
    const frame = app.got().subarray(11)
    expect([frame[0], frame[1], unmasked(frame)]).toEqual([0x88, 0x82, '03e9'])
    socket.end(text('too late'))
    await Promise.all([drained, readAll(socket)])
    expect(app.got().length).toBe(11 + 8)
  })

  test('it comes between two frames: the one under way is passed on', async () => {
    const app = collecting()
    const { socket, gateway } = await open(app.handle)
    await upgraded(socket)
    const message = text('in two pieces')
    socket.write(message.subarray(0, 9))
    await until('the first piece', () => app.got().length === 9)
    const drained = gateway.drain()
    expect(app.got().length).toBe(9)
    socket.write(Buffer.concat([message.subarray(9), text('too late').subarray(0, 10)]))
    await until('the Close frame', () => app.got().length === message.length + 8)
    expect(app.got().subarray(0, message.length).equals(message)).toBe(true)
    expect(unmasked(app.got().subarray(message.length))).toBe('03e9')
    socket.end()
    await Promise.all([drained, readAll(socket)])
  })

  test('a client that has sent one itself needs no other', async () => {
    const app = collecting()
    const { socket, gateway } = await open(app.handle)
    await upgraded(socket)
    const own = closeFrame(1000, Buffer.alloc(4))
    socket.write(own)
    await until('its frame', () => app.got().length === own.length)
    const drained = gateway.drain()
    socket.end()
    await Promise.all([drained, readAll(socket)])
    expect(app.got().equals(own)).toBe(true)
  })

  test('an upgrade that is granted while the gateway stops ends as soon', async () => {
    let asked: Exchange | undefined
    const app = collecting()
    const { socket, gateway } = await open((exchange) => void (asked = exchange))
    await until('the request', () => asked)
    const drained = gateway.drain()
    app.handle(asked!)
    await until('the Close frame', () => app.got().length === 8)
    expect(unmasked(app.got())).toBe('03e9')
    socket.end()
    await Promise.all([drained, readAll(socket)])
  })

  test('an app that does not answer it is not waited for when nothing moves', async () => {
    limit({ farewell: 50 })
    const app = collecting()
    const { socket, gateway, errors, accesses } = await open(app.handle)
    await upgraded(socket)
    await Promise.all([gateway.drain(), readAll(socket)])
    expect(app.tunnel().destroyed).toBe(true)
    expect([errors, accesses]).toMatchObject([[], [{ status: 101 }]])
  })

  test.each([
    ['another protocol', { ...SOCKET, HTTP_UPGRADE: 'echo' }],
    ['an unknown version', { ...SOCKET, HTTP_SEC_WEBSOCKET_VERSION: '8' }],
  ])('%s hears nothing: it goes on while something moves, and is closed when not', async (_, variables) => {
    const farewell = 200
    limit({ farewell })
    let tunnel: Duplex | undefined
    const { socket, gateway, errors } = await open((exchange) => {
      tunnel = exchange.upgrade(HEAD)
      tunnel.on('data', (bytes: Buffer) => tunnel!.write(bytes))
    }, variables)
    await upgraded(socket)
    const drained = gateway.drain()
    for (const since = performance.now(); performance.now() - since < 3 * farewell;) {
      socket.write('still here')
      expect(String((await once(socket, 'data'))[0])).toBe('still here')
    }
    socket.write('while this process is busy')
    for (const since = performance.now(); performance.now() - since < 2 * farewell;);
    expect(String((await once(socket, 'data'))[0])).toBe('while this process is busy')
    await Promise.all([drained, readAll(socket)])
    expect([tunnel!.destroyed, errors]).toEqual([true, []])
  })

  test('a client that takes nothing is not waited for either', async () => {
    limit({ farewell: 50 })
    let tunnel: Duplex | undefined
    const { socket, gateway, errors } = await open((exchange) => {
      tunnel = exchange.upgrade(HEAD)
      tunnel.resume()
      tunnel.write(Buffer.alloc(32 * 1024 * 1024))
    })
    await until('it is full', () => tunnel?.writableNeedDrain)
    await gateway.drain()
    expect(errors).toEqual([])
    socket.destroy()
  })
})
