// Requests, drawn by chance: of somebody, for a page, with all that requests can have.
import * as fc from 'fast-check'
import type { TestRequest } from '../../exchange.ts'
import { MOBILE, STRANGER, USERS } from './chains.ts'
import { PAGES, tagOf, type Facts } from './pages.ts'

/** A request as it is drawn. */
export interface Asked {
  readonly method: string
  readonly path: string
  /** Who asks: by password, cookie, and where `known` is set in the words of the web server. */
  readonly user: string | undefined
  readonly known: boolean
  readonly password: 'right' | 'wrong'
  readonly stranger: boolean
  readonly mobile: boolean
  readonly lang: 'de' | 'en'
  readonly origin: string | undefined
  readonly accept: string | undefined
  readonly condition: 'none' | 'strong' | 'weak' | 'any' | 'range' | 'if-range'
  readonly control: string | undefined
  /** Bytes; undefined: none. */
  readonly body: number | undefined
  /** The body comes in pieces of unknown number. */
  readonly chunked: boolean
  /** The client goes away after so many turns. */
  readonly leaves: number | undefined
  readonly slow: boolean
}

const maybe = <T>(one: fc.Arbitrary<T>, freq = 1): fc.Arbitrary<T | undefined> =>
  fc.option(one, { nil: undefined, freq })
const seldom = fc.integer({ min: 0, max: 9 }).map((one) => one === 0)
const names = Object.keys(PAGES)
const paths = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...names).map((name) => `/page/${name}`) },
  { weight: 4, arbitrary: fc.constantFrom('/page/secret', '/page/account', '/page/tagged', '/page/small') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '/alias/secret',
      '/old',
      '/file.txt',
      '/page/%73ecret',
      '/x/../page/secret',
      '/page/plain?a=1',
      '/nowhere',
    ),
  },
)

/** One request. */
export const requests: fc.Arbitrary<Asked> = fc.record({
  method: fc.oneof(
    { weight: 7, arbitrary: fc.constant('GET') },
    { weight: 3, arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'OPTIONS') },
  ),
  path: paths,
  user: maybe(fc.constantFrom(...Object.keys(USERS)), 2),
  known: seldom,
  password: seldom.map((wrong) => (wrong ? 'wrong' : 'right')),
  stranger: seldom,
  mobile: fc.boolean(),
  lang: fc.constantFrom('de', 'en'),
  origin: maybe(fc.constantFrom('https://a.test', 'https://b.test', 'https://evil.test')),
  accept: maybe(fc.constantFrom('gzip', 'br, gzip;q=0.5', 'zstd, gzip', 'identity')),
  condition: fc.oneof(
    { weight: 4, arbitrary: fc.constant('none' as const) },
    { weight: 2, arbitrary: fc.constantFrom('strong', 'weak', 'any', 'range', 'if-range') },
  ),
  control: maybe(fc.constantFrom('no-cache', 'max-age=0', 'only-if-cached', 'no-transform'), 4),
  body: maybe(fc.constantFrom(0, 10, 400, 5000, 200_000)),
  chunked: fc.boolean(),
  leaves: seldom.chain((leaves) => (leaves ? fc.integer({ min: 0, max: 6 }) : fc.constant(undefined))),
  slow: seldom,
})

/** The page of a path, as it is without layers. */
export function pageOf({ path }: Asked): string | undefined {
  return /\/(\w+)(?:\?|$)/.exec(decodeURI(path))?.[1]
}

/** What may stand in a body for whoever asks. */
export function factsOf(asked: Asked, got = ''): Facts {
  return { user: asked.user ?? 'nobody', lang: asked.lang, agent: asked.mobile ? MOBILE : 'desk', got }
}

/** The bytes of a request's body. */
export function sentBody({ method, body }: Asked): Buffer | undefined {
  return body === undefined || method === 'GET' || method === 'HEAD' ? undefined : Buffer.alloc(body, 'sent ')
}

/** The request for `makeExchange`. */
export function testRequest(asked: Asked, number: number): TestRequest {
  const { method, path, user, known, password, stranger, origin, accept, control, chunked, slow } = asked
  const { lang, agent } = factsOf(asked)
  const headers: [string, string][] = [
    ['Accept-Language', lang],
    ['User-Agent', agent],
    ['X-Test', String(number)],
    ...conditionOf(asked),
  ]
  if (user !== undefined && !known) {
    const secret = password === 'right' ? USERS[user] : 'guess'
    headers.push(['Authorization', `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`])
    headers.push(['Cookie', `user=${user}:${secret}`])
  }
  if (origin !== undefined) headers.push(['Origin', origin])
  if (origin !== undefined && method === 'OPTIONS') headers.push(['Access-Control-Request-Method', 'PUT'])
  if (accept !== undefined) headers.push(['Accept-Encoding', accept])
  if (control !== undefined) headers.push(['Cache-Control', control])
  const variables = {
    REMOTE_ADDR: stranger ? STRANGER : '192.0.2.7',
    ...(user !== undefined && known && { REMOTE_USER: user }),
  }
  const body = sentBody(asked)
  return { method, path, headers, variables, slow, ...(body && { body: chunked ? inPieces(body) : body }) }
}

function conditionOf(asked: Asked): [string, string][] {
  const name = pageOf(asked)
  const tag = name !== undefined && Object.hasOwn(PAGES, name) ? tagOf(name, factsOf(asked)) : '"none"'
  const range: [string, string] = ['Range', 'bytes=5-']
  switch (asked.condition) {
    case 'strong':
      return [['If-None-Match', tag]]
    case 'weak':
      return [['If-None-Match', `"other", W/${tag}`]]
    case 'any':
      return [['If-None-Match', '*']]
    case 'range':
      return [range]
    case 'if-range':
      return [range, ['If-Range', tag]]
    default:
      return []
  }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 3000) yield bytes.subarray(at, at + 3000)
}
