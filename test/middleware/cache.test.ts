// The layer `cache`: what is stored, for how long, and what it is good for.
import { setImmediate as turn } from 'node:timers/promises'
import CachePolicy from 'http-cache-semantics'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { processorTime, until } from '../harness.ts'
import { doubt } from '../../sidecar/doubt.ts'
import { AppError, UpstreamError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { cache } from '../../sidecar/middleware/cache.ts'
import { keyOf, valueOf } from '../../sidecar/middleware/cache/key.ts'
import { directives, Policy, type PolicySettings } from '../../sidecar/middleware/cache/policy.ts'
import { isNamed } from '../../sidecar/middleware/cache/shelf.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { makeExchange, type TestExchange, type TestRequest } from '../exchange.ts'
import { layered, type App, type MadeLayer } from './layer.ts'

type Fields = readonly (readonly [string, string])[]

const START = Date.UTC(2026, 0, 1)
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
})
afterEach(() => {
  vi.useRealTimers()
})
const later = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

interface Served extends MadeLayer {
  /** The requests that came to the app. */
  readonly asked: Variables[]
  /** The status, what Cache-Status says, and the body of a response. */
  got(request?: TestRequest): Promise<string>
}

async function serve(app: App, settings: Record<string, unknown> = {}): Promise<Served> {
  const asked: Variables[] = []
  const made = await layered(cache, settings, (exchange) => {
    asked.push({ ...exchange.variables })
    return app(exchange)
  })
  const got = async (request?: TestRequest): Promise<string> => shown(await made.ask(request).response)
  return { ...made, asked, got }
}

function shown({ status, header, body }: Awaited<TestExchange['response']>): string {
  return `${status} ${header('cache-status')?.replace('sidegate; ', '')} | ${body}`
}

/** Answers with a count, and these fields. */
function counting(headers: Fields, status = 200): App {
  let count = 0
  return (exchange) => {
    exchange.respond({ status, reason: '', headers })
    exchange.end(`body ${++count}`)
  }
}

const minute: Fields = [['Cache-Control', 'max-age=60']]

test('a response that may be stored is asked for once', async () => {
  const { ask, asked, got, layer } = await serve(counting(minute))
  expect(await got()).toBe('200 fwd=uri-miss; stored | body 1')
  later(20.5)
  const { status, header, body } = await ask().response
  expect([status, header('age'), header('cache-status'), body.toString()]).toEqual([
    200,
    '20',
    'sidegate; hit; ttl=39',
    'body 1',
  ])
  expect([header('content-length'), header('date')]).toEqual(['6', new Date(START).toUTCString()])
  later(40)
  expect(await got()).toBe('200 fwd=stale; fwd-status=200; stored | body 2')
  expect(asked.length).toBe(2)
  expect(layer.status!()).toEqual({ layer: 'cache', counts: { hits: 1, asked: 2, entries: 1, bytes: 1030 } })
})

