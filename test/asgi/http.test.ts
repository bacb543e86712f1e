// What ASGI demands of a server for requests, asked of a real worker through the mount.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMount } from './mount.ts'
import type { TestMount } from '../python/mount.ts'

let mount: TestMount
beforeAll(async () => {
  mount = await openMount({ asgi: 'spec', requests: 50 }, true)
})
afterAll(() => mount.mount.close())

const text = async (path: string, more = {}): Promise<string> => (await mount.ask({ path, ...more })).body.toString()

test('a response of one piece is one respond and one end, with its Content-Length', async () => {
  const { response, carrier } = mount.start({ path: '/hello' })
  const { status, reason, headers, body } = await response
  expect([status, reason, body.toString()]).toEqual([200, 'OK', 'Hello World\n'])
  expect(headers).toEqual([
    ['content-type', 'text/plain'],
    ['Content-Length', '12'],
  ])
  expect(carrier.calls).toEqual(['start+last'])
})

test('the scope: what the variables say, in the types that ASGI has', async () => {
  const scope = JSON.parse(
    await text('/shop/show_scope/caf%C3%A9%2F?a=%20b', {
      prefix: '/shop',
      method: 'POST',
      headers: { 'X-Any': 'v\xe9', 'Content-Type': 'text/x' },
      body: 'abc',
      variables: { HTTPS: 'on', REMOTE_USER: 'ann', SERVER_PROTOCOL: 'HTTP/2.0' },
    }),
  ) as Record<string, unknown>
  expect(scope).toEqual({
    type: 'http',
    asgi: { version: '3.0', spec_version: '2.5' },
    http_version: '2',
    method: 'POST',
    scheme: 'https',
    path: '/shop/show_scope/café/',
    raw_path: '/shop/show_scope/caf%C3%A9%2F',
    query_string: 'a=%20b',
    root_path: '/shop',
    headers: [
      ['host', 'test.example'],
      ['content-length', '3'],
      ['x-any', 'v\xe9'],
      ['content-type', 'text/x'],
    ],
    client: ['192.0.2.7', 4711],
    server: ['test.example', 80],
    extensions: {
      'http.response.pathsend': {},
      sidegate: { variables: expect.objectContaining({ REMOTE_USER: 'ann' }) },
    },
  } satisfies Record<string, unknown>)
  expect(JSON.parse(await text('/types'))).toEqual({
    header: 'bytes',
    path: 'str',
    raw_path: 'bytes',
    query_string: 'bytes',
    thread: true,
  })
})

test.for([
  ['as they came', 'one, two', ['X-Twice', 'one', 'X-Other', '1', 'x-tWICE', 'two'], ['one', 'two']],
  ['a comma inside of one of them is of its value', 'a, b, c', ['X-Twice', 'a, b', 'X-Twice', 'c'], ['a, b', 'c']],
  ['a variable that was changed counts', 'three', ['X-Twice', 'one', 'X-Twice', 'two'], ['three']],
  ['a field that was left out is not among them', 'one', ['X-Twice', 'one', 'X_Twice', 'forged'], ['one']],
  [
    'one that was left out stands between',
    'one, two',
    ['X-Twice', 'one', 'x_twice', 'forged', 'x-twice', 'two'],
    ['one', 'two'],
  ],
  ['empty ones', ', ', ['X-Twice', '', 'X-Twice', ''], ['', '']],
] as const)('fields of one name, %s', async ([, value, fields, seen]) => {
  const sent = {
    headers: { 'X-Twice': value, 'X-Other': '1', Cookie: 'a=1; b=2' },
    fields: [...fields, 'Cookie', 'a=1', 'Cookie', 'b=2'],
  }
  const { headers } = JSON.parse(await text('/show_scope', sent)) as { headers: [string, string][] }
  const of = (name: string): string[] => headers.filter(([field]) => field === name).map(([, found]) => found)
  expect([of('x-twice'), of('x-other'), of('cookie')]).toEqual([seen, ['1'], ['a=1; b=2']])
})

test.for([
  ['/show_scope/%FF', {}, { path: '/show_scope/\ufffd', raw_path: '/show_scope/%FF' }],
  ['/show_scope', { REMOTE_ADDR: '', REMOTE_PORT: '' }, { client: null }],
  ['/show_scope', { REMOTE_PORT: '9'.repeat(5000) }, { client: ['192.0.2.7', 0] }],
  ['/show_scope', { REMOTE_ADDR: 'unix:', REMOTE_PORT: '' }, { client: null }],
  ['/show_scope', { REQUEST_URI: 'http://a.example/show_scope?x' }, { raw_path: '/show_scope' }],
  ['/show_scope/%C3%A9', { REQUEST_URI: '' }, { raw_path: '/show_scope/%C3%A9' }],
  ['/show_scope', { SERVER_PROTOCOL: 'HTTP/1.0', HTTPS: 'off' }, { http_version: '1.0', scheme: 'http' }],
] as const)('the scope of %s with %o', async ([path, variables, part]) => {
  expect(JSON.parse(await text(path, { variables }))).toMatchObject(part)
})

