// FastCGI's name-value pairs (FastCGI 1.0, 3.4): two lengths, of 1 byte below 128, else of 4 with the top bit set; the name;
// the value. Read out of a latin-1 string of the whole stream: one conversion, and substrings.
import { PeerError } from '../errors.ts'
import type { Variables } from '../variables.ts'
import { VARIABLES_MAX, VariableBlock } from './variable-block.ts'

const block = new VariableBlock()

/**
 * The variables in a PARAMS stream, unless `raw` without those that no app may see (refused.ts).
 * @throws {PeerError} FASTCGI_PARAMS when a length runs past the end, a name is empty, or there are too many; UWSGI_VARIABLE;
 * CONTENT_LENGTH_TWICE.
 */
export function readPairs(text: string, raw = false): Variables {
  const size = text.length
  const variables = block.begin(text, raw)
  let count = 0
  let at = 0
  while (at < size) {
    if (++count > VARIABLES_MAX) throw new PeerError('FASTCGI_PARAMS', `more than ${VARIABLES_MAX} variables`, 431)
    let nameLength = text.charCodeAt(at++)
    if (nameLength > 127) {
      nameLength = longLength(text, at - 1)
      at += 3
    }
    // NaN at the end of the text fails every comparison, and so the check below.
    let valueLength = text.charCodeAt(at++)
    if (valueLength > 127) {
      valueLength = longLength(text, at - 1)
      at += 3
    }
    const middle = at + nameLength
    const end = middle + valueLength
    if (!(end <= size)) throw new PeerError('FASTCGI_PARAMS', 'a FastCGI variable runs past the end of PARAMS')
    if (nameLength === 0) throw new PeerError('FASTCGI_PARAMS', 'a FastCGI variable without a name')
    block.take(at, middle, middle, end)
    at = end
  }
  return variables
}

/** A length of 4 bytes at `at`; NaN when the text ends inside it. */
function longLength(text: string, at: number): number {
  const low = text.charCodeAt(at + 3)
  return (
    (text.charCodeAt(at) & 0x7f) * 0x1000000 + (text.charCodeAt(at + 1) << 16) + (text.charCodeAt(at + 2) << 8) + low
  )
}

const SHORT = Array.from({ length: 128 }, (_, length) => String.fromCharCode(length))

function writtenLength(length: number): string {
  if (length < 128) return SHORT[length]!
  return String.fromCharCode((length >>> 24) | 0x80, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)
}

/** The pairs as a latin-1 string: joined in JavaScript and written at once, which costs a third of writing each by itself. */
export function writePairs(variables: Variables): string {
  let text = ''
  for (const name in variables) {
    const value = variables[name]!
    text += writtenLength(name.length) + writtenLength(value.length) + name + value
  }
  return text
}

/** A stream of pairs while it arrives: a string when it comes in one piece, else collected in one growing buffer. */
export class PairStream {
  readonly #limit: number
  #text = ''
  #block: Buffer | undefined
  /** Bytes collected. */
  size = 0

  /** `limit`: the most bytes it is made for; who adds more has not asked `fits`. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether `length` more bytes may come. */
  fits(length: number): boolean {
    return this.size + length <= this.#limit
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.size === 0) this.#text = bytes.toString('latin1', start, end)
    else bytes.copy(this.#room(end - start), this.size, start, end)
    this.size += end - start
  }

  /**
   * The pairs of the complete stream.
   * @throws {PeerError} as `readPairs`.
   */
  read(raw = false): Variables {
    return readPairs(this.#block ? this.#block.toString('latin1', 0, this.size) : this.#text, raw)
  }

  #room(length: number): Buffer {
    const needed = this.size + length
    if (this.#block === undefined || this.#block.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(4096, 2 * needed)))
      if (this.#block) this.#block.copy(grown, 0, 0, this.size)
      else grown.write(this.#text, 0, 'latin1')
      this.#text = ''
      this.#block = grown
    }
    return this.#block
  }
}
