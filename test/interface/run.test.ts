// Apps run on exchanges: what goes out, in which order, and when the body is closed.
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { runApplication } from '../../sidecar/interface/run.ts'
import type { Application, BodyChunk, StartResponse } from '../../sidecar/interface/types.ts'
import { makeExchange, type TestRequest } from '../exchange.ts'

const PLAIN: [string, string][] = [['Content-Type', 'text/plain']]

function start(app: Application, request?: TestRequest) {
  const made = makeExchange(request)
  const finished = runApplication(app, made.exchange)
  return { ...made, finished, codes: () => made.errors.map(({ code }) => code) }
}

/** A body that counts how often it is closed, and can be made to wait. */
function body(chunks: BodyChunk[], kind: 'sync' | 'async', headers = PLAIN) {
  const seen = { asked: 0, closed: 0, returned: 0 }
  const iterator = {
    next: () => {
      seen.asked++
      const done = chunks.length === 0
      const result = { done, value: chunks.shift() }
      return kind === 'sync' ? result : Promise.resolve(result)
    },
    return: () => {
      seen.returned++
      return kind === 'sync' ? { done: true } : Promise.resolve({ done: true })
    },
  }
  const close = (): void => void seen.closed++
  const result = { [kind === 'sync' ? Symbol.iterator : Symbol.asyncIterator]: () => iterator, close }
  const app = ((_: unknown, startResponse: StartResponse) => {
    startResponse('200 OK', headers)
    return result
  }) as unknown as Application
  return { app, seen }
}

describe('what leaves at once', () => {
  test.each<[string, BodyChunk[], string]>([
    ['a string', ['Hello\n'], 'Hello\n'],
    ['bytes', [Buffer.from('Hello\n')], 'Hello\n'],
    ['several', ['Hel', 'lo', '\n'], 'Hello\n'],
    ['several of both kinds', ['h\xe9', Buffer.from('llo'), ''], 'héllo'],
    ['nothing', [], ''],
    ['an empty chunk', [''], ''],
  ])('%s: one start, the length known, no promise', async (_, chunks, text) => {
    const { finished, response, carrier } = start((__, startResponse) => {
      startResponse('200 OK', PLAIN)
      return chunks
    })
    expect(finished).toBeUndefined()
    expect(carrier.calls).toEqual(['start+last'])
    const { status, reason, header, body: bytes } = await response
    expect([status, reason, header('content-length')]).toEqual([200, 'OK', String(Buffer.byteLength(text))])
    expect(bytes.toString()).toBe(text)
  })

  test('a promise of an array does too', async () => {
    const { finished, carrier } = start(async (_, startResponse) => {
      startResponse('200 OK', PLAIN)
      return ['a', 'b']
    })
    await finished
    expect(carrier.calls).toEqual(['start+last'])
  })

  test("a big array goes out in its pieces, at the client's speed", async () => {
    const big = Buffer.alloc(40_000)
    const { finished, carrier, response } = start(
      (_, startResponse) => {
        startResponse('200 OK', PLAIN)
        return [big, big, big]
      },
      { slow: true },
    )
    expect(carrier.calls).toEqual(['start'])
    carrier.drain()
    await finished
    expect(carrier.calls).toEqual(['start', 'write', 'write', 'finish'])
    expect((await response).body.length).toBe(120_000)
  })
})