test('a variable with a NUL in it is refused', async () => {
  for (const variables of [{ ANY: 'a\0REMOTE_USER\0admin' }, { 'HTTP_A\0X\0REMOTE_USER': 'admin' }])
    expect(await mount.ask({ variables })).toMatchObject({ status: 400 })
  expect(await mount.ask()).toMatchObject({ status: 200 })
})

test('what the lifespan leaves in its state comes with each request, as a copy', async () => {
  expect(JSON.parse(await text('/state'))).toEqual(['own', 1])
  expect(JSON.parse(await text('/state'))).toEqual(['own', 2])
})

test('a body: whole, in pieces, empty, and larger than what may be under way', async () => {
  expect(await text('/echo', { method: 'POST', body: 'a body' })).toBe('a body')
  expect(await text('/echo', { method: 'POST', body: '' })).toBe('')
  expect(JSON.parse(await text('/pieces'))).toEqual([0])
  const large = Buffer.alloc(3_000_000, 'abcdefg')
  const { body } = await mount.ask({ path: '/echo', method: 'POST', body: large })
  expect(body.equals(large)).toBe(true)
  async function* arriving(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000)
  }
  const streamed = await mount.ask({ path: '/echo', method: 'POST', body: arriving() })
  expect(streamed.body.equals(large)).toBe(true)
})

test('of a body that the app does not ask for, no more is read than may be under way', async () => {
  let given = 0
  async function* body(): AsyncGenerator<Uint8Array> {
    for (; given < 50_000_000; given += 50_000) yield Buffer.alloc(50_000)
  }
  expect(Number(await text('/one_piece', { method: 'POST', body: body() }))).toBeGreaterThan(0)
  expect(given).toBeLessThan(2_000_000)
})

test('a stream leaves piece by piece', async () => {
  const { response, carrier } = mount.start({ path: '/stream' })
  expect((await response).body.toString()).toBe('0\n1\n2\n')
  expect(carrier.calls.filter((call) => call === 'start' || call === 'write').length).toBeGreaterThan(1)
})

test('a client that takes nothing stops the app, and others do not notice', async () => {
  const slow = mount.start({ path: '/endless', slow: true })
  await slow.carrier.until(({ chunks }) => chunks.length > 0)
  expect(await text('/hello')).toBe('Hello World\n')
  const [before] = JSON.parse(await text('/told')) as [number]
  expect(before).toBeLessThan(1_000_000)
  slow.hangUp()
  await slow.response
  let outcome
  while (!outcome) outcome = (JSON.parse(await text('/told')) as [number, string | null])[1]
  expect(outcome).toBe('ClientDisconnected: True, then http.disconnect')
})

test('a client that goes away: receive says so at once, send raises', async () => {
  const { hangUp, response, exchange } = mount.start({ path: '/waits' })
  await mount.logged(({ message }) => message === 'waits')
  hangUp()
  await response
  const { request } = await mount.logged(({ message }) => message === 'send raised ClientDisconnected')
  expect(request).toBe(exchange.id)
  expect(mount.lines.some(({ message }) => message === 'then http.disconnect')).toBe(true)
})

test('many requests at a time in one worker, and no more than it may have', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => text('/many?50')))
  expect(new Set(answers)).toEqual(new Set(['50']))
  expect(mount.mount.status?.().workers).toMatchObject([{ places: 50 }])
})

test('work behind the response goes on; receive tells of the end', async () => {
  expect(await text('/after')).toBe('done')
  await mount.logged(({ message }) => message === 'behind the response')
  expect(await text('/again', { method: 'POST', body: 'abc' })).toBe('done')
  await mount.logged(({ message }) => message === 'then http.disconnect')
})

test('what a request had is gone with it, without a collection of garbage', async () => {
  expect(await text('/leaves')).toBe('begun')
  expect(await text('/leaves')).toBe('gone')
})

test('what is printed goes to the log of its request, also from tasks', async () => {
  const { response, exchange } = mount.start({ path: '/prints' })
  await response
  for (const said of ['in the request', 'an error', 'in a task', 'the rest'])
    expect(await mount.logged(({ message }) => message === said)).toMatchObject({ request: exchange.id })
})

