// `Expect: 100-continue` (RFC 9110 10.1.1): a client is asked for its body when the app reads it, and by no means before.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { python } from '../../sidecar/mounts/python/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { APPS, INTERPRETER } from './mount.ts'

let gateway: TestGateway
beforeAll(async () => {
  const mount = (key: string, streamBodies: boolean) => ({
    key,
    kind: python as unknown as MountKind,
    settings: { python: 'expects', interpreter: INTERPRETER, streamBodies },
  })
  gateway = await startGateway({
    listen: ['127.0.0.1:0'],
    mounts: [mount('/stream', true), mount('/whole', false)],
    directory: APPS,
  })
})
afterAll(() => gateway.stop())

interface Client {
  socket: Socket
  said(): string
}

function send(path: string, framing = 'Content-Length: 6'): Client {
  const [, host, port] = /^(.*):(\d+)$/.exec(gateway.addresses[0]!)!
  const socket = connect(Number(port), host)
  let text = ''
  socket.setEncoding('latin1').on('data', (piece) => (text += piece))
  socket.on('error', () => {})
  socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\n${framing}\r\n\r\n`)
  return { socket, said: () => text }
}

test.each([
  ['/stream/read', 'Content-Length: 6', 'abcdef'],
  ['/stream/read', 'Transfer-Encoding: chunked', '6\r\nabcdef\r\n0\r\n\r\n'],
  ['/whole/read', 'Content-Length: 6', 'abcdef'],
])('%s with %s asks for the body', async (path, framing, body) => {
  const { socket, said } = send(path, framing)
  await until('it is asked for', () => said().includes('HTTP/1.1 100 Continue\r\n\r\n'))
  expect(said()).not.toContain('HTTP/1.1 200')
  socket.write(body)
  await once(socket, 'close')
  expect(said()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nabcdef$/)
})

test('an app that does not read it answers without', async () => {
  const { socket, said } = send('/stream/refuse')
  await once(socket, 'close')
  expect(said()).toMatch(/^HTTP\/1\.1 413 [^]*too much$/)
  const { socket: next, said: answer } = send('/stream/read')
  await until('the same worker is asked for the next', () => answer().includes('100 Continue'))
  next.end('abcdef')
  await once(next, 'close')
  expect(answer()).toMatch(/abcdef$/)
})