describe('the head', () => {
  test('is held until the first chunk that is not empty', async () => {
    const made = makeExchange()
    const seen: string[][] = []
    const app: Application = function* (_, startResponse) {
      startResponse('200 OK', PLAIN)
      yield ''
      seen.push([...made.carrier.calls])
      yield 'a'
      seen.push([...made.carrier.calls])
      yield 'b'
    }
    expect(runApplication(app, made.exchange)).toBeUndefined()
    expect((await made.response).body.toString()).toBe('ab')
    expect(seen).toEqual([[], ['start']])
    expect(made.carrier.calls).toEqual(['start', 'write', 'finish'])
  })

  test('may be given inside a generator', async () => {
    const { response } = start(async function* (_, startResponse) {
      await undefined
      startResponse('404 Not Found', PLAIN)
      yield 'gone'
    })
    expect(await response).toMatchObject({ status: 404, reason: 'Not Found' })
  })

  test('is replaced by a call with excInfo as long as it was not sent', async () => {
    const { response, codes } = start((_, startResponse) => {
      startResponse('200 OK', [...PLAIN, ['X-First', '1']])
      startResponse('500 Oops', PLAIN, new Error('x'))
      return ['sorry']
    })
    const { status, reason, header } = await response
    expect([status, reason, header('x-first')]).toEqual([500, 'Oops', undefined])
    expect(codes()).toEqual([])
  })

  test('once sent, a call with excInfo throws that', async () => {
    const error = new Error('late')
    const { response, errors } = start(function* (_, startResponse) {
      startResponse('200 OK', PLAIN)
      yield 'a'
      startResponse('500 Oops', PLAIN, error)
    })
    expect((await response).cut).toBe(true)
    expect(errors[0]!.cause).toBe(error)
  })

  test.each<[string, Application, string]>([
    ['startResponse twice', (_, s) => (s('200 OK', PLAIN), s('200 OK', PLAIN), []), 'HEAD_TWICE'],
    ['no startResponse', () => ['a'], 'NO_HEAD'],
    ['no startResponse, no body', () => [], 'NO_HEAD'],
    [
      'no startResponse in a generator',
      function* () {
        yield 'a'
      } as Application,
      'NO_HEAD',
    ],
    ['a status that is a number', (_, s) => (s(200 as never, PLAIN), []), 'STATUS_LINE'],
    ['a status without digits', (_, s) => (s('OK', PLAIN), []), 'STATUS_LINE'],
    ['a 1xx status', (_, s) => (s('103 Early Hints', PLAIN), []), 'STATUS_LINE'],
    ['headers as an object', (_, s) => (s('200 OK', { a: 'b' } as never), []), 'HEADER_LIST'],
    [
      'a header value that is a number',
      (_, s) => (s('200 OK', [['Content-Length', 1 as never]]), ['a']),
      'HEADER_LIST',
    ],
    ['a header with CR LF', (_, s) => (s('200 OK', [['X', 'a\r\nB: c']]), []), 'HEADER_VALUE'],
    ['a string', (_, s) => (s('200 OK', PLAIN), 'abc' as never), 'BODY_TYPE'],
    ['bytes', (_, s) => (s('200 OK', PLAIN), Buffer.from('abc') as never), 'BODY_TYPE'],
    ['nothing', ((_: never, s: StartResponse) => void s('200 OK', PLAIN)) as unknown as Application, 'BODY_TYPE'],
    ['a number', (_, s) => (s('200 OK', PLAIN), 5 as never), 'BODY_TYPE'],
    [
      'a promise of nothing',
      (async (_: never, s: StartResponse) => void s('200 OK', PLAIN)) as unknown as Application,
      'BODY_TYPE',
    ],
    ['a chunk that is a number', (_, s) => (s('200 OK', PLAIN), [5 as never]), 'BODY_TYPE'],
    ['a chunk that is a promise', (_, s) => (s('200 OK', PLAIN), [Promise.resolve('a') as never]), 'BODY_TYPE'],
    [
      'an error',
      () => {
        throw new Error('boom')
      },
      'APP_RAISED',
    ],
    ['a rejection that is no Error', () => Promise.reject('boom'), 'APP_RAISED'],
    ['a rejection', () => Promise.reject(new Error('boom')), 'APP_RAISED'],
    [
      'an error after startResponse',
      (_, s) => {
        s('200 OK', PLAIN)
        throw new Error('boom')
      },
      'APP_RAISED',
    ],
  ])('%s: 500 with a code', async (_, app, code) => {
    const { response, errors } = start(app)
    const answer = await response
    expect(answer.status).toBe(500)
    expect(answer.body.toString()).toContain(code)
    expect(errors).toMatchObject([{ code, blame: 'app' }])
  })

  test('a string as result says what to write instead', async () => {
    const { response, errors } = start((_, s) => (s('200 OK', PLAIN), 'abc' as never))
    await response
    expect(errors[0]!.message).toMatch(/return an array with it in/)
  })
})

