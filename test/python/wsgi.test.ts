// What PEP 3333 demands of a server, asked of a real worker through the mount.
import { expect, test } from 'vitest'
import { openMount } from './mount.ts'

const spec = { python: 'spec' }

test('a list of one is one respond and one end, with its Content-Length', async () => {
  const { start } = await openMount(spec)
  const { response, carrier } = start({ path: '/hello' })
  const { status, reason, headers, body } = await response
  expect([status, reason, body.toString()]).toEqual([200, 'OK', 'Hello World\n'])
  expect(headers).toEqual([
    ['Content-Type', 'text/plain'],
    ['Content-Length', '12'],
  ])
  expect(carrier.calls).toEqual(['start+last'])
})

test('environ: the variables as native strings, and the wsgi keys', async () => {
  const { ask } = await openMount({ ...spec, processes: 1, threads: 1 })
  const { body } = await ask({
    path: '/environment/caf%C3%A9?a=%20b',
    headers: { 'X-Any': 'v\xe9', 'Transfer-Encoding': 'chunked' },
    variables: { HTTPS: 'on', CONTENT_LENGTH: '-1' },
  })
  const environ = JSON.parse(body.toString()) as Record<string, unknown>
  expect(environ).toMatchObject({
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/environment/caf\xc3\xa9',
    QUERY_STRING: 'a=%20b',
    SERVER_NAME: 'test.example',
    SERVER_PORT: '80',
    HTTP_X_ANY: 'v\xe9',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'https',
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.input_terminated': true,
  })
  expect(environ).not.toHaveProperty('CONTENT_LENGTH')
  expect(environ).not.toHaveProperty('HTTP_TRANSFER_ENCODING')
  const plain = JSON.parse((await ask({ path: '/environment', variables: { HTTPS: 'off' } })).body.toString())
  expect(plain['wsgi.url_scheme']).toBe('http')
})

test('a variable with a NUL in it is refused, in the name and in the value', async () => {
  const { ask } = await openMount({ ...spec, processes: 1, threads: 1 })
  for (const variables of [{ ANY: 'a\0REMOTE_USER\0admin' }, { 'HTTP_A\0X\0REMOTE_USER': 'admin' }]) {
    expect(await ask({ path: '/environment', variables })).toMatchObject({ status: 400 })
    expect(await ask({ method: 'POST', body: 'x', path: '/environment', variables })).toMatchObject({ status: 400 })
  }
  expect(await ask({ path: '/environment' })).toMatchObject({ status: 200 })
})

test('environ: every variable as it is, and none is taken for a packed environ', async () => {
  const { start } = await openMount({ ...spec, processes: 1, threads: 1 })
  const variables = {
    EMPTY: '',
    LONG: 'x'.repeat(70_000),
    SPACES: ' \t\n',
    HIGH: '\x80\xff',
    __proto_: 'p',
    SIDEGATE_ENVIRON: 'A',
  }
  const { exchange, response } = start({ path: '/environment?a', variables })
  const { pid: _, ...shown } = JSON.parse((await response).body.toString()) as Record<string, unknown>
  const environ = Object.entries(shown)
  expect(Object.fromEntries(environ.filter(([name]) => !/^(?:wsgi|sidegate)\./.test(name)))).toEqual({
    SCRIPT_NAME: '',
    ...exchange.variables,
  })
})

test('wsgi.multithread and wsgi.multiprocess tell the truth', async () => {
  const { ask } = await openMount({ ...spec, processes: 2, threads: 2 })
  const environ = JSON.parse((await ask({ path: '/environment' })).body.toString())
  expect([environ['wsgi.multithread'], environ['wsgi.multiprocess']]).toEqual([true, true])
})

test.for([
  ['many', 200, 'one two three'],
  ['generator', 201, 'ab'],
  ['late_head', 202, 'late'],
  ['held_head', 503, 'changed'],
  ['write', 200, 'written twice and returned'],
  ['file_like', 200, 'like a file'],
  ['no_content', 204, ''],
  ['not_modified', 304, ''],
] as const)('%s: %d %j', async ([name, status, text]) => {
  const { ask } = await openMount(spec)
  const response = await ask({ path: `/${name}` })
  expect([response.status, response.body.toString(), response.cut]).toEqual([status, text, false])
})

test('wsgi.file_wrapper sends a file', async () => {
  const { ask } = await openMount(spec)
  const { body } = await ask({ path: '/file' })
  expect(body.equals(Buffer.from('from a file '.repeat(20000)))).toBe(true)
})

test('head and path are latin-1', async () => {
  const { ask } = await openMount(spec)
  const response = await ask({ path: '/latin/%C3%BC' })
  expect([response.reason, response.header('x-latin')]).toEqual(['Tr\xe8s bien', 'caf\xe9'])
  expect(response.body.toString()).toBe('/latin/ü')
})

test('close is called once: at the end, after an exception, for HEAD, 304, a file, and when itself it raises', async () => {
  const { ask, logged } = await openMount(spec)
  for (const path of ['/closing', '/closing_raises', '/close_raises', '/not_modified', '/file_like'])
    await ask({ path })
  const head = await ask({ path: '/closing_head', method: 'HEAD' })
  expect(head.body.length).toBe(0)
  const { body } = await ask({ path: '/closes' })
  expect(JSON.parse(body.toString())).toEqual([
    'closing',
    'closing_raises',
    'close_raises',
    'not_modified',
    'file_like',
    'closing_head',
  ])
  const line = await logged(({ code }) => code === 'APP_RAISED')
  expect(line).toMatchObject({ level: 'error', blame: 'app', mount: '/' })
  expect(line.detail).toContain('RuntimeError: in close')
})

