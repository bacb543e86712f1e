// The layer `proxy-fix`: behind trusted proxies a request is as its client sent it to the first of them; what others say there is left out.
import * as v from 'valibot'
import { PeerError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { through } from '../layer.ts'
import { parsePeers } from '../peers.ts'
import { copyVariables, encodePath, fieldOfVariable, isSecure, splitHost, type Variables } from '../variables.ts'
import type { MiddlewareKind } from './middleware.ts'
import { proxyFacts, type Complain, type FactsWanted, type ProxyFacts } from './proxy-facts.ts'

/** Nobody has more. */
const HOPS_MAX = 32

const flag = (initial: boolean, description: string) =>
  v.pipe(v.optional(v.boolean(), initial), v.description(description))

const settings = v.strictObject({
  trust: v.pipe(
    v.array(v.string()),
    v.minLength(1),
    v.description(
      'The proxies: addresses, networks, and `unix` or `pipe` for who connects by those. By a gateway protocol that is whom the web server has as its client.',
    ),
  ),
  header: v.pipe(
    v.optional(v.picklist(['x', 'forwarded']), 'x'),
    v.description('What they write: X-Forwarded-*, or Forwarded (RFC 7239). The other is left out.'),
  ),
  hops: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(HOPS_MAX))),
    v.description(
      'How many proxies are in front, each of which adds a value: the one of so many from the end counts. Unless set: the client is the first from the end that is not in `trust`, and of all else the last value counts.',
    ),
  ),
  host: flag(true, 'X-Forwarded-Host, or host=, takes the place of Host.'),
  port: flag(true, 'X-Forwarded-Port is the port that the client asked.'),
  prefix: flag(
    false,
    'X-Forwarded-Prefix is the beginning of the path that the proxy has taken away: it becomes that of SCRIPT_NAME. Only where the proxies set it themselves.',
  ),
  untrusted: v.pipe(
    v.optional(v.picklist(['remove', 'pass']), 'remove'),
    v.description('Such fields of anybody else are left out, or pass as they came. They never count.'),
  ),
  strict: flag(
    false,
    'A field of a proxy that is not as it should be is answered with 400. Unless set it is left out, and told in the log once.',
  ),
})

export const proxyFix: MiddlewareKind<'proxy-fix', typeof settings, 'trust'> = {
  name: 'proxy-fix',
  summary:
    'Takes the client, its scheme, host, port and prefix from what trusted proxies say (X-Forwarded-*, Forwarded).',
  settings,
  short: 'trust',
  create({ trust: entries, untrusted, strict, ...rest }, { path, log, mount }) {
    const trust = parsePeers(entries, `${path}.trust`)
    const wanted: FactsWanted = { trust, ...rest }
    const told = new Set<string>()
    return {
      handle(exchange, next) {
        const given = exchange.variables
        if (!trust.has(given.REMOTE_ADDR)) {
          if (untrusted === 'pass') return next(exchange)
          return next(through(exchange, {}, { variables: withoutFields(given, isForwarding) }))
        }
        const variables = withoutFields(given, (name) => isForwarding(name) && !counts(name, wanted))
        const complain: Complain = (variable, why) => {
          const field = fieldOfVariable(variable)!
          if (strict) throw new PeerError('FORWARDED_BAD', `${field} of a trusted proxy ${why}`)
          delete variables[variable]
          if (told.has(field)) return
          told.add(field)
          const message = `${field} of a trusted proxy ${why}, and is left out (said once): ${JSON.stringify(given[variable]!.slice(0, 80))}`
          log.warn(message, { code: 'FORWARDED_BAD', blame: 'peer', request: exchange.id, mount })
        }
        const facts = proxyFacts(variables, wanted, complain)
        apply(variables, facts)
        if (facts.client) noteClient(exchange, facts.client.address)
        next(through(exchange, {}, { variables }))
      },
    }
  },
}

/** True for what proxies say of their clients. */
function isForwarding(name: string): boolean {
  return name === 'HTTP_FORWARDED' || name.startsWith('HTTP_X_FORWARDED_')
}

/** True for a field that is of the kind that the proxies write: of the other they may hand on what their clients wrote. */
function counts(name: string, { header, prefix }: FactsWanted): boolean {
  if (name === 'HTTP_X_FORWARDED_PREFIX') return header === 'x' || prefix
  return (name === 'HTTP_FORWARDED') === (header === 'forwarded')
}

function withoutFields(given: Variables, out: (name: string) => boolean): Variables {
  const variables = copyVariables(given)
  for (const name in given) if (out(name)) delete variables[name]
  return variables
}

function apply(variables: Variables, { client, scheme, host, port, prefix }: ProxyFacts): void {
  if (client) {
    variables.REMOTE_ADDR = client.address
    variables.REMOTE_PORT = client.port
    // The name of the proxy.
    delete variables.REMOTE_HOST
  }
  if (scheme) {
    if (scheme === 'https') variables.HTTPS = 'on'
    else delete variables.HTTPS
    if (variables.REQUEST_SCHEME !== undefined) variables.REQUEST_SCHEME = scheme
  }
  if (host !== undefined) {
    variables.HTTP_HOST = host
    variables.SERVER_NAME = splitHost(host).name
  }
  // The local port says nothing of the one that the client asked: that is in Host, or the scheme's own.
  if (scheme ?? host) variables.SERVER_PORT = splitHost(variables.HTTP_HOST ?? '').port || usualPort(variables)
  if (port !== undefined) {
    variables.SERVER_PORT = port
    const { name } = splitHost(variables.HTTP_HOST ?? '')
    if (name !== '') variables.HTTP_HOST = port === usualPort(variables) ? name : `${name}:${port}`
  }
  if (!prefix) return
  variables.SCRIPT_NAME = prefix + (variables.SCRIPT_NAME ?? '')
  const { REQUEST_URI: uri } = variables
  if (uri?.startsWith('/')) variables.REQUEST_URI = encodePath(prefix) + uri
}

function usualPort(variables: Variables): string {
  return isSecure(variables) ? '443' : '80'
}

/** Logs name the client too. */
function noteClient(exchange: Exchange, remote: string): void {
  for (let one: Exchange | undefined = exchange; one; one = one.outer) one.logged = { ...one.logged, remote }
}
