// The layer `redirect`.
import { expect, test } from 'vitest'
import { redirect } from '../../sidecar/middleware/redirect.ts'
import type { TestRequest } from '../exchange.ts'
import { layered, type App } from './layer.ts'

/** Answers with the variables that it gets. */
const echo: App = (exchange) => {
  exchange.respond({ status: 200, reason: 'OK', headers: [] })
  exchange.end(JSON.stringify(exchange.variables))
}

/** Status and Location; the status alone where there is none. */
async function led(rule: Record<string, unknown>, request: string | TestRequest): Promise<string> {
  const { ask } = await layered(redirect, { rules: [rule] }, echo)
  const { status, header } = await ask(typeof request === 'string' ? { path: request } : request).response
  const location = header('location')
  return location === undefined ? String(status) : `${status} ${location}`
}

test.each([
  [{ from: '/old/:x', to: '/new/:x' }, '/old/a%2Fb?q=1', '302 /new/a%2Fb?q=1'],
  [{ from: '/old/:x', to: '/new/:x' }, '/old/a%20b%3f%23%25', '302 /new/a%20b%3F%23%25'],
  [{ from: '/old/:x', to: '/new/:x' }, '/older/a', '200'],
  [{ from: '/old/:x', to: '/new/:x#part' }, '/old/%E2%82%AC', '302 /new/%E2%82%AC#part'],
  [{ from: '/old/:x', to: '/größe x' }, '/old/a', '302 /gr%C3%B6%C3%9Fe%20x'],
  [{ from: '/Admin', to: '/x' }, '/admin', '200'],
  [{ match: '^/(\\d+)$', to: '/p?id=$1' }, '/12?x', '302 /p?id=12'],
  [
    { from: '/old/*path', to: 'https://Example.com:8443/new/*path' },
    '/old/a/b?c',
    '302 https://example.com:8443/new/a/b?c',
  ],
  [{ from: '/old', to: 'https://example.com' }, '/old', '302 https://example.com/'],
  // Nobody chooses where it leads.
  [{ from: '/go/*u', to: '/*u' }, '/go//evil.com', '302 /evil.com'],
  [{ from: '/go/*u', to: '/*u' }, '/go/%5cevil.com', '302 /%5Cevil.com'],
  [{ from: '/go/*u', to: '/*u' }, '/go/%2fevil.com', '302 /%2Fevil.com'],
  [{ match: '^/go(.*)', to: '/$1' }, '/go//evil.com', '302 /evil.com'],
  [{ from: '/go/*u', to: '/*u' }, '/go/%0d%0aX:%20y', '302 /%0D%0AX:%20y'],
  [{ from: '/go', to: '/${QUERY_STRING}' }, '/go?/evil.com', '302 /evil.com?/evil.com'],
  [{ from: '/go', to: '/x?${QUERY_STRING}' }, '/go?a=1&b=%0d', '302 /x?a=1&b=%0d'],
  // To where the client is.
  [{ to: '/a' }, '/a', '200'],
  [{ to: '/a' }, '/b', '302 /a'],
  [{ to: 'http://test.example/a' }, '/a', '200'],
  [{ to: 'https://test.example/a' }, '/a', '302 https://test.example/a'],
])('%j has %s answered with %s', async (rule, path, expected) => {
  expect(await led(rule, path)).toBe(expected)
})

test.each([
  ['GET', {}, 302],
  ['HEAD', {}, 302],
  ['POST', {}, 307],
  ['GET', { permanent: true }, 301],
  ['POST', { permanent: true }, 308],
  ['POST', { status: 303 }, 303],
])('%s with %j: %i', async (method, more, status) => {
  const request: TestRequest = { method, path: '/a', ...(method === 'POST' && { body: 'x' }) }
  expect(await led({ from: '/a', to: '/b', ...more }, request)).toBe(`${status} /b`)
})

test.each([
  [{ scheme: 'https' }, { path: '/a%20b?c=1' }, '302 https://test.example/a%20b?c=1'],
  [{ scheme: 'https' }, { path: '/a', variables: { HTTPS: 'on' } }, '200'],
  [{ scheme: 'https' }, { path: '/a', headers: { Host: 'test.example:8080' } }, '302 https://test.example/a'],
  [{ scheme: 'https', port: 8443 }, { path: '/a' }, '302 https://test.example:8443/a'],
  [{ scheme: 'https' }, { path: '/a', headers: { Host: '[::1]:80' } }, '302 https://[::1]/a'],
  [{ scheme: 'http' }, { path: '/a', variables: { HTTPS: 'on' } }, '302 http://test.example/a'],
  [{ host: 'www.example.com' }, { path: '/a' }, '302 http://www.example.com/a'],
  [{ host: 'www.example.com' }, { path: '/a', headers: { Host: 'WWW.example.com:81' } }, '200'],
  [
    { host: 'www.example.com', scheme: 'https' },
    { headers: { Host: 'www.example.com' } },
    '302 https://www.example.com/',
  ],
  [{ host: 'www.example.com', to: '/x' }, { path: '/shop/a', prefix: '/shop' }, '302 http://www.example.com/shop/x'],
])('%j has %j answered with %s', async (rule, request, expected) => {
  expect(await led(rule, request as TestRequest)).toBe(expected)
})

test('the page says what it is, and HEAD has none', async () => {
  const { ask } = await layered(redirect, { rules: [{ from: '/a', to: '/b' }] }, echo)
  expect(String((await ask({ path: '/a' }).response).body)).toBe('302 Found\n')
  const { header, body } = await ask({ path: '/a', method: 'HEAD' }).response
  expect([header('location'), body.byteLength]).toEqual(['/b', 0])
})

test('a path is below the mount', async () => {
  expect(await led({ from: '/a', to: '/b' }, { path: '/shop/a', prefix: '/shop' })).toBe('302 /shop/b')
  expect(await led({ from: '/a', to: '/b' }, { path: '/%20/a', prefix: '/ ' })).toBe('302 /%20/b')
})

test('a Host that is none leads nowhere', async () => {
  const { ask } = await layered(redirect, { rules: [{ scheme: 'https' }] }, echo)
  const { response, errors } = ask({ headers: { Host: 'evil.com/x?' } })
  expect((await response).status).toBe(400)
  expect(errors).toMatchObject([{ code: 'HOST_BAD' }])
})

test.each([
  [{ from: '/a' }, '', 'leads nowhere'],
  [{ to: '/a', port: 81 }, '.port', 'goes with scheme or host'],
  [{ to: 'https://a/', host: 'b' }, '.to', 'https://a says scheme and host already'],
  [{ from: '/:a', to: 'https://:a/' }, '.to', 'with nothing that the request chooses'],
  [{ from: '/:a', to: 'https://x.:a' }, '.to', 'with nothing that the request chooses'],
  [{ from: '/*a', to: 'https://x*a' }, '.to', 'with nothing that the request chooses'],
  [{ to: 'https://u:p@x/' }, '.to', 'is no address to lead to'],
  [{ to: 'javascript://x/' }, '.to', 'is no address to lead to'],
  [{ to: 'example.com' }, '.to', 'has to begin with one slash'],
])('%j is refused', async (rule, place, message) => {
  await expect(layered(redirect, { rules: [rule] }, echo)).rejects.toMatchObject({
    code: 'RULE_TARGET',
    path: `use.0.redirect.rules.0${place}`,
    message: expect.stringContaining(message),
  })
})
