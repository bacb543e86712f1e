// How many tries there may be beyond the first: a share of the requests, and a few in reserve. When all that stands behind is down, a gateway
// that asks three times makes it three times as hard to come up.

/** What a try costs: shares of a hundred requests add up to whole ones only in whole numbers. */
const TRY = 100
/** Tries that may be in reserve. */
const RESERVE = 10 * TRY

/** Counts requests and tries. */
export class Budget {
  readonly #share: number
  #left = RESERVE

  /** `percent`: of the requests. */
  constructor(percent: number) {
    this.#share = percent
  }

  /** A request came. */
  earn(): void {
    this.#left = Math.min(RESERVE, this.#left + this.#share)
  }

  /** Takes one try; false: there is none left. */
  spend(): boolean {
    if (this.#left < TRY) return false
    this.#left -= TRY
    return true
  }
}
