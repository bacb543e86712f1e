// The head of a response: what it may contain, and its two spellings on the wire.
import { AppError, PeerError } from '../errors.ts'

/** A header field as in PEP 3333's list of tuples; latin-1 strings. */
export type HeaderPair = readonly [name: string, value: string]

/** The head of a response. */
export interface Head {
  /** 100 to 999. */
  readonly status: number
  /** May be empty. */
  readonly reason: string
  readonly headers: readonly HeaderPair[]
}

// RFC 9110 5.6.2 token; 5.5 field values: no CR, LF, NUL. Other control characters make Apache answer 502, so they go too.
export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
export const BAD_VALUE: RegExp = /[^\t\x20-\x7e\x80-\xff]/

/** Fields that belong to one connection (RFC 9110 7.6.1, PEP 3333 "Other HTTP Features"): an app may not send them. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
])

// Field names seen before, with what is known of each: apps send the same dozen names for ever. Bounded.
const knownNames = new Map<string, { lower: string; hop: boolean }>()
const KNOWN_NAMES_MAX = 1024

/** Lower-cases a field name and says whether it is hop-by-hop; throws AppError HEADER_NAME when it is no token. */
export function fieldName(name: string): { lower: string; hop: boolean } {
  let known = knownNames.get(name)
  if (known === undefined) {
    if (!TOKEN.test(name)) {
      throw new AppError('HEADER_NAME', `header name ${JSON.stringify(name)} is not a token (RFC 9110 5.6.2)`)
    }
    const lower = name.toLowerCase()
    known = { lower, hop: HOP_BY_HOP.has(lower) }
    if (knownNames.size < KNOWN_NAMES_MAX) knownNames.set(name, known)
  }
  return known
}

/** Throws AppError HEADER_VALUE when a value could split the head or hold a control character (RFC 9110 5.5). */
export function checkValue(name: string, value: string): void {
  if (BAD_VALUE.test(value)) {
    const why = /[\r\n\0]/.test(value)
      ? 'CR, LF or NUL'
      : /[^\0-\xff]/.test(value)
        ? 'a character beyond latin-1'
        : 'a control character'
    throw new AppError(
      'HEADER_VALUE',
      `the value of header ${name} holds ${why}: ${JSON.stringify(value.slice(0, 80))}`,
    )
  }
}

/** Status lines seen before. Bounded. */
const knownStatuses = new Map<string, { status: number; reason: string }>()

/**
 * Splits PEP 3333's status string, such as `404 Not Found`.
 * @throws {AppError} STATUS_LINE when it is not three digits, a space and a reason without control characters.
 */
export function parseStatus(line: string): { status: number; reason: string } {
  let known = knownStatuses.get(line)
  if (known === undefined) {
    const match = /^([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(line)
    if (!match) throw new AppError('STATUS_LINE', `status ${JSON.stringify(line.slice(0, 80))} is not like "200 OK"`)
    known = { status: Number(match[1]), reason: match[2] ?? '' }
    if (knownStatuses.size < KNOWN_NAMES_MAX) knownStatuses.set(line, known)
  }
  return known
}

/** True when a response with this status never has a body (RFC 9110 6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200
}

/** The header lines with CRLF each, and the empty line. */
export function headerBlock(head: Head): string {
  let block = ''
  for (const [name, value] of head.headers) block += `${name}: ${value}\r\n`
  return `${block}\r\n`
}

/** The head as uwsgi and HTTP have it: a status line first. */
export function statusLineHead(head: Head): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${headerBlock(head)}`
}

/** The head as CGI, FastCGI and SCGI have it (RFC 3875 6.3.3): `Status:` first. */
export function statusFieldHead(head: Head): string {
  return `Status: ${head.status} ${head.reason}\r\n${headerBlock(head)}`
}

/** A field's value without the white space around it (RFC 9112 5.1). */
export function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

const HEAD_LIMIT = 256 * 1024

/**
 * Reads a response head that a server wrote, in any of the spellings in use: status line, `Status:`, neither (200, or 302 with
 * `Location`); lines end with CRLF or LF. Feed it the bytes until `head` is set; `rest` are the bytes after it.
 * Keeps at most 256 KB.
 */
export class HeadReader {
  #text = ''
  #tail = ''
  /** The bytes behind the head, once it is complete. */
  rest: Uint8Array | undefined
  /** Whether the head said its status; else 200 or 302 was put there. */
  statusGiven = false

  /**
   * @returns the head when it is complete, else undefined.
   * @throws {PeerError} RESPONSE_HEAD when it is malformed or too long.
   */
  push(bytes: Uint8Array): Head | undefined {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    // Only the last of what came before is searched again: searching all of it would copy it for every piece.
    const near = this.#tail + piece
    const match = /\r?\n\r?\n/.exec(near)
    const before = this.#text.length - this.#tail.length
    this.#text += piece
    if (!match) {
      this.#tail = near.slice(-3)
      if (this.#text.length > HEAD_LIMIT)
        throw new PeerError('RESPONSE_HEAD', `the response head is longer than ${HEAD_LIMIT} bytes`, 502)
      return undefined
    }
    this.rest = bytes.subarray(match.index + match[0].length - this.#tail.length)
    const head = parseHead(this.#text.slice(0, before + match.index))
    this.statusGiven = head.status !== 0
    return this.statusGiven ? head : inferStatus(head)
  }
}

/** RFC 3875 6.2: without a Status it is 302 with a Location, and 200 without. */
function inferStatus({ headers }: Head): Head {
  const redirect = headers.some(([name]) => name.toLowerCase() === 'location')
  return redirect ? { status: 302, reason: 'Found', headers } : { status: 200, reason: 'OK', headers }
}

/** Status 0: the head does not say it. */
function parseHead(text: string): Head {
  const lines = text.split(/\r?\n/)
  const headers: [string, string][] = []
  let status = 0
  let reason = ''
  lines.forEach((line, index) => {
    if (index === 0 && line.startsWith('HTTP/')) {
      const match = /^HTTP\/\d\.\d ([1-9]\d\d)(?: (.*))?$/.exec(line)
      if (!match) throw new PeerError('RESPONSE_HEAD', `bad status line ${JSON.stringify(line.slice(0, 80))}`, 502)
      status = Number(match[1])
      reason = match[2] ?? ''
      return
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (colon < 1 || !TOKEN.test(name)) {
      throw new PeerError('RESPONSE_HEAD', `bad header line ${JSON.stringify(line.slice(0, 80))}`, 502)
    }
    const value = trimmed(line, colon + 1, line.length)
    if (BAD_VALUE.test(value)) throw new PeerError('RESPONSE_HEAD', `header ${name} holds a control character`, 502)
    if (name.toLowerCase() === 'status' && status === 0) {
      const match = /^([1-9]\d\d)(?: (.*))?$/.exec(value)
      if (!match) throw new PeerError('RESPONSE_HEAD', `bad Status field ${JSON.stringify(value.slice(0, 80))}`, 502)
      status = Number(match[1])
      reason = match[2] ?? ''
      return
    }
    headers.push([name, value])
  })
  return { status, reason, headers }
}
