// The CGI variables of a request (RFC 3875 4.1): the canonical form of every request, and the only code that turns HTTP header
// names and request targets into them.
import { PeerError } from './errors.ts'
import { isDropped } from './refused.ts'

/** CGI variables by name; values are latin-1 strings, each character one byte of what was on the wire. */
export interface Variables {
  [name: string]: string
}

// An object without Object.prototype behind it that still gets V8's fast properties: peers choose the keys.
const Bag = function () {} as unknown as new () => Variables
Bag.prototype = Object.create(null)

/** An empty set of variables; `__proto__` and `constructor` are keys like any other in it. */
export function emptyVariables(): Variables {
  return new Bag()
}

/** A copy that can be changed without the original. */
export function copyVariables(variables: Variables): Variables {
  const copy = new Bag()
  // Twice as fast as Object.assign for objects of this size; there is no prototype whose keys could come along.
  for (const name in variables) copy[name] = variables[name]!
  return copy
}

/** The variables as an app at the root has them: PATH_INFO is the whole path, SCRIPT_NAME empty. The same when they are so. */
export function atRoot(variables: Variables): Variables {
  const { SCRIPT_NAME: script = '', PATH_INFO: info = '' } = variables
  if (script === '') return variables
  const copy = copyVariables(variables)
  copy.SCRIPT_NAME = ''
  copy.PATH_INFO = script + info
  return copy
}

const names = new Map<string, string>()
const NAMES_MAX = 2048
/** Longer ones than anybody's are not remembered. */
const NAME_MAX = 64

/** The variable for an HTTP field name (RFC 3875 4.1.18): `X-Forwarded-For` → `HTTP_X_FORWARDED_FOR`; two have names of their own. */
export function variableName(field: string): string {
  let name = names.get(field)
  if (name === undefined) {
    const upper = field.toUpperCase()
    name =
      upper === 'CONTENT-LENGTH' || upper === 'CONTENT-TYPE'
        ? upper.replace('-', '_')
        : `HTTP_${upper.replaceAll('-', '_')}`
    // A slice of a head would keep all of that alive.
    if (names.size < NAMES_MAX && field.length <= NAME_MAX) names.set(Buffer.from(field).toString(), name)
  }
  return name
}

/** The HTTP field name of a variable, lower case, or undefined when it is not one: `HTTP_X_A` → `x-a`. */
export function fieldOfVariable(name: string): string | undefined {
  if (name === 'CONTENT_LENGTH' || name === 'CONTENT_TYPE') return name.toLowerCase().replace('_', '-')
  return name.startsWith('HTTP_') ? name.slice(5).toLowerCase().replaceAll('_', '-') : undefined
}

// Fields that have one value, not a list (RFC 9110, RFC 6454): joined, two values would be one that means nothing.
const SINGULAR: ReadonlySet<string> = new Set([
  'HTTP_AUTHORIZATION',
  'HTTP_CONTENT_DISPOSITION',
  'HTTP_CONTENT_LOCATION',
  'HTTP_CONTENT_RANGE',
  'HTTP_DATE',
  'HTTP_HOST',
  'HTTP_IF_MODIFIED_SINCE',
  'HTTP_IF_RANGE',
  'HTTP_IF_UNMODIFIED_SINCE',
  'HTTP_LAST_EVENT_ID',
  'HTTP_MAX_FORWARDS',
  'HTTP_ORIGIN',
  'HTTP_PROXY_AUTHORIZATION',
  'HTTP_RANGE',
  'HTTP_SEC_WEBSOCKET_KEY',
])
/** The same, and only told: of several the last counts, whoever sends them. */
const DESCRIPTIVE: ReadonlySet<string> = new Set(['HTTP_FROM', 'HTTP_REFERER', 'HTTP_USER_AGENT'])

