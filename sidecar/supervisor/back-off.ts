// How long the start of a gateway waits that follows one which died: longer each time, until one serves for a while.

/** In milliseconds: the first time, and at most. */
const FIRST_MS = 50
const MOST_MS = 5000
/** A gateway that served for so long was no failed start. */
const STEADY_MS = 10_000

export class BackOff {
  #next = FIRST_MS

  /** One has ended that served from then on, as `performance.now()`. */
  servedSince(time: number): void {
    if (performance.now() - time > STEADY_MS) this.#next = FIRST_MS
  }

  /** Milliseconds that the next start waits. */
  next(): number {
    const now = this.#next
    this.#next = Math.min(2 * now, MOST_MS)
    return now
  }
}
