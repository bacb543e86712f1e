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
  /** Its fields are all such as are sent: `announcedLength` has nothing to complain of, and `sendable` nothing to leave out. */
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

/** Fields that belong to one connection (RFC 9110 7.6.1, PEP 3333 "Other HTTP Features"): those of an app are left out. */
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

/** A field name that was seen before, and what is known of it. */
export interface FieldName {
  readonly name: string
  readonly lower: string
  /** It belongs to one connection. */
  readonly hop: boolean
  /** The one that followed it in the head that was read last (head-reader.ts). */
  next: FieldName | undefined
}

// Apps send the same dozen names for ever. Bounded.
const knownNames = new Map<string, FieldName>()
const KNOWN_NAMES_MAX = 1024

/** What is known of a field name; undefined when it is no token (RFC 9110 5.6.2). */
export function fieldNamed(name: string): FieldName | undefined {
  let known = knownNames.get(name)
  if (known === undefined) {
    if (!TOKEN.test(name)) return undefined
    const lower = name.toLowerCase()
    const kept = knownNames.size < KNOWN_NAMES_MAX
    known = { name: kept ? ownString(name) : name, lower, hop: HOP_BY_HOP.has(lower), next: undefined }
    if (kept) knownNames.set(known.name, known)
  }
  return known
}

/** What is known of a field name. @throws {AppError} HEADER_NAME when it is no token. */
export function fieldName(name: string): FieldName {
  const found = fieldNamed(name)
  if (!found) throw new AppError('HEADER_NAME', `header name ${JSON.stringify(name)} is not a token (RFC 9110 5.6.2)`)
  return found
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
 * The Content-Length of a head; -1: it has none; undefined: it has fields that are not sent, and `sendable` is to be asked first.
 * @throws {AppError} HEADER_NAME, HEADER_VALUE, CONTENT_LENGTH when a field is not such as a response may have.
 */
export function announcedLength(head: Head): number | undefined {
  return head instanceof ReadHead && head.correct ? head.contentLength : checkedLength(head)
}

function checkedLength({ headers }: Head): number | undefined {
  let length = -1
  let surplus = false
  for (const [name, value] of headers) {
    const { lower, hop } = fieldName(name)
    checkValue(name, value)
    if (hop) surplus = true
    if (lower !== 'content-length') continue
    const announced = sameLength(value)
    if (announced < 0) throw new AppError('CONTENT_LENGTH', `Content-Length ${JSON.stringify(value)} is no number`)
    if (length >= 0 && length !== announced)
      throw new AppError('CONTENT_LENGTH', 'two Content-Length headers that differ')
    if (length >= 0 || readLength(value) < 0) surplus = true
    length = announced
  }
  return surplus ? undefined : length
}

/** A head without what `announcedLength` found that is not sent. */
export interface SendableHead {
  readonly head: Head
  /** The names of the fields that belong to one connection, as the app wrote them. */
  readonly hops: readonly string[]
}

/**
 * The head without the fields that belong to one connection: those of that kind, and those that Connection names (RFC 9110 7.6.1). Of
 * several Content-Length that agree one is left (8.6).
 */
export function sendable({ status, reason, headers }: Head): SendableHead {
  const hops: string[] = []
  let named: string[] | undefined
  for (const [name, value] of headers) {
    const { lower, hop } = fieldName(name)
    if (!hop) continue
    hops.push(name)
    if (lower === 'connection' && !/^(?:keep-alive|close)$/i.test(value))
      (named ??= []).push(...value.toLowerCase().split(/[ \t,]+/))
  }
  const kept: HeaderPair[] = []
  let measured = false
  for (const pair of headers) {
    const { name, lower, hop } = fieldName(pair[0])
    // The framing is no business of Connection.
    if (lower === 'content-length') {
      if (!measured) kept.push([name, String(sameLength(pair[1]))])
      measured = true
    } else if (!hop && !named?.includes(lower)) kept.push(pair)
  }
  return { head: { status, reason, headers: kept }, hops }
}

/** The value of a Content-Length; -1 when it is no number of 1 to 15 digits. */
export function readLength(value: string): number {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : -1
}

/** The length that a value says once or, separated by commas, several times (RFC 9110 8.6); -1 when it is no such number. */
export function sameLength(value: string): number {
  if (!value.includes(',')) return readLength(value)
  const lengths = value.split(',').map((one) => readLength(trimmed(one, 0, one.length)))
  return lengths.every((length) => length === lengths[0]) ? lengths[0]! : -1
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
    if (!/^[1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?$/.test(text)) return undefined
    const kept = knownStatuses.size < KNOWN_NAMES_MAX
    const own = kept ? ownString(text) : text
    known = { status: Number(own.slice(0, 3)), reason: own.slice(4) }
    if (kept) knownStatuses.set(own, known)
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
