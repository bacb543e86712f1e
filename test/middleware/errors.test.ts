// The layer `errors`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AppError } from '../../sidecar/errors.ts'
import { errors } from '../../sidecar/middleware/errors.ts'
import type { Next } from '../../sidecar/middleware/middleware.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { makeExchange, type TestRequest } from '../exchange.ts'
import { temporaryFolder } from '../harness.ts'
import { answering, makeLayer, pass, refusal, type Passed } from './layer.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
writeFileSync(join(folder.path, '404.html'), '<p>Not here: ${STATUS} ${REASON} ${OTHER}</p>')
writeFileSync(join(folder.path, 'failed.json'), '{"request":"${REQUEST_ID}"}')
writeFileSync(join(folder.path, 'large.html'), 'x'.repeat(1024 * 1024 + 1))
writeFileSync(join(folder.path, 'page.png'), '')
mkdirSync(join(folder.path, 'folder.html'))

const pages = { 404: '404.html', '5xx': 'failed.json' }

function served(settings: object, app: Next, request: TestRequest = {}, ask?: Next): Promise<Passed> {
  return pass(errors, { pages, ...settings }, request, app, { directory: folder.path, ...(ask && { ask }) })
}

test('the page of an app gives way to the own one, and the rest of the head stays', async () => {
  const app = answering(
    404,
    [
      ['Content-Type', 'text/plain'],
      ['ETag', '"a"'],
      ['Set-Cookie', 'a=1'],
      ['Retry-After', '5'],
    ],
    'app',
  )
  const { response } = await served({}, app)
  expect(String(response.body)).toBe('<p>Not here: 404  ${OTHER}</p>')
  expect(response.headers.map(([name, value]) => `${name}: ${value}`)).toEqual([
    'Set-Cookie: a=1',
    'Retry-After: 5',
    'Content-Type: text/html; charset=utf-8',
    'Content-Length: 30',
  ])
})

test('HEAD has the head alone', async () => {
  const { response } = await served({}, answering(404), { method: 'HEAD' })
  expect([response.header('content-length'), response.body.length]).toEqual(['30', 0])
})

test.each([
  [200, 'app'],
  [403, 'app'],
  [502, '{"request":"ID"}'],
])('status %d', async (status, body) => {
  const { response } = await served({}, answering(status, [], 'app'))
  expect(String(response.body).replace(/:"[^"]+"/, ':"ID"')).toBe(body)
})

test('the narrowest counts', async () => {
  const own = { '4xx': 'failed.json', '400-499': 'failed.json', 404: '404.html' }
  const { response } = await served({ pages: own }, answering(404))
  expect(response.header('content-type')).toBe('text/html; charset=utf-8')
})

test('an error of the app is told as ever', async () => {
  const { response, codes } = await served({}, () => {
    throw new AppError('APP_RAISED', 'no')
  })
  expect([response.status, response.header('content-type'), codes]).toEqual([500, 'application/json', ['APP_RAISED']])
})

test('those of Sidegate alone', async () => {
  const own = await served({ of: 'sidegate' }, () => {
    throw new Error('no')
  })
  expect(own.response.header('content-type')).toBe('application/json')
  const apps = await served({ of: 'sidegate' }, answering(500, [], 'app'))
  expect(String(apps.response.body)).toBe('app')
})

test('a body in pieces is taken whole first; one that breaks off is as good', async () => {
  const pieces = await served({}, (exchange) => {
    exchange.respond({ status: 404, reason: 'Gone', headers: [['Content-Length', '6']] })
    exchange.write('abc')
    exchange.end('def')
  })
  expect(String(pieces.response.body)).toContain('Not here: 404 Gone')
  const broken = await served({}, (exchange) => {
    exchange.respond({ status: 404, reason: '', headers: [['Content-Length', '6']] })
    exchange.write('abc')
    exchange.end()
  })
  expect([broken.response.status, broken.response.cut, broken.codes]).toEqual([404, false, ['BODY_TOO_SHORT']])
  expect(String(broken.response.body)).toContain('Not here')
})

test('an error response without an end is not waited for', async () => {
  const { response } = await served({}, (exchange) => {
    exchange.respond({ status: 404, reason: '', headers: [] })
    const piece = Buffer.alloc(1024 * 1024)
    while (!exchange.over) exchange.write(piece)
  })
  expect(String(response.body)).toContain('Not here')
})

const asked = { pages: { '4xx': 'ask:/errors/${STATUS}?a', 404: 'ask:/errors/${STATUS}?a' } }

test('a page is asked for', async () => {
  const ask: Next = (exchange) => {
    const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, REQUEST_URI, REDIRECT_STATUS, REDIRECT_URL, ...more } =
      exchange.variables
    const { HTTP_RANGE, HTTP_COOKIE, CONTENT_LENGTH } = more
    const seen = [REQUEST_METHOD, PATH_INFO, QUERY_STRING, REQUEST_URI, REDIRECT_STATUS, REDIRECT_URL]
    answering(200, [['Content-Type', 'a/b']], [...seen, HTTP_RANGE, HTTP_COOKIE, CONTENT_LENGTH].join(' '))(exchange)
  }
  const request = { method: 'POST', path: '/x/y', body: 'abc', headers: { Range: 'bytes=0-1', Cookie: 'a=1' } }
  const { response } = await served(asked, answering(404, [['X-A', 'b']], 'app'), request, ask)
  expect([response.status, response.header('content-type'), response.header('x-a')]).toEqual([404, 'a/b', 'b'])
  expect(String(response.body)).toBe('GET /errors/404 a /errors/404?a 404 /x/y  a=1 ')
})

