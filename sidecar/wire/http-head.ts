// The head of an HTTP/1.1 request (RFC 9112 2 to 6): the request line, the fields, and what they say about the body and the connection.
// Where the RFC lets a recipient be lenient, this is not: whatever two servers in a row could read differently is refused.
import { PeerError } from '../errors.ts'
import { connectionOptions, keeps } from './field-values.ts'
import { TOKEN } from '../token.ts'
import { trimmed } from './field-values.ts'

/** A request head. */
export interface RequestHead {
  readonly method: string
  /** As in the request line: it begins with `/`, or is absolute, or `*`; of CONNECT it is an authority. */
  readonly target: string
  readonly version: 'HTTP/1.1' | 'HTTP/1.0'
  /** Name, value, name, value … as received. */
  readonly fields: string[]
  /** Of the body; undefined when it comes in chunks. */
  readonly length: number | undefined
  /** The client would send another request on the connection. */
  readonly keep: boolean
  /** Of the Expect field, lower case. */
  readonly expect: string | undefined
}

/** More fields than any client or web server sends (their own limits are 100 to 1000), few enough to cost nothing. */
const FIELDS_MAX = 1024

// RFC 9110 5.5, RFC 9112 2.2: no control character but the tab, and CR and LF as a pair only.
const CONTROL = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/
// RFC 9110 4.2: of another scheme, the host that is meant would not be known.
const ABSOLUTE = /^https?:\/\/[^/?#]+(?:[/?]|$)/i
const DIGITS = /^[0-9]{1,15}$/

/** A field's name, as a string of its own: sliced from a head, and remembered by whomever, it would keep all of that alive. */
interface FieldName {
  readonly text: string
  readonly meaning: Meaning
}
type Meaning = 'length' | 'coding' | 'connection' | 'expect' | 'other'

/** Names seen before; the others cost a look at their spelling. Bounded. */
const known = new Map<string, FieldName>()
const KNOWN_MAX = 1024
/** Longer names than this are not remembered. */
const KNOWN_LENGTH_MAX = 64
const MEANINGS = new Map<string, Meaning>([
  ['content-length', 'length'],
  ['transfer-encoding', 'coding'],
  ['connection', 'connection'],
  ['expect', 'expect'],
])

/** The error for bytes that are no request. */
export function syntax(why: string): PeerError {
  return new PeerError('HTTP_SYNTAX', `not a valid HTTP request: ${why}`)
}

/** The request line. */
export type RequestLine = Pick<RequestHead, 'method' | 'target' | 'version'>

/**
 * Reads a head.
 * @param text the request line and the fields with their line ends, without the empty line
 * @throws {PeerError} HTTP_SYNTAX, HTTP_VERSION, HTTP_CODING, CONTENT_LENGTH_BAD, HEAD_TOO_LARGE for too many fields.
 */
export function readRequestHead(text: string): RequestHead {
  const end = text.indexOf('\n') + 1
  const { method, target, version } = readRequestLine(text.slice(0, end))
  const { fields, length, keep, expect } = readFields(text, end, version === 'HTTP/1.1')
  return { method, target, version, fields, length, keep, expect }
}

/**
 * Reads a request line.
 * @param line up to its LF
 * @throws {PeerError} HTTP_SYNTAX, HTTP_VERSION
 */
export function readRequestLine(line: string): RequestLine {
  if (CONTROL.test(line) || line.includes('\t')) throw control()
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  if (first < 1 || second < 0) throw syntax(`the request line ${shown(line)}`)
  const method = line.slice(0, first)
  const target = line.slice(first + 1, second)
  const version = line.slice(second + 1, -2)
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') throw badVersion(version, line)
  if (!TOKEN.test(method)) throw syntax(`the method ${shown(method)}`)
  if (target.charCodeAt(0) !== 47 /* / */ && !isOtherTarget(method, target))
    throw syntax(`the request target ${shown(target)}`)
  return { method, target, version }
}

function control(): PeerError {
  return syntax('a control character, or CR or LF alone (RFC 9112 2.2)')
}

type Fields = Pick<RequestHead, 'fields' | 'length' | 'keep' | 'expect'>

function readFields(text: string, from: number, latest: boolean): Fields {
  const fields: string[] = []
  let length: string | undefined
  let coding: string | undefined
  let connection = ''
  let expect: string | undefined
  if (CONTROL.test(text)) throw control()
  for (let at = from; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) throw syntax(`the header line ${shown(text.slice(at, end))}`)
    const name = text.slice(at, colon)
    const { text: own, meaning } = known.get(name) ?? readName(name)
    const value = trimmed(text, colon + 1, end)
    fields.push(own, value)
    at = end + 2
    if (meaning === 'other') continue
    if (meaning === 'connection') connection = connection === '' ? value : `${connection},${value}`
    else if (meaning === 'expect') {
      // Of several, one that cannot be met counts.
      if (expect === undefined || expect === '100-continue') expect = value.toLowerCase()
    } else if (meaning === 'length') {
      if (length !== undefined) throw syntax('two Content-Length headers (RFC 9112 6.3)')
      length = value
    } else if (coding === undefined) coding = unhidden(text, colon + 1, end, value)
    else throw syntax('two Transfer-Encoding headers')
  }
  if (fields.length > 2 * FIELDS_MAX)
    throw new PeerError('HEAD_TOO_LARGE', `more than ${FIELDS_MAX} header fields`, 431)
  return {
    fields,
    length: bodyLength(length, coding, latest),
    keep: keeps(connectionOptions(connection), latest),
    expect,
  }
}

