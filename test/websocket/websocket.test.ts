// WebSockets between a real client and real apps: directly, and through the real web servers with the shipped configs.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import type { IncomingMessage } from 'node:http'
import { app } from '../../sidecar/mounts/app.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import { until } from '../harness.ts'
import { NOTES, notes } from './apps/notes.ts'
import { carriesUpgrades, startFront, ways, type Front } from './fronts.ts'

const mounts = [
  { key: '/', kind: app, settings: { app: './apps/wsgi.ts', lint: true } },
  { key: '/server', kind: node, settings: { node: './apps/server.ts' } },
  { key: '/beside', kind: node, settings: { node: './apps/beside.ts' } },
  { key: '/fixed', kind: respond, settings: { respond: 200, body: 'ordinary' } },
]

/** The same in workers of their own, which every web server is in front of in the same way. */
const inWorkers = [
  { key: '/worker', kind: node, settings: { node: './apps/server.ts', processes: 1, env: NOTES } },
  { key: '/worker-app', kind: app, settings: { app: './apps/wsgi.ts', lint: true, processes: 1, env: NOTES } },
]
afterAll(() => rmSync(NOTES.NOTES, { force: true }))

let counter = 0

/** A name that no other client has. */
const freshName = (): string => `client${process.pid}-${++counter}`

