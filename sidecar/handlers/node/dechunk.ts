// Takes the chunked framing (RFC 9112 7.1) off again that node:http puts on when an app asks for it by name. The framing is node's own,
// so it is always well-formed; trailers are dropped.

/** Gives the payload of a chunked body, whatever pieces it comes in. */
export class Dechunker {
  #state: 'size' | 'data' | 'gap' | 'end' = 'size'
  #size = ''
  #left = 0

  /** The payload in these bytes; may point into them. */
  push(bytes: Buffer): Buffer[] {
    const payload: Buffer[] = []
    let at = 0
    while (at < bytes.length && this.#state !== 'end') {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + this.#left)
        payload.push(piece)
        at += piece.length
        this.#left -= piece.length
        if (this.#left === 0) this.#state = 'gap'
        continue
      }
      const byte = bytes[at++]!
      if (byte !== 10 /* LF */) {
        if (this.#state === 'size' && byte !== 13 /* CR */) this.#size += String.fromCharCode(byte)
        continue
      }
      if (this.#state === 'gap') this.#state = 'size'
      else {
        this.#left = Number.parseInt(this.#size, 16)
        this.#size = ''
        this.#state = this.#left > 0 ? 'data' : 'end'
      }
    }
    return payload
  }
}
