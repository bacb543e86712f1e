// Whom another app lets in: what it is asked, and what becomes of its answer.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { auth } from '../../sidecar/middleware/auth/auth.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import type { Next } from '../../sidecar/middleware/middleware.ts'
import { redispatched } from '../../sidecar/redispatch.ts'
import type { HeaderPair } from '../../sidecar/wire/head.ts'
import type { TestResponse } from '../exchange.ts'
import { makeLayer, pass, reports, type MadeLayer } from './layer.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

const answers =
  (status: number, headers: HeaderPair[] = [], body = ''): Next =>
  (exchange) => {
    exchange.respond({ status, reason: '', headers })
    exchange.end(body)
  }

const forwarding = (ask: Next, settings: Record<string, unknown> = {}): MadeLayer =>
  makeLayer(auth, { forward: '/auth/check?rd=1', ...settings }, { ask })

const variables = ({ body }: TestResponse): Record<string, string> => JSON.parse(String(body)) as Record<string, string>

test('it is asked by GET, with the fields of the request and what that was', async () => {
  let question: Record<string, string> = {}
  const ask: Next = (exchange) => {
    question = { ...exchange.variables }
    answers(204)(exchange)
  }
  const one = makeLayer(auth, { forward: '/auth/check?rd=1' }, { ask, mount: '/shop' })
  const { response } = one.ask({
    method: 'PUT',
    path: '/shop/a%20b?x=1',
    prefix: '/shop',
    body: 'abc',
    headers: {
      Cookie: 'session=1',
      'Content-Type': 'text/plain',
      Range: 'bytes=0-1',
      'If-None-Match': '"a"',
      'X-Forwarded-Uri': '/forged',
      'X-Original-URL': '/forged',
      'X-Rewrite-URL': '/forged',
      'X-HTTP-Method-Override': 'DELETE',
      'Remote-User': 'root',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
    },
  })
  expect((await response).status).toBe(200)
  expect(question).toMatchObject({
    REQUEST_METHOD: 'GET',
    REQUEST_URI: '/auth/check?rd=1',
    SCRIPT_NAME: '',
    PATH_INFO: '/auth/check',
    QUERY_STRING: 'rd=1',
    HTTP_COOKIE: 'session=1',
    HTTP_X_FORWARDED_METHOD: 'PUT',
    HTTP_X_FORWARDED_URI: '/shop/a%20b?x=1',
    HTTP_X_FORWARDED_HOST: 'test.example',
    HTTP_X_FORWARDED_PROTO: 'http',
    HTTP_X_FORWARDED_FOR: '192.0.2.7',
  })
  for (const name of [
    'CONTENT_LENGTH',
    'CONTENT_TYPE',
    'HTTP_RANGE',
    'HTTP_IF_NONE_MATCH',
    'HTTP_REMOTE_USER',
    'HTTP_UPGRADE',
    'HTTP_X_ORIGINAL_URL',
    'HTTP_X_REWRITE_URL',
    'HTTP_X_HTTP_METHOD_OVERRIDE',
  ])
    expect(question).not.toHaveProperty(name)
  // What the web server in front has taken away from the path stands in front of the question, too.
  await one.ask({ path: '/out/shop/a', prefix: '/out/shop' }).response
  expect(question).toMatchObject({
    REQUEST_URI: '/out/auth/check?rd=1',
    SCRIPT_NAME: '/out',
    PATH_INFO: '/auth/check',
    HTTP_X_FORWARDED_URI: '/out/shop/a',
  })
})