test.for([
  ['raises', 'APP_RAISED', /ValueError: no luck with ☃/, /in raises\n/],
  ['raises_after_head', 'APP_RAISED', /head given, not sent/, /in raises_after_head/],
  ['exits', 'APP_RAISED', /SystemExit: 3/, /sys.exit\(3\)/],
  ['no_head', 'NO_HEAD', /without calling start_response/, /^AppMistake/m],
  ['no_head_generator', 'NO_HEAD', /before it called start_response/, /^AppMistake/m],
  ['no_head_empty', 'NO_HEAD', /without calling start_response/, /^AppMistake/m],
  ['head_twice', 'HEAD_TWICE', /called twice without exc_info/, /in head_twice/],
  ['returns_none', 'BODY_TYPE', /returned nothing/, /^AppMistake/m],
  ['returns_bytes', 'BODY_TYPE', /returned bytes.*such as a list/, /^AppMistake/m],
  ['returns_str', 'BODY_TYPE', /gave a str/, /^AppMistake/m],
  ['yields_str', 'BODY_TYPE', /gave a str/, /^AppMistake/m],
  ['bad_head?status', 'STATUS_LINE', /'OK 200'/, /in bad_head/],
  ['bad_head?status_type', 'STATUS_LINE', /b'200 OK'/, /in bad_head/],
  ['bad_head?tuple', 'HEADER_LIST', /wants a list of headers, not a tuple/, /in bad_head/],
  ['bad_head?pair', 'HEADER_LIST', /has to be a tuple/, /in bad_head/],
  ['bad_head?name', 'HEADER_NAME', /'A b' is not a token/, /in bad_head/],
  ['bad_head?name_type', 'HEADER_NAME', /has to be a str/, /in bad_head/],
  ['bad_head?status_list', 'STATUS_LINE', /\['200 OK'\]/, /in bad_head/],
  ['bad_head?name_list', 'HEADER_NAME', /\['A'\]: it has to be a str/, /in bad_head/],
  ['bad_head?value_type', 'HEADER_VALUE', /header A is 1/, /in bad_head/],
  ['bad_head?crlf', 'HEADER_VALUE', /control character/, /in bad_head/],
  ['bad_head?unicode', 'HEADER_VALUE', /beyond latin-1/, /in bad_head/],
] as const)('%s: 500 %s, with the traceback', async ([path, code, message, trace]) => {
  const { start, ask } = await openMount(spec)
  const { response, errors } = start({ path: `/${path}` })
  expect((await response).status).toBe(500)
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatchObject({ code, blame: 'app' })
  expect(errors[0]!.message).toMatch(message)
  expect(errors[0]!.cause).toMatch(trace)
  expect(errors[0]!.cause).not.toContain('worker.py", line 1,')
  expect((await ask({ path: '/hello' })).status).toBe(200)
})

test.for([
  ['raises_after_body', 'some', 'APP_RAISED'],
  ['exc_info_late', 'sent', 'APP_RAISED'],
  ['short', 'four', 'BODY_TOO_SHORT'],
] as const)('%s: the response is cut', async ([path, text, code]) => {
  const { start, ask } = await openMount(spec)
  const { response, errors, exchange, carrier } = start({ path: `/${path}` })
  const { cut, status } = await response
  // Cut when something had gone out before, else a page of its own.
  expect(cut ? carrier.bytes.toString() : status).toBe(cut ? text : 500)
  expect(exchange.error).toMatchObject({ code })
  expect(errors[0]).toMatchObject({ code, blame: 'app' })
  expect((await ask({ path: '/hello' })).status).toBe(200)
})

test('more than Content-Length: the rest is not sent, the app is stopped, and closed', async () => {
  const { start, ask } = await openMount(spec)
  const { response, errors } = start({ path: '/long' })
  const { status, body } = await response
  expect([status, body.toString()]).toEqual([200, 'four'])
  expect(JSON.parse((await ask({ path: '/closes' })).body.toString())).toEqual(['long'])
  expect(errors[0]).toMatchObject({ code: 'BODY_TOO_LONG', blame: 'app' })
})

test('a response is complete with the last byte of its Content-Length', async () => {
  const { ask } = await openMount({ ...spec, threads: 2 })
  expect((await ask({ path: '/slow_end' })).body.toString()).toBe('four')
  expect((await ask({ path: '/open_gate' })).body.toString()).toBe('open')
})

test('chunks go out as they come', async () => {
  const { start, ask } = await openMount({ ...spec, threads: 2 })
  const waiting = start({ path: '/wait_at_gate' })
  await waiting.carrier.until(({ bytes }) => bytes.toString() === 'waiting')
  await ask({ path: '/open_gate' })
  expect((await waiting.response).body.toString()).toBe('waiting done')
})

test.for([60_000, 65_520, 65_536, 262_112, 5_000_000])('a list of %d bytes has its length', async (size) => {
  const { ask } = await openMount(spec)
  const response = await ask({ path: `/big?${size}` })
  const whole = size - (size % 16)
  expect([response.header('content-length'), response.body.length]).toEqual([String(whole), whole])
  expect(response.body.equals(Buffer.from('0123456789abcdef'.repeat(whole / 16)))).toBe(true)
})
