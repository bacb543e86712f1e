// Lint: tables of what is wrong, and what is said about it.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { callApplication, makeEnviron, type RequestOptions } from '../../sidecar/interface/call.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import type { Application, Environ, StartResponse } from '../../sidecar/interface/types.ts'
import { makeExchange } from '../exchange.ts'
import { runApplication } from '../../sidecar/interface/run.ts'
import { PAGE, specification } from './spec.ts'

const PLAIN: [string, string][] = [['Content-Type', 'text/plain']]
const hello: Application = (_, startResponse) => {
  startResponse('200 OK', PLAIN)
  return ['Hello']
}

test('docs/interface.md is what the checker says (node test/interface/spec.ts writes it)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(specification())
})

test.each<[Record<string, unknown> | null, RegExp]>([
  [null, /not an object/],
  [{ REQUEST_METHOD: undefined }, /has no REQUEST_METHOD/],
  [{ QUERY_STRING: undefined }, /has no QUERY_STRING/],
  [{ 'wsgi.errors': undefined }, /has no wsgi.errors/],
  [{ HTTP_X: 5 }, /HTTP_X is 5, not a string/],
  [{ PATH_INFO: '/caf\u20ac' }, /beyond latin-1/],
  [{ REQUEST_METHOD: 'GE T' }, /not a token/],
  [{ SCRIPT_NAME: '/' }, /SCRIPT_NAME cannot be '\/': make it '' and PATH_INFO '\/'/],
  [{ SCRIPT_NAME: 'shop' }, /SCRIPT_NAME is "shop": it must be empty or begin with/],
  [{ PATH_INFO: 'x' }, /PATH_INFO is "x"/],
  [{ PATH_INFO: '' }, /both empty/],
  [{ QUERY_STRING: '?a' }, /leave out the '\?'/],
  [{ SERVER_NAME: '' }, /SERVER_NAME is empty/],
  [{ SERVER_PORT: 'http' }, /SERVER_PORT is "http"/],
  [{ SERVER_PROTOCOL: '1.1' }, /SERVER_PROTOCOL/],
  [{ CONTENT_LENGTH: '' }, /CONTENT_LENGTH is ""/],
  [{ CONTENT_LENGTH: '-1' }, /CONTENT_LENGTH is "-1"/],
  [{ HTTP_CONTENT_LENGTH: '1' }, /use CONTENT_LENGTH instead/],
  [{ HTTP_CONTENT_TYPE: 'a/b' }, /use CONTENT_TYPE instead/],
  [{ HTTP_PROXY: 'http://evil' }, /HTTP_PROXY/],
  [{ 'wsgi.version': '1.0' }, /not \[1, 0\]/],
  [{ 'wsgi.url_scheme': 'ftp' }, /neither http nor https/],
  [{ 'wsgi.input': {} }, /wsgi.input has no method read/],
  [{ 'wsgi.errors': { write() {} } }, /wsgi.errors has no method writelines/],
  [{ 'wsgi.run_once': 0 }, /wsgi.run_once is 0/],
  [{ 'wsgi.input_terminated': 1 }, /wsgi.input_terminated/],
  [{ 'wsgi.file_wrapper': 1 }, /wsgi.file_wrapper/],
  [{ 'sidegate.signal': {} }, /sidegate.signal/],
])("the environ %j is the gateway's fault", (changes, message) => {
  const environ = (changes === null ? null : { ...makeEnviron(), ...changes }) as Environ
  let thrown: unknown
  try {
    void lint(hello)(environ, () => async () => {})
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'LINT_ENVIRON', blame: 'gateway', message: expect.stringMatching(message) })
})

test("a frozen environ, wrong arguments, a write that is missing are the gateway's fault too", () => {
  const blamed = (code: string) => expect.objectContaining({ code, blame: 'gateway' })
  const call = lint(hello) as unknown as (...args: unknown[]) => unknown
  expect(() => call(Object.freeze({ ...makeEnviron() }), () => {})).toThrow(blamed('LINT_ENVIRON'))
  expect(() => call(makeEnviron())).toThrow(blamed('LINT_CALL'))
  expect(() => call(makeEnviron(), 5)).toThrow(blamed('LINT_CALL'))
  expect(() => call(makeEnviron(), () => undefined)).toThrow(blamed('LINT_START_RESPONSE'))
})

type Start = (...args: unknown[]) => ReturnType<StartResponse>
type Wrong = (environ: Environ, start: Start) => unknown

const respond =
  (status: unknown, headers: unknown, body: unknown = []): Wrong =>
  (_, start) => {
    start(status, headers)
    return body
  }
const withInput =
  (use: (input: Record<string, (...args: unknown[]) => Promise<unknown>>) => unknown): Wrong =>
  async (environ, start) => {
    start('200 OK', PLAIN)
    await use(environ['wsgi.input'] as never)
    return ['x']
  }
