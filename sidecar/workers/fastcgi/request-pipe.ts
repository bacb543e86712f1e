// How a worker gets its requests: a pipe that the gateway and the worker both read, in slots of one size (wire/request-slot.ts). The worker
// takes a slot out when it begins the request, the gateway takes out what it wants back; the system gives each slot to one of them only, even
// while the app has the worker's interpreter to itself.
import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { RequestSlot, SLOT_SIZE } from '../../wire/request-slot.ts'

/** The gateway's end of such a pipe. */
export class RequestPipe {
  /** One for all: it is filled and used at once. */
  static readonly #slot = new RequestSlot()
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

  /**
   * A request goes to the worker; false when the pipe is full. An empty pipe has room.
   * @param sequence its number on the connection, which is not that of another
   * @param id 0 to 255
   * @param text that fits into a slot; empty for one that the connection brings
   */
  put(sequence: number, id: number, text: string): boolean {
    if (this.#fd === undefined) return false
    const slot = RequestPipe.#slot
    slot.write(sequence, id, text)
    try {
      return writeSync(this.#fd, slot.bytes) === SLOT_SIZE
    } catch (error) {
      if (isAgain(error)) return false
      throw error
    }
  }

  /** The request that waits longest is not for the worker any more: its number; undefined when the worker has begun all of them. */
  take(): number | undefined {
    if (this.#fd === undefined) return undefined
    const slot = RequestPipe.#slot
    try {
      return readSync(this.#fd, slot.bytes) === SLOT_SIZE ? slot.read() : undefined
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
