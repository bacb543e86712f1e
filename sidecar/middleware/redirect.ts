// The layer `redirect`: leads clients to another address. Where it stays on this site the Location is a path: scheme, host and port are then
// those that the client knows, whatever stands between. A rule that would lead to where the client is does nothing.
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Log } from '../log.ts'
import { through } from '../layer.ts'
import { STATUS_CODES } from '../node-http.ts'
import { handlerTargets } from '../targets.ts'
import { encodePath, isSecure, splitHost, type Variables } from '../variables.ts'
import type { HeaderPair } from '../wire/head.ts'
import { checkHost } from '../wire/http-variables.ts'
import { choiceAmong, chosenBy, eitherOf, noteChoice, withChoice, type ChosenBy } from './chosen-by.ts'
import type { MiddlewareKind } from './middleware.ts'
import { matcherOf, ruleEntries, type Matcher } from './rules/rule.ts'
import { filledPath, filledQuery, parseTarget, variablesOf, type Filling, type Target } from './rules/target.ts'

const rule = v.strictObject({
  ...ruleEntries,
  to: v.pipe(
    v.optional(v.string()),
    v.description(
      'Where to: a path below the mount, or a whole address (`https://example.com/new/:page`). Written as that of `rewrite`; `#part` may stand at its end. Default: the path and query that were asked for.',
    ),
  ),
  scheme: v.pipe(
    v.optional(v.picklist(['http', 'https'])),
    v.description('To the same host with this scheme, for requests that came with the other one.'),
  ),
  host: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/, 'is the name of a host'))),
    v.description('To this host, for requests that came to another one.'),
  ),
  port: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
    v.description('The port of `scheme` or `host`. Default: the usual one.'),
  ),
  permanent: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Clients and search engines may remember it: 301 in the place of 302, 308 in the place of 307.'),
  ),
  status: v.pipe(
    v.optional(v.union([v.literal(301), v.literal(302), v.literal(303), v.literal(307), v.literal(308)])),
    v.description(
      'The very status. Default: 302, or 307 for other methods than GET and HEAD, so that what was sent is sent again.',
    ),
  ),
})

const settings = v.strictObject({
  rules: v.pipe(v.array(rule), v.minLength(1), v.description('The rules: the first that fits a request counts.')),
})

type RuleSettings = v.InferOutput<typeof rule>

interface Rule extends Pick<RuleSettings, 'scheme' | 'host' | 'port' | 'permanent' | 'status'> {
  readonly matcher: Matcher
  readonly target: Target | undefined
  /** What it depends on beside the URL. */
  readonly by: ChosenBy | undefined
}

export const redirect: MiddlewareKind<'redirect', typeof settings, 'rules'> = {
  name: 'redirect',
  summary: 'Leads clients to another address.',
  settings,
  short: 'rules',
  create({ rules: written }, context) {
    let rules: readonly Rule[] = []
    return {
      async open() {
        rules = await Promise.all(
          written.map((one, index) => ruleOf(one, `${context.path}.rules.${index}`, context.log)),
        )
      },
      handle(exchange, next) {
        const { variables } = exchange
        const by = choiceAmong(rules, variables)
        if (by) noteChoice(exchange, by)
        for (const one of rules) {
          const fit = one.matcher.fit(variables)
          const location = fit && locationOf(one, { ...fit, variables })
          if (location !== undefined) return lead(exchange, one, location, by)
        }
        next(by ? through(exchange, { head: (head) => withChoice(head, by) }) : exchange)
      },
    }
  },
}

async function ruleOf(
  { to, scheme, host, port, permanent, status, ...about }: RuleSettings,
  place: string,
  log: Log,
): Promise<Rule> {
  const matcher = await matcherOf(about, place, log)
  const elsewhere = scheme !== undefined || host !== undefined
  const wrong = (key: string, message: string): ConfigError => new ConfigError('RULE_TARGET', `${place}${key}`, message)
  if (to === undefined && !elsewhere) throw wrong('', 'leads nowhere: it needs to, scheme or host')
  if (port !== undefined && !elsewhere) throw wrong('.port', 'goes with scheme or host')
  const target = to === undefined ? undefined : parseTarget(to, matcher.names, `${place}.to`)
  if (target && target.origin !== '' && elsewhere)
    throw wrong('.to', `${target.origin} says scheme and host already: leave them out, or let to begin with a slash`)
  const by = eitherOf(matcher.by, target && chosenBy(variablesOf(target)))
  return { matcher, target, by, scheme, host, port, permanent, status }
}

/** Undefined: the client is there. */
function locationOf({ target, scheme, host, port }: Rule, filling: Filling): string | undefined {
  const { variables } = filling
  const asked = handlerTargets(variables).full
  const here = `${isSecure(variables) ? 'https' : 'http'}://${hostOf(variables)}`.toLowerCase()
  const path = target ? pathOf(target, filling) : asked
  if (scheme === undefined && host === undefined) {
    const location = (target?.origin ?? '') + path
    return location === asked || location === `${here}${asked}` ? undefined : location
  }
  if (!target && isThere(variables, scheme, host)) return undefined
  const to = scheme ?? (isSecure(variables) ? 'https' : 'http')
  const name = host ?? splitHost(hostOf(variables)).name
  const location = `${to}://${name}${port === undefined ? '' : `:${port}`}${path}`
  return location === `${here}${asked}` ? undefined : location
}

/** The scheme and the name of the host are as they should be; nobody but the client knows the port. */
function isThere(variables: Variables, scheme: string | undefined, host: string | undefined): boolean {
  if (scheme !== undefined && (scheme === 'https') !== isSecure(variables)) return false
  return host === undefined || splitHost(hostOf(variables)).name.toLowerCase() === host.toLowerCase()
}

/** @throws {PeerError} HOST_BAD: hosts pass on what a client wrote there */
function hostOf({ HTTP_HOST: host, SERVER_NAME: name = '' }: Variables): string {
  if (!host) return name
  checkHost(host)
  return host
}

function pathOf(target: Target, filling: Filling): string {
  const { SCRIPT_NAME: script = '' } = filling.variables
  const base = target.origin === '' ? encodePath(script) : ''
  // `//host/` would be an address: whoever wrote the link could send the client anywhere.
  const path = `${base}${filledPath(target, filling)}`.replace(/^\/+/, '/')
  const query = filledQuery(target, filling)
  return `${path}${query === '' ? '' : `?${query}`}${target.fragment}`
}

function lead(
  exchange: Exchange,
  { permanent, status: wanted }: Rule,
  location: string,
  by: ChosenBy | undefined,
): void {
  const { REQUEST_METHOD: method } = exchange.variables
  const plain = method === 'GET' || method === 'HEAD'
  const status = wanted ?? (permanent ? (plain ? 301 : 308) : plain ? 302 : 307)
  const reason = STATUS_CODES[status]!
  const headers: HeaderPair[] = [
    ['Location', location],
    ['Content-Type', 'text/plain; charset=utf-8'],
  ]
  // A permanent one is kept on the way unless it says otherwise.
  if (by?.alone) headers.push(['Cache-Control', 'private'])
  const head = { status, reason, headers }
  exchange.respond(by ? withChoice(head, by) : head)
  exchange.end(`${status} ${reason}\n`)
}
