// Numbers by chance that are the same for the same seed.

/** A source of them. */
export class Random {
  #state: number

  /** @param seed a whole number */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1: mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  one<T>(of: readonly T[]): T {
    return of[this.whole(0, of.length - 1)]!
  }

  /** One of several, each as often as its weight says. */
  weighted<T extends { readonly weight: number }>(of: readonly T[]): T {
    let left = this.next() * of.reduce((sum, { weight }) => sum + weight, 0)
    return of.find(({ weight }) => (left -= weight) < 0) ?? of.at(-1)!
  }

  /** Another source, for one of several who ask in no certain order. */
  fork(): Random {
    return new Random(this.whole(0, 2 ** 32 - 1))
  }
}