test.for([
  ['raises', 'APP_RAISED', /^ValueError: before the start/, 500],
  ['raises_held', 'APP_RAISED', /^ValueError: with the head held/, 500],
  ['raises_later', 'APP_RAISED', /^ValueError: after the start/, 200],
  ['exits', 'APP_RAISED', /^SystemExit: 3/, 500],
  ['nothing', 'NO_HEAD', /returned without sending http\.response\.start/, 500],
  ['no_end', 'ASGI_MESSAGE', /no end of its response/, 200],
  ['body_first', 'NO_HEAD', /before http\.response\.start/, 500],
  ['start_twice', 'ASGI_MESSAGE', /begins once/, 500],
  ['of_websocket', 'ASGI_MESSAGE', /websocket\.accept, but the messages of a response/, 500],
  ['no_message', 'ASGI_MESSAGE', /no ASGI message/, 500],
  ['trailers', 'ASGI_MESSAGE', /trailers/, 500],
  ['pushes', 'ASGI_MESSAGE', /told of no such message/, 500],
  ['body_text', 'BODY_TYPE', /`body` of http\.response\.body is a str/, 500],
  ['too_long', 'BODY_TOO_LONG', /2 bytes more/, 500],
  ['too_short', 'BODY_TOO_SHORT', /4 bytes before/, 200],
  ['too_short_later', 'BODY_TOO_SHORT', /5 bytes before/, 200],
  ['bad_status', 'STATUS_LINE', /a number from 200 to 999/, 500],
  ['low_status', 'STATUS_LINE', /101/, 500],
  ['header_text', 'HEADER_NAME', /has to be bytes/, 500],
  ['header_value_text', 'HEADER_VALUE', /has to be bytes/, 500],
  ['header_name', 'HEADER_NAME', /no.? token|not a token/, 500],
  ['header_break', 'HEADER_VALUE', /control character/, 500],
  ['headers_text', 'HEADER_LIST', /pairs of name and value/, 500],
  ['header_three', 'HEADER_LIST', /pairs of name and value/, 500],
  ['header_array', 'HEADER_NAME', /bytearray\(b'a'\): it has to be bytes/, 500],
  ['length_text', 'CONTENT_LENGTH', /no number/, 500],
  ['length_long', 'CONTENT_LENGTH', /no number/, 500],
] as const)('%s: %s', async ([path, code, message, status]) => {
  const { response, errors } = mount.start({ path: `/${path}` })
  const got = await response
  expect(got).toMatchObject({ status, cut: status === 200 })
  expect(errors).toMatchObject([{ code, message: expect.stringMatching(message), blame: 'app' }])
  const detail = String(errors[0]!.cause ?? '')
  expect(code !== 'APP_RAISED' || /spec\.py.*in application/.test(detail)).toBe(true)
  expect(detail).not.toMatch(/in run\n/)
  expect(await text('/hello')).toBe('Hello World\n')
})

test('what of a header is sent is what was checked', async () => {
  const { status, headers } = await mount.ask({ path: '/header_kind' })
  expect([status, headers]).toEqual([200, expect.arrayContaining([['x-kind', 'checked']])])
})

test('what the app raises behind its response is in the log, and the response is whole', async () => {
  expect(await mount.ask({ path: '/after_raises' })).toMatchObject({ status: 200, cut: false })
  const line = await mount.logged(({ message }) => message === 'ValueError: behind the response')
  expect(line).toMatchObject({ level: 'error', code: 'APP_RAISED', detail: expect.stringMatching(/Traceback/) })
  expect(await text('/body_after')).toBe('done')
})

test('HEAD, 204 and 304 have no body, whatever the app sends', async () => {
  for (const [method, path] of [
    ['HEAD', '/hello'],
    ['GET', '/no_content?204'],
    ['GET', '/no_content?304'],
  ] as const)
    expect(await mount.ask({ method, path })).toMatchObject({ body: Buffer.alloc(0), cut: false })
  expect(await mount.ask({ method: 'HEAD', path: '/too_long' })).toMatchObject({ status: 200 })
})

test('bodies of any size, headers of any pairs, bodies of any bytes', async () => {
  for (const size of [0, 1, 49_152, 49_153, 262_144, 5_000_000])
    expect((await mount.ask({ path: `/large?${size}` })).body.length).toBe(size)
  const blocks = Array.from({ length: 150 }, (_, number) => Buffer.alloc(65_537, number))
  expect((await mount.ask({ path: '/odd_blocks' })).body.equals(Buffer.concat(blocks))).toBe(true)
  const { body, header } = await mount.ask({ path: '/views' })
  expect([body.toString(), header('x-list')]).toEqual(['bytes', 'v'])
})

test('a file by its path; one that is not there is an error of the app', async () => {
  const path = new URL('apps/spec.py', import.meta.url).pathname
  expect(await text(`/path_send?${path}`)).toMatch(/^"""An ASGI app/)
  for (const [wrong, message] of [
    ['/nowhere', /FileNotFoundError/],
    ['relative', /absolute path/],
  ] as const) {
    const { response, errors } = mount.start({ path: `/path_send?${wrong}` })
    expect(await response).toMatchObject({ status: 500 })
    expect(errors[0]!.message).toMatch(message)
  }
})

test('early hints of a door that has none are left out', async () => {
  expect(await text('/hints')).toBe('done')
  const { message } = await mount.logged((line) => /early_hint/.test(line.message))
  expect(message).toMatch(/before the head is sent/)
})

test('an app that forks keeps its requests', async () => {
  expect(await text('/forks')).toBe('7')
  expect(await text('/hello')).toBe('Hello World\n')
})
