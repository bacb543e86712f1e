// Chains of layers, drawn by chance: which, in which order, with which settings.
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { layers } from '../../../sidecar/middleware/index.ts'

/** Who may come by name. */
export const USERS: Readonly<Record<string, string>> = { anna: 'a', ben: 'b' }

/** An address that some chains let nobody come from. */
export const STRANGER = '192.0.2.66'

/** The browser for which some chains have other pages. */
export const MOBILE = 'mobile'

/** One layer of a chain. */
export interface Link {
  readonly layer: (typeof layers)[number]['name'] | 'own'
  readonly settings: Readonly<Record<string, unknown>>
}

type Settings = fc.Arbitrary<Readonly<Record<string, unknown>>>

const oneOf = (...settings: readonly Readonly<Record<string, unknown>>[]): Settings => fc.constantFrom(...settings)
const users = Object.entries(USERS).map((pair) => pair.join(':'))
const everywhere = [{}, {}, { path: '/page/secret' }, { except: '/page/plain' }]

/** The settings of each; the compiler asks for those of a new one. */
const settings: Readonly<Record<Link['layer'], Settings>> = {
  'request-id': oneOf({}, { trust: true }),
  'proxy-fix': oneOf({ trust: ['192.0.2.7'] }, { trust: ['192.0.2.7'], untrusted: 'pass' }),
  auth: fc
    .tuple(
      oneOf(
        { users, plain: true },
        { users, plain: true, passAuthorization: true },
        { forward: '/check' },
        { forward: '/check', user: 'Nothing-Such', request: ['X-Who'] },
      ),
      oneOf(...everywhere),
    )
    .map(([how, where]) => ({ ...how, ...where })),
  headers: oneOf(
    { secure: true },
    { response: { set: { 'X-Lang': '${HTTP_ACCEPT_LANGUAGE}' } } },
    { response: { set: { 'X-Who-Are-You': '${REMOTE_USER}' } } },
    { response: { remove: ['ETag'] } },
    { request: { remove: ['If-None-Match'] } },
    { request: { set: { 'X-Copied': '${HTTP_USER_AGENT}' } } },
  ),
  variables: oneOf({ set: { COLOUR: 'red' } }, { remove: ['HTTP_RANGE'] }),
  cors: oneOf({ origins: ['*'] }, { origins: ['https://a.test', 'https://b.test'], credentials: true }),
  compress: fc.record({
    codings: fc.constantFrom(['gzip'], ['zstd', 'br', 'gzip']),
    minSize: fc.constantFrom(0, 1000),
    eventStreams: fc.boolean(),
    streams: fc.constantFrom(1, 100),
  }),
  cache: fc.record({
    ttl: fc.constantFrom(0, 60),
    maxEntry: fc.constantFrom(20_000, 1_000_000),
    setCookie: fc.constantFrom('refuse', 'strip'),
    clients: fc.boolean(),
    lock: fc.constantFrom(0, 1),
    staleIfError: fc.constantFrom(0, 60),
    staleWhileRevalidate: fc.constantFrom(0, 60),
  }),
  mirror: oneOf({ to: '/mirrored' }, { to: '/mirrored', maxBody: 100, most: 2 }),
  errors: oneOf(
    { pages: { '4xx': 'ask:/errors/${STATUS}', '5xx': 'ask:/errors/${STATUS}' } },
    { pages: { '404': './page.html', '5xx': './page.html', '401': './page.html' } },
    { pages: { '5xx': './page.html' }, of: 'sidegate' },
    { pages: { '404': 'ask:/page/missing', '5xx': 'ask:/page/raises' } },
  ),
  'try-files': oneOf({ root: '.' }, { root: '.', precompressed: ['gzip'], maxAge: 60 }),
  xslt: oneOf({ sheet: join(import.meta.dirname, '../identity.xsl') }),
  rewrite: oneOf(
    { rules: [{ from: '/alias/:page', to: '/page/:page' }] },
    { rules: [{ from: '/page/small', to: '/page/mobile', when: { HTTP_USER_AGENT: MOBILE } }] },
    { rules: [{ from: '/page/plain', to: '/page/secret' }] },
  ),
  redirect: oneOf(
    { rules: [{ from: '/old', to: '/page/plain', permanent: true }] },
    { rules: [{ from: '/page/small', to: '/mobile', permanent: true, when: { HTTP_USER_AGENT: MOBILE } }] },
    { rules: [{ from: '/page/small', to: '/${REMOTE_ADDR}', permanent: true }] },
  ),
  access: fc
    .tuple(oneOf({ deny: STRANGER }, { allow: ['192.0.2.0/26'] }, { methods: ['GET', 'POST'] }), oneOf(...everywhere))
    .map(([who, where]) => ({ ...who, ...where })),
  limit: oneOf(
    { concurrent: 1 },
    { concurrent: 2, key: 'all' },
    { rate: '3/m', fields: 'draft' },
    { rate: '100/s', burst: 1, delay: 5 },
    { body: 500 },
    { bodyRate: 1_000_000, bodyGrace: 0.005 },
    { head: 300 },
  ),
  timeout: oneOf({ response: 0.02 }, { idle: 0.02 }, { total: 0.03 }, { response: 600, idle: 600, total: 600 }),
  retry: oneOf({ attempts: 2, delay: 0.001 }, { attempts: 3, delay: 0.001, statuses: [500, 503], budget: 100 }),
  circuit: oneOf({ least: 2, open: 0.01 }, { share: 100 }),
  own: oneOf({}, { held: true }, { answers: '/page/empty' }),
}

/** One to six layers. */
export function chains(without: readonly Link['layer'][] = []): fc.Arbitrary<readonly Link[]> {
  const names = (Object.keys(settings) as Link['layer'][]).filter((name) => !without.includes(name))
  // What keeps, lets in and answers in the place of others has the most joints.
  const often = names.filter((name) => ['cache', 'auth', 'compress', 'errors', 'retry'].includes(name))
  const name = fc.oneof(
    { weight: 50, arbitrary: fc.constantFrom(...names.filter((one) => one !== 'xslt')) },
    { weight: 50, arbitrary: fc.constantFrom(...often) },
    // It begins a thread each time.
    { weight: names.includes('xslt') ? 1 : 0, arbitrary: fc.constant('xslt' as const) },
  )
  const link = name.chain((layer) => settings[layer].map((own) => ({ layer, settings: own })))
  return fc.array(link, { minLength: 1, maxLength: 6 })
}
