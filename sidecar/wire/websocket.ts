// The frames of a WebSocket (RFC 6455 5.2), as far as somebody needs to know who passes them on: where they end, so that a frame may stand
// between two of them. Nothing is kept of their contents.

const CLOSE = 0x8
const MASK = 0x80
/** Lengths up to here stand in the second byte; these two say that 2 or 8 bytes follow with it. */
const SHORT_MAX = 125
const MEDIUM = 126

/** Follows the frames of one direction, in whatever pieces they come. */
export class Frames {
  /** Bytes of the head of a frame that has begun. */
  #head: number[] = []
  /** How many bytes its head has, as far as is known. */
  #headSize = 2
  /** Bytes of its payload that are still to come. */
  #payload = 0
  #closed = false

  /** True when nothing is missing of the last frame: another may follow. */
  get complete(): boolean {
    return this.#head.length === 0 && this.#payload === 0
  }

  /** A Close frame has begun: no other follows it (5.5.1). */
  get closed(): boolean {
    return this.#closed
  }

  /** Takes the next bytes. Gives where among them the last frame ends that they complete; 0: they complete none. */
  push(bytes: Uint8Array): number {
    const size = bytes.byteLength
    let end = 0
    let at = 0
    while (at < size) {
      if (this.#payload > 0) {
        const part = Math.min(this.#payload, size - at)
        this.#payload -= part
        at += part
      } else this.#headByte(bytes[at++]!)
      if (this.complete) end = at
    }
    return end
  }

  #headByte(byte: number): void {
    const head = this.#head
    head.push(byte)
    if (head.length === 2) {
      const length = byte & ~MASK
      const more = length <= SHORT_MAX ? 0 : length === MEDIUM ? 2 : 8
      this.#headSize = 2 + more + (byte & MASK ? 4 : 0)
    }
    if (head.length < this.#headSize) return
    this.#closed ||= (head[0]! & 0xf) === CLOSE
    this.#payload = payloadOf(head)
    this.#head = []
    this.#headSize = 2
  }
}

function payloadOf(head: readonly number[]): number {
  const length = head[1]! & ~MASK
  if (length <= SHORT_MAX) return length
  const size = length === MEDIUM ? 2 : 8
  return head.slice(2, 2 + size).reduce((sum, byte) => sum * 256 + byte, 0)
}

/** A Close frame as a client sends it (RFC 6455 5.5.1, 7.4); `mask`: four bytes that nobody can foresee (5.3). */
export function closeFrame(code: number, mask: Uint8Array): Buffer {
  const payload = [code >> 8, code & 0xff].map((byte, index) => byte ^ mask[index]!)
  return Buffer.from([0x80 | CLOSE, MASK | payload.length, ...mask, ...payload])
}
