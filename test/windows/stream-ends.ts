// IIS takes the end of a response from FCGI_END_REQUEST alone: wfastcgi sends an empty FCGI_STDOUT, which is the end of that stream (FastCGI 1.0, 3.3),
// behind each piece.
import { HEADER, STDOUT } from '../../sidecar/wire/records.ts'

/** Takes empty records of FCGI_STDOUT out of a stream of records. */
export class StreamEnds {
  #header = Buffer.alloc(0)
  /** Bytes of a record that are still to come. */
  #left = 0

  /** What is left of some bytes; a header that is not whole waits for its rest. */
  without(bytes: Uint8Array): Buffer {
    const kept: Buffer[] = []
    let rest = Buffer.concat([this.#header, bytes])
    while (this.#left > 0 || rest.length >= HEADER) {
      if (this.#left === 0) {
        const length = rest.readUInt16BE(4) + rest[6]!
        const isEnd = rest[1] === STDOUT && length === 0
        if (isEnd) {
          rest = rest.subarray(HEADER)
          continue
        }
        this.#left = HEADER + length
      }
      const part = rest.subarray(0, this.#left)
      if (part.length === 0) break
      kept.push(part)
      this.#left -= part.length
      rest = rest.subarray(part.length)
    }
    this.#header = Buffer.from(rest)
    return Buffer.concat(kept)
  }
}