describe('what is stored, and for how long', () => {
  const usual: PolicySettings = {
    ttl: 0,
    staleWhileRevalidate: 0,
    staleIfError: 0,
    setCookie: 'refuse',
    authorization: false,
    clients: false,
  }
  const lifetime = (headers: Fields, more: Partial<PolicySettings> = {}, request: TestRequest = {}, status = 200) => {
    const policy = new Policy(CachePolicy, { ...usual, ...more })
    return policy.timesOf(makeExchange(request).exchange.variables, { status, reason: '', headers })?.lifetime
  }
  const control = (value: string): Fields => [['Cache-Control', value]]

  test.each<[Fields, number | undefined]>([
    [[], undefined],
    [control('max-age=60'), 60],
    [control('Max-Age=60'), 60],
    [control('max-age="60"'), 60],
    [control('max-age=60, max-age=10'), 10],
    [control('max-age=99999999999'), 2 ** 31],
    [control('max-age=0'), undefined],
    [control('max-age=abc'), undefined],
    [control('max-age=-5'), undefined],
    [control('max-age=60, s-maxage=5'), 5],
    [control('public'), undefined],
    [control('immutable'), undefined],
    [control('public, max-age=60, immutable'), 60],
    [control('private, max-age=60'), undefined],
    [control('private="x", max-age=60'), undefined],
    [control('no-store, max-age=60'), undefined],
    [control('NO-STORE, max-age=60'), undefined],
    [control('no-cache, max-age=60'), undefined],
    [control('max-age=60, must-revalidate'), 60],
    [control('max-age=60, proxy-revalidate'), 60],
    [control('max-age=0, stale-while-revalidate=60'), 0],
    [
      [
        ['Cache-Control', 'max-age=60'],
        ['Cache-Control', 'no-store'],
      ],
      undefined,
    ],
    [[['Expires', new Date(START + 30_000).toUTCString()]], 30],
    [[['Expires', '0']], undefined],
    [[['Pragma', 'no-cache']], undefined],
    [[['Last-Modified', new Date(START - 86_400_000).toUTCString()]], undefined],
    [[...control('max-age=60'), ['Age', '70']], undefined],
    [[...control('max-age=60'), ['Set-Cookie', 'a=b']], undefined],
    [[...control('public, max-age=60'), ['Set-Cookie', 'a=b']], undefined],
  ])('%j: %s', (headers, expected) => {
    expect(lifetime(headers)).toBe(expected)
  })

  test.each([
    [204, 60],
    [206, undefined],
    [304, undefined],
    [302, 60],
    [404, 60],
    [418, undefined],
    [500, undefined],
    [503, undefined],
  ])('of status %d: %s', (status, expected) => {
    expect(lifetime(minute, {}, {}, status)).toBe(expected)
  })

  test('what says nothing is stored for `ttl`, and what says otherwise is not', () => {
    expect(lifetime([], { ttl: 5 })).toBe(5)
    expect(lifetime([], { ttl: 5 }, {}, 302)).toBe(undefined)
    expect(lifetime(control('private'), { ttl: 5 })).toBe(undefined)
    expect(lifetime(control('no-cache'), { ttl: 5 })).toBe(undefined)
    expect(lifetime(control('max-age=0'), { ttl: 5 })).toBe(undefined)
    expect(lifetime(control('max-age=60'), { ttl: 5 })).toBe(60)
    expect(lifetime([], { staleIfError: 5 })).toBe(undefined)
  })

  test.each<[string, TestRequest]>([
    ['Authorization', { headers: { Authorization: 'Basic dTpw' } }],
    ['a user', { variables: { REMOTE_USER: 'u' } }],
  ])('with %s only what says that others may have it, unless allowed', (_, request) => {
    expect(lifetime(minute, {}, request)).toBe(undefined)
    expect(lifetime(control('public, max-age=60'), {}, request)).toBe(60)
    expect(lifetime(control('s-maxage=60'), {}, request)).toBe(60)
    expect(lifetime(minute, { authorization: true }, request)).toBe(60)
  })

  test('Cache-Control of clients counts where it is to', () => {
    const request = { headers: { 'Cache-Control': 'no-store' } }
    expect([lifetime(minute, {}, request), lifetime(minute, { clients: true }, request)]).toEqual([60, undefined])
  })

  test('a long Cache-Control takes no time', async () => {
    const long = `max-age=1${' '.repeat(60_000)}x${',='.repeat(30_000)}"`
    expect(await processorTime(() => directives(long))).toBeLessThan(200)
  })

  test.each([
    ['strip', undefined],
    ['keep', 'a=b'],
  ])('Set-Cookie, by `setCookie: %s`', async (setCookie, cookie) => {
    const { ask } = await serve(counting([...minute, ['Set-Cookie', 'a=b']]), { setCookie })
    expect((await ask().response).header('set-cookie')).toBe('a=b')
    const { header, body } = await ask().response
    expect([body.toString(), header('set-cookie')]).toEqual(['body 1', cookie])
  })
})

describe('what tells responses apart', () => {
  const key = (request: TestRequest): string => JSON.stringify(keyOf(makeExchange(request).exchange.variables, []))

  test.each<[string, TestRequest, TestRequest]>([
    ['an encoded slash', { path: '/a%2Fb' }, { path: '/a/b' }],
    ['the order of a query', { path: '/?a=1&b=2' }, { path: '/?b=2&a=1' }],
    ['the host', {}, { headers: { Host: 'evil.example' } }],
    ['the port', {}, { headers: { Host: 'test.example:81' } }],
    ['the scheme', {}, { variables: { HTTPS: 'on' } }],
    ['X-Forwarded-Host', {}, { headers: { 'X-Forwarded-Host': 'evil.example' } }],
    ['X-Forwarded-Prefix', {}, { headers: { 'X-Forwarded-Prefix': '/evil' } }],
    ['X-Script-Name', {}, { headers: { 'X-Script-Name': '/evil' } }],
    ['X-Forwarded-Protocol', {}, { headers: { 'X-Forwarded-Protocol': 'https' } }],
    ['a path in the host', { path: '/a/b' }, { path: '/b', headers: { Host: 'test.example/a' } }],
    ['Forwarded', {}, { headers: { Forwarded: 'for=1.2.3.4;host=evil.example' } }],
    ['another method in disguise', {}, { headers: { 'X-HTTP-Method-Override': 'DELETE' } }],
    ['a path that was rewritten', {}, { variables: { PATH_INFO: '/other' } }],
  ])('%s', (_, one, other) => {
    expect(key(one)).not.toBe(key(other))
  })

  test.each<[string, TestRequest, TestRequest]>([
    ['the letters of a host', {}, { headers: { Host: 'TEST.example' } }],
    ['the usual port', {}, { headers: { Host: 'test.example:80' } }],
    ['the address of a client', {}, { headers: { Forwarded: 'for=1.2.3.4', 'X-Forwarded-For': '1.2.3.4' } }],
    ['the target with its host', { path: '/a' }, { path: 'http://test.example/a' }],
  ])('not %s', (_, one, other) => {
    expect(key(one)).toBe(key(other))
  })

  test.each([
    ['a, b', 'a,b'],
    ['\t a\t,  b ', 'a,b'],
    ['a b', 'a b'],
    ['a,,b', 'a,,b'],
    ['\xa0a\xa0', '\xa0a\xa0'],
  ])('blanks in %j, of a field that Vary names', (value, compared) => {
    expect(valueOf({ HTTP_A: value }, 'HTTP_A')).toBe(compared)
  })

  test('as many blanks as a head has room for take no time', async () => {
    const value = `a${' '.repeat(60_000)}b`
    const compare = (): void => {
      for (let i = 0; i < 32; i++) expect(valueOf({ HTTP_A: value }, 'HTTP_A')).toBe(value)
    }
    expect(await processorTime(compare)).toBeLessThan(2000)
  })

  test('what Vary names', async () => {
    const app = counting([...minute, ['Vary', 'Accept-Language, accept-encoding']])
    const { got } = await serve(app)
    const language = (value: string): TestRequest => ({ headers: { 'Accept-Language': value } })
    expect(await got(language('de, en'))).toBe('200 fwd=uri-miss; stored | body 1')
    expect(await got(language('fr'))).toBe('200 fwd=vary-miss; stored | body 2')
    expect(await got(language('de,en'))).toContain('hit; ttl=60 | body 1')
    expect(await got(language('fr'))).toContain('hit; ttl=60 | body 2')
    expect(await got()).toBe('200 fwd=vary-miss; stored | body 3')
  })

  test('what has Vary: * is never stored', async () => {
    const { got } = await serve(counting([...minute, ['Vary', 'Cookie, *']]))
    expect([await got(), await got()]).toEqual(['200 fwd=uri-miss | body 1', '200 fwd=uri-miss | body 2'])
  })

  test('what `key` names', async () => {
    const { got } = await serve(counting(minute), { key: ['HTTP_X_COUNTRY'] })
    await got({ headers: { 'X-Country': 'de' } })
    expect(await got({ headers: { 'X-Country': 'fr' } })).toContain('body 2')
    expect(await got({ headers: { 'X-Country': 'de' } })).toContain('body 1')
  })

  test('of one URL there are not without end', async () => {
    const { got } = await serve(counting([...minute, ['Vary', 'X-A']]))
    for (let i = 1; i <= 33; i++) await got({ headers: { 'X-A': String(i) } })
    expect(await got({ headers: { 'X-A': '33' } })).toContain('hit; ttl=60 | body 33')
    expect(await got({ headers: { 'X-A': '1' } })).toContain('body 34')
  })
})

