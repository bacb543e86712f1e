// What an app finds in its environ.
import { describe, expect, test } from 'vitest'
import { environOf } from '../../sidecar/interface/environ.ts'
import { makeEnviron } from '../../sidecar/interface/call.ts'
import { checkEnviron } from '../../sidecar/interface/lint-environ.ts'
import { decodePathInfo, encodePathInfo } from '../../sidecar/interface/path.ts'
import { Log } from '../../sidecar/log.ts'
import { makeExchange } from '../exchange.ts'

describe('environ', () => {
  test('has everything that the specification wants, and keeps its own rules', () => {
    const { exchange } = makeExchange({ path: '/shop/a%20b?x=1', prefix: '/shop', headers: { 'X-A': 'b' } })
    const environ = environOf(exchange)
    checkEnviron(environ)
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '/shop',
      PATH_INFO: '/a b',
      QUERY_STRING: 'x=1',
      HTTP_X_A: 'b',
      'wsgi.version': [1, 0],
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': true,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
      'wsgi.input_terminated': true,
    })
  })

  test.each([
    [{ HTTPS: 'on' }, 'https'],
    [{ HTTPS: 'off' }, 'http'],
  ])('%j', (variables, scheme) => {
    expect(environOf(makeExchange({ variables }).exchange)['wsgi.url_scheme']).toBe(scheme)
  })

  test('the signal is there for `in`, keys and copies, can be replaced, and fires', () => {
    const { exchange, hangUp } = makeExchange()
    const environ = environOf(exchange)
    expect('sidegate.signal' in environ).toBe(true)
    expect(Object.keys(environ)).toContain('sidegate.signal')
    const copy = { ...environ, SCRIPT_NAME: '/x' }
    expect(copy['sidegate.signal']).toBe(environ['sidegate.signal'])
    hangUp()
    expect(copy['sidegate.signal'].aborted).toBe(true)
    const other = new AbortController().signal
    environ['sidegate.signal'] = other
    expect(environ['sidegate.signal']).toBe(other)
  })

  test('names of the object prototype are no keys', () => {
    const environ = environOf(makeExchange().exchange)
    expect(environ.constructor).toBeUndefined()
    expect('toString' in environ).toBe(false)
  })
})

test.each([
  ['/caf\xc3\xa9', '/café'],
  ['/plain', '/plain'],
  ['/\xff', '/\xff'],
  ['/\xef\xbb\xbfx', '/\ufeffx'],
])('decodePathInfo(%j)', (native, text) => {
  expect(decodePathInfo(native)).toBe(text)
})

test('encodePathInfo is the way back', () => {
  expect(encodePathInfo('/café')).toBe('/caf\xc3\xa9')
})

describe('wsgi.input', () => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
  const pieces = (...parts: string[]) =>
    (async function* () {
      for (const part of parts) yield Buffer.from(part)
    })()
  const inputOf = (...parts: string[]) =>
    environOf(makeExchange({ method: 'POST', body: pieces(...parts) }).exchange)['wsgi.input']

  test('read(size) gives what is there, read() the rest, then nothing', async () => {
    const input = inputOf('abcdef', 'ghi')
    expect(text(await input.read(4))).toBe('abcd')
    expect(text(await input.read(0))).toBe('')
    expect(text(await input.read(10))).toBe('ef')
    expect(text(await input.read())).toBe('ghi')
    expect(text(await input.read())).toBe('')
    expect(text(await input.read(1))).toBe('')
  })

  test('lines across pieces, with a limit, the last without LF', async () => {
    const input = inputOf('on', 'e\ntwo', '\n\nlast')
    expect(text(await input.readline())).toBe('one\n')
    expect(text(await input.readline(2))).toBe('tw')
    expect(text(await input.readline(-1))).toBe('o\n')
    expect(text(await input.readline())).toBe('\n')
    expect(text(await input.readline())).toBe('last')
    expect(text(await input.readline())).toBe('')
  })

  test('readlines, with a hint', async () => {
    const input = inputOf('a\nb\nc\n', 'd')
    expect((await input.readlines(3)).map(text)).toEqual(['a\n', 'b\n'])
    expect((await input.readlines()).map(text)).toEqual(['c\n', 'd'])
  })

  test('iterated: the pieces as they arrive, and what a read left over', async () => {
    const input = inputOf('abc', 'def')
    await input.read(1)
    const seen: string[] = []
    for await (const piece of input) seen.push(text(piece))
    expect(seen).toEqual(['bc', 'def'])
  })

  test('a client that goes away rejects the read', async () => {
    const never = (async function* () {
      yield Buffer.from('a')
      await new Promise(() => {})
    })()
    const { exchange, hangUp } = makeExchange({ method: 'POST', body: never })
    const input = environOf(exchange)['wsgi.input']
    expect(text(await input.read(1))).toBe('a')
    const waiting = input.read(1)
    hangUp()
    await expect(waiting).rejects.toMatchObject({ blame: 'peer' })
  })
})

describe('wsgi.errors', () => {
  function logged() {
    const records: Record<string, string>[] = []
    const sink = { write: (line: string) => void records.push(JSON.parse(line)) }
    const errors = makeEnviron({}, { log: new Log('json', sink, sink), multiprocess: false })['wsgi.errors']
    return { records, errors }
  }

  test('a write is a record: the first line, and the others as its detail', () => {
    const { records, errors } = logged()
    errors.write('boom\n  at a\n  at b\n')
    expect(records).toMatchObject([{ message: 'boom', detail: '  at a\n  at b', stream: 'errors', request: 'call' }])
  })

  test('an unfinished line waits for its end, for flush, or for the end of the turn', async () => {
    const { records, errors } = logged()
    errors.write('one ')
    errors.writelines(['line\n', 'rest'])
    expect(records.map(({ message }) => message)).toEqual(['one line'])
    errors.flush()
    expect(records.map(({ message }) => message)).toEqual(['one line', 'rest'])
    errors.write('later')
    await new Promise((resolve) => setImmediate(resolve))
    expect(records.map(({ message }) => message)).toEqual(['one line', 'rest', 'later'])
  })

  test('a line without an end is kept up to 8 KB', () => {
    const { records, errors } = logged()
    errors.write('x'.repeat(20_000))
    expect(records.map(({ message }) => message!.length)).toEqual([8192, 8192])
  })
})
