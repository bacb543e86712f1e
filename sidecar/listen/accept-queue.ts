// The connections that the kernel has accepted and this process has not. Their clients have been told that they are there, and may have sent
// their requests: closing the socket behind which they wait resets them all.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Counts what is accepted, and knows when nothing waits. */
export class AcceptQueue {
  readonly #most: number
  #accepted = 0

  /** `backlog`: how many may wait. */
  constructor(backlog: number) {
    // The kernel takes one more than it is told.
    this.#most = backlog + 1
  }

  /** A connection was accepted. */
  note(): void {
    this.#accepted++
  }

  /**
   * Resolves once none waits of those that do now: a whole turn of the event loop, in which one is accepted if there is one, brought none,
   * or as many came as can have waited.
   */
  async empty(): Promise<void> {
    const last = this.#accepted + this.#most
    // The turn that this was called in may be past its look at sockets.
    await nextTurn()
    for (let seen = -1; seen !== this.#accepted && this.#accepted < last;) {
      seen = this.#accepted
      await nextTurn()
    }
  }
}