describe('what a client has already', () => {
  const fields: Fields = [...minute, ['ETag', '"a"'], ['Last-Modified', 'Wed, 31 Dec 2025 00:00:00 GMT'], ['X-A', 'b']]

  test.each([
    ['If-None-Match', '"a"', 304],
    ['If-None-Match', '"z", W/"a"', 304],
    ['If-None-Match', '*', 304],
    ['If-None-Match', '"z"', 200],
    ['If-Modified-Since', 'Wed, 31 Dec 2025 00:00:00 GMT', 304],
    ['If-Modified-Since', 'Tue, 30 Dec 2025 00:00:00 GMT', 200],
    ['If-Modified-Since', 'nonsense', 200],
  ])('%s: %s gives %d, from the app and from what is stored', async (name, value, status) => {
    const { ask, asked } = await serve(counting(fields))
    for (const _ of [1, 2]) {
      const answer = await ask({ headers: { [name]: value } }).response
      expect([answer.status, answer.body.toString()]).toEqual([status, status === 304 ? '' : 'body 1'])
      if (status !== 304) continue
      expect([answer.header('etag'), answer.header('x-a'), answer.header('content-length')]).toEqual([
        '"a"',
        undefined,
        undefined,
      ])
    }
    // The app was asked for the whole, for others too.
    expect(asked.map(({ HTTP_IF_NONE_MATCH: tag, HTTP_IF_MODIFIED_SINCE: since }) => tag ?? since)).toEqual([undefined])
  })

  test('HEAD is answered with what GET has stored, and stores nothing', async () => {
    const { ask, asked, got } = await serve(counting(fields))
    expect(await got({ method: 'HEAD' })).toBe('200 fwd=uri-miss | ')
    expect(await got()).toContain('fwd=uri-miss; stored | body 2')
    const { header, body } = await ask({ method: 'HEAD' }).response
    expect([header('cache-status'), header('content-length'), body.length]).toEqual(['sidegate; hit; ttl=60', '6', 0])
    expect(asked.length).toBe(2)
  })

  test.each([
    ['bytes=0-1', undefined, 206, 'bo', 'bytes 0-1/6'],
    ['bytes=2-', undefined, 206, 'dy 1', 'bytes 2-5/6'],
    ['bytes=-2', undefined, 206, ' 1', 'bytes 4-5/6'],
    ['bytes=-99', undefined, 206, 'body 1', 'bytes 0-5/6'],
    ['bytes=4-99', undefined, 206, ' 1', 'bytes 4-5/6'],
    ['bytes=6-', undefined, 416, '', 'bytes */6'],
    ['bytes=-0', undefined, 416, '', 'bytes */6'],
    ['bytes=3-2', undefined, 200, 'body 1', undefined],
    ['bytes=0-0,2-2', undefined, 200, 'body 1', undefined],
    ['bytes=', undefined, 200, 'body 1', undefined],
    ['items=0-1', undefined, 200, 'body 1', undefined],
    ['bytes=0-1', '"a"', 206, 'bo', 'bytes 0-1/6'],
    ['bytes=0-1', 'W/"a"', 200, 'body 1', undefined],
    ['bytes=0-1', '"z"', 200, 'body 1', undefined],
    ['bytes=0-1', 'Wed, 31 Dec 2025 00:00:00 GMT', 206, 'bo', 'bytes 0-1/6'],
  ])('Range: %s, If-Range: %s gives %d', async (range, condition, status, text, part) => {
    const { ask, got } = await serve(counting(fields))
    await got()
    const headers = { Range: range, ...(condition !== undefined && { 'If-Range': condition }) }
    const answer = await ask({ headers }).response
    expect([answer.status, answer.body.toString(), answer.header('content-range')]).toEqual([status, text, part])
    expect(answer.header('content-length')).toBe(String(text.length))
  })

  test('a part of what is not stored comes from the app, and is not stored', async () => {
    const { got, asked } = await serve((exchange) => {
      const part = exchange.variables.HTTP_RANGE !== undefined
      exchange.respond({ status: part ? 206 : 200, reason: '', headers: minute })
      exchange.end(part ? 'bo' : 'body')
    })
    expect(await got({ headers: { Range: 'bytes=0-1' } })).toBe('206 fwd=uri-miss | bo')
    expect(await got()).toBe('200 fwd=uri-miss; stored | body')
    expect(asked[0]!.HTTP_RANGE).toBe('bytes=0-1')
  })
})

