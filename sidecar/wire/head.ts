// The head of a response: what it may contain, and its two spellings on the wire.
import { AppError } from '../errors.ts'
import { fieldName, type FieldName } from './field-names.ts'
import { checkValue, connectionOptions, readLength, sameLength } from './field-values.ts'
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

/** The fields of a head as they are read, and what is noticed of them. */
export class FieldsRead {
  readonly #headers: HeaderPair[] = []
  #contentLength = -1
  #correct = true

  /** `value`: without white space around it, and no bad one. */
  add({ name, lower, hop }: FieldName, value: string): void {
    if (hop) this.#correct = false
    else if (lower === 'content-length') {
      // The first counts; more than one is for `sendable`.
      if (this.#contentLength >= 0) this.#correct = false
      else this.#contentLength = sameLength(value)
      if (readLength(value) < 0) this.#correct = false
    }
    this.#headers.push([name, value])
  }

  /** The head that they are of. */
  head(status: number, reason: string): ReadHead {
    return new ReadHead(status, reason, this.#headers, this.#contentLength, this.#correct)
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

/** Interim responses of one request that are sent; more of them would fill the output of a slow client. */
export const INTERIMS_MAX = 32

/** An interim response as it may be sent: without what belongs to one connection. @throws {AppError} */
export function interimHead(head: Head): Head {
  if (head.status < 100 || head.status > 199 || head.status === 101)
    throw new AppError('STATUS_LINE', `status ${head.status} is not that of an interim response`)
  return announcedLength(head) === undefined ? sendable(head).head : head
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
  const named: string[] = []
  for (const [name, value] of headers) {
    const { lower, hop } = fieldName(name)
    if (!hop) continue
    hops.push(name)
    if (lower === 'connection') named.push(...connectionOptions(value))
  }
  const kept: HeaderPair[] = []
  let measured = false
  for (const pair of headers) {
    const { name, lower, hop } = fieldName(pair[0])
    // The framing is no business of Connection.
    if (lower === 'content-length') {
      if (!measured) kept.push([name, String(sameLength(pair[1]))])
      measured = true
    } else if (!hop && !named.includes(lower)) kept.push(pair)
  }
  return { head: { status, reason, headers: kept }, hops }
}

/** A status as apps write it. */
interface Status {
  readonly status: number
  readonly reason: string
}

/** Statuses seen before. Bounded. */
const KNOWN_STATUSES_MAX = 1024
const knownStatuses = new Map<string, Status>()

/** A status such as `404 Not Found`; undefined when it is not three digits, a space and a reason without control characters. */
export function statusOf(text: string): Status | undefined {
  let known = knownStatuses.get(text)
  if (known === undefined) {
    if (!/^[1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?$/.test(text)) return undefined
    const kept = knownStatuses.size < KNOWN_STATUSES_MAX
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

/** True for a status that ends a request (RFC 9110 15). */
export function isFinal(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 999
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
