// Which stored response a request may be answered with: that of its URL as the client sees it, and of whatever else an app may have looked at.
import { requestTargets } from '../../targets.ts'
import { isSecure, splitTarget, variableName, type Variables } from '../../variables.ts'

/** What a response belongs to. */
export interface Key {
  /** `http://example.com/shop/a?b=1`: what a purge names. */
  readonly url: string
  /** All in which requests for that URL differ before an app says so (Vary). */
  readonly apart: string
}

/**
 * What apps build links and redirects of beside Host, and any client may send: a response made by it is nobody else's. Those that Forwarded has are in
 * FORWARDED.
 */
const LINKS = [
  'HTTP_X_FORWARDED_HOST',
  'HTTP_X_FORWARDED_PATH',
  'HTTP_X_FORWARDED_PORT',
  'HTTP_X_FORWARDED_PREFIX',
  'HTTP_X_FORWARDED_PROTO',
  'HTTP_X_FORWARDED_PROTOCOL',
  'HTTP_X_FORWARDED_SCHEME',
  'HTTP_X_FORWARDED_SERVER',
  'HTTP_X_FORWARDED_SSL',
  'HTTP_X_FORWARDED_URI',
  'HTTP_X_HOST',
  'HTTP_X_HTTP_HOST_OVERRIDE',
  'HTTP_X_HTTP_METHOD',
  'HTTP_X_HTTP_METHOD_OVERRIDE',
  'HTTP_X_METHOD_OVERRIDE',
  'HTTP_X_ORIGINAL_HOST',
  'HTTP_X_ORIGINAL_URI',
  'HTTP_X_ORIGINAL_URL',
  'HTTP_X_REWRITE_URL',
  'HTTP_X_SCHEME',
  'HTTP_X_SCRIPT_NAME',
  'HTTP_X_URL_SCHEME',
  'HTTP_FRONT_END_HTTPS',
] as const

/** Of RFC 7239; the addresses of clients tell nothing apart. */
const FORWARDED = /(?:host|proto)[ \t]*=[ \t]*(?:"[^"]*"|[^;, \t]*)/gi

/**
 * @param named variables that tell responses apart too
 * @param mount in front of which the cache stands; undefined: of them all. What passes the layers there is another response
 */
export function keyOf(variables: Variables, named: readonly string[], mount?: string): Key {
  const secure = isSecure(variables)
  const host = hostOf(variables, secure)
  const full = requestTargets(variables).full
  const uri = variables.REQUEST_URI
  const asked = uri === undefined || uri === '' ? full : targetOf(uri)
  let apart = mount === undefined ? '' : `\0mount=${mount}`
  // What a layer made of the path decides too.
  if (full !== asked) apart += `\0path=${full}`
  for (const name of LINKS) if (variables[name] !== undefined) apart += `\0${name}=${variables[name]}`
  const forwarded = variables.HTTP_FORWARDED?.match(FORWARDED)
  if (forwarded) apart += `\0forwarded=${forwarded.join(';')}`
  for (const name of named) apart += `\0${name}=${variables[name] ?? ''}`
  return { url: `${secure ? 'https' : 'http'}://${host}${asked}`, apart }
}

/** The URL that a field of the response names (RFC 9111 4.4), where it is one of the same origin as `url`. */
export function sameOrigin(url: string, field: string): string | undefined {
  try {
    const base = new URL(url)
    const named = new URL(field, base)
    return named.origin === base.origin ? `${base.origin}${named.pathname}${named.search}` : undefined
  } catch {
    return undefined
  }
}

/** Names and values of the fields of a request by which its response was chosen; undefined for those of `Vary: *`. */
export function variedBy(vary: string | undefined, variables: Variables): [string, string][] | undefined {
  if (vary === undefined) return []
  const names = new Set<string>()
  for (const field of vary.split(',')) {
    const name = field.trim()
    if (name === '*') return undefined
    if (name !== '') names.add(variableName(name))
  }
  return [...names].toSorted().map((name) => [name, valueOf(variables, name)])
}

/** A field for comparison: blanks between the elements of a list mean nothing. One pass: clients choose how many there are. */
export function valueOf(variables: Variables, name: string): string {
  const value = variables[name]
  if (value === undefined) return ''
  return value.split(',').map(withoutBlanks).join(',')
}

/** Not `trim`: to apps a no-break space is a letter like others. */
function withoutBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function hostOf({ HTTP_HOST: host, SERVER_NAME: name, SERVER_PORT: port }: Variables, secure: boolean): string {
  const usual = secure ? '443' : '80'
  // Of a web server that takes any Host, one with a slash in it would be another's URL.
  const lower = (host ?? `${name}:${port}`).toLowerCase().replace(/[/?#]/g, encodeURIComponent)
  return lower.endsWith(`:${usual}`) ? lower.slice(0, -usual.length - 1) : lower
}

function targetOf(uri: string): string {
  if (uri.startsWith('/') && !uri.includes('#')) return uri
  const { path, query } = splitTarget(uri)
  return query === '' ? path : `${path}?${query}`
}