test('an answer of 2xx lets in; its fields go where they are wanted', async () => {
  const one = forwarding(
    answers(200, [
      ['Remote-User', 'anna'],
      ['X-Groups', 'a'],
      ['X-Groups', 'b'],
      ['X-Other', 'no'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]),
    { request: ['X-Groups', 'X-Missing'], response: ['set-cookie'] },
  )
  const { response } = one.ask({
    method: 'POST',
    body: 'abc',
    headers: { 'X-Groups': 'forged', 'X-Missing': 'forged', Authorization: 'Bearer x' },
  })
  const seen = variables(await response)
  expect(seen).toMatchObject({
    REMOTE_USER: 'anna',
    HTTP_X_GROUPS: 'a, b',
    CONTENT_LENGTH: '3',
    HTTP_AUTHORIZATION: 'Bearer x',
  })
  expect(seen).not.toHaveProperty('HTTP_X_MISSING')
  expect((await response).headers.filter(([name]) => name === 'Set-Cookie')).toHaveLength(2)
})

test.each([
  [302, [['Location', 'https://login.example/?rd=x']] satisfies HeaderPair[], ''],
  [401, [['WWW-Authenticate', 'Bearer']] satisfies HeaderPair[], 'log in'],
  [403, [], 'no'],
  [304, [], ''],
  [500, [], 'broken'],
])('an answer of %d is what the client gets', async (status, headers, body) => {
  let handed = 0
  const one = forwarding(answers(status, headers, body))
  const response = await one.ask({}, () => void handed++).response
  expect([response.status, String(response.body), handed]).toEqual([status, body, 0])
  for (const [name, value] of headers) expect(response.header(name)).toBe(value)
})

describe('who does not answer lets nobody in', () => {
  test('in time', async () => {
    const one = forwarding(() => {}, { timeout: 0.01 })
    const response = await one.ask().response
    expect([response.status, String(response.body)]).toEqual([504, expect.stringContaining('ASIDE_TIMEOUT')])
  })

  test('but breaks', async () => {
    const one = forwarding((exchange) => exchange.fail(new Error('no')))
    expect((await one.ask().response).status).toBe(500)
  })

  test('but breaks off', async () => {
    const one = forwarding((exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Length', '9']] })
      exchange.write('a')
      exchange.end()
    })
    expect((await one.ask().response).status).toBe(500)
  })
})

test('its own question is not asked about, where it comes by again', async () => {
  let asked = 0
  const one: MadeLayer = makeLayer(
    auth,
    { forward: '/auth' },
    {
      ask: (exchange) => {
        asked++
        void one.layer.handle(exchange, answers(204))
      },
    },
  )
  expect((await one.ask({ path: '/auth' }).response).status).toBe(200)
  expect(asked).toBe(1)
})

test('two that ask for what the other one guards come to an end', async () => {
  let asked = 0
  const both: Next = (exchange) => {
    asked++
    chain([a.layer, b.layer], reports)(exchange)
  }
  const a: MadeLayer = makeLayer(auth, { forward: '/a' }, { ask: both })
  const b: MadeLayer = makeLayer(auth, { forward: '/b' }, { ask: both })
  const response = await a.ask().response
  expect([response.status, String(response.body)]).toEqual([500, expect.stringContaining('ASIDE_LOOP')])
  expect(asked).toBe(10)
})

test('who is asked names the user in a field that nobody else can set', async () => {
  const one = forwarding(answers(204), { user: 'X-Auth-User' })
  expect(variables(await one.ask({ headers: { 'X-Auth-User': 'root' } }).response)).not.toHaveProperty(
    'HTTP_X_AUTH_USER',
  )
})

test('what an app leads to another path inside passes all layers that it has passed', async () => {
  let asked = 0
  const ask: Next = (exchange) => {
    asked++
    return answers(200, [['Remote-User', 'b']])(exchange)
  }
  const inner = makeLayer(auth, { forward: '/b' }, { ask })
  const outer = makeLayer(auth, { users: ['anna:secret'], plain: true })
  closing.push(() => outer.layer.close!())
  let again = false
  const both: Next = (exchange) => void inner.layer.handle(exchange, app)
  const app: Next = (exchange) => {
    if (again) return void reports(exchange)
    again = true
    chain([outer.layer], both)(redispatched(exchange, exchange.variables))
  }
  const headers = { Authorization: `Basic ${btoa('anna:secret')}` }
  const response = await outer.ask({ headers }, both).response
  expect([response.status, variables(response).REMOTE_USER]).toEqual([200, 'b'])
  expect(asked).toBe(1)
})

test('who is let in without a name has none', async () => {
  const passed = await pass(
    auth,
    { forward: '/auth' },
    { variables: { REMOTE_USER: 'root', AUTH_TYPE: 'Basic' } },
    undefined,
    {
      ask: answers(204),
    },
  )
  expect(passed.variables).toMatchObject({ REQUEST_METHOD: 'GET' })
  for (const name of ['REMOTE_USER', 'AUTH_TYPE']) expect(passed.variables).not.toHaveProperty(name)
})

test('two layers ask two, and each says who it is', async () => {
  const inner = makeLayer(auth, { forward: '/b', path: '/b' }, { ask: answers(200, [['Remote-User', 'b']]) })
  const outer = makeLayer(auth, { forward: '/a' }, { ask: answers(200, [['Remote-User', 'a']]) })
  const both: Next = (exchange) => void inner.layer.handle(exchange, reports)
  expect(variables(await outer.ask({ path: '/b' }, both).response).REMOTE_USER).toBe('b')
  expect(variables(await outer.ask({ path: '/c' }, both).response).REMOTE_USER).toBe('a')
})

test('a server is asked by its URL', async () => {
  const seen: unknown[] = []
  const server = createServer(({ url, method, headers }, response) => {
    seen.push([method, url, headers['x-forwarded-uri'], headers['x-forwarded-method'], headers.host])
    const let_in = headers.cookie === 'session=1'
    response.writeHead(let_in ? 200 : 302, let_in ? { 'Remote-User': 'anna' } : { Location: '/login' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const one = makeLayer(auth, { forward: `http://127.0.0.1:${port}/verify?x=1` })
  await one.layer.open!()
  closing.push(
    () => one.layer.close!(),
    () => new Promise((resolve) => server.close(resolve)),
  )
  const response = await one.ask({ path: '/out/a?b', prefix: '/out', headers: { Cookie: 'session=1' } }).response
  expect([response.status, variables(response).REMOTE_USER]).toEqual([200, 'anna'])
  const other = await one.ask({ path: '/a?b' }).response
  expect([other.status, other.header('location')]).toEqual([302, '/login'])
  expect(seen[0]).toEqual(['GET', '/verify?x=1', '/out/a?b', 'GET', 'test.example'])
})

test.each([
  ['10.0.0.7:9091', 'ADDRESS_BAD'],
  ['gopher://10.0.0.7/', 'ADDRESS_BAD'],
  ['/a b', 'ADDRESS_BAD'],
  ['/%zz', 'ADDRESS_BAD'],
  ['/../x', 'ADDRESS_BAD'],
])('%s cannot be asked', (forward, code) => {
  expect(() => makeLayer(auth, { forward })).toThrow(expect.objectContaining({ code, path: 'use.0.auth.forward' }))
})
