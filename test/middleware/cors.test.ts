// The layer `cors`.
import { expect, test } from 'vitest'
import { cors } from '../../sidecar/middleware/cors.ts'
import { answering, pass, refusal } from './layer.ts'

const ORIGIN = 'https://app.example.com'

test.each<[string, string[], boolean]>([
  [ORIGIN, [ORIGIN], true],
  [ORIGIN, ['https://APP.example.com:443'], true],
  [ORIGIN, ['http://app.example.com'], false],
  [ORIGIN, ['https://example.com'], false],
  [ORIGIN, ['https://*.example.com'], true],
  ['https://a.b.example.com', ['https://*.example.com'], true],
  ['https://example.com', ['https://*.example.com'], false],
  ['https://.example.com', ['https://*.example.com'], false],
  ['https://evilexample.com', ['https://*.example.com'], false],
  ['https://example.com.evil.test', ['https://*.example.com'], false],
  ['https://evil.test/.example.com', ['https://*.example.com'], false],
  ['https://evil.test#.example.com', ['https://*.example.com'], false],
  ['https://app.example.com:8443', ['https://*.example.com'], false],
  ['http://localhost:5173', ['http://localhost:*'], true],
  ['http://localhost', ['http://localhost:*'], true],
  ['http://localhost.evil.test:5173', ['http://localhost:*'], false],
  ['http://[::1]:3000', ['http://[::1]:3000'], true],
  ['null', ['null'], true],
  ['null', [ORIGIN], false],
])('%s of %j: %s', async (origin, origins, allowed) => {
  const { response } = await pass(cors, { origins }, { headers: { Origin: origin } })
  expect(response.header('access-control-allow-origin')).toBe(allowed ? origin : undefined)
  expect(response.header('vary')).toBe('Origin')
  expect(String(response.body)).toBe('body')
})

test('all', async () => {
  const { response } = await pass(cors, { origins: ['*'] }, { headers: { Origin: 'https://any.test' } })
  expect([response.header('access-control-allow-origin'), response.header('vary')]).toEqual(['*', undefined])
})

test('who sends no origin is told to nobody, and caches are', async () => {
  const { response } = await pass(cors, { origins: [ORIGIN] }, {}, answering(200, [['Vary', 'Cookie']]))
  expect(response.headers.map(([name, value]) => `${name}: ${value}`)).toEqual([
    'Content-Length: 0',
    'Vary: Cookie, Origin',
  ])
})

test('with credentials, and what may be read', async () => {
  const settings = { origins: [ORIGIN], credentials: true, expose: ['X-Total', 'Link'] }
  const { response } = await pass(cors, settings, { headers: { Origin: ORIGIN } })
  expect(response.header('access-control-allow-origin')).toBe(ORIGIN)
  expect(response.header('access-control-allow-credentials')).toBe('true')
  expect(response.header('access-control-expose-headers')).toBe('X-Total, Link')
})

test('the app is not contradicted by itself', async () => {
  const app = answering(200, [
    ['Access-Control-Allow-Origin', '*'],
    ['Access-Control-Allow-Credentials', 'true'],
  ])
  const named = async (origin: string): Promise<string[]> =>
    (await pass(cors, { origins: [ORIGIN] }, { headers: { Origin: origin } }, app)).response.headers
      .filter(([name]) => name.startsWith('Access'))
      .map(([name, value]) => `${name}: ${value}`)
  expect(await named(ORIGIN)).toEqual([`Access-Control-Allow-Origin: ${ORIGIN}`])
  expect(await named('https://other.test')).toEqual([])
})

test('error pages can be read too', async () => {
  const { response } = await pass(cors, { origins: [ORIGIN] }, { headers: { Origin: ORIGIN } }, () => {
    throw new Error('no')
  })
  expect([response.status, response.header('access-control-allow-origin')]).toEqual([500, ORIGIN])
})

const asking = (more: Record<string, string> = {}, origin = ORIGIN) => ({
  method: 'OPTIONS',
  headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT', ...more },
})

test('a preflight is answered', async () => {
  const wanted = asking({ 'Access-Control-Request-Headers': 'x-a, authorization' })
  const { response, variables } = await pass(cors, { origins: [ORIGIN] }, wanted)
  expect(variables).toBeUndefined()
  expect(response.status).toBe(204)
  expect(Object.fromEntries(response.headers)).toEqual({
    'Access-Control-Allow-Origin': ORIGIN,
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'Access-Control-Allow-Headers': 'x-a, authorization',
    'Access-Control-Max-Age': '600',
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  })
})

test('a preflight of others is answered with no', async () => {
  const { response } = await pass(cors, { origins: [ORIGIN] }, asking({}, 'https://other.test'))
  expect([response.status, response.headers.map(([name]) => name)]).toEqual([204, ['Vary']])
})

test('a preflight with settings', async () => {
  const settings = { origins: ['*'], methods: ['*'], headers: ['X-A'], maxAge: 0, privateNetwork: true }
  const wanted = asking({
    'Access-Control-Request-Headers': 'x-b',
    'Access-Control-Request-Method': 'PURGE',
    'Access-Control-Request-Private-Network': 'true',
  })
  const { response } = await pass(cors, settings, wanted)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'PURGE',
    'Access-Control-Allow-Headers': 'X-A',
    'Access-Control-Max-Age': '0',
    'Access-Control-Allow-Private-Network': 'true',
  })
})

test('what is asked for is repeated where it is names alone', async () => {
  const wanted = asking({ 'Access-Control-Request-Headers': 'x-a, x b, "c", x-d' })
  const { response } = await pass(cors, { origins: [ORIGIN] }, wanted)
  expect(response.header('access-control-allow-headers')).toBe('x-a, x-d')
})

test('a preflight passes to an app that wants it, and OPTIONS that is none always', async () => {
  const passed = await pass(cors, { origins: [ORIGIN], preflight: 'pass' }, asking())
  expect([passed.response.status, passed.variables?.REQUEST_METHOD]).toEqual([200, 'OPTIONS'])
  expect(passed.response.header('access-control-allow-methods')).toContain('PUT')
  const plain = await pass(cors, { origins: [ORIGIN] }, { method: 'OPTIONS', headers: { Origin: ORIGIN } })
  expect(plain.variables?.REQUEST_METHOD).toBe('OPTIONS')
})

test.each([
  [{ origins: ['https://a.test/'] }, 'ORIGIN_BAD', 'origins.0'],
  [{ origins: ['*', 'a.test'] }, 'ORIGIN_BAD', 'origins.1'],
  [{ origins: ['https://a.*.test'] }, 'ORIGIN_BAD', 'origins.0'],
  [{ origins: ['*'], credentials: true }, 'CORS_CREDENTIALS', 'credentials'],
  [{ origins: [ORIGIN], credentials: true, expose: ['*'] }, 'CORS_CREDENTIALS', 'expose'],
])('%j is refused', (settings, code, place) => {
  expect(refusal(cors, settings)).toMatchObject({ code, path: `use.0.cors.${place}` })
})
