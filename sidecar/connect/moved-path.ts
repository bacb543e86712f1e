// A path that is asked for in one place and found in another: `/examples/x` of a server is `/tomcat/x` of its clients. Paths are compared by
// their segments, decoded, with dot segments taken for what they mean; what comes behind is passed as it is written.
import { PeerError } from '../errors.ts'

/**
 * A raw path below `from`, below `to` instead. Neither of these ends with a slash; empty is the root.
 * @returns undefined when it is not below `from`, or leads out of it again
 */
export function movedPath(path: string, from: string, to: string): string | undefined {
  const rest = restBelow(path, from)
  if (rest === undefined) return undefined
  // What begins with two slashes is a host (RFC 3986 4.2); browsers take a backslash for one, and drop tabs.
  if (to === '' && /^\/\t*[/\\]/.test(rest)) return `/.${rest}`
  return to + rest || '/'
}

/**
 * Sees to it that a server takes no segment of a raw path for `..` that others do not: Tomcat cuts parameters off (`..;x`), and others take a
 * backslash or an encoded slash for one.
 * @throws {PeerError} UPSTREAM_REQUEST
 */
export function demandBelow(path: string): void {
  const query = path.indexOf('?')
  const segments = (query < 0 ? path : path.slice(0, query)).split(/[/\\]|%2f|%5c/i)
  if (!segments.some((segment) => isDotDot(segment.split(/;|%3b/i, 1)[0]!))) return
  throw new PeerError('UPSTREAM_REQUEST', 'the path would lead some servers out of the path that they are asked below')
}

/** What of a raw path comes behind `base`: empty, or with a slash first; undefined when the path is not below it. */
export function restBelow(path: string, base: string): string | undefined {
  const rest = restBehind(path, base)
  if (rest !== undefined && !climbs(rest)) return rest
  return hasDots(path) ? restBehind(withoutDots(path), base) : undefined
}

function restBehind(path: string, base: string): string | undefined {
  const segments = base.split('/')
  let at = 0
  for (const [index, segment] of segments.entries()) {
    const end = path.indexOf('/', at)
    const stop = end < 0 ? path.length : end
    if (decoded(path.slice(at, stop)) !== decoded(segment)) return undefined
    if (index === segments.length - 1) return path.slice(stop)
    if (end < 0) return undefined
    at = end + 1
  }
  return undefined
}

function decoded(segment: string): string {
  return segment.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const isDot = (segment: string): boolean => /^(?:\.|%2e)$/i.test(segment)
const isDotDot = (segment: string): boolean => /^(?:\.|%2e){2}$/i.test(segment)

function hasDots(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => isDot(segment) || isDotDot(segment))
}

/** Whether it leads above where it begins, as a client reads it. */
function climbs(path: string): boolean {
  let depth = 0
  for (const segment of path.split(/[/\\]/).slice(1)) {
    if (isDotDot(segment)) depth--
    else if (!isDot(segment)) depth++
    if (depth < 0) return true
  }
  return false
}

/** RFC 3986 5.2.4, of what is still encoded; above the root is the root. */
function withoutDots(path: string): string {
  const kept: string[] = []
  const segments = path.split(/[/\\]/).slice(1)
  segments.forEach((segment, index) => {
    const up = isDotDot(segment)
    if (up) kept.pop()
    if (!up && !isDot(segment)) kept.push(segment)
    else if (index === segments.length - 1) kept.push('')
  })
  return `/${kept.join('/')}`
}
