// The head of an HTTP/1.1 response (RFC 9112 4 to 6), as strict as that of a request but for its lines, which may end with LF alone (2.2):
// small servers write it, and only we read this.
import { PeerError } from '../errors.ts'
import { keeps, shown } from './http-head.ts'
import { BAD_VALUE, isBodiless, sameLength, TOKEN, trimmed, type Head, type HeaderPair } from './head.ts'

/** A response head, and what it says about the body and the connection. */
export interface ResponseHead {
  readonly head: Head
  /** Of the body: bytes; `chunked`; `close`: the end of the connection is its end. */
  readonly body: number | 'chunked' | 'close'
  /** The server takes another request on the connection. */
  readonly keep: boolean
}

const STATUS = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/

/** The error for bytes that are no response. */
export function badResponse(why: string): PeerError {
  return new PeerError('RESPONSE_HEAD', `not a valid HTTP response: ${why}`, 502)
}

/**
 * Reads a head.
 * @param text the status line and the fields with their line ends, without the empty line
 * @param bodiless whatever the head says there is no body: the request was HEAD
 * @throws {PeerError} RESPONSE_HEAD
 */
export function readResponseHead(text: string, bodiless: boolean): ResponseHead {
  const lines = text.split('\n')
  lines.pop()
  const first = withoutReturn(lines[0]!)
  const match = STATUS.exec(first)
  if (!match) throw badResponse(`the status line ${shown(first)}`)
  const status = Number(match[2])
  const headers: HeaderPair[] = []
  let length: number | undefined
  let coding: string | undefined
  let connection = ''
  for (let index = 1; index < lines.length; index++) {
    const line = withoutReturn(lines[index]!)
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    if (!TOKEN.test(name)) throw badResponse(`the header line ${shown(line)}`)
    const value = trimmed(line, colon + 1, line.length)
    if (BAD_VALUE.test(value)) throw badResponse(`a control character in the header ${name}`)
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      const before = length
      length = lengthOf(value, before)
      // RFC 9110 8.6: of several that agree one is passed on.
      if (before === undefined) headers.push([name, String(length)])
      continue
    }
    headers.push([name, value])
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
      coding = coding === undefined ? value : `${coding}, ${value}`
    else if (name.length === 10 && name.toLowerCase() === 'connection') connection += `,${value}`
  }
  const head = { status, reason: match[3] ?? '', headers }
  const body = bodiless || isBodiless(status) ? 0 : bodyOf(length, coding)
  return { head, body, keep: body !== 'close' && keeps(connection, match[1] === '1') }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** RFC 9112 6.3. Both fields at once are refused: nobody can say where such a body ends (6.1). */
function bodyOf(length: number | undefined, coding: string | undefined): ResponseHead['body'] {
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw badResponse(`the transfer coding ${shown(coding)}`)
    if (length !== undefined) throw badResponse('both Content-Length and Transfer-Encoding')
    return 'chunked'
  }
  return length ?? 'close'
}

function lengthOf(value: string, before: number | undefined): number {
  const length = sameLength(value)
  if (length < 0) throw badResponse(`Content-Length is ${shown(value)}`)
  if (before !== undefined && before !== length) throw badResponse('two Content-Length headers that differ')
  return length
}
