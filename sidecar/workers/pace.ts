// How long the requests on one link take: whether others had better wait behind them, and what the app has taken for the one under way. The
// time in which its client is waited for is not the app's. Times as performance.now().
import { AHEAD_MOST, LAST_COUNTS, SLOW_MS, STEADY_MS, STUCK_MS } from './tuning.ts'

/** The pace of a link. */
export class Pace {
  /** When the request under way began. */
  #since = 0
  /** Since when a client is waited for; 0: none is. */
  #waiting = 0
  /** In which a client was waited for, of the request under way. */
  #waited = 0
  /** How long the last requests took, in milliseconds; the later count more. */
  #mean = 0

  begin(now: number): void {
    this.#since = now
    this.#waiting = this.#waited = 0
  }

  /** The client is waited for, or no longer. */
  waits(client: boolean, now: number): void {
    if (client === this.#waiting > 0) return
    if (!client) this.#waited += now - this.#waiting
    this.#waiting = client ? now : 0
  }

  /** What the app has taken for the request under way, in milliseconds. */
  elapsed(now: number): number {
    return (this.#waiting || now) - this.#since - this.#waited
  }

  end(now: number): void {
    this.#mean += (now - this.#since - this.#mean) * LAST_COUNTS
  }

  /** The request under way takes so long that those ahead had better go to another busy worker. */
  isStuck(now: number): boolean {
    const expected = this.#mean > STEADY_MS ? 0 : 2 * this.#mean
    return now - this.#since > Math.max(STUCK_MS, expected)
  }

  /** Those ahead had better go to a worker that has nothing to do. */
  isSlow(now: number): boolean {
    return this.#mean > SLOW_MS || this.isStuck(now)
  }

  /** How many may be ahead of their turn: as far as can be told, their wait is short. */
  room(now: number): number {
    if (this.isStuck(now)) return 0
    if (this.#mean <= STUCK_MS) return AHEAD_MOST
    return this.#mean <= STEADY_MS ? 1 : 0
  }
}
