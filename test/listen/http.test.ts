import { expect, test } from 'vitest'
import { startGateway, text } from './gateway.ts'
import { bodyOf, talk } from './peer.ts'

const echo = (exchange: { variables: object }) => JSON.stringify(exchange.variables)

async function variablesOf(request: string, settings: object = {}): Promise<Record<string, string>> {
  const { addresses } = await startGateway([{ address: 'http://127.0.0.1:0', ...settings }], (exchange) =>
    text(echo(exchange))(exchange),
  )
  const answer = await talk(addresses[0]!, request)
  expect(answer).toMatch(/^HTTP\/1\.1 200/)
  return JSON.parse(Buffer.from(bodyOf(answer), 'latin1').toString()) as Record<string, string>
}

const get = (target: string, headers = 'Host: example.com:8080\r\n') =>
  `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`

test('a request becomes CGI variables', async () => {
  const variables = await variablesOf(
    get(
      '/a%20b//c%2Fd/?x=1&y=%41',
      'Host: example.com:8080\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX-Empty:\r\n',
    ),
  )
  expect(variables).toMatchObject({
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/a b//c/d/',
    QUERY_STRING: 'x=1&y=%41',
    REQUEST_URI: '/a%20b//c%2Fd/?x=1&y=%41',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'example.com',
    SERVER_PORT: '8080',
    REMOTE_ADDR: '127.0.0.1',
    HTTP_X_A: '1, 2',
    HTTP_COOKIE: 'a=1; b=2',
    HTTP_X_EMPTY: '',
  })
})

test.each([
  ['/%C3%A9', '/Ã©'],
  ['/a/./b/../c', '/a/c'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/..', '/'],
  ['/..a/b..', '/..a/b..'],
  ['http://other.example/p', '/p'],
  ['/', '/'],
])('the path of %s is %s', async (target, path) => {
  expect((await variablesOf(get(target))).PATH_INFO).toBe(path)
})

test('an absolute target overrides Host', async () => {
  expect(await variablesOf(get('http://other.example:99/p'))).toMatchObject({
    HTTP_HOST: 'other.example:99',
    SERVER_NAME: 'other.example',
    SERVER_PORT: '99',
  })
})

test.each([
  ['CL and TE', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
  ['a bare LF', 'GET / HTTP/1.1\nHost: h\n\n', 400],
  ['obs-fold', 'GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n 2\r\n\r\n', 400],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
  [
    'two types',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nConnection: close\r\n\r\n',
    400,
  ],
  ['two users', 'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\nConnection: close\r\n\r\n', 400],
  ['a NUL in the path', get('/a%00b'), 400],
  ['a bad escape', get('/a%zz'), 400],
  ['a path above the root', get('/../etc/passwd'), 400],
  ['a head that is too large', get('/', `Host: h\r\nX-A: ${'x'.repeat(70_000)}\r\n`), 431],
])('refuses %s', async (_, request, status) => {
  let handled = 0
  const { addresses, errors } = await startGateway(['http://127.0.0.1:0'], (exchange) => {
    handled++
    text('x')(exchange)
  })
  expect(await talk(addresses[0]!, request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(handled).toBe(0)
  expect(errors.length).toBeLessThanOrEqual(1)
})

test('X-Forwarded-* of a peer that is not trusted are only headers', async () => {
  const headers = 'Host: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n'
  const variables = await variablesOf(get('/', headers))
  expect(variables).toMatchObject({ REMOTE_ADDR: '127.0.0.1', HTTP_X_FORWARDED_FOR: '6.6.6.6' })
  expect(variables.HTTPS).toBeUndefined()
})

test('an X-Forwarded-Host that is no host is refused, from a trusted peer too', async () => {
  const { addresses, errors } = await startGateway([{ address: 'http://127.0.0.1:0', trust: ['127.0.0.1'] }], text('x'))
  const answer = await talk(addresses[0]!, get('/', 'Host: h\r\nX-Forwarded-Host: good@evil/\r\n'))
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(errors).toMatchObject([{ code: 'HOST_BAD' }])
})

test.each([
  ['192.0.2.9:5678', '192.0.2.9'],
  ['[2001:db8::7]:5678', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['::ffff:192.0.2.9', '192.0.2.9'],
  // What is no address says nothing, and neither does what anybody may have written before it.
  ['unknown', '127.0.0.1'],
  ['192.0.2.9, unknown', '127.0.0.1'],
  ['192.0.2.9, unknown, 127.0.0.3', '127.0.0.3'],
  ['evil', '127.0.0.1'],
  ['999.1.1.1', '127.0.0.1'],
  ['fe80::1%eth0', '127.0.0.1'],
  ['evil, 192.0.2.9', '192.0.2.9'],
])('X-Forwarded-For: %s of a trusted peer', async (list, address) => {
  const trust = ['127.0.0.0/8']
  expect(await variablesOf(get('/', `Host: h\r\nX-Forwarded-For: ${list}\r\n`), { trust })).toMatchObject({
    REMOTE_ADDR: address,
  })
})

test.each([
  ['https', 'on'],
  ['wss', 'on'],
  ['HTTPS', 'on'],
  ['ws', undefined],
  ['http', undefined],
])('X-Forwarded-Proto: %s of a trusted peer', async (proto, https) => {
  const given = await variablesOf(get('/', `Host: h\r\nX-Forwarded-Proto: ${proto}\r\n`), { trust: ['127.0.0.1'] })
  expect(given.HTTPS).toBe(https)
})

test('fields with _ in their name are left out, and that is told ever more rarely', async () => {
  const taking = { address: 'http://127.0.0.1:0', underscoresInHeaders: true }
  const { addresses, errors } = await startGateway(['http://127.0.0.1:0', taking], (exchange) => {
    text(exchange.variables.HTTP_X_FORWARDED_HOST ?? 'none')(exchange)
  })
  const request = get('/', 'Host: h\r\nX_Forwarded_Host: admin.internal\r\n')
  for (let count = 0; count < 12; count++) expect(await talk(addresses[0]!, request)).toMatch(/none$/)
  expect(errors).toMatchObject([
    {
      code: 'HEADER_UNDERSCORE',
      message: expect.stringMatching(/^the header "X_Forwarded_Host" was left out: .*; 1 so far/),
    },
    { code: 'HEADER_UNDERSCORE', message: expect.stringMatching(/; 10 so far/) },
  ])
  expect(await talk(addresses[1]!, request)).toMatch(/admin\.internal$/)
})

test('X-Forwarded-* of a trusted peer count, from the last address that is not trusted itself', async () => {
  const headers =
    'Host: inner\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.9, 127.0.0.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n'
  expect(await variablesOf(get('/', headers), { trust: ['127.0.0.0/8'] })).toMatchObject({
    REMOTE_ADDR: '192.0.2.9',
    HTTPS: 'on',
    HTTP_HOST: 'shop.example',
    SERVER_NAME: 'shop.example',
    SERVER_PORT: '443',
  })
})
