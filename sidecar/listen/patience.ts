// How long a connection may be silent, and how long a request head may take, however slowly it trickles.
import type { Socket } from 'node:net'
import { LIMITS } from './door.ts'

/** The clock of one connection. */
export class Patience {
  readonly #socket: Socket
  readonly #late: () => void
  #listening = false
  #headSince = 0

  /** `late` is called when the connection was silent for too long. */
  constructor(socket: Socket, late: () => void) {
    this.#socket = socket
    this.#late = late
  }

  /** True while a head is arriving. */
  get inHead(): boolean {
    return this.#headSince > 0
  }

  /** Sets how long the connection may be silent, in milliseconds; 0: for ever. */
  silence(milliseconds: number): void {
    if (!this.#listening) {
      if (milliseconds === 0) return
      this.#listening = true
      this.#socket.on('timeout', this.#late)
    }
    this.#socket.setTimeout(milliseconds)
  }

  /** A part of a head arrived. False when the whole of it takes too long. */
  headPart(): boolean {
    if (this.inHead) return performance.now() - this.#headSince <= LIMITS.head
    this.#headSince = performance.now()
    this.silence(LIMITS.head)
    return true
  }

  /** A head is complete; `milliseconds` of silence may follow. */
  headOver(milliseconds: number): void {
    this.#headSince = 0
    this.silence(milliseconds)
  }
}
