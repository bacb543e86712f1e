// The layer `cors`: pages of other origins may use an app (Fetch standard, "CORS protocol"). Preflights are answered here; the browser it is
// that keeps a page from a response, so requests of other origins are handed on as any other.
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { through, type Layer } from '../layer.ts'
import { count } from '../quantity.ts'
import { TOKEN } from '../token.ts'
import type { Head, HeaderPair } from '../wire/head.ts'
import type { MiddlewareKind } from './middleware.ts'
import { allowedOrigins, type Origins } from './origins.ts'
import { withoutFields, withVary } from './response-fields.ts'

/** As long as any browser keeps it (Firefox). */
const AGE_MAX = 86_400

const names = v.array(v.pipe(v.string(), v.regex(TOKEN, 'is a name, or * for all')))

const settings = v.strictObject({
  origins: v.pipe(
    v.array(v.string()),
    v.minLength(1),
    v.description(
      'Whose pages may: https://app.example.com, https://*.example.com for what is below a host, http://localhost:* for every port, `null` for files and sandboxes, or * for all.',
    ),
  ),
  methods: v.pipe(
    v.optional(names, ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
    v.description('Methods that they may use; * is every one.'),
  ),
  headers: v.pipe(
    v.optional(names, ['*']),
    v.description('Header fields that their requests may have; * is every one that they ask for.'),
  ),
  expose: v.pipe(
    v.optional(names, []),
    v.description('Header fields of responses that they may read; * is every one.'),
  ),
  credentials: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Their requests may come with cookies and passwords. Not together with the origin *.'),
  ),
  maxAge: count(0, 600, 'Seconds that a browser need not ask again before a request.', AGE_MAX),
  privateNetwork: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Pages of the internet may reach this server in a private network.'),
  ),
  preflight: v.pipe(
    v.optional(v.picklist(['answer', 'pass']), 'answer'),
    v.description(
      'What a browser asks before a request (OPTIONS) is answered here; or it passes to the app, whose response gets the fields.',
    ),
  ),
})

type CorsSettings = v.InferOutput<typeof settings>

/** Fields of the app that would contradict these. */
const OWN = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
]

export const cors: MiddlewareKind<'cors', typeof settings, 'origins'> = {
  name: 'cors',
  summary: 'Lets pages of other origins use an app (CORS), and answers what browsers ask before they do.',
  settings,
  short: 'origins',
  create(own, { path }) {
    const origins = allowedOrigins(own.origins, `${path}.origins`)
    if (origins.all && own.credentials) {
      const message =
        'every site could act as the user who visits it: name the origins whose pages may send credentials'
      throw new ConfigError('CORS_CREDENTIALS', `${path}.credentials`, message)
    }
    if (own.credentials && own.expose.includes('*')) {
      const message = 'with credentials * is the name of a field to browsers, and exposes nothing: name the fields'
      throw new ConfigError('CORS_CREDENTIALS', `${path}.expose`, message)
    }
    const layer: Layer = { head: (head, outer) => withAllowance(head, outer, own, origins) }
    return {
      handle(exchange, next) {
        if (own.preflight === 'answer' && isPreflight(exchange)) answerPreflight(exchange, own, origins)
        else next(through(exchange, layer))
      },
    }
  },
}

/** Fetch, "CORS-preflight request". */
function isPreflight({ variables }: Exchange): boolean {
  return (
    variables.REQUEST_METHOD === 'OPTIONS' &&
    variables.HTTP_ORIGIN !== undefined &&
    variables.HTTP_ACCESS_CONTROL_REQUEST_METHOD !== undefined
  )
}

function answerPreflight(exchange: Exchange, own: CorsSettings, origins: Origins): void {
  exchange.respond(withAllowance({ status: 204, reason: 'No Content', headers: [] }, exchange, own, origins))
  exchange.end()
}

function withAllowance(head: Head, outer: Exchange, own: CorsSettings, origins: Origins): Head {
  const { variables } = outer
  const { status, reason, headers } = withoutFields(head, ...OWN)
  const origin = variables.HTTP_ORIGIN
  const allowed = origin !== undefined && origins.has(origin)
  const asked = isPreflight(outer)
  const added: HeaderPair[] = allowed ? allowance(origin, own, origins) : []
  if (allowed) added.push(...(asked ? permissions(outer, own) : exposure(own)))
  let given: Head = { status, reason, headers: [...headers, ...added] }
  // A cache must not give one origin what was made for another.
  if (!origins.all) given = withVary(given, 'Origin')
  if (asked) given = withVary(withVary(given, 'Access-Control-Request-Method'), 'Access-Control-Request-Headers')
  return given
}

function allowance(origin: string, { credentials }: CorsSettings, origins: Origins): HeaderPair[] {
  if (origins.all) return [['Access-Control-Allow-Origin', '*']]
  const named: HeaderPair = ['Access-Control-Allow-Origin', origin]
  return credentials ? [named, ['Access-Control-Allow-Credentials', 'true']] : [named]
}

function exposure({ expose }: CorsSettings): HeaderPair[] {
  return expose.length > 0 ? [['Access-Control-Expose-Headers', expose.join(', ')]] : []
}

function permissions({ variables }: Exchange, own: CorsSettings): HeaderPair[] {
  const fields: HeaderPair[] = []
  const method = variables.HTTP_ACCESS_CONTROL_REQUEST_METHOD!
  const methods = own.methods.includes('*') ? (TOKEN.test(method) ? [method] : []) : own.methods
  if (methods.length > 0) fields.push(['Access-Control-Allow-Methods', methods.join(', ')])
  const wanted = (variables.HTTP_ACCESS_CONTROL_REQUEST_HEADERS ?? '').split(',').map((name) => name.trim())
  // Named one by one: with credentials, and for Authorization, * says nothing.
  const listed = own.headers.includes('*') ? wanted.filter((name) => TOKEN.test(name)) : own.headers
  if (listed.length > 0) fields.push(['Access-Control-Allow-Headers', listed.join(', ')])
  fields.push(['Access-Control-Max-Age', String(own.maxAge)])
  if (own.privateNetwork && variables.HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK === 'true')
    fields.push(['Access-Control-Allow-Private-Network', 'true'])
  return fields
}