describe('what is stale', () => {
  test('is confirmed, with the fields of the 304', async () => {
    const { ask, got, asked } = await serve((exchange) => {
      const confirmed = exchange.variables.HTTP_IF_NONE_MATCH === '"a"'
      const headers: Fields = [...minute, ['ETag', '"a"'], ['X-A', confirmed ? 'new' : 'old']]
      exchange.respond({ status: confirmed ? 304 : 200, reason: '', headers })
      exchange.end(confirmed ? undefined : 'body')
    })
    await got()
    later(61)
    const { status, header, body } = await ask({ headers: { 'If-None-Match': '"z"', Range: 'bytes=0-' } }).response
    expect([status, header('x-a'), header('cache-status'), body.toString()]).toEqual([
      206,
      'new',
      'sidegate; fwd=stale; fwd-status=304',
      'body',
    ])
    expect([asked[1]!.HTTP_IF_NONE_MATCH, asked[1]!.HTTP_RANGE]).toEqual(['"a"', undefined])
    expect(await got()).toBe('200 hit; ttl=60 | body')
    expect(asked.length).toBe(2)
  })

  test.each([
    ['strip', [], ['b=2', 'c=3'], []],
    ['refuse', [], ['b=2', 'c=3'], []],
    ['keep', ['a=1'], ['b=2', 'c=3'], ['b=2', 'c=3']],
  ])('cookies of a 304 are for whom it was asked for, by `setCookie: %s`', async (setCookie, before, own, after) => {
    const { ask } = await serve(
      (exchange) => {
        const confirmed = exchange.variables.HTTP_IF_NONE_MATCH !== undefined
        const set = confirmed ? ['b=2', 'c=3'] : setCookie === 'refuse' ? [] : ['a=1']
        const cookies: Fields = set.map((cookie) => ['Set-Cookie', cookie])
        exchange.respond({
          status: confirmed ? 304 : 200,
          reason: '',
          headers: [...minute, ['ETag', '"a"'], ...cookies],
        })
        exchange.end(confirmed ? undefined : 'body')
      },
      { setCookie },
    )
    const cookies = async (headers = {}): Promise<unknown[]> => {
      const response = await ask({ headers }).response
      return [response.status, ...response.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)]
    }
    await cookies()
    expect(await cookies()).toEqual([200, ...before])
    later(61)
    expect(await cookies()).toEqual([200, ...own])
    expect(await cookies()).toEqual([200, ...after])
    later(61)
    expect(await cookies({ 'If-None-Match': '"a"' })).toEqual([304, ...own])
  })

  test('gives way to what has come in its place', async () => {
    const { got } = await serve(counting([...minute, ['ETag', '"a"']]))
    await got()
    later(61)
    expect(await got()).toBe('200 fwd=stale; fwd-status=200; stored | body 2')
    expect(await got()).toBe('200 hit; ttl=60 | body 2')
  })

  test('is not given to others any longer when a 304 names another Vary', async () => {
    const { got, asked } = await serve((exchange) => {
      const confirmed = exchange.variables.HTTP_IF_NONE_MATCH !== undefined
      const headers: Fields = [
        ['ETag', '"a"'],
        ...(confirmed ? [...minute, ['Vary', 'Cookie'] as const] : [['Cache-Control', 'max-age=1'] as const]),
      ]
      exchange.respond({ status: confirmed ? 304 : 200, reason: '', headers })
      exchange.end(confirmed ? undefined : `for ${exchange.variables.HTTP_COOKIE}`)
    })
    const anna = { headers: { Cookie: 'anna' } }
    await got(anna)
    later(2)
    expect(await got(anna)).toBe('200 fwd=stale; fwd-status=304 | for anna')
    expect(await got({ headers: { Cookie: 'bob' } })).toBe('200 fwd=uri-miss; stored | for bob')
    expect(asked).toHaveLength(3)
  })

  test('is asked for anew when a 304 is about something else', async () => {
    let count = 0
    const { got } = await serve((exchange) => {
      const other = exchange.variables.HTTP_IF_NONE_MATCH !== undefined
      exchange.respond({ status: other ? 304 : 200, reason: '', headers: [...minute, ['ETag', other ? '"b"' : '"a"']] })
      exchange.end(other ? undefined : `body ${++count}`)
    })
    await got()
    later(61)
    expect(await got()).toBe('200 fwd=stale; stored | body 2')
  })

  test('is sent while another one is fetched, by one request', async () => {
    const held: Exchange[] = []
    let slow = false
    const { got, asked } = await serve((exchange) => {
      if (slow) return void held.push(exchange)
      exchange.respond({
        status: 200,
        reason: '',
        headers: [['Cache-Control', 'max-age=60, stale-while-revalidate=30']],
      })
      exchange.end('old')
    })
    await got()
    slow = true
    later(70)
    expect(await got()).toBe('200 hit; ttl=-10 | old')
    expect(await got({ method: 'HEAD' })).toBe('200 hit; ttl=-10 | ')
    expect([asked.length, asked[1]!.REQUEST_METHOD]).toEqual([2, 'GET'])
    held[0]!.respond({ status: 200, reason: '', headers: minute })
    held[0]!.end('new')
    await turn()
    expect(await got()).toBe('200 hit; ttl=60 | new')
  })

  test('stays, when who made the one that was fetched has failed', async () => {
    const { got, asked } = await serve((exchange) => {
      const headers: Fields = [['Cache-Control', 'max-age=60, stale-while-revalidate=90']]
      const head = { status: 200, reason: '', headers }
      exchange.respond(head)
      exchange.write(`body ${asked.length}`)
      if (asked.length > 1) doubt(exchange, head)
      exchange.end()
    })
    await got()
    later(70)
    expect([await got(), await turn(), await got()]).toEqual([
      '200 hit; ttl=-10 | body 1',
      undefined,
      '200 hit; ttl=-10 | body 1',
    ])
    expect(asked.length).toBe(3)
  })

  test('is sent in the place of an error, as long as it may be', async () => {
    let fails: 'not' | 'status' | 'error' | 'cut' = 'not'
    const { ask, got } = await serve((exchange) => {
      if (fails === 'error') throw new UpstreamError('UPSTREAM_REFUSED', 'nobody there')
      if (fails === 'status') {
        exchange.respond({ status: 503, reason: '', headers: [] })
        exchange.write('busy')
        return exchange.end()
      }
      exchange.respond({ status: 200, reason: '', headers: [['Cache-Control', 'max-age=60, stale-if-error=60']] })
      if (fails === 'cut') throw new AppError('APP_RAISED', 'no')
      exchange.end('old')
    })
    await got()
    later(61)
    fails = 'error'
    expect(await got()).toBe('200 fwd=stale; fwd-status=502; detail=stale-if-error | old')
    fails = 'status'
    expect(await got()).toBe('200 fwd=stale; fwd-status=503; detail=stale-if-error | old')
    fails = 'cut'
    expect(await got()).toBe('200 fwd=stale; fwd-status=500; detail=stale-if-error | old')
    later(61)
    expect((await ask().response).status).toBe(500)
    fails = 'status'
    expect(await got()).toContain('503 fwd=stale; fwd-status=503 | busy')
  })

  test('is not sent at all when it says so', async () => {
    const headers: Fields = [['Cache-Control', 'max-age=60, must-revalidate, stale-while-revalidate=60']]
    const { got } = await serve(counting(headers), { staleIfError: 60 })
    await got()
    expect(await got()).toContain('hit')
    later(61)
    expect(await got()).toContain('body 2')
  })
})

