// The head of a response: what it may contain, and its two spellings on the wire.
import { AppError } from '../errors.ts'
import { ownString } from './own-string.ts'

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

/** A head that was read from a connection, with what was noticed of it then. */
export class ReadHead implements Head {
  readonly status: number
  readonly reason: string
  readonly headers: readonly HeaderPair[]
  /** Its Content-Length; -1: it has none, or none that is a number. */
  readonly contentLength: number
  /** Its fields are all such as a response may have: `announcedLength` has nothing to complain of. */
  readonly correct: boolean

  constructor(status: number, reason: string, headers: readonly HeaderPair[], contentLength: number, correct: boolean) {
    this.status = status
    this.reason = reason
    this.headers = headers
    this.contentLength = contentLength
    this.correct = correct
  }
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
    if (knownNames.size < KNOWN_NAMES_MAX) knownNames.set(ownString(name), known)
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

/**
 * The Content-Length of a head; -1: it has none.
 * @throws {AppError} HEADER_NAME, HEADER_VALUE, HEADER_HOP_BY_HOP, CONTENT_LENGTH when a field is not such as a response may have.
 */
export function announcedLength(head: Head): number {
  return head instanceof ReadHead && head.correct ? head.contentLength : checkedLength(head)
}

function checkedLength({ headers }: Head): number {
  let length = -1
  for (const [name, value] of headers) {
    const { lower, hop } = fieldName(name)
    if (hop)
      throw new AppError('HEADER_HOP_BY_HOP', `the app sent the hop-by-hop header ${name} (PEP 3333, RFC 9110 7.6.1)`)
    checkValue(name, value)
    if (lower !== 'content-length') continue
    if (!/^[0-9]{1,15}$/.test(value))
      throw new AppError('CONTENT_LENGTH', `Content-Length ${JSON.stringify(value)} is no number`)
    if (length >= 0 && length !== Number(value))
      throw new AppError('CONTENT_LENGTH', 'two Content-Length headers that differ')
    length = Number(value)
  }
  return length
}

/** A status as apps write it. */
interface Status {
  readonly status: number
  readonly reason: string
}

/** Statuses seen before. Bounded. */
const knownStatuses = new Map<string, Status>()

/** A status such as `404 Not Found`; undefined when it is not three digits, a space and a reason without control characters. */
export function statusOf(text: string): Status | undefined {
  let known = knownStatuses.get(text)
  if (known === undefined) {
    const match = /^([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(text)
    if (!match) return undefined
    known = { status: Number(match[1]), reason: ownString(match[2] ?? '') }
    if (knownStatuses.size < KNOWN_NAMES_MAX) knownStatuses.set(ownString(text), known)
  }
  return known
}

/**
 * Splits PEP 3333's status string, such as `404 Not Found`.
 * @throws {AppError} STATUS_LINE when it is not three digits, a space and a reason without control characters.
 */
export function parseStatus(line: string): Status {
  const found = statusOf(line)
  if (!found) throw new AppError('STATUS_LINE', `status ${JSON.stringify(line.slice(0, 80))} is not like "200 OK"`)
  return found
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
