// Who runs a request that was sent to a busy worker ahead of its turn: a pipe that the gateway and the worker both read. With the request
// goes a byte into it, which names it. Before the worker begins the request it takes the byte out; the gateway, when it wants the request
// back, does the same; the system gives each byte to one of them only, even while the app has the worker's interpreter to itself.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

const BYTES = Array.from({ length: 256 }, (_, id) => Uint8Array.of(id))

/** The gateway's end of such a pipe. */
export class Claims {
  readonly #fd: number
  readonly #byte = new Uint8Array(1)

  private constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Opens the pipe that a child has open.
   * @param pid the child, which is running
   * @param fd its file descriptor of the pipe's end for reading
   * @returns undefined where the system has no /proc, or does not show the child there.
   */
  static open(pid: number, fd: number): Claims | undefined {
    try {
      return new Claims(openSync(`/proc/${pid}/fd/${fd}`, constants.O_RDWR | constants.O_NONBLOCK))
    } catch {
      return undefined
    }
  }

  /** A request goes to the worker; `id` 0 to 255. */
  put(id: number): void {
    writeSync(this.#fd, BYTES[id]!)
  }

  /** The request that waits longest is not for the worker any more; undefined when it has begun all of them. */
  take(): number | undefined {
    try {
      return readSync(this.#fd, this.#byte) === 1 ? this.#byte[0] : undefined
    } catch {
      // EAGAIN: the pipe is empty.
      return undefined
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}