describe('at the same moment', () => {
  test('one of equal requests goes to the app, and the others get what it gets', async () => {
    const held: Exchange[] = []
    const { ask, asked } = await serve((exchange) => void held.push(exchange))
    const all = Array.from({ length: 50 }, () => ask())
    expect(asked.length).toBe(1)
    held[0]!.respond({ status: 200, reason: '', headers: minute })
    held[0]!.write('bo')
    held[0]!.end('dy')
    const answers = (await Promise.all(all.map(({ response }) => response))).map(shown)
    expect(new Set(answers)).toEqual(new Set(['200 fwd=uri-miss; stored | body', '200 fwd=uri-miss; collapsed | body']))
    expect(asked.length).toBe(1)
  })

  test('what is for one alone is asked for by each, and not one after the other', async () => {
    const held: Exchange[] = []
    const { ask, got, asked } = await serve((exchange) => void held.push(exchange))
    const answer = (exchange: Exchange): void => {
      exchange.respond({ status: 200, reason: '', headers: [['Cache-Control', 'private']] })
      exchange.write('a')
    }
    const all = Array.from({ length: 50 }, () => ask())
    answer(held[0]!)
    expect(asked.length).toBe(50)
    // For a while it is not waited for again.
    void got()
    void got()
    expect(asked.length).toBe(52)
    for (const exchange of held.slice(1)) answer(exchange)
    for (const exchange of held) exchange.end()
    expect((await Promise.all(all.map(({ response }) => response))).map(({ body }) => body.toString())).toEqual(
      all.map(() => 'a'),
    )
  })

  test('when the first client goes away, the next one is served', async () => {
    const held: Exchange[] = []
    const { ask } = await serve((exchange) => void held.push(exchange))
    const [first, second, third] = [ask(), ask(), ask()]
    third.hangUp()
    first.hangUp()
    expect([held.length, held[0]!.aborted]).toEqual([2, true])
    held[1]!.respond({ status: 200, reason: '', headers: minute })
    held[1]!.end('body')
    expect(shown(await second.response)).toBe('200 fwd=uri-miss; stored | body')
    expect([first.errors, second.errors, third.errors]).toEqual([[], [], []])
  })

  test('nobody waits longer than `lock`, and no more than `waiting`', async () => {
    const held: Exchange[] = []
    const { ask, asked } = await serve((exchange) => void held.push(exchange), { lock: 0.01, waiting: 1 })
    const all = [ask(), ask(), ask()]
    expect(asked.length).toBe(2)
    await until('three requests', () => asked.length === 3)
    for (const one of all) one.hangUp()
  })

  test('a response that takes longer than `lock` is not waited for again for a while', async () => {
    const { ask, asked } = await serve(() => {}, { ttl: 60, lock: 0.01 })
    const all = [ask(), ask()]
    await until('two requests', () => asked.length === 2)
    all.push(ask(), ask())
    expect(asked.length).toBe(4)
    for (const one of all) one.hangUp()
  })

  test('a stream of events that says nothing of it is for one client', async () => {
    const { ask, asked } = await serve(
      (exchange) => {
        exchange.respond({ status: 200, reason: '', headers: [['Content-Type', 'text/event-stream']] })
        exchange.write('data: 1\n\n')
      },
      { ttl: 60 },
    )
    const all = [ask(), ask(), ask()]
    expect(asked.length).toBe(3)
    for (const one of all) one.hangUp()
  })

  test('when it fails, the others get what is stale, without asking', async () => {
    const held: Exchange[] = []
    const { ask, got, asked } = await serve((exchange) => {
      if (asked.length > 1) return void held.push(exchange)
      exchange.respond({ status: 200, reason: '', headers: [['Cache-Control', 'max-age=1, stale-if-error=60']] })
      exchange.end('old')
    })
    await got()
    later(2)
    const all = [ask(), ask(), ask()]
    held[0]!.fail(new UpstreamError('UPSTREAM_REFUSED', 'nobody there'))
    const answers = (await Promise.all(all.map(({ response }) => response))).map(({ body }) => body.toString())
    expect([answers, asked.length]).toEqual([['old', 'old', 'old'], 2])
  })
})