describe.each(ways.filter(carriesUpgrades))('$name', (way) => {
  let front: Front
  beforeAll(async () => {
    front = await startFront(way, way.row ? mounts : [...mounts, ...inWorkers])
  })
  afterAll(async () => front?.stop())

  const dial = (path: string, name: string, protocols: string[] = [], options: ClientOptions = {}): WebSocket =>
    new WebSocket(`ws://${front.address}${path}?name=${name}`, protocols, options)
  const opened = async (path: string, name: string = freshName()): Promise<WebSocket> => {
    const socket = dial(path, name)
    await once(socket, 'open')
    return socket
  }
  const seen = (text: string): Promise<string> => until(text, () => notes().find((note) => note.startsWith(text)))
  /** The ordinary response to a handshake. */
  const refused = async (path: string): Promise<{ status: number; why: string | undefined; text: string }> => {
    const socket = dial(path, freshName())
    socket.on('error', () => {})
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    let text = ''
    for await (const piece of response) text += String(piece)
    return { status: response.statusCode!, why: response.headers['x-why'] as string | undefined, text }
  }

  const paths = ['/', '/server/x', '/beside/x', ...(way.row ? [] : ['/worker/x', '/worker-app/x'])]
  describe.each(paths)('%s', (path) => {
    const root = path.replace(/\/x$/, '').replace(/^\/$/, '')

    test('echoes 1000 messages, each once and in order', async () => {
      const socket = await opened(path)
      const echoed: string[] = []
      const all = new Promise<void>((resolve) => {
        socket.on('message', (data) => echoed.push(String(data)) === 1000 && resolve())
      })
      const sent = Array.from({ length: 1000 }, (_, index) => `message ${index} ${'é'.repeat(index % 70)}`)
      for (const text of sent) socket.send(text)
      await all
      expect(echoed).toEqual(sent)
      socket.close()
      await once(socket, 'close')
    })

    test('echoes a message of 5 MB', async () => {
      const socket = await opened(path)
      const big = Buffer.alloc(5 * 1024 * 1024, 'sidegate')
      socket.send(big)
      const [data, binary] = (await once(socket, 'message')) as [Buffer, boolean]
      expect([binary, data.equals(big)]).toEqual([true, true])
      socket.terminate()
    })

    test('agrees on a subprotocol', async () => {
      const socket = dial(path, freshName(), ['chat.v1', 'chat.v2'])
      await once(socket, 'open')
      expect(socket.protocol).toBe('chat.v2')
      socket.terminate()
    })

    test('compresses messages when both sides do', async () => {
      const socket = dial(path, freshName(), [], { perMessageDeflate: true })
      await once(socket, 'open')
      socket.send('x'.repeat(100_000))
      const [data] = (await once(socket, 'message')) as [Buffer]
      expect(String(data)).toBe('x'.repeat(100_000))
      socket.terminate()
    })

    test('pings and pongs, both ways', async () => {
      const name = freshName()
      const socket = await opened(path, name)
      socket.ping('here')
      const [pong] = (await once(socket, 'pong')) as [Buffer]
      expect(String(pong)).toBe('here')
      socket.send('ping')
      await seen(`${name}: pong are you there`)
      socket.terminate()
    })

    test('carries the close code of the client', async () => {
      const name = freshName()
      const socket = await opened(path, name)
      socket.close(4001, 'enough')
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(4001)
      expect(await seen(`${name}: closed`)).toBe(`${name}: closed 4001 enough`)
    })

    test('carries the close code of the app', async () => {
      const socket = await opened(path)
      socket.send('close')
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
      expect([code, String(reason)]).toEqual([4002, 'as you like'])
    })

    test('a client that breaks off is seen by the app', async () => {
      const name = freshName()
      const socket = await opened(path, name)
      socket.terminate()
      expect(await seen(`${name}: closed`)).toBe(`${name}: closed 1006 `)
    })

    test('an app that breaks off is seen by the client', async () => {
      const socket = await opened(path)
      socket.send('terminate')
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(1006)
    })

    test('an app may answer a handshake with an ordinary response', async () => {
      expect(await refused(`${root}/refuse`)).toEqual({ status: 403, why: 'test', text: 'not me' })
    })

    test('an app that throws is answered with 500', async () => {
      const { status, text } = await refused(`${root}/throw`)
      expect([status, text]).toEqual([500, expect.stringContaining('APP_RAISED')])
    })

    test('an app that hangs up is answered with 400', async () => {
      expect((await refused(`${root}/destroy`)).status).toBe(400)
    })

    test('a request that asks for no upgrade is an ordinary one', async () => {
      const response = await fetch(`http://${front.address}${root}/plain`)
      expect([response.status, await response.text()]).toEqual([200, 'ordinary /plain'])
    })
  })

  test.each(['/fixed', '/ordinary'])('an upgrade that nobody takes is an ordinary request: %s', async (path) => {
    expect(await refused(path)).toMatchObject({ status: 200, text: expect.stringContaining('ordinary') })
  })

  test('the app sees the client, not the web server', async () => {
    const name = freshName()
    const socket = await opened('/server/x', name)
    expect(await seen(`${name}: from`)).toBe(`${name}: from 127.0.0.1`)
    socket.terminate()
  })

  test('the access record is written at the end, with both sizes', async () => {
    const name = freshName()
    const socket = await opened('/beside/x', name)
    socket.send('12345678')
    await once(socket, 'message')
    expect(front.log.text).not.toContain(name)
    socket.close()
    const line = await until('the access record', () => front.log.text.split('\n').find((one) => one.includes(name)))
    // 10 bytes of the echo (2 of a frame's head), 4 of the close frame.
    expect(line).toMatch(new RegExp(`"GET /beside/x\\?name=${name}" 101 1[0-9] [0-9.]+ms /beside \\S+$`))
  })
})

describe.each(ways.filter(({ name }) => name === 'nginx fastcgi'))('$name', (way) => {
  let front: Front
  beforeAll(async () => {
    front = await startFront(way, mounts)
  })
  afterAll(async () => front?.stop())

  test('cannot carry a WebSocket, and says so', async () => {
    const socket = new WebSocket(`ws://${front.address}/server/x`)
    socket.on('error', () => {})
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    let text = ''
    for await (const piece of response) text += String(piece)
    expect([response.statusCode, text]).toEqual([501, expect.stringContaining('UPGRADE_UNSUPPORTED')])
    expect(front.log.text).toMatch(/the client asks for websocket, but .* speaks fastcgi to fastcgi:\/\/unix:/)
  })

  test('an app sees no sidegate.upgrade', async () => {
    const socket = new WebSocket(`ws://${front.address}/`)
    socket.on('error', () => {})
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(200)
  })
})
