// What was asked while one thing happened, and what came of it.
import type { Verdict } from './verdict.ts'

/** A request that was not answered as it has to be. Times as performance.now(). */
export interface Lost {
  readonly way: string
  readonly mount: string
  readonly kind: string
  readonly began: number
  readonly ended: number
  readonly why: string
}

/** Whoever asks tells it twice: before, and after. */
export class Tally {
  asked = 0
  right = 0
  /** WebSockets that were told to end. */
  told = 0
  /** Milliseconds. */
  slowest = 0
  readonly failed: Lost[] = []
  readonly wrong: Lost[] = []
  /** Those that have answered. */
  readonly mounts = new Set<string>()
  #pending = 0
  readonly #over = Promise.withResolvers<void>()
  #closed = false

  /** Requests that are not over. */
  get pending(): number {
    return this.#pending
  }

  async count(request: Pick<Lost, 'way' | 'mount' | 'kind'>, ask: () => Promise<Verdict>): Promise<Verdict> {
    const began = performance.now()
    this.asked++
    this.#pending++
    const verdict = await ask()
    const ended = performance.now()
    if (verdict.is === 'failed' || verdict.is === 'wrong')
      this[verdict.is].push({ ...request, began, ended, why: verdict.why })
    else {
      this[verdict.is]++
      this.mounts.add(request.mount)
    }
    this.slowest = Math.max(this.slowest, ended - began)
    this.#pending--
    this.#look()
    return verdict
  }

  /** Resolves when all that it was told of is over; nothing new is to come. */
  over(): Promise<void> {
    this.#closed = true
    this.#look()
    return this.#over.promise
  }

  #look(): void {
    if (this.#closed && this.#pending === 0) this.#over.resolve()
  }
}