describe('what is not whole', () => {
  test.each<[string, App]>([
    [
      'it is cut',
      (exchange) => {
        exchange.respond({ status: 200, reason: '', headers: [...minute, ['Content-Length', '10']] })
        exchange.write('half')
        exchange.end()
      },
    ],
    [
      'its app fails',
      (exchange) => {
        exchange.respond({ status: 200, reason: '', headers: minute })
        exchange.write('half')
        throw new AppError('APP_RAISED', 'no')
      },
    ],
  ])('is not stored when %s', async (_, app) => {
    const { ask, asked } = await serve(app)
    expect((await ask().response).cut).toBe(true)
    expect((await ask().response).cut).toBe(true)
    expect(asked.length).toBe(2)
  })

  test('is not stored when the client goes away', async () => {
    const { ask, asked } = await serve((exchange) => {
      exchange.respond({ status: 200, reason: '', headers: minute })
      exchange.write('half')
    })
    ask().hangUp()
    ask().hangUp()
    expect(asked.length).toBe(2)
  })
})

describe('what changes something', () => {
  const app: App = (exchange) => {
    const { REQUEST_METHOD: method, QUERY_STRING: status } = exchange.variables
    const headers: Fields = method === 'GET' ? minute : [['Location', '/b?x']]
    exchange.respond({ status: method === 'GET' ? 200 : Number(status || 204), reason: '', headers })
    exchange.end(method === 'GET' ? 'body' : undefined)
  }

  test.each([
    ['POST', '/a', 'fwd=uri-miss; stored'],
    ['DELETE', '/a', 'fwd=uri-miss; stored'],
    ['OPTIONS', '/a', 'hit; ttl=60'],
    ['POST', '/a?500', 'hit; ttl=60'],
    ['POST', '/other', 'hit; ttl=60'],
  ])('%s %s leaves %s', async (method, path, status) => {
    const { ask, got } = await serve(app)
    await got({ path: '/a' })
    await ask({ method, path }).response
    expect(await got({ path: '/a' })).toBe(`200 ${status} | body`)
  })

  test('what Location names is forgotten, of the same host alone', async () => {
    const { ask, got } = await serve(app)
    const elsewhere = { path: '/b?x', headers: { Host: 'other.example' } }
    await got({ path: '/b?x' })
    await got(elsewhere)
    await ask({ method: 'POST', path: '/a' }).response
    expect(await got({ path: '/b?x' })).toContain('fwd=uri-miss')
    expect(await got(elsewhere)).toContain('hit')
  })

  test('what was on its way meanwhile is not stored', async () => {
    const held: Exchange[] = []
    const { ask, got } = await serve((exchange) => {
      if (exchange.variables.REQUEST_METHOD !== 'GET') return app(exchange)
      exchange.respond({ status: 200, reason: '', headers: minute })
      exchange.write('old')
      held.push(exchange)
      return undefined
    })
    const first = ask({ path: '/a' })
    await ask({ method: 'POST', path: '/a' }).response
    held[0]!.end()
    expect((await first.response).body.toString()).toBe('old')
    const second = got({ path: '/a' })
    held[1]!.end()
    expect(await second).toContain('fwd=uri-miss')
  })
})