const withErrors =
  (use: (errors: Record<string, (...args: unknown[]) => unknown>) => unknown): Wrong =>
  (environ, start) => {
    start('200 OK', PLAIN)
    use(environ['wsgi.errors'] as never)
    return ['x']
  }

test.each<[string, Wrong, string, RegExp, RequestOptions?]>([
  ['no headers', (_, start) => (start('200 OK'), []), 'LINT_START_RESPONSE', /two or three arguments/],
  ['twice', (_, start) => (start('200 OK', PLAIN), start('200 OK', PLAIN), []), 'LINT_START_RESPONSE', /second time/],
  ['a number as status', respond(200, PLAIN), 'LINT_STATUS', /not a string/],
  ['no reason', respond('200', PLAIN), 'LINT_STATUS', /three digits, a space and a reason/],
  ['four digits', respond('2000 OK', PLAIN), 'LINT_STATUS', /three digits/],
  ['a line end', respond('200 OK\r\nX: y', PLAIN), 'LINT_STATUS', /three digits/],
  ['1xx', respond('100 Continue', PLAIN), 'LINT_STATUS', /not final/],
  ['headers as an object', respond('200 OK', {}), 'LINT_HEADERS', /not an array/],
  ['a header of three', respond('200 OK', [['a', 'b', 'c']]), 'LINT_HEADERS', /not a pair of strings/],
  ['a number as value', respond('200 OK', [['Content-Length', 5]]), 'LINT_HEADERS', /not a pair of strings/],
  ['a colon in a name', respond('200 OK', [['a:', 'b']]), 'LINT_HEADERS', /not a token/],
  ['a name that ends with -', respond('200 OK', [['a-', 'b']]), 'LINT_HEADERS', /ends with - or _/],
  ['Status', respond('200 OK', [['Status', '200']]), 'LINT_HEADERS', /Status is no header/],
  ['hop-by-hop', respond('200 OK', [['Transfer-Encoding', 'chunked']]), 'LINT_HEADERS', /hop-by-hop/],
  ['a line end in a value', respond('200 OK', [['a', 'b\nc: d']]), 'LINT_HEADERS', /control character/],
  ['a value beyond latin-1', respond('200 OK', [['a', '\u20ac']]), 'LINT_HEADERS', /beyond latin-1/],
  ['space around a value', respond('200 OK', [['a', ' b']]), 'LINT_HEADERS', /space around/],
  ['two types', respond('200 OK', [...PLAIN, ...PLAIN]), 'LINT_HEADERS', /more than once/],
  ['a bad length', respond('200 OK', [['Content-Length', '1e3']]), 'LINT_HEADERS', /not a number/],
  ['a type with 204', respond('204 No Content', PLAIN), 'LINT_HEADERS', /no content/],
  ['a type with 304', respond('304 Not Modified', PLAIN), 'LINT_HEADERS', /no content/],
  ['a length with 204', respond('204 No Content', [['Content-Length', '0']]), 'LINT_HEADERS', /no content/],
  ['a string', respond('200 OK', PLAIN, 'abc'), 'LINT_BODY', /returned a string: return an array/],
  ['bytes', respond('200 OK', PLAIN, Buffer.from('abc')), 'LINT_BODY', /returned bytes/],
  ['nothing', respond('200 OK', PLAIN, null), 'LINT_BODY', /returned null/],
  ['undefined', (_, start) => void start('200 OK', PLAIN), 'LINT_BODY', /returned undefined/],
  ['a promise of a string', respond('200 OK', PLAIN, Promise.resolve('abc')), 'LINT_BODY', /returned a string/],
  ['a number as chunk', respond('200 OK', PLAIN, [5]), 'LINT_BODY', /the number 5/],
  ['no startResponse', () => ['a'], 'LINT_BODY', /before startResponse/],
  ['no startResponse, no body', () => [], 'LINT_BODY', /without calling startResponse/],
  [
    'a generator without startResponse',
    function* () {
      yield 'a'
    },
    'LINT_BODY',
    /before startResponse/,
  ],
  ['a body and no type', respond('200 OK', [], ['a']), 'LINT_BODY', /no Content-Type/],
  ['a body with 204', respond('204 No Content', [], ['a']), 'LINT_BODY', /which has none/],
  [
    'more than the length',
    respond('200 OK', [...PLAIN, ['Content-Length', '1']], ['ab']),
    'LINT_BODY',
    /more than the 1 bytes/,
  ],
  [
    'less than the length',
    respond('200 OK', [...PLAIN, ['Content-Length', '3']], ['ab']),
    'LINT_BODY',
    /has 2 bytes, Content-Length says 3/,
  ],
  [
    'less in a generator',
    function* (_, start) {
      start('200 OK', [...PLAIN, ['Content-Length', '3']])
      yield 'ab'
    },
    'LINT_BODY',
    /has 2 bytes/,
  ],
  [
    'write of a number',
    async (_, start) => (await start('200 OK', PLAIN)(5 as never), []),
    'LINT_BODY',
    /write has a chunk/,
  ],
  [
    'write of a number, not awaited',
    (_, start) => (void start('200 OK', PLAIN)(5 as never), []),
    'LINT_BODY',
    /write has a chunk/,
  ],
  ['read with a text', withInput((input) => input.read!('5')), 'LINT_INPUT', /asked for "5" bytes/],
  ['read with two', withInput((input) => input.read!(1, 2)), 'LINT_INPUT', /one argument/],
  ['readline with a fraction', withInput((input) => input.readline!(1.5)), 'LINT_INPUT', /asked for 1.5/],
  ['input.close', withInput((input) => input.close!()), 'LINT_INPUT', /must not be called/],
  [
    'two reads at once',
    withInput((input) => Promise.all([input.read!(1), input.read!(1)])),
    'LINT_INPUT',
    /await it first/,
    { body: 'abc' },
  ],
  ['errors.write of a number', withErrors((errors) => errors.write!(5)), 'LINT_ERRORS', /takes a string/],
  [
    'errors.writelines of a string',
    withErrors((errors) => errors.writelines!('abc')),
    'LINT_ERRORS',
    /iterable of strings/,
  ],
  ['errors.close', withErrors((errors) => errors.close!()), 'LINT_ERRORS', /must not be called/],
])("%s is the app's fault", async (_, app, code, message, options) => {
  await expect(callApplication(lint(app as Application), makeEnviron(options))).rejects.toMatchObject({
    code,
    blame: 'app',
    message: expect.stringMatching(message),
  })
})

