// Reads response heads that apps and servers wrote as CGI has them.
import { PeerError } from '../errors.ts'
import { asBuffer } from './bytes.ts'
import { fieldAt, FIRST } from './field-names.ts'
import { BAD_VALUE, trimmed } from './field-values.ts'
import { FieldsRead, statusOf, type ReadHead } from './head.ts'

const HEAD_LIMIT = 256 * 1024
/** Most heads are shorter; what comes with them need not be made a string. */
export const FIRST_LOOK: number = 1024

/**
 * Reads a response head, in any of the spellings in use: status line, `Status:`, neither (200, or 302 with `Location`); lines end with
 * CRLF or LF. Feed it the bytes until `push` gives the head; `rest` are the bytes after it. Keeps at most 256 KB.
 */
export class HeadReader {
  #text = ''
  #tail = ''
  /** The bytes behind the head, once it is complete. */
  rest: Uint8Array | undefined
  /** Whether the head said its status; else 200 or 302 was put there. */
  statusGiven = false

  /** True once bytes of a head came, while it is incomplete. */
  get begun(): boolean {
    return this.#text !== ''
  }

  /**
   * @returns the head when it is complete, else undefined.
   * @throws {PeerError} RESPONSE_HEAD when it is malformed or too long.
   */
  push(bytes: Uint8Array): ReadHead | undefined {
    const buffer = asBuffer(bytes)
    if (this.#text === '') {
      const text = buffer.toString('latin1', 0, FIRST_LOOK)
      const end = headEnd(text)
      if (end >= 0) {
        this.rest = bytes.subarray(end)
        return this.#parse(text)
      }
    }
    const piece = buffer.toString('latin1')
    // Only the last of what came before is searched again: searching all of it would copy it for every piece.
    const near = this.#tail + piece
    const end = headEnd(near)
    this.#text += piece
    if (end < 0) {
      this.#tail = near.slice(-3)
      if (this.#text.length > HEAD_LIMIT)
        throw new PeerError('RESPONSE_HEAD', `the response head is longer than ${HEAD_LIMIT} bytes`, 502)
      return undefined
    }
    this.rest = bytes.subarray(end - this.#tail.length)
    return this.#parse(this.#text)
  }

  /** `text` begins with a whole head. */
  #parse(text: string): ReadHead {
    const fields = new FieldsRead()
    let status = 0
    let reason = ''
    let redirect = false
    let previous = FIRST
    let at = 0
    for (;;) {
      const next = text.indexOf('\n', at) + 1
      const stop = next - 2 >= at && text.charCodeAt(next - 2) === 13 ? next - 2 : next - 1
      if (stop === at && at > 0) break
      const start = at
      at = next
      if (start === 0 && text.startsWith('HTTP/')) {
        const found = /^HTTP\/\d\.\d $/.test(text.slice(0, 9)) ? statusOf(text.slice(9, stop)) : undefined
        if (!found) throw malformed('status line', text.slice(0, stop))
        ;({ status, reason } = found)
        continue
      }
      const field = fieldAt(text, start, stop, previous)
      if (!field) throw malformed('header line', text.slice(start, stop))
      previous = field
      const value = trimmed(text, start + field.name.length + 1, stop)
      if (BAD_VALUE.test(value))
        throw new PeerError('RESPONSE_HEAD', `header ${field.name} holds a control character`, 502)
      const { lower } = field
      if (lower === 'status' && status === 0) {
        const found = statusOf(value)
        if (!found) throw malformed('Status field', value)
        ;({ status, reason } = found)
        continue
      }
      if (lower === 'location') redirect = true
      fields.add(field, value)
    }
    this.statusGiven = status !== 0
    if (status === 0) {
      // RFC 3875 6.2: without a Status it is 302 with a Location, and 200 without.
      status = redirect ? 302 : 200
      reason = redirect ? 'Found' : 'OK'
    }
    return fields.head(status, reason)
  }
}

/** Where the first empty line of a head ends; -1: it has none. */
export function headEnd(text: string): number {
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    const next = text.charCodeAt(at + 1)
    if (next === 10) return at + 2
    if (next === 13 && text.charCodeAt(at + 2) === 10) return at + 3
  }
  return -1
}

function malformed(what: string, text: string): PeerError {
  return new PeerError('RESPONSE_HEAD', `bad ${what} ${JSON.stringify(text.slice(0, 80))}`, 502)
}
