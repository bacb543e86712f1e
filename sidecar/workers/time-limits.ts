// How long the requests of a mount may take: for all of it, and for paths below it. Times in milliseconds; Infinity: no limit.
import type { Exchange } from '../exchange.ts'

/** The limits of a request. */
export interface TimeLimits {
  /** Then it gets 504, and the app is told to stop. */
  readonly timeout: number
  /** From then on: then its worker is replaced and ended. */
  readonly kill: number
  /** Then the log tells what the app is doing. */
  readonly slow: number
}

/** The limits of a mount. */
export class TimeRules {
  readonly #all: TimeLimits
  /** The longest first. */
  readonly #paths: readonly (readonly [prefix: string, limits: TimeLimits])[]

  /** @param paths prefixes in the mount, which match whole segments; latin-1, as PATH_INFO is */
  constructor(all: TimeLimits, paths: readonly (readonly [prefix: string, limits: TimeLimits])[]) {
    this.#all = all
    this.#paths = paths.toSorted(([a], [b]) => b.length - a.length)
  }

  /** The shortest of them all: before that there is nothing to look at. */
  get least(): number {
    return Math.min(
      ...[this.#all, ...this.#paths.map(([, limits]) => limits)].flatMap(({ timeout, slow }) => [timeout, slow]),
    )
  }

  /** Those of one request. */
  of({ variables: { PATH_INFO: path = '' } }: Exchange): TimeLimits {
    for (const [prefix, limits] of this.#paths) {
      if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')) return limits
    }
    return this.#all
  }
}