/** RFC 9112 6: how long the body is. Both fields at once are how requests are smuggled (6.1). */
function bodyLength(length: string | undefined, coding: string | undefined, latest: boolean): number | undefined {
  if (coding !== undefined) {
    if (length !== undefined) throw syntax('both Content-Length and Transfer-Encoding (RFC 9112 6.1)')
    if (!latest) throw syntax('Transfer-Encoding in an HTTP/1.0 request (RFC 9112 6.1)')
    if (coding.toLowerCase() === 'chunked') return undefined
    throw new PeerError('HTTP_CODING', `the transfer coding ${shown(coding)} is not known here, only chunked`, 501)
  }
  if (length === undefined || length === '0') return 0
  if (!DIGITS.test(length))
    throw new PeerError('CONTENT_LENGTH_BAD', `Content-Length is ${shown(length)}, not a number`)
  return Number(length)
}

function readName(name: string): FieldName {
  if (!TOKEN.test(name)) {
    const folded = name.charCodeAt(0) === 32 || name.charCodeAt(0) === 9
    throw syntax(
      folded ? 'a header line that is folded (RFC 9112 5.2)' : `the header name ${shown(name)} (RFC 9112 5.1)`,
    )
  }
  const text = Buffer.from(name, 'latin1').toString('latin1')
  const read: FieldName = { text, meaning: MEANINGS.get(name.toLowerCase()) ?? 'other' }
  if (known.size < KNOWN_MAX && name.length <= KNOWN_LENGTH_MAX) known.set(text, read)
  return read
}

/** A transfer coding that has tabs around it is hidden from who takes spaces only (RFC 9112 11.2): with them it is none that is known. */
function unhidden(text: string, from: number, to: number, value: string): string {
  const tab = text.indexOf('\t', from)
  return tab >= 0 && tab < to ? text.slice(from, to) : value
}

/** RFC 9112 3.2.2 to 3.2.4: a target that does not begin with a slash. */
function isOtherTarget(method: string, target: string): boolean {
  if (target === '*') return method === 'OPTIONS'
  return method === 'CONNECT' ? target !== '' : ABSOLUTE.test(target)
}

function badVersion(version: string, line: string): PeerError {
  if (!/^HTTP\/[0-9](?:\.[0-9])?$/.test(version)) return syntax(`the request line ${shown(line)}`)
  const preface = line.startsWith('PRI * ') ? ', and this is HTTP/2: let the client speak HTTP/1.1' : ''
  return new PeerError('HTTP_VERSION', `${version} is not spoken here, only HTTP/1.1 and 1.0${preface}`, 505)
}

/** A line for a message. */
export function shown(line: string): string {
  const text = line.trimEnd()
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
