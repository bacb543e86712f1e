// The head of an HTTP/1.1 response (RFC 9112 4 to 6), as strict as that of a request but for its lines, which may end with LF alone (2.2):
// small servers write it, and only we read this.
import { PeerError } from '../errors.ts'
import { connectionOptions, keeps } from './field-values.ts'
import { fieldAt, FIRST } from './field-names.ts'
import { shown } from './http-head.ts'
import { BAD_VALUE, sameLength, trimmed } from './field-values.ts'
import { isBodiless, ReadHead, statusOf, type HeaderPair } from './head.ts'

/** A response head, and what it says about the body and the connection. */
export interface ResponseHead {
  readonly head: ReadHead
  /** Of the body: bytes; `chunked`; `close`: the end of the connection is its end. */
  readonly body: number | 'chunked' | 'close'
  /** The server takes another request on the connection. */
  readonly keep: boolean
}

/** What has no place in a head: a control character, or a CR that ends no line. */
const CONTROL = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)/

/** The error for bytes that are no response. */
export function badResponse(why: string): PeerError {
  return new PeerError('RESPONSE_HEAD', `not a valid HTTP response: ${why}`, 502)
}

/**
 * Reads a head. The fields of this connection end here, and those that Connection names (RFC 9110 7.6.1); of several Content-Length that agree
 * one is left (8.6).
 * @param text the status line and the fields with their line ends, and the empty line
 * @param bodiless whatever the head says there is no body: the request was HEAD
 * @throws {PeerError} RESPONSE_HEAD
 */
export function readResponseHead(text: string, bodiless: boolean): ResponseHead {
  const clean = !CONTROL.test(text)
  let at = text.indexOf('\n') + 1
  const { latest, status, reason } = readStatusLine(text.slice(0, lineEnd(text, 0, at)))
  let headers: HeaderPair[] = []
  let length = -1
  let coding: string | undefined
  let connection = ''
  let previous = FIRST
  for (;;) {
    const start = at
    at = text.indexOf('\n', start) + 1
    const stop = lineEnd(text, start, at)
    if (stop === start) break
    const field = fieldAt(text, start, stop, previous)
    if (!field) throw badResponse(`the header line ${shown(text.slice(start, stop))}`)
    previous = field
    const { name, lower, hop } = field
    const value = trimmed(text, start + name.length + 1, stop)
    if (!clean && BAD_VALUE.test(value)) throw badResponse(`a control character in the header ${name}`)
    if (lower === 'content-length') {
      const announced = lengthOf(value, length)
      if (length < 0) headers.push([name, String(announced)])
      length = announced
    } else if (!hop) headers.push([name, value])
    else if (lower === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`
    else if (lower === 'connection') connection = connection === '' ? value : `${connection},${value}`
  }
  const options = connectionOptions(connection)
  if (options.some((option) => option !== 'keep-alive' && option !== 'close'))
    headers = headers.filter(([name]) => isKept(name, options))
  const head = new ReadHead(status, reason, headers, length, true)
  const body = bodiless || isBodiless(status) ? 0 : bodyOf(length, coding)
  return { head, body, keep: body !== 'close' && keeps(options, latest) }
}

/** Where the line ends whose line feed is before `next`. */
function lineEnd(text: string, start: number, next: number): number {
  return next - 2 >= start && text.charCodeAt(next - 2) === 13 ? next - 2 : next - 1
}

/** The framing is no business of Connection. */
function isKept(name: string, options: readonly string[]): boolean {
  const lower = name.toLowerCase()
  return lower === 'content-length' || !options.includes(lower)
}

function readStatusLine(line: string): { latest: boolean; status: number; reason: string } {
  const found =
    /^HTTP\/1\.[01]$/.test(line.slice(0, 8)) && line.charCodeAt(8) === 32 ? statusOf(line.slice(9)) : undefined
  if (!found) throw badResponse(`the status line ${shown(line)}`)
  return { latest: line.charCodeAt(7) === 49, status: found.status, reason: found.reason }
}

/** RFC 9112 6.3. Both fields at once are refused: nobody can say where such a body ends (6.1). */
function bodyOf(length: number, coding: string | undefined): ResponseHead['body'] {
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw badResponse(`the transfer coding ${shown(coding)}`)
    if (length >= 0) throw badResponse('both Content-Length and Transfer-Encoding')
    return 'chunked'
  }
  return length < 0 ? 'close' : length
}

function lengthOf(value: string, before: number): number {
  const length = sameLength(value)
  if (length < 0) throw badResponse(`Content-Length is ${shown(value)}`)
  if (before >= 0 && before !== length) throw badResponse('two Content-Length headers that differ')
  return length
}