describe('what is right passes, and does the same as without lint', () => {
  // Can be asked again by the second call.
  const body = {
    async *[Symbol.asyncIterator]() {
      yield 'a'
      yield Buffer.from('b')
    },
  }
  test.each<[string, Wrong, RequestOptions?]>([
    ['an array', respond('200 OK', PLAIN, ['a', 'b'])],
    ['its length', respond('200 OK', [...PLAIN, ['Content-Length', '2']], ['ab'])],
    ['HEAD with a body', respond('200 OK', PLAIN, ['ab']), { method: 'HEAD' }],
    ['HEAD without', respond('200 OK', [...PLAIN, ['Content-Length', '2']], []), { method: 'HEAD' }],
    ['a redirect without a body', respond('302 Found', [['Location', '/']])],
    ['204', respond('204 No Content', [])],
    [
      '304',
      respond('304 Not Modified', [
        ['ETag', '"a"'],
        ['Content-Length', '5'],
      ]),
    ],
    ['an empty reason', respond('299 ', PLAIN, ['a'])],
    ['an async iterable', respond('200 OK', PLAIN, body)],
    ['a promise of one', respond('200 OK', PLAIN, Promise.resolve(body))],
    [
      'a generator',
      function* (_, start) {
        start('200 OK', PLAIN)
        yield ''
        yield 'ab'
      },
    ],
    ['excInfo', (_, start) => (start('200 OK', PLAIN), start('500 Oops', PLAIN, new Error('x')), ['a'])],
    [
      'reads',
      withInput(async (input) => [await input.readline!(), await input.readlines!(), await input.read!()]),
      { body: 'a\nb\nc' },
    ],
    ['errors', withErrors((errors) => errors.flush!())],
  ])('%s', async (_, app, options) => {
    const linted = await callApplication(lint(lint(app as Application)), makeEnviron(options))
    const plain = await callApplication(app as Application, makeEnviron(options))
    expect([linted.status, linted.reason, linted.headers, linted.text()]).toEqual([
      plain.status,
      plain.reason,
      plain.headers,
      plain.text(),
    ])
  })

  test('a client that goes away closes the body once, through lint too', async () => {
    const seen = { closed: 0, returned: 0 }
    const app: Application = (_, startResponse) => {
      startResponse('200 OK', PLAIN)
      const iterator = {
        next: () => new Promise<never>(() => {}),
        return: async () => (seen.returned++, { done: true as const, value: undefined }),
      }
      return { [Symbol.asyncIterator]: () => iterator, close: () => void seen.closed++ } as never
    }
    const { exchange, hangUp, errors } = makeExchange()
    const finished = runApplication(lint(app), exchange)
    hangUp()
    await finished
    expect(seen).toEqual({ closed: 1, returned: 1 })
    expect(errors).toEqual([])
  })
})

test("asking or closing a body wrongly is the gateway's fault", async () => {
  const iterate = () => {
    const app: Application = function* (_, startResponse) {
      startResponse('200 OK', PLAIN)
      yield 'a'
    } as Application
    const body = lint(app)(makeEnviron(), () => async () => {}) as Iterable<string>
    return body[Symbol.iterator]()
  }
  const blamed = expect.objectContaining({ code: 'LINT_BODY', blame: 'gateway' })
  const closed = iterate()
  closed.return!()
  expect(() => closed.return!()).toThrow(blamed)
  expect(() => closed.next()).toThrow(blamed)
  const ended = iterate()
  ended.next()
  ended.next()
  expect(() => ended.next()).toThrow(blamed)
})
