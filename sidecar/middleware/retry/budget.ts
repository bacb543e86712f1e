// How many tries there may be beyond the first: a share of the requests, and a few in reserve. When all that stands behind is down, a gateway
// that asks three times makes it three times as hard to come up.

/** Tries that may be in reserve. */
const RESERVE = 10

/** Counts requests and tries. */
export class Budget {
  readonly #share: number
  #left = RESERVE

  /** `percent`: of the requests. */
  constructor(percent: number) {
    this.#share = percent / 100
  }

  /** A request came. */
  earn(): void {
    this.#left = Math.min(RESERVE, this.#left + this.#share)
  }

  /** Takes one try; false: there is none left. */
  spend(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