/**
 * Adds a variable that may be there already. Repeated header fields are joined as RFC 9110 5.3 has it (cookies with `; `); of those that
 * are no lists, and of other variables, the last one counts, as with uWSGI, Gunicorn and PHP; two lengths that differ are refused.
 * @throws {PeerError} CONTENT_LENGTH_TWICE
 */
export function addVariable(variables: Variables, name: string, value: string): void {
  const before = variables[name]
  if (before === undefined) variables[name] = value
  else if (name === 'HTTP_COOKIE') variables[name] = `${before}; ${value}`
  else if (name.startsWith('HTTP_') && !SINGULAR.has(name) && !DESCRIPTIVE.has(name))
    variables[name] = `${before}, ${value}`
  else if (name === 'CONTENT_LENGTH' && before !== value) {
    throw new PeerError(
      'CONTENT_LENGTH_TWICE',
      `two lengths for one body: ${JSON.stringify(before)} and ${JSON.stringify(value)}`,
    )
  } else variables[name] = value
}

/** Letters that apps take for `-`, in names of fields: `X_Real_IP`, and with PHP `X.Real.IP`, would be X-Real-IP. */
const LIKE_HYPHEN = /[_.]/

/** What becomes of header fields at a door. */
export interface HeaderOptions {
  /** Leaves none out, for who looks at them. Default: false. */
  readonly raw?: boolean | undefined
  /** Fields with `_` or `.` in their name are taken. Default: they are left out, as in nginx, as they would pass for those with `-`. */
  readonly underscores?: boolean | undefined
  /** Is told the name of each field that is left out for that. */
  readonly leftOut?: ((field: string) => void) | undefined
}

/**
 * Adds the header fields of an HTTP request: name, value, name, value …, as received.
 * @throws {PeerError} HOST_TWICE, FIELD_TWICE for a field that has one value and comes with two, CONTENT_LENGTH_TWICE; HEADER_TWIN for
 * two fields that differ in `_`, `.` and `-` only, where `underscores` are taken.
 */
export function addHeaders(variables: Variables, raw: readonly string[], options: HeaderOptions = {}): void {
  const { raw: all = false } = options
  const taken = all || options.underscores === true
  let underscores = false
  for (let i = 0; i < raw.length; i += 2) {
    const field = raw[i]!
    if (LIKE_HYPHEN.test(field)) {
      // Of how a body is framed nothing is said in two ways.
      if (!taken || (/^transfer[_.]encoding$/i.test(field) && !all)) {
        options.leftOut?.(field)
        continue
      }
      underscores = true
    }
    const name = variableName(field)
    // httpoxy: a client's Proxy header must not become the environment's HTTP_PROXY.
    if (isDropped(name) && !all) continue
    if (name === 'HTTP_HOST' && variables.HTTP_HOST !== undefined)
      throw new PeerError('HOST_TWICE', 'two Host headers (RFC 9112 3.2)')
    const value = raw[i + 1]!
    if (variables[name] === undefined) variables[name] = value
    else addAgain(variables, name, value)
  }
  if (underscores) refuseTwins(raw)
}

/** A field of a client that is there already: which of two values counts is not left to who reads them. */
function addAgain(variables: Variables, name: string, value: string): void {
  if ((SINGULAR.has(name) || name === 'CONTENT_TYPE') && variables[name] !== value) {
    throw new PeerError(
      'FIELD_TWICE',
      `two ${fieldOfVariable(name)} headers that differ: ${JSON.stringify(variables[name]!.slice(0, 40))} and ${JSON.stringify(value.slice(0, 40))}`,
    )
  }
  addVariable(variables, name, value)
}

/** Two fields that become one variable, one with `_` or `.` and one with `-`: one of them is forged. */
function refuseTwins(raw: readonly string[]): void {
  const spelling = new Map<string, string>()
  for (let i = 0; i < raw.length; i += 2) {
    const field = raw[i]!.toLowerCase()
    const name = field.replaceAll(/[-.]/g, '_')
    const before = spelling.get(name)
    if (before !== undefined && before !== field) {
      throw new PeerError('HEADER_TWIN', `the headers ${before} and ${field} would become one variable`)
    }
    spelling.set(name, field)
  }
}

