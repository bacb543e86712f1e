// `wsgi.early_hints` of Python apps: a `103 Early Hints` ahead of the response (RFC 8297), where the client's way has one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { python } from '../../sidecar/mounts/python/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { startGateway, type TestGateway } from '../harness.ts'
import { talk, uwsgiRequest } from '../listen/peer.ts'
import { APPS, INTERPRETER } from './mount.ts'

let gateway: TestGateway
beforeAll(async () => {
  const settings = { python: 'hints', interpreter: INTERPRETER }
  gateway = await startGateway({
    listen: ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0'],
    mounts: [{ key: '/', kind: python as unknown as MountKind, settings }],
    directory: APPS,
  })
})
afterAll(() => gateway.stop())

const get = (path: string, version = '1.1'): Promise<string> =>
  talk(gateway.addresses[0]!, `GET /${path} HTTP/${version}\r\nHost: h\r\nConnection: close\r\n\r\n`)
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n'

test.each(['', 'generator'])('over HTTP/1.1 they come first, by %o', async (path) => {
  const answer = await get(path)
  expect(answer.slice(0, HINTS.length)).toBe(HINTS)
  expect(answer.slice(HINTS.length)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*(?:said|two)/)
})

test('as many as the app has', async () => {
  expect(await get('twice')).toMatch(
    /^HTTP\/1\.1 103 [^]*?\r\n\r\nHTTP\/1\.1 103 [^]*?\r\nLink: <\/b\.js>; rel=preload\r\nLink: <\/c\xe9\.js>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/,
  )
})

test('of more than 32 the others are left out', async () => {
  const answer = await get('many')
  expect(answer.slice(0, 32 * HINTS.length)).toBe(HINTS.repeat(32))
  expect(answer.slice(32 * HINTS.length)).toMatch(/^HTTP\/1\.1 200 [^]*said$/)
})

test('nobody gets them who has none: HTTP/1.0, uwsgi, a response that has begun', async () => {
  expect(await get('', '1.0')).toMatch(/^HTTP\/1\.1 200 [^]*said$/)
  expect(await talk(gateway.addresses[1]!, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 200 [^]*said$/)
  expect(await get('late')).toMatch(/^HTTP\/1\.1 200 (?:(?!103 Early)[^])*begun [^]*said/)
})

test('a thread that runs no request is told', async () => {
  expect(await get('thread')).toMatch(/\r\n\r\nwsgi\.early_hints is for the thread that runs the request/)
})

test.each([
  ['pair', 'HEADER_LIST'],
  ['value', 'HEADER_VALUE'],
])('what is no header is an error of the app: %s', async (path, code) => {
  const answer = await get(path)
  expect(answer).toMatch(/^HTTP\/1\.1 500 /)
  expect(answer).not.toContain('103 Early')
  expect(gateway.log.text).toContain(code)
})
