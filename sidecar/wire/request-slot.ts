// A request without a body on its way to a worker, in a pipe that the gateway and the worker both read: everything in it is a slot of one
// size, so that each read gets one.
//
// A slot: the request's number on its connection (8 bytes), the length of the text (2), the request's FastCGI id (1), the text (packed.ts,
// latin-1), zeros. A slot without a text says that the request itself comes by the connection: it has a body, or is too large.

/** PIPE_BUF of Linux, pipe(7): so much is written as a whole or not at all. */
export const SLOT_SIZE = 4096
const HEAD = 11
const WORD = 2 ** 32

/** One slot, written and read again and again. */
export class RequestSlot {
  /** What is written to the pipe, and where what is read from it goes. */
  readonly bytes: Buffer = Buffer.alloc(SLOT_SIZE)
  /** Zeros from here on. */
  #end = HEAD

  /** True for a text that a slot has room for. */
  static fits(text: string): boolean {
    return text.length > 0 && text.length <= SLOT_SIZE - HEAD
  }

  /**
   * @param sequence the request's number on its connection, a safe integer
   * @param id 0 to 255
   * @param text latin-1, that `fits`; empty for a request that the connection brings
   */
  write(sequence: number, id: number, text: string): void {
    const { bytes } = this
    bytes.writeUInt32BE(Math.floor(sequence / WORD), 0)
    bytes.writeUInt32BE(sequence % WORD, 4)
    bytes.writeUInt16BE(text.length, 8)
    bytes[10] = id
    const end = HEAD + bytes.write(text, HEAD, 'latin1')
    // Nothing of another request goes with it.
    if (end < this.#end) bytes.fill(0, end, this.#end)
    this.#end = end
  }

  /** The number of the request that was read into `bytes`. */
  read(): number {
    this.#end = SLOT_SIZE
    return this.bytes.readUInt32BE(0) * WORD + this.bytes.readUInt32BE(4)
  }
}