/**
 * The length of the body as CONTENT_LENGTH says: a number, or undefined when it is absent, empty, or the `-1` of Caddy 2.6.
 * @throws {PeerError} CONTENT_LENGTH_BAD for anything else: a wrong length is never taken for 0.
 */
export function contentLength(variables: Variables): number | undefined {
  const text = variables.CONTENT_LENGTH
  if (text === undefined || text === '' || text === '-1') return undefined
  if (text === '0') return 0
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw new PeerError('CONTENT_LENGTH_BAD', `CONTENT_LENGTH is ${JSON.stringify(text.slice(0, 40))}, not a number`)
  }
  return Number(text)
}

/**
 * Splits a request target (RFC 9112 3.2) into its raw path and query, without scheme, authority and fragment. `*` gives path `*`.
 */
export function splitTarget(target: string): { path: string; query: string } {
  let rest = target
  if (rest.charCodeAt(0) !== 47 /* / */) {
    const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/.exec(rest)
    if (authority) rest = rest.slice(authority[0].length)
    if (authority && rest[0] !== '/') rest = `/${rest}`
  }
  const hash = rest.indexOf('#')
  if (hash >= 0) rest = rest.slice(0, hash)
  const mark = rest.indexOf('?')
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) }
}

/**
 * Decodes a raw path once: percent sequences become bytes (latin-1 characters). `%2F` becomes `/`, repeated slashes stay.
 * @throws {PeerError} PATH_ESCAPE for a `%` that is no escape; PATH_NUL for a NUL byte.
 */
export function decodePath(raw: string): string {
  if (!raw.includes('%') && !raw.includes('\0')) return raw
  const path = raw.replace(/%([0-9A-Fa-f]{2})?/g, (_, hex: string | undefined) => {
    if (hex === undefined)
      throw new PeerError('PATH_ESCAPE', `the path holds a % that is no escape: ${JSON.stringify(raw.slice(0, 80))}`)
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  if (path.includes('\0')) throw new PeerError('PATH_NUL', 'the path holds a NUL byte')
  return path
}

/** Percent-encodes what RFC 3986 3.3 does not allow in a path, `%` too; latin-1 characters are bytes. */
export function encodePath(path: string): string {
  return path.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/**
 * Resolves `.` and `..` segments of a decoded path (RFC 3986 5.2.4), so that a prefix means what it says behind every host.
 * @throws {PeerError} PATH_ABOVE_ROOT when `..` leads above the root.
 */
export function resolveDots(path: string): string {
  if (!/\/\.\.?(?:\/|$)/.test(path)) return path
  const kept: string[] = []
  const segments = path.split('/')
  segments.shift()
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1
    if (segment === '..') {
      // `/a//..` is `/`, as in every host that merges slashes first: a path must not mean one place to a host's rules, another here.
      while (kept.at(-1) === '') kept.pop()
      if (kept.length === 0) throw new PeerError('PATH_ABOVE_ROOT', 'the path leads above the root')
      kept.pop()
    } else if (segment !== '.') return void kept.push(segment)
    if (last) kept.push('')
  })
  return `/${kept.join('/')}`
}

/** A host as in Host: its name (an IPv6 address in brackets) and its port, empty when there is none. */
export function splitHost(host: string): { name: string; port: string } {
  const colon = host.lastIndexOf(':')
  if (colon < 0 || colon < host.lastIndexOf(']')) return { name: host, port: '' }
  return { name: host.slice(0, colon), port: host.slice(colon + 1) }
}

/** True when the request came over TLS: `HTTPS` counts only as `on` or `1` (IIS sends the string `off`). */
export function isSecure(variables: Variables): boolean {
  const https = variables.HTTPS
  return https !== undefined && (https === 'on' || https === '1' || https === 'ON')
}
