// sidegate.upgrade, as an app with the WSGI interface uses it, and what lint says of it.
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { callApplication, makeEnviron } from '../../sidecar/interface/call.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import { runApplication } from '../../sidecar/interface/run.ts'
import type { Application } from '../../sidecar/interface/types.ts'
import { startGateway } from '../listen/gateway.ts'
import { connectTo, readAll, uwsgiRequest } from '../listen/peer.ts'
import { webSockets } from './apps/talk.ts'

const start = (app: Application) => startGateway(['127.0.0.1:0'], (exchange) => runApplication(lint(app), exchange))

async function raw(app: Application): Promise<{ answer: string; errors: Record<string, string>[] }> {
  const { addresses, errors, gateway } = await start(app)
  const socket = await connectTo(addresses[0]!)
  socket.write(uwsgiRequest('/', { HTTP_UPGRADE: 'echo, other', HTTP_CONNECTION: 'Upgrade' }))
  const answer = await readAll(socket)
  gateway.log.flush()
  return { answer, errors }
}

test('gives the connection as a stream', async () => {
  const { answer } = await raw((environ) => {
    environ['sidegate.upgrade']!([['X-A', 'b']]).end('hello')
    return []
  })
  expect(answer).toBe('HTTP/1.1 101 Switching Protocols\r\nX-A: b\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello')
})

test('the app may return before, after, or while it talks', async () => {
  const { addresses } = await start(async function (environ) {
    const socket = await environ['sidegate.upgrade']!(webSockets)
    socket.send('first')
    await once(socket, 'message')
    socket.send('second')
    socket.close()
    return []
  })
  const client = new WebSocket(`ws://${addresses[0]}`)
  const texts: string[] = []
  client.on('message', (data) => {
    texts.push(String(data))
    client.send('go on')
  })
  await once(client, 'close')
  expect(texts).toEqual(['first', 'second'])
})

test('is not there for an ordinary request', async () => {
  const seen: unknown[] = []
  const app: Application = (environ, startResponse) => {
    seen.push('sidegate.upgrade' in environ)
    startResponse('200 OK', [])
    return []
  }
  const { addresses } = await start(app)
  await fetch(`http://${addresses[0]}/`)
  await callApplication(app, makeEnviron({ headers: { Upgrade: 'websocket', Connection: 'Upgrade' } }))
  expect(seen).toEqual([false, false])
})

test('a server that refuses has answered, and its promise rejects', async () => {
  let rejected: unknown
  const { addresses, errors } = await start(async (environ) => {
    try {
      await environ['sidegate.upgrade']!(webSockets)
    } catch (error) {
      rejected = error
      throw error
    }
    return []
  })
  const response = await fetch(`http://${addresses[0]}/`, { headers: { Accept: '*/*' } }).catch(() => undefined)
  expect(response?.status).toBe(500)
  const socket = await connectTo(addresses[0]!)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Sec-WebSocket-Key/)
  expect(rejected).toMatchObject({ code: 'UPGRADE_REFUSED' })
  // Of the first request: there was nothing to call.
  expect(errors.map(({ code }) => code)).toEqual(['APP_RAISED'])
})

describe('lint', () => {
  const upgrade = (environ: Parameters<Application>[0]): Duplex => environ['sidegate.upgrade']!()
  test.each<[string, Application, string]>([
    ['a chunk after it', (environ) => (upgrade(environ), ['text']), 'LINT_BODY'],
    ['a second call', (environ) => (upgrade(environ), upgrade(environ), []), 'LINT_UPGRADE'],
    ['startResponse after it', (environ, start) => (upgrade(environ), start('200 OK', []), []), 'LINT_START_RESPONSE'],
    ['startResponse before it', (environ, start) => (start('200 OK', []), upgrade(environ), []), 'LINT_UPGRADE'],
    ['a wrong argument', (environ) => (environ['sidegate.upgrade']!(5 as never), []), 'LINT_UPGRADE'],
    [
      'two arguments',
      (environ) => ((environ['sidegate.upgrade'] as (...a: unknown[]) => unknown)([], []), []),
      'LINT_UPGRADE',
    ],
  ])('%s', async (_, app, code) => {
    const { errors } = await raw(app)
    expect(errors).toMatchObject([{ code }])
  })
})
