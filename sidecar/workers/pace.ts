// How long the requests on one link take: whether others had better wait behind them. Times as performance.now().
import { LAST_COUNTS, SLOW_MS, STUCK_MS } from './tuning.ts'

/** The pace of a link. */
export class Pace {
  /** When the request under way began. */
  #since = 0
  /** How long the last requests took, in milliseconds; the later count more. */
  #mean = 0

  begin(now: number): void {
    this.#since = now
  }

  end(now: number): void {
    this.#mean += (now - this.#since - this.#mean) * LAST_COUNTS
  }

  /** The request under way takes so long that those ahead had better go to another busy worker. */
  isStuck(now: number): boolean {
    return now - this.#since > STUCK_MS
  }

  /** Those ahead had better go to a worker that has nothing to do. */
  isSlow(now: number): boolean {
    return this.#mean > SLOW_MS || this.isStuck(now)
  }

  /** As far as can be told, it is soon over. */
  isQuick(now: number): boolean {
    return this.#mean <= STUCK_MS && !this.isStuck(now)
  }
}
