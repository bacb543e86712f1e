// Equal requests at the same moment: the first is fetched, the others wait for what comes of it. What turned out to be for one client alone is not waited
// for again for a while, so that its requests do not go one after the other.
import type { Exchange } from '../../exchange.ts'
import { LinkedList } from '../../linked-list.ts'

/**
 * What came of a fetch. `stored`: it can be had; `stale`: what was stored before is all there is; `alone`: it was for that client only, or took too long;
 * `again`: nothing, that client went away.
 */
export type Outcome = 'stored' | 'stale' | 'alone' | 'again'

interface Waiter {
  readonly exchange: Exchange
  readonly go: (outcome: Outcome) => void
}

/** How long a key is remembered whose responses are not stored, in milliseconds. */
const ALONE_MS = 10_000
const ALONE_MAX = 10_000

/** One that is fetched. */
export interface Flight {
  /** Has those that wait go on. Works twice: the first outcome counts. */
  over(outcome: Outcome): void
}

/** All that are fetched. */
export class Flights {
  readonly #timeout: number
  readonly #most: number
  readonly #flights = new Map<string, LinkedList<Waiter>>()
  readonly #alone = new Map<string, number>()
  #waiting = 0

  /**
   * @param timeout milliseconds that the others wait; 0: they do not
   * @param most requests that wait; more do not
   */
  constructor(timeout: number, most: number) {
    this.#timeout = timeout
    this.#most = most
  }

  /** True for what was not stored a moment ago. */
  isAlone(key: string): boolean {
    const until = this.#alone.get(key)
    if (until === undefined) return false
    if (until > performance.now()) return true
    this.#alone.delete(key)
    return false
  }

  /** Remembers that what comes for a key is not stored. */
  noteAlone(key: string): void {
    if (this.#alone.size >= ALONE_MAX) this.#alone.clear()
    this.#alone.set(key, performance.now() + ALONE_MS)
  }

  /** Begins to fetch; undefined: somebody does so already, or it is not to be waited for. */
  begin(key: string): Flight | undefined {
    if (this.#timeout === 0 || this.#flights.has(key) || this.isAlone(key)) return undefined
    const waiters = new LinkedList<Waiter>()
    this.#flights.set(key, waiters)
    const over = (outcome: Outcome): void => {
      clearTimeout(timer)
      if (this.#flights.get(key) !== waiters) return
      this.#flights.delete(key)
      this.#waiting -= waiters.size
      for (const { exchange, go } of waiters) {
        if (exchange.over) continue
        try {
          go(outcome)
        } catch (error) {
          exchange.fail(error)
        }
      }
    }
    const late = (): void => {
      // Who comes next would wait as long for nothing: a response without an end.
      this.noteAlone(key)
      over('alone')
    }
    const timer = setTimeout(late, this.#timeout).unref()
    return { over }
  }

  /** @returns false when there is nothing to wait for, or too many wait; else `go` is called when it is over, unless the client goes before */
  wait(key: string, exchange: Exchange, go: Waiter['go']): boolean {
    const waiters = this.#flights.get(key)
    if (!waiters || this.#waiting >= this.#most) return false
    const entry = waiters.add({ exchange, go })
    this.#waiting++
    exchange.onAbort(() => {
      if (this.#flights.get(key) === waiters && waiters.remove(entry)) this.#waiting--
    })
    return true
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#alone.clear()
  }
}
