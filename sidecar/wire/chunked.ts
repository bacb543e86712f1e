// The chunked transfer coding (RFC 9112 7.1). Reading is as strict as the grammar: white space in extensions only, and LF alone only from
// servers. Extensions and trailer fields are looked at and dropped. Keeps: a line while it is incomplete, EXTRA_MAX bytes.
import type { PeerError } from '../errors.ts'

/** Extensions and trailer fields of one body together: as Node.js allows. */
const EXTRA_MAX = 16 * 1024

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"'
/** RFC 9112 7.1.1: white space that senders should not write, and recipients take out. */
const BWS = '[\\t ]*'
const VALUE = `${BWS}=${BWS}(?:${TOKEN}|${QUOTED})`
/** 13 digits are 4 PB, and exact in a number. */
const SIZE = new RegExp(`^([0-9A-Fa-f]{1,13})((?:${BWS};${BWS}${TOKEN}(?:${VALUE})?)*)$`)
const TRAILER = new RegExp(`^${TOKEN}:[\\t -~\\x80-\\xff]*$`)
/** RFC 9110 6.5.1: what says where a message ends stands before it. */
const FRAMING = /^(?:content-length|transfer-encoding):/i

const CR = 13
const LF = 10
const CRLF: Buffer = Buffer.from('\r\n')

/** A chunk up to this size is copied between its two lines; with a larger one they are pieces of their own. */
const JOIN_MAX = 16 * 1024

/** The end of a body, without a trailer. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n')

/** Bytes of a body, at least one, as a chunk in one buffer; `before`: latin-1 text in front of it, such as the head. */
export function joinChunk(before: string, bytes: Uint8Array): Buffer {
  const front = `${before}${bytes.byteLength.toString(16)}\r\n`
  const out = Buffer.allocUnsafe(front.length + bytes.byteLength + 2)
  out.write(front, 0, 'latin1')
  out.set(bytes, front.length)
  out[out.length - 2] = CR
  out[out.length - 1] = LF
  return out
}

/** Bytes of a body as pieces to write in order; none for none, as an empty chunk would be the last. */
export function chunkPieces(bytes: Uint8Array): Uint8Array[] {
  if (bytes.byteLength === 0) return []
  if (bytes.byteLength <= JOIN_MAX) return [joinChunk('', bytes)]
  return [Buffer.from(`${bytes.byteLength.toString(16)}\r\n`, 'latin1'), bytes, CRLF]
}

/** Reads one body. */
export class ChunkedReader {
  /** The last chunk and the trailer are here. */
  done = false
  readonly #bad: (why: string) => PeerError
  readonly #lenient: boolean
  #state: 'size' | 'bytes' | 'end' | 'trailer' = 'size'
  #left = 0
  #line = ''
  #extra = 0

  /**
   * @param bad makes the error for bytes that are no such body
   * @param lenient lines may end with LF alone (RFC 9112 2.2): in responses, which no other reader has to read alike
   */
  constructor(bad: (why: string) => PeerError, lenient = false) {
    this.#bad = bad
    this.#lenient = lenient
  }

  /**
   * Reads from `data`, from `at` on; `give` gets the bytes of the body.
   * @returns where the first byte behind the body is; the length of `data` while it goes on.
   * @throws what `bad` made.
   */
  read(data: Buffer, at: number, give: (bytes: Buffer) => void): number {
    let next = at
    while (next < data.length && !this.done) {
      if (this.#state === 'bytes') {
        const end = Math.min(data.length, next + this.#left)
        give(data.subarray(next, end))
        this.#left -= end - next
        next = end
        if (this.#left === 0) this.#state = 'end'
      } else next = this.#readLine(data, next)
    }
    return next
  }

  #readLine(data: Buffer, at: number): number {
    const found = data.indexOf(LF, at)
    const end = found < 0 ? data.length : found
    if (this.#line.length + end - at > EXTRA_MAX) throw this.#bad('a chunk whose line is too long')
    this.#line += data.toString('latin1', at, end)
    if (found < 0) {
      // The line end behind a chunk is not waited for: what is none may be all that comes.
      if (this.#state === 'end' && this.#line !== '\r') throw this.#tooLong()
      return end
    }
    const line = this.#line
    this.#line = ''
    if (line.charCodeAt(line.length - 1) === CR) this.#take(line.slice(0, -1))
    else if (this.#lenient) this.#take(line)
    else throw this.#bad('a line of a chunked body that ends without CR')
    return found + 1
  }

  #take(line: string): void {
    if (this.#state === 'end') {
      if (line !== '') throw this.#tooLong()
      this.#state = 'size'
    } else if (this.#state === 'size') this.#size(line)
    else if (line === '') this.done = true
    else {
      if (!TRAILER.test(line)) throw this.#bad('a trailer that is no header field')
      if (FRAMING.test(line)) throw this.#bad('a length or a coding in the trailer (RFC 9110 6.5.1)')
      this.#count(line.length)
    }
  }

  #size(line: string): void {
    const match = SIZE.exec(line)
    if (!match) throw this.#bad(`the chunk size ${JSON.stringify(line.slice(0, 40))}`)
    this.#count(match[2]!.length)
    this.#left = Number.parseInt(match[1]!, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'bytes'
  }

  #tooLong(): PeerError {
    return this.#bad('a chunk that is longer than its size')
  }

  #count(size: number): void {
    this.#extra += size
    if (this.#extra > EXTRA_MAX) throw this.#bad('chunk extensions or a trailer that are too long')
  }
}
