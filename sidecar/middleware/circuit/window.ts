// How many requests of the last seconds went wrong: tenths of the time, each with its counts, of which the oldest falls out.

const TENTHS = 10

interface Counts {
  all: number
  failed: number
}

/** Counts of a time that moves on. */
export class Window {
  readonly #tenth: number
  #counts: Counts[] = []
  #since = -Infinity

  /** `length`: milliseconds. */
  constructor(length: number) {
    this.#tenth = length / TENTHS
  }

  /** One is over. */
  add(failed: boolean, now: number): void {
    const counts = this.#current(now)
    counts.all++
    if (failed) counts.failed++
  }

  /** One that was counted as good has failed since. */
  turn(now: number): void {
    this.#current(now).failed++
  }

  /** How many there were. */
  total(now: number): Readonly<Counts> {
    this.#current(now)
    const all = this.#counts.reduce((sum, counts) => sum + counts.all, 0)
    // What failed late may have fallen out as good.
    const failed = this.#counts.reduce((sum, counts) => sum + counts.failed, 0)
    return { all, failed: Math.min(all, failed) }
  }

  /** Forgets all. */
  clear(): void {
    this.#counts = []
  }

  #current(now: number): Counts {
    const passed = Math.min(TENTHS, Math.floor((now - this.#since) / this.#tenth))
    if (passed > 0) {
      this.#since = passed === TENTHS ? now : this.#since + passed * this.#tenth
      for (let i = 0; i < passed; i++) this.#counts.push({ all: 0, failed: 0 })
    }
    if (this.#counts.length === 0) this.#counts.push({ all: 0, failed: 0 })
    this.#counts.splice(0, this.#counts.length - TENTHS)
    return this.#counts.at(-1)!
  }
}
