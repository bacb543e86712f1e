// How a worker gets its requests: a pipe that the gateway and the worker both read, in slots of one size. The worker takes a slot out when it
// begins the request, the gateway takes out what it wants back; the system gives each slot to one of them only, even while the app has
// the worker's interpreter to itself.
//
// A slot: the request's number on its connection (8 bytes), the length of the text (2), the request's FastCGI id (1), the text (packed.ts),
// zeros. A slot without a text says that the request itself comes by the connection: it has a body, or is too large.
import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'

/** PIPE_BUF of Linux, pipe(7): so much is written as a whole or not at all. All reads are of this size too, so that each gets one slot. */
const SLOT = 4096
const HEAD = 11
const WORD = 2 ** 32

/** The gateway's end of such a pipe. */
export class RequestPipe {
  static readonly #slot = Buffer.alloc(SLOT)
  /** Where the text in #slot ends. */
  static #end = HEAD
  /** Undefined once it is closed. */
  #fd: number | undefined

  private constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Opens the pipe that a process has open.
   * @param pid the process, by its own account
   * @param fd its file descriptor of the pipe's end for reading
   * @param inode that of the pipe: what is another file here, as the process has other numbers there, is left alone
   * @returns undefined where the system has no /proc, or does not show the pipe there.
   */
  static open(pid: number, fd: number, inode: number): RequestPipe | undefined {
    const path = `/proc/${pid}/fd/${fd}`
    try {
      if (statSync(path).ino !== inode) return undefined
      const opened = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      const found = fstatSync(opened)
      if (found.isFIFO() && found.ino === inode) return new RequestPipe(opened)
      closeSync(opened)
    } catch {
      // None, or not for this user.
    }
    return undefined
  }

  /** True for a text that a slot has room for. */
  static fits(text: string): boolean {
    return text.length > 0 && text.length <= SLOT - HEAD
  }

  /**
   * A request goes to the worker; false when the pipe is full. An empty pipe has room.
   * @param sequence its number on the connection, which is not that of another
   * @param id 0 to 255
   * @param text latin-1, that `fits`; empty for one that the connection brings
   */
  put(sequence: number, id: number, text: string): boolean {
    if (this.#fd === undefined) return false
    const slot = RequestPipe.#slot
    slot.writeUInt32BE(Math.floor(sequence / WORD), 0)
    slot.writeUInt32BE(sequence % WORD, 4)
    slot.writeUInt16BE(text.length, 8)
    slot[10] = id
    const end = HEAD + slot.write(text, HEAD, 'latin1')
    // Nothing of another request goes with it.
    if (end < RequestPipe.#end) slot.fill(0, end, RequestPipe.#end)
    RequestPipe.#end = end
    try {
      return writeSync(this.#fd, slot) === SLOT
    } catch (error) {
      if (isAgain(error)) return false
      throw error
    }
  }

  /** The request that waits longest is not for the worker any more: its number; undefined when the worker has begun all of them. */
  take(): number | undefined {
    if (this.#fd === undefined) return undefined
    const slot = RequestPipe.#slot
    RequestPipe.#end = SLOT
    try {
      return readSync(this.#fd, slot) === SLOT ? slot.readUInt32BE(0) * WORD + slot.readUInt32BE(4) : undefined
    } catch (error) {
      if (isAgain(error)) return undefined
      throw error
    }
  }

  /** The worker is to end when it has begun what is in the pipe. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

function isAgain(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN'
}
