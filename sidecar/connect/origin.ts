// Who a URL is of: scheme, host and port (RFC 6454 4).
import { splitHost } from '../variables.ts'

const PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' }

/** A URL as a header field has it, taken apart: nothing of it is decoded. */
export interface WrittenUrl {
  /** Lower case; undefined: that of the page. */
  readonly scheme: string | undefined
  /** undefined: a path alone. */
  readonly authority: string | undefined
  /** Empty, or with a slash first. */
  readonly path: string
  /** Query and fragment. */
  readonly rest: string
}

/** Takes a URL apart; undefined for one that is relative to a path, or of another kind (`mailto:`). */
export function parseUrl(value: string): WrittenUrl | undefined {
  const [, scheme, authority, path, rest] = /^(?:(?:([a-z][a-z0-9+.-]*):)?\/\/([^/?#]*))?((?:\/[^?#]*)?)([^]*)$/i.exec(
    value,
  )!
  if (authority === undefined && path === '') return undefined
  return { scheme: scheme?.toLowerCase(), authority, path: path!, rest: rest! }
}

/** Scheme, host and port in one spelling, to be compared. */
export function originOf(scheme: string, authority: string): string {
  const { name, port } = splitHost(authority.toLowerCase())
  return `${scheme}://${name}:${port || PORTS[scheme] || ''}`
}
