// How often something may happen, for each of many keys: the generic cell rate algorithm (ITU-T I.371), which needs one number a key and no
// timer, has no edges of windows at which twice as much passes, and knows to the millisecond when there is room again.

/** Keys that are remembered of one generation. */
const KEYS_MAX = 100_000

/** Milliseconds that make no difference: a third of a second, and what a clock says, are not exact, and neither are their sums. */
const SLACK = 0.001

/** How often. */
export interface Rate {
  /** Milliseconds from one to the next. */
  readonly interval: number
  /** How many may come at once, beyond the first. */
  readonly burst: number
}

/** What is said of one that comes. */
export interface Verdict {
  /** Milliseconds until it could pass; 0: it passes. */
  readonly wait: number
  /** It passes, so many milliseconds later: it has that place. Undefined: at once, or not at all. */
  readonly delay?: number
  /** How many more could come at once. */
  readonly left: number
  /** Milliseconds until as many as ever could come at once. */
  readonly reset: number
}

/**
 * The rates of all keys. A key is forgotten when it makes no difference any more; under a flood of keys all are forgotten early, which lets
 * some pass that should not: memory is bounded all the same.
 */
export class Rates {
  readonly #interval: number
  readonly #tolerance: number
  readonly #waiting: number
  readonly #most: number
  /** When the next one of a key would come, if they came as slowly as the rate has it. */
  #young = new Map<string, number>()
  #old = new Map<string, number>()
  #since = -Infinity

  /** @param later how many of a key may wait for their turn */
  constructor({ interval, burst }: Rate, most: number = KEYS_MAX, later = 0) {
    this.#interval = interval
    this.#waiting = interval * later
    this.#tolerance = interval * burst
    this.#most = most
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /**
   * One comes. One that does not pass costs nothing.
   * @param now milliseconds of a clock that does not go back
   * @param mayWait it may get a later place, where there are some
   */
  take(key: string, now: number, mayWait = true): Verdict {
    if (now - this.#since >= this.#tolerance + this.#waiting + this.#interval || this.#young.size >= this.#most)
      this.#forget(now)
    const due = Math.max(this.#young.get(key) ?? this.#old.get(key) ?? now, now)
    const wait = due - this.#tolerance - now
    if (wait > (mayWait ? this.#waiting : 0) + SLACK) return { wait, left: 0, reset: due - now }
    const next = due + this.#interval
    this.#young.set(key, next)
    if (wait > SLACK) return { wait: 0, delay: wait, left: 0, reset: next - now }
    return {
      wait: 0,
      left: Math.floor((this.#tolerance + this.#interval - (next - now) + SLACK) / this.#interval),
      reset: next - now,
    }
  }

  #forget(now: number): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#since = now
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A rate as it is written: `10/s`, `300/m`, `5/10s`. */
export const RATE: RegExp = /^([1-9][0-9]{0,6})\/([1-9][0-9]{0,4})?([smhd])$/

/** Reads a rate, which fits RATE. `burst`: default one less than its number, so that as many may come at once. */
export function rateOf(text: string, burst: number | undefined): Rate {
  const [, number, times = '1', unit] = RATE.exec(text)!
  return { interval: (UNITS[unit!]! * Number(times)) / Number(number), burst: burst ?? Number(number) - 1 }
}
