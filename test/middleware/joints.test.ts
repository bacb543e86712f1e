// Layers in chains: what holds of each has to hold of all of them, in every order.
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { chain, closeAll, openAll } from '../../sidecar/middleware/chain.ts'
import { access } from '../../sidecar/middleware/access.ts'
import { auth } from '../../sidecar/middleware/auth/auth.ts'
import { cache } from '../../sidecar/middleware/cache.ts'
import { compress } from '../../sidecar/middleware/compress.ts'
import { errors } from '../../sidecar/middleware/errors.ts'
import { headers } from '../../sidecar/middleware/headers.ts'
import type { MiddlewareKind, Next } from '../../sidecar/middleware/middleware.ts'
import { mirror } from '../../sidecar/middleware/mirror.ts'
import { redirect } from '../../sidecar/middleware/redirect.ts'
import { requestId } from '../../sidecar/middleware/request-id.ts'
import { retry } from '../../sidecar/middleware/retry/retry.ts'
import { rewrite } from '../../sidecar/middleware/rewrite.ts'
import { answer } from '../../sidecar/mounted.ts'
import { makeExchange, type TestExchange, type TestRequest } from '../exchange.ts'
import { keepTheirPromises } from './joints/property.ts'
import { makeLayer, type App } from './layer.ts'

/** Some layers, the first of them outermost, in front of an app. */
interface Chained {
  send(request?: TestRequest): TestExchange
  close(): Promise<void>
}

/** @param app answers what comes through, and what layers ask for themselves */
async function chained(kinds: readonly (readonly [MiddlewareKind, unknown])[], app: App): Promise<Chained> {
  const last: Next = (exchange) => {
    answer({ handle: (one) => app(one) as Promise<void> | undefined }, exchange)
  }
  const layers = kinds.map(([kind, settings]) => makeLayer(kind, settings, { mount: '/', ask: last }).layer)
  await openAll(layers)
  const first = chain(layers, last)
  return {
    send(request) {
      const made = makeExchange(request)
      first(made.exchange)
      return made
    },
    close: () => closeAll(layers),
  }
}

const HTML = [['Content-Type', 'text/html']] as const

test('in random chains they keep their promises', async () => {
  await expect(keepTheirPromises({ seed: 15, runs: 40, without: ['xslt'], time: 10_000 })).resolves.toBeUndefined()
})

test('an error page that cannot be had is no failure that another layer tries again', async () => {
  let asked = 0
  const app: App = (exchange) => {
    if (exchange.variables.PATH_INFO === '/page') throw new Error('no page')
    asked++
    exchange.respond({ status: 404, reason: '', headers: HTML })
    exchange.end('of the app')
  }
  const { send, close } = await chained(
    [
      [retry, { delay: 0.001 }],
      [errors, { pages: { 404: 'ask:/page' } }],
    ],
    app,
  )
  const { response, errors: told } = send()
  const { status, body } = await response
  expect([status, body.toString(), asked]).toEqual([404, 'of the app', 1])
  expect(told.map(({ code }) => code)).toEqual(['APP_RAISED', 'ERROR_PAGE'])
  await close()
})

test('a copy of a request that fails is no failure of the request', async () => {
  let asked = 0
  let copied = false
  const app: App = async (exchange) => {
    if (exchange.variables.PATH_INFO === '/next/') {
      copied = true
      throw new Error('the copy')
    }
    asked++
    while (!copied) await turn()
    exchange.respond({ status: 200, reason: '', headers: HTML })
    exchange.end('of the app')
  }
  const kinds = [[retry, { statuses: [500], delay: 0.001 }] as const, [mirror, { to: '/next' }] as const]
  const { send, close } = await chained(kinds, app)
  const { response, exchange } = send({ path: '/' })
  const { status, body } = await response
  expect([status, body.toString(), asked]).toEqual([200, 'of the app', 1])
  expect(exchange.error).toBeUndefined()
  await close()
})

test('what is asked for behind the back of a client and fails does not cut what the client gets', async () => {
  const long = 'a long page '.repeat(20_000)
  let fails = false
  let begun = false
  const app: App = async (exchange: Exchange) => {
    while (fails && !begun) await turn()
    if (fails) throw new Error('behind the back')
    const fields = [['Cache-Control', 'max-age=0, stale-while-revalidate=60']] as const
    exchange.respond({ status: 200, reason: '', headers: [...HTML, ...fields] })
    exchange.end(long)
  }
  const { send, close } = await chained(
    [
      [requestId, {}],
      [cache, {}],
    ],
    app,
  )
  await send().response
  fails = true
  const { response, carrier, errors: told } = send({ slow: true })
  await carrier.until(({ head }) => head !== undefined)
  begun = true
  while (told.length === 0) await turn()
  carrier.drain()
  const { body, cut } = await response
  expect([cut, body.length]).toEqual([false, long.length])
  await close()
})

/** A page of whoever asks, which does not say that it is of one alone; and who tells who that is, by a cookie. */
const personal: App = (exchange) => {
  const { PATH_INFO: path, HTTP_COOKIE: cookie, REMOTE_USER: user, HTTP_X_WHO: who } = exchange.variables
  const name = cookie?.replace('user=', '')
  if (path !== '/check') {
    exchange.respond({ status: 200, reason: '', headers: [...HTML, ['Cache-Control', 'max-age=60']] })
    return exchange.end(`the page of ${user ?? who ?? 'nobody'}`)
  }
  exchange.respond({ status: name ? 200 : 401, reason: '', headers: name ? [['X-Who', name]] : [] })
  return exchange.end()
}