describe('a purge', () => {
  test.each([
    ['http://a.example/x?y', 'http://a.example/x?y', true],
    ['http://a.example/x?y', 'http://a.example/x', false],
    ['http://a.example/x?y', 'http://a.example/x*', true],
    ['http://a.example/x?y', '/x?y', true],
    ['http://a.example/x?y', '/x*', true],
    ['http://a.example/x?y', '/*', true],
    ['http://a.example/x?y', '*', true],
    ['http://a.example/x?y', '/y*', false],
    ['https://a.example/x', 'http://a.example/x', false],
  ])('%s is meant by %s: %s', (url, pattern, meant) => {
    expect(isNamed(url, pattern)).toBe(meant)
  })

  test('forgets what is stored, and what is on its way', async () => {
    const held: Exchange[] = []
    const { layer, ask, got } = await serve((exchange) => {
      exchange.respond({ status: 200, reason: '', headers: minute })
      if (exchange.variables.PATH_INFO === '/slow') return void held.push(exchange)
      exchange.end('body')
    })
    await got({ path: '/a/1' })
    await got({ path: '/a/2' })
    await got({ path: '/b' })
    const slow = ask({ path: '/slow' })
    expect([layer.purge!('/a/*'), layer.purge!('/slow')]).toEqual([2, 0])
    held[0]!.end('slow')
    await slow.response
    expect(await got({ path: '/a/1' })).toContain('fwd=uri-miss')
    expect(await got({ path: '/b' })).toContain('hit')
    void ask({ path: '/slow' })
    expect(held.length).toBe(2)
  })
})

describe('the method PURGE', () => {
  const purge = (path: string, from: string, more: TestRequest = {}): TestRequest => ({
    method: 'PURGE',
    path,
    variables: { REMOTE_ADDR: from, ...more.variables },
  })

  test('counts where it comes from whom it may', async () => {
    const { ask, got, asked } = await serve(counting(minute), { purgeFrom: ['10.0.0.0/8', 'unix'] })
    const secure: TestRequest = { path: '/a', variables: { HTTPS: 'on' } }
    for (const request of [{ path: '/a' }, secure, { path: '/a/b' }, { path: '/a', headers: { Host: 'other' } }])
      await got(request)
    for (const from of ['192.0.2.7', '127.0.0.1', 'unknown', '10.0.0.999']) {
      const refused = ask(purge('/a', from))
      expect([(await refused.response).status, refused.errors[0]!.code]).toEqual([403, 'CACHE_PURGE'])
    }
    const done = await ask(purge('/a', '10.1.2.3')).response
    expect([done.status, String(done.body)]).toEqual([200, 'forgotten: 2\n'])
    expect(await got({ path: '/a' })).toContain('fwd=uri-miss')
    expect(await got(secure)).toContain('fwd=uri-miss')
    expect(await got({ path: '/a', headers: { Host: 'other' } })).toContain('hit')
    expect(String((await ask(purge('/a*', '')).response).body)).toBe('forgotten: 3\n')
    expect(asked.some(({ REQUEST_METHOD }) => REQUEST_METHOD === 'PURGE')).toBe(false)
  })

  test('is like others where nobody may', async () => {
    const { ask, asked } = await serve(counting(minute))
    await ask(purge('/', '127.0.0.1')).response
    expect(asked.map(({ REQUEST_METHOD }) => REQUEST_METHOD)).toEqual(['PURGE'])
  })

  test('who is no address is told at the start', async () => {
    await expect(serve(counting(minute), { purgeFrom: ['nobody'] })).rejects.toMatchObject({
      code: 'PEER_BAD',
      path: 'use.0.cache.purgeFrom.0',
    })
  })
})

