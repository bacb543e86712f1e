// Whether a client takes of what waits to be sent. Node.js' own clock of a socket begins anew with each byte that comes, and a client that
// sends may never read.
import type { Socket } from 'node:net'

/** How far a client has got in the output of one connection. */
export class Taking {
  readonly #socket: Socket
  readonly #most: number
  #taken = 0
  #since = 0

  /** `most`: milliseconds without a byte taken. */
  constructor(socket: Socket, most: number) {
    this.#socket = socket
    this.#most = most
  }

  /** The output waits from now on. */
  begin(): void {
    this.#taken = this.#count()
    this.#since = performance.now()
  }

  /** Nothing of it was taken for too long. */
  get late(): boolean {
    const taken = this.#count()
    const now = performance.now()
    if (taken === this.#taken) return now - this.#since > this.#most
    this.#taken = taken
    this.#since = now
    return false
  }

  /** Bytes that the system has taken, and no longer keeps here. */
  #count(): number {
    const { _handle: handle } = this.#socket as unknown as {
      _handle?: { bytesWritten: number; writeQueueSize: number } | null
    }
    return handle ? handle.bytesWritten - handle.writeQueueSize : 0
  }
}