/** Asks for the same page as each of some. */
async function askedBy(
  kinds: readonly (readonly [MiddlewareKind, unknown])[],
  requests: readonly TestRequest[],
): Promise<string[]> {
  const { send, close } = await chained(kinds, personal)
  const answers: string[] = []
  for (const request of requests) {
    const { status, body } = await send(request).response
    answers.push(status === 200 ? body.toString() : String(status))
  }
  await close()
  return answers
}

const anna: TestRequest = { headers: { Cookie: 'user=anna' } }
const ben: TestRequest = { headers: { Cookie: 'user=ben' } }

test('a cache in front of who lets in keeps nothing of that for others', async () => {
  const guard = [auth, { forward: '/check', user: 'X-Who' }] as const
  expect(await askedBy([[cache, { ttl: 60 }], guard], [anna, ben, {}])).toEqual([
    'the page of anna',
    'the page of ben',
    '401',
  ])
  const stranger: TestRequest = { variables: { REMOTE_ADDR: '203.0.113.1' } }
  const place = [access, { allow: ['192.0.2.0/24'] }] as const
  // With layers between, one of which answers later than what it has got.
  for (const between of [
    [],
    [
      [requestId, {}],
      [compress, { minSize: 0 }],
      [requestId, {}],
    ] as const,
  ])
    expect(await askedBy([[cache, {}], ...between, place], [{}, stranger])).toEqual(['the page of nobody', '403'])
})

test('a cache behind who lets in by other words than a name keeps no page of one for others', async () => {
  const guard = [auth, { forward: '/check', request: ['X-Who'] }] as const
  expect(await askedBy([guard, [cache, {}]], [anna, ben, {}])).toEqual(['the page of anna', 'the page of ben', '401'])
})

test('what is open to all is kept beside guarded paths', async () => {
  const guards = [
    [cache, {}],
    [auth, { forward: '/check', path: '/admin' }],
    [access, { deny: '203.0.113.1', path: '/admin' }],
  ] as const
  const { send, close } = await chained(guards, personal)
  await send().response
  const { header } = await send().response
  expect(header('Cache-Status')).toMatch(/hit/)
  await close()
})

describe('what a layer chooses by is told to caches', () => {
  const mobile: TestRequest = { path: '/a', headers: { 'User-Agent': 'mobile' } }
  const desk: TestRequest = { path: '/a', headers: { 'User-Agent': 'desk' } }
  const far: TestRequest = { path: '/a', variables: { REMOTE_ADDR: '203.0.113.1' } }
  const kept: App = (exchange) => {
    exchange.respond({ status: 200, reason: '', headers: [...HTML, ['Cache-Control', 'max-age=60']] })
    exchange.end(exchange.variables.PATH_INFO)
  }
  const ofMobile = { HTTP_USER_AGENT: 'mobile' }
  const ofFar = { REMOTE_ADDR: '203.0.113.1' }

  /** Status, body, and some fields of the response to each request, through a cache and a layer. */
  async function told(kind: MiddlewareKind, settings: unknown, requests: readonly TestRequest[]): Promise<unknown[]> {
    const { send, close } = await chained(
      [
        [cache, { ttl: 60 }],
        [kind, settings],
      ] as const,
      kept,
    )
    const answers: unknown[] = []
    for (const request of requests) {
      const { header, body } = await send(request).response
      answers.push([header('Location') ?? header('X-From') ?? body.toString(), header('Vary')])
    }
    await close()
    return answers
  }

  test('redirect', async () => {
    const leads = (when: Record<string, string>) => ({ rules: [{ from: '/a', to: '/m', permanent: true, when }] })
    expect(await told(redirect, leads(ofMobile), [mobile, desk, mobile, { path: '/b' }])).toEqual([
      ['/m', 'user-agent'],
      ['/a', 'user-agent'],
      ['/m', 'user-agent'],
      ['/b', undefined],
    ])
    expect(await told(redirect, leads(ofFar), [desk, far, desk])).toEqual([
      ['/a', undefined],
      ['/m', undefined],
      ['/a', undefined],
    ])
    const { send, close } = await chained([[redirect, leads(ofFar)]], kept)
    expect((await send(far).response).header('Cache-Control')).toBe('private')
    await close()
  })

  test('rewrite', async () => {
    const leads = (when: Record<string, string>) => ({ rules: [{ from: '/a', to: '/m', when }] })
    expect(await told(rewrite, leads(ofMobile), [mobile, desk])).toEqual([
      ['/m', 'user-agent'],
      ['/a', 'user-agent'],
    ])
    expect(await told(rewrite, leads(ofFar), [far, desk])).toEqual([
      ['/m', undefined],
      ['/a', undefined],
    ])
  })

  test('headers', async () => {
    const says = (value: string) => ({ response: { set: { 'X-From': value } } })
    expect(await told(headers, says('${HTTP_USER_AGENT}'), [mobile, desk])).toEqual([
      ['mobile', 'user-agent'],
      ['desk', 'user-agent'],
    ])
    expect(await told(headers, says('${REMOTE_ADDR}'), [far, desk])).toEqual([
      ['203.0.113.1', undefined],
      ['192.0.2.7', undefined],
    ])
    expect(await told(headers, says('${HTTP_HOST} and $${HTTP_X}'), [far])).toEqual([
      ['test.example and ${HTTP_X}', undefined],
    ])
  })
})