describe('memory', () => {
  const large: App = (exchange) => {
    exchange.respond({ status: 200, reason: '', headers: minute })
    exchange.write(Buffer.alloc(50_000, 'a'))
    exchange.end(Buffer.alloc(50_000, 'b'))
  }

  test('is bounded: what nobody has asked for longest goes first', async () => {
    const { got, asked } = await serve(large, { memory: 1_000_000 })
    await got({ path: '/first' })
    for (let i = 0; i < 100; i++) {
      await got({ path: `/${i}` })
      await got({ path: '/first' })
    }
    expect(asked.length).toBe(101)
    expect(await got({ path: '/99' })).toContain('hit')
    expect(await got({ path: '/0' })).toContain('fwd=uri-miss')
  })

  test('has no room for what is on its way without end', async () => {
    const held: Exchange[] = []
    const { ask, got } = await serve(
      (exchange) => {
        exchange.respond({ status: 200, reason: '', headers: minute })
        exchange.write(Buffer.alloc(90_000))
        held.push(exchange)
      },
      { memory: 200_000 },
    )
    const all = ['/1', '/2', '/3'].map((path) => ask({ path }))
    for (const exchange of held.splice(0)) exchange.end()
    await Promise.all(all.map(({ response }) => response))
    expect(await got({ path: '/2' })).toContain('hit')
    const third = ask({ path: '/3' })
    expect(held.length).toBe(1)
    third.hangUp()
  })

  test.each<[string, Fields]>([
    ['says so', [...minute, ['Content-Length', '100000']]],
    ['does not say so', minute],
  ])('what is longer than `maxEntry` and %s passes', async (_, headers) => {
    const { ask, asked } = await serve(
      (exchange) => {
        exchange.respond({ status: 200, reason: '', headers })
        exchange.write(Buffer.alloc(50_000, 'a'))
        exchange.end(Buffer.alloc(50_000, 'b'))
      },
      { maxEntry: 99_999 },
    )
    expect((await ask().response).body.length).toBe(100_000)
    expect((await ask().response).body.length).toBe(100_000)
    expect(asked.length).toBe(2)
  })

  test('a slow client takes what is stored piece by piece', async () => {
    const { ask, got } = await serve(large)
    await got()
    const { carrier, response } = ask({ slow: true })
    await carrier.until(({ calls }) => calls.length === 1)
    for (let i = 0; i < 5; i++) await turn()
    expect(carrier.bytes.length).toBe(65_536)
    carrier.drain()
    expect((await response).body.toString()).toBe('a'.repeat(50_000) + 'b'.repeat(50_000))
  })

  test('a client that goes away in the middle leaves what is stored', async () => {
    const { ask, got } = await serve(large)
    await got()
    const { carrier, hangUp, errors } = ask({ slow: true })
    await carrier.until(({ calls }) => calls.length === 1)
    await turn()
    hangUp()
    for (let i = 0; i < 5; i++) await turn()
    expect([errors, await got({ method: 'HEAD' })]).toEqual([[], '200 hit; ttl=60 | '])
  })

  test('an app that writes into its memory anew spoils nothing', async () => {
    const { got } = await serve((exchange) => {
      const own = Buffer.from('first')
      exchange.respond({ status: 200, reason: '', headers: minute })
      exchange.write(own)
      own.write('other')
      exchange.end()
    })
    await got()
    expect(await got()).toContain('first')
  })
})

describe('what passes', () => {
  test.each<[string, TestRequest]>([
    ['a cookie', { headers: { Cookie: 'a=b; session=1' } }],
    ['a field', { headers: { 'X-Preview': '1' } }],
    ['a part of the query', { path: '/?a&preview=1' }],
    ['a variable', { variables: { REMOTE_USER: 'u' } }],
    ['a condition on a change', { headers: { 'If-Match': '"a"' } }],
    ['a body', { body: 'x' }],
  ])('%s', async (_, request) => {
    const bypass = ['cookie:session', 'header:X-Preview', 'query:preview', 'REMOTE_USER']
    const { got } = await serve(counting(minute), { bypass })
    const bare = { path: request.path ?? '/' }
    await got(request)
    expect(await got(request)).toBe('200 fwd=bypass | body 2')
    expect(await got({ ...bare, path: bare.path.replace('preview=1', 'preview=') })).toContain('fwd=uri-miss; stored')
  })

  test('a cookie of another name does not', async () => {
    const { got } = await serve(counting(minute), { bypass: ['cookie:session'] })
    await got({ headers: { Cookie: 'xsession=1; session=' } })
    expect(await got()).toContain('hit')
  })

  test('a client that wants no stored response, where clients may', async () => {
    const bare = await serve(counting(minute))
    const { got } = await serve(counting(minute), { clients: true })
    const no: TestRequest = { headers: { 'Cache-Control': 'no-cache' } }
    await bare.got()
    await got()
    expect(await bare.got(no)).toContain('hit')
    expect(await got(no)).toBe('200 fwd=request; fwd-status=200; stored | body 2')
    later(10)
    expect(await got({ headers: { 'Cache-Control': 'max-age=5' } })).toContain('body 3')
    expect(await got({ headers: { 'Cache-Control': 'max-age=5' } })).toContain('hit')
    expect(await got({ headers: { Pragma: 'no-cache' } })).toContain('body 4')
  })

  test('one that wants nothing else gets 504, where clients may', async () => {
    const { got, asked } = await serve(counting(minute), { clients: true })
    const only: TestRequest = { headers: { 'Cache-Control': 'only-if-cached' } }
    expect(await got(only)).toBe('504 fwd=miss; detail=only-if-cached | ')
    await got()
    expect(await got(only)).toContain('hit')
    expect(asked.length).toBe(1)
    const bare = await serve(counting(minute))
    expect(await bare.got(only)).toBe('200 fwd=uri-miss; stored | body 1')
  })
})

test('Cache-Status is behind that of the cache before, and is left out when it is to be', async () => {
  const fields: Fields = [...minute, ['Cache-Status', 'other; hit']]
  const { ask } = await serve(counting(fields))
  expect((await ask().response).header('cache-status')).toBe('other; hit, sidegate; fwd=uri-miss; stored')
  expect((await ask().response).header('cache-status')).toBe('sidegate; hit; ttl=60')
  const quiet = await serve(counting(minute), { cacheStatus: false })
  await quiet.got()
  const { header, body } = await quiet.ask().response
  expect([header('cache-status'), body.toString()]).toEqual([undefined, 'body 1'])
})

test('errors pass, and are not waited for again', async () => {
  const { ask, asked } = await serve(() => {
    throw new AppError('APP_RAISED', 'no')
  })
  expect([(await ask().response).status, (await ask().response).status, asked.length]).toEqual([500, 500, 2])
})