test('a page is asked for below what the web server in front has taken away from the path, and as what it is', async () => {
  let question: Variables = {}
  const ask: Next = (exchange) => {
    question = exchange.variables
    answering(200, [], 'page')(exchange)
  }
  const headers = { 'X-HTTP-Method-Override': 'DELETE', 'Accept-Encoding': 'gzip', 'X-Forwarded-Host': 'a.example' }
  const request = { path: '/out/shop/a', prefix: '/out/shop', headers }
  await pass(errors, asked, request, answering(404), { ask, mount: '/shop' })
  expect(question).toMatchObject({
    REQUEST_URI: '/out/errors/404?a',
    SCRIPT_NAME: '/out',
    PATH_INFO: '/errors/404',
    REDIRECT_URL: '/out/shop/a',
    HTTP_X_FORWARDED_HOST: 'a.example',
  })
  for (const name of ['HTTP_X_HTTP_METHOD_OVERRIDE', 'HTTP_ACCEPT_ENCODING']) expect(question).not.toHaveProperty(name)
})

test.each<[string, Next]>([
  ['is not there', answering(404, [], 'none')],
  ['fails', (exchange) => exchange.fail(new Error('no'))],
  ['is encoded', answering(200, [['Content-Encoding', 'gzip']], 'none')],
])('where the page that is asked for %s, the response is that of the app', async (_, ask) => {
  const { response, codes } = await served(asked, answering(404, [['X-A', 'b']], 'app'), {}, ask)
  expect([response.status, String(response.body), response.header('x-a')]).toEqual([404, 'app', 'b'])
  expect(codes).toContain('ERROR_PAGE')
})

test('a page that comes too late', async () => {
  const { response, codes } = await served({ ...asked, timeout: 0.001 }, answering(404, [], 'app'), {}, () => {})
  expect([String(response.body), codes]).toEqual(['app', ['ASIDE_TIMEOUT']])
})

test('a client that goes away while a page is asked for', async () => {
  const { layer } = makeLayer(errors, asked, { ask: () => {} })
  const made = makeExchange()
  void layer.handle(made.exchange, answering(404))
  made.hangUp()
  expect((await made.response).cut).toBe(true)
})

test('pages have no pages', async () => {
  const { layer } = makeLayer(errors, asked, { ask: () => expect.unreachable() })
  const made = makeExchange()
  made.exchange.hops = 1
  void layer.handle(made.exchange, answering(404, [], 'own'))
  expect(String((await made.response).body)).toBe('own')
})

test.each([
  ['none.html', 'is not there'],
  ['/errors/404', 'a path of this gateway is written ask:/errors/404'],
  ['folder.html', 'is no file'],
  ['large.html', 'is larger than 1048576 bytes'],
  ['page.png', 'it ends with none of .html'],
])('%s is refused', async (file, message) => {
  const { layer } = makeLayer(errors, { pages: { 404: file } }, { directory: folder.path })
  await expect(layer.open!()).rejects.toMatchObject({
    code: 'ERROR_PAGE_FILE',
    path: 'use.0.errors.pages.404',
    message: expect.stringContaining(message),
  })
})

test.each([
  ['private, max-age=9', 'no-store', undefined],
  ['no-store', 'no-store', undefined],
  ['public, max-age=9', 'max-age=60', 'later'],
])('what is asked for with Cache-Control %s is for no others than the page', async (own, control, expires) => {
  const app = answering(404, [
    ['Cache-Control', 'max-age=60'],
    ['Expires', 'later'],
    ['Vary', 'Accept'],
  ])
  const page = answering(200, [
    ['Cache-Control', own],
    ['Vary', 'Cookie, accept'],
  ])
  const { response } = await served({ pages: { 404: 'ask:/page' } }, app, {}, page)
  expect(['cache-control', 'expires', 'vary'].map((name) => response.header(name))).toEqual([
    control,
    expires,
    'Accept, Cookie',
  ])
})

test.each(['ask:errors', 'ask:/a b', 'ask:/a/../../b', 'ask:/%zz'])('%s is refused', (text) => {
  expect(refusal(errors, { pages: { 404: text } })).toMatchObject({
    code: 'ERROR_PAGE_PATH',
    path: 'use.0.errors.pages.404',
  })
})
