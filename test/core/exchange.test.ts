import { expect, test } from 'vitest'
import type { Head } from '../../sidecar/wire/head.ts'
import { makeExchange } from '../exchange.ts'

const ok: Head = { status: 200, reason: 'OK', headers: [] }
const withLength = (length: string): Head => ({ ...ok, headers: [['Content-Length', length]] })

test('a response in one piece leaves in one call, with its length', async () => {
  const { exchange, carrier, response } = makeExchange({})
  exchange.respond(ok)
  exchange.end('äb')
  expect(carrier.calls).toEqual(['start+last'])
  expect(await response).toMatchObject({ status: 200, headers: [['Content-Length', '3']] })
})

test('the head waits for the first byte that is not empty', () => {
  const { exchange, carrier } = makeExchange({})
  exchange.respond(ok)
  exchange.write('')
  expect(carrier.calls).toEqual([])
  exchange.respond({ ...ok, status: 201, reason: 'Created' })
  exchange.write('a')
  exchange.write('b')
  exchange.end()
  expect(carrier.calls).toEqual(['start', 'write', 'finish'])
  expect(carrier.head).toMatchObject({ status: 201, headers: [] })
  expect(() => exchange.respond(ok)).toThrow(expect.objectContaining({ code: 'HEAD_SENT' }))
})

test('flush sends the head alone', () => {
  const { exchange, carrier } = makeExchange({})
  exchange.respond(ok)
  exchange.flush()
  expect(carrier.calls).toEqual(['start'])
})

test.each([
  ['HEAD', 200, [['Content-Length', '5']]],
  ['GET', 304, []],
  ['GET', 204, []],
] as const)('%s with %i has no body', async (method, status, headers) => {
  const { exchange, response } = makeExchange({ method })
  exchange.respond({ status, reason: '', headers: [] })
  exchange.end('hello')
  expect(await response).toMatchObject({ status, headers, body: Buffer.alloc(0), cut: false })
})

test('HEAD with an empty answer announces no length', async () => {
  const { exchange, response } = makeExchange({ method: 'HEAD' })
  exchange.respond(ok)
  exchange.end()
  expect((await response).headers).toEqual([])
})

test('what goes beyond Content-Length is not sent, and is reported', async () => {
  const { exchange, response } = makeExchange({})
  exchange.respond(withLength('3'))
  expect(() => exchange.write('abcd')).toThrow(expect.objectContaining({ code: 'BODY_TOO_LONG' }))
  exchange.fail(exchange.error)
  exchange.end()
  expect((await response).body.toString()).toBe('abc')
})

test.each([['ab'], [undefined]])('fewer bytes than Content-Length (%s) is never a complete response', async (first) => {
  const { exchange, response } = makeExchange({})
  exchange.respond(withLength('3'))
  if (first) exchange.write(first)
  exchange.end()
  const { status, cut } = await response
  expect(exchange.error).toMatchObject({ code: 'BODY_TOO_SHORT', blame: 'app' })
  expect(first ? cut : status).toBe(first ? true : 500)
})

test.each([
  [[['X-A', 'a\r\nSet-Cookie: x=1']], 'HEADER_VALUE'],
  [[['X-A', 'a\0']], 'HEADER_VALUE'],
  [[['X-A', '☃']], 'HEADER_VALUE'],
  [[['X A', 'a']], 'HEADER_NAME'],
  [[['', 'a']], 'HEADER_NAME'],
  [[['Content-Length', '1, 2']], 'CONTENT_LENGTH'],
  [[['Content-Length', '1,']], 'CONTENT_LENGTH'],
  [
    [
      ['Content-Length', '1'],
      ['content-length', '2'],
    ],
    'CONTENT_LENGTH',
  ],
  [
    [
      ['Content-Length', '0'],
      ['Content-Length', '3'],
    ],
    'CONTENT_LENGTH',
  ],
] as [Head['headers'], string][])('refuses the headers %j', (headers, code) => {
  const { exchange } = makeExchange({})
  expect(() => exchange.respond({ ...ok, headers })).toThrow(expect.objectContaining({ code, blame: 'app' }))
})

const agree: Head['headers'] = [['Content-Length', '3']]
test.each<[Head['headers'], Head['headers'], string[] | undefined]>([
  [
    [
      ['X-A', 'a'],
      ['Connection', 'close'],
      ['Trailers', 'x'],
    ],
    [['X-A', 'a']],
    ['Connection', 'Trailers'],
  ],
  [[['transfer-encoding', 'chunked']], [], ['transfer-encoding']],
  [
    [
      ['X-A', 'a'],
      ['X-B', 'b'],
      ['Connection', 'x-b, close'],
    ],
    [['X-A', 'a']],
    ['Connection'],
  ],
  [[['Connection', 'content-length'], ...agree], agree, ['Connection']],
  [[...agree, ['content-length', '3']], agree, undefined],
  [[['Content-Length', '3, 3']], agree, undefined],
  [
    [
      ['Content-Length', '003'],
      ['Content-Length', '3,3'],
    ],
    agree,
    undefined,
  ],
])('of %j is sent %j', async (headers, sent, hops) => {
  const { exchange, carrier, response, leftOut } = makeExchange({})
  exchange.respond({ ...ok, headers })
  exchange.write('abc')
  exchange.end()
  await response
  expect(carrier.head!.headers).toEqual(sent)
  expect(leftOut).toEqual(hops ?? [])
})

test('of two Content-Length that say 0 one is sent', async () => {
  const { exchange, carrier, response } = makeExchange({})
  exchange.respond({
    ...ok,
    headers: [
      ['Content-Length', '0'],
      ['content-length', '0'],
    ],
  })
  exchange.end()
  await response
  expect(carrier.head!.headers).toEqual([['Content-Length', '0']])
})

test('after an abort writing throws, and ending is nothing', () => {
  const { exchange, carrier, hangUp } = makeExchange({})
  exchange.respond(ok)
  exchange.write('a')
  let called = 0
  exchange.onAbort(() => called++)
  hangUp()
  exchange.onAbort(() => called++)
  expect(called).toBe(2)
  expect(() => exchange.write('b')).toThrow(expect.objectContaining({ code: 'CLIENT_GONE' }))
  exchange.end()
  expect(carrier.calls).toEqual(['start'])
})

test.each([
  ['GET', undefined, 'echo'],
  ['POST', '', 'echo'],
  // What follows the head would be its body.
  ['GET', 'x', undefined],
  ['POST', 'x', undefined],
])('an upgrade asked for by %s with the body %j is %s', (method, body, asked) => {
  const headers = { Upgrade: 'echo', Connection: 'upgrade' }
  const { exchange } = makeExchange({ method, headers, ...(body === undefined ? {} : { body }) })
  expect(exchange.upgradeAsked).toBe(asked)
})

test('an upgrade asked for by POST with a body of unknown length is none', () => {
  const nothing = (async function* () {})()
  const { exchange } = makeExchange({
    method: 'POST',
    headers: { Upgrade: 'echo', Connection: 'upgrade' },
    body: nothing,
  })
  expect(exchange.upgradeAsked).toBeUndefined()
})