describe('write', () => {
  test('sends before the chunks that are returned', async () => {
    const { response } = start(async (_, startResponse) => {
      const write = startResponse('200 OK', PLAIN)
      await write('a')
      await write('')
      await write(Buffer.from('b'))
      return ['c']
    })
    expect((await response).body.toString()).toBe('abc')
  })

  test('waits for a slow client', async () => {
    let done = false
    const { finished, carrier } = start(
      async (_, startResponse) => {
        await startResponse('200 OK', PLAIN)('a')
        done = true
        return []
      },
      { slow: true },
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(done).toBe(false)
    carrier.drain()
    await finished
    expect(done).toBe(true)
  })

  test('that nobody waits for: too much is logged, a client that goes away is no crash', async () => {
    const long = start((_, startResponse) => {
      const write = startResponse('200 OK', [...PLAIN, ['Content-Length', '2']])
      void write('abc')
      return []
    })
    expect((await long.response).body.toString()).toBe('ab')
    expect(long.codes()).toEqual(['BODY_TOO_LONG'])
    const gone = start(
      (_, startResponse) => {
        void startResponse('200 OK', PLAIN)('abc')
        return new Promise(() => {})
      },
      { slow: true },
    )
    gone.hangUp()
    await gone.finished
    expect(gone.codes()).toEqual([])
  })
})

describe('the length', () => {
  test.each(['sync', 'async'] as const)('%s: more than announced is not sent', async (kind) => {
    const { app, seen } = body(['abc', 'def', 'ghi'], kind, [...PLAIN, ['Content-Length', '4']])
    const { response, codes, finished } = start(app)
    await finished
    expect((await response).body.toString()).toBe('abcd')
    expect(codes()).toEqual(['BODY_TOO_LONG'])
    expect(seen).toEqual({ asked: 2, closed: 1, returned: 1 })
  })

  test.each(['sync', 'async'] as const)('%s: less than announced is cut', async (kind) => {
    const { app, seen } = body(['abc'], kind, [...PLAIN, ['Content-Length', '4']])
    const { response, codes, finished } = start(app)
    await finished
    expect((await response).cut).toBe(true)
    expect(codes()).toEqual(['BODY_TOO_SHORT'])
    expect(seen).toMatchObject({ closed: 1, returned: 1 })
  })
})

describe('close is called once', () => {
  test.each(['sync', 'async'] as const)('%s: at the end', async (kind) => {
    const { app, seen } = body(['a', 'b'], kind)
    const { response, finished } = start(app)
    await finished
    expect((await response).body.toString()).toBe('ab')
    expect(seen).toEqual({ asked: 3, closed: 1, returned: 1 })
  })

  test.each(['sync', 'async'] as const)('%s: for HEAD, after the first chunk', async (kind) => {
    const { app, seen } = body(['a', 'b', 'c'], kind)
    const { response, finished, carrier } = start(app, { method: 'HEAD' })
    await finished
    expect((await response).body.length).toBe(0)
    expect(carrier.calls).toEqual(['start', 'finish'])
    expect(seen).toEqual({ asked: 1, closed: 1, returned: 1 })
  })

  test.each(['sync', 'async'] as const)('%s: after a wrong chunk', async (kind) => {
    const { app, seen } = body(['a', 5 as never, 'c'], kind)
    const { response, finished } = start(app)
    await finished
    expect((await response).cut).toBe(true)
    expect(seen).toEqual({ asked: 2, closed: 1, returned: 1 })
  })

  test.each(['sync', 'async'] as const)('%s: when the client goes away while it is slow', async (kind) => {
    const { app, seen } = body(['a', 'b', 'c'], kind)
    const { finished, hangUp, carrier, codes } = start(app, { slow: true })
    await carrier.until(({ calls }) => calls.length > 0)
    hangUp()
    await finished
    expect(seen).toEqual({ asked: 1, closed: 1, returned: 1 })
    expect(codes()).toEqual([])
  })

  test('async: at once when the client goes away while the app waits for ever', async () => {
    let returned = 0
    const iterator = {
      next: () => new Promise<never>(() => {}),
      return: () => new Promise<never>(() => void returned++),
    }
    const { finished, hangUp } = start((_, startResponse) => {
      startResponse('200 OK', PLAIN)
      return { [Symbol.asyncIterator]: () => iterator }
    })
    hangUp()
    await finished
    expect(returned).toBe(1)
  })

  test('a body that comes after the client went away is closed and not asked', async () => {
    const { app, seen } = body(['a'], 'sync')
    let resolve = (): void => {}
    const later = new Promise<void>((r) => (resolve = r))
    const { finished, hangUp } = start(async (environ, startResponse) => {
      const result = app(environ, startResponse)
      await later
      return result
    })
    hangUp()
    await finished
    resolve()
    await new Promise((done) => setImmediate(done))
    expect(seen).toEqual({ asked: 0, closed: 1, returned: 1 })
  })

  test("the finally of a generator runs after an error of the client's making", async () => {
    const order: string[] = []
    const { finished, carrier, hangUp } = start(
      async function* (_, startResponse) {
        try {
          startResponse('200 OK', PLAIN)
          for (;;) yield 'a'
        } finally {
          order.push('finally')
        }
      },
      { slow: true },
    )
    await carrier.until(({ calls }) => calls.length > 0)
    hangUp()
    await finished
    expect(order).toEqual(['finally'])
  })

  test('what close throws is logged, the response stands', async () => {
    const { response, finished, codes } = start((_, startResponse) => {
      startResponse('200 OK', PLAIN)
      return Object.assign(['a'], {
        close() {
          throw new Error('in close')
        },
      })
    })
    await finished
    expect((await response).body.toString()).toBe('a')
    expect(codes()).toEqual(['APP_RAISED'])
  })
})

describe('sources of bodies', () => {
  test('a stream of Node.js, and what is left of it when the client goes away', async () => {
    const whole = start((_, startResponse) => {
      startResponse('200 OK', PLAIN)
      return Readable.from([Buffer.from('a'), Buffer.from('b')])
    })
    expect((await whole.response).body.toString()).toBe('ab')
    const stream = new Readable({ read() {} })
    const { finished, hangUp, codes } = start((_, startResponse) => {
      startResponse('200 OK', PLAIN)
      return stream
    })
    hangUp()
    await finished
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.destroyed).toBe(true)
    expect(codes()).toEqual([])
  })

  test('wsgi.file_wrapper reads in blocks and closes the file once', async () => {
    const asked: number[] = []
    let closed = 0
    const blocks = ['abc', 'de', '']
    const file = {
      read: (size: number) => (asked.push(size), Buffer.from(blocks.shift()!)),
      close: () => void closed++,
    }
    const { response, finished } = start((environ, startResponse) => {
      startResponse('200 OK', PLAIN)
      return environ['wsgi.file_wrapper'](file, 3)
    })
    await finished
    expect((await response).body.toString()).toBe('abcde')
    expect(asked).toEqual([3, 3, 3])
    expect(closed).toBe(1)
  })

  test('an endless generator leaves others their turn', async () => {
    let on = true
    const { finished, response } = start(function* (_, startResponse) {
      startResponse('200 OK', PLAIN)
      while (on) yield 'x'
    })
    await new Promise((resolve) => setImmediate(resolve))
    on = false
    await finished
    expect((await response).cut).toBe(false)
  })

  test('an app that is aborted through its signal is no error', async () => {
    const { finished, hangUp, codes } = start(async (environ) => {
      const { promise, reject } = Promise.withResolvers<never>()
      const signal = environ['sidegate.signal']
      signal.addEventListener('abort', () => reject(signal.reason))
      return promise
    })
    hangUp()
    await finished
    await new Promise((resolve) => setImmediate(resolve))
    expect(codes()).toEqual([])
  })
})
