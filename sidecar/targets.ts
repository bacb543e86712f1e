// The request target that an app is shown. REQUEST_URI has the bytes as the client sent them, SCRIPT_NAME and PATH_INFO have what the
// host, its repair, the router and middleware made of them: the raw bytes count as long as they mean the same path.
import { decodePath, encodePath, resolveDots, splitTarget, type Variables } from './variables.ts'

/** Two views of one request target. */
export interface RequestTargets {
  /** The whole: `/shop/a%20b?x=1`. */
  readonly full: string
  /** What is below SCRIPT_NAME, never empty: `/a%20b?x=1`. */
  readonly below: string
}

/**
 * The raw target of a request, whole and below its mount. When the host or a middleware rewrote the path, that path percent-encoded; when one
 * rewrote the query, that query.
 */
export function requestTargets(variables: Variables): RequestTargets {
  const script = variables.SCRIPT_NAME ?? ''
  const info = variables.PATH_INFO ?? ''
  const uri = variables.REQUEST_URI
  const seen = variables.QUERY_STRING
  if (uri !== undefined && uri !== '') {
    if (script === '' && isPlain(uri, info, seen)) return { full: uri, below: uri }
    const { path, query: asked } = splitTarget(uri)
    const whole = script + info
    const raw = agree(path, whole)
    if (raw !== undefined) {
      const query = seen ?? asked
      const mark = query !== '' || (asked === '' && uri.endsWith('?')) ? `?${query}` : ''
      const below = script === '' ? raw : raw.slice(rawLength(raw, script.length))
      return { full: raw + mark, below: rooted(below) + mark }
    }
  }
  const mark = seen ? `?${seen}` : ''
  const below = encodePath(info)
  return { full: rooted(encodePath(script) + below) + mark, below: rooted(below) + mark }
}

// RFC 3986 2: no other characters have a place in a URI.
const NOT_URI = /[^\x21-\x7e]/
const NOT_URI_ALL = new RegExp(NOT_URI, 'g')

/**
 * The target as Node and Fetch handlers are shown it. Bytes that a client should have percent-encoded and did not are that here: as
 * characters, one for each, they would be read as others than those that were meant.
 */
export function handlerTargets(variables: Variables): RequestTargets {
  const targets = requestTargets(variables)
  return NOT_URI.test(targets.full) ? { full: encodeBytes(targets.full), below: encodeBytes(targets.below) } : targets
}

function encodeBytes(target: string): string {
  return target.replace(NOT_URI_ALL, encodePath)
}

/** The common case: nothing encoded, nothing rewritten. */
function isPlain(uri: string, info: string, query: string | undefined): boolean {
  if (!uri.startsWith(info) || info.length === 0) return false
  const rest = uri.length - info.length
  if (rest > 0 && uri.charCodeAt(info.length) !== 63 /* ? */) return false
  if (query !== undefined && (query.length !== Math.max(rest - 1, 0) || !uri.endsWith(query))) return false
  return !info.includes('%') && !uri.includes('#')
}

function rooted(path: string): string {
  return path.startsWith('/') || path === '*' ? path : `/${path}`
}

/** The raw path when it decodes to `whole`; with dot segments in it the prefix cannot be found in the raw bytes. */
function agree(path: string, whole: string): string | undefined {
  if (path === whole) return path
  // An empty path below the root comes as `/` (RFC 9112 3.2.1), `*` as no path at all.
  if (whole === '' && (path === '/' || path === '*')) return path
  try {
    const decoded = decodePath(path)
    return decoded === whole && resolveDots(decoded) === decoded ? path : undefined
  } catch {
    return undefined
  }
}

/** How many raw characters make up `decoded` decoded ones. */
function rawLength(raw: string, decoded: number): number {
  let at = 0
  for (let left = decoded; left > 0; left--) at += raw.charCodeAt(at) === 37 /* % */ ? 3 : 1
  return at
}
