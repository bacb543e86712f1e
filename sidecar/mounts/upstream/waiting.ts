// Exchanges that wait for a connection: first come, first served, at most so many, at most so long.
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { LinkedList } from '../../linked-list.ts'

interface Waiter<T> {
  readonly resolve: (turn: T | undefined) => void
  readonly reject: (error: UpstreamError) => void
  /** When it has waited enough, as performance.now(). */
  readonly deadline: number
}

/** A queue of exchanges; each turn brings a `T`. */
export class Waiting<T> {
  readonly #most: number
  readonly #timeout: number
  readonly #waiters = new LinkedList<Waiter<T>>()
  #timer: NodeJS.Timeout | undefined

  /** `timeout` in milliseconds. */
  constructor(most: number, timeout: number) {
    this.#most = most
    this.#timeout = timeout
  }

  get size(): number {
    return this.#waiters.size
  }

  /**
   * Waits for a turn; undefined when the client went away meanwhile.
   * @throws {UpstreamError} QUEUE_FULL, QUEUE_TIMEOUT
   */
  wait(exchange: Exchange): Promise<T | undefined> {
    if (this.#waiters.size >= this.#most) {
      const message = `every upstream has all its connections in use, and ${this.#most} requests wait already (queue)`
      return Promise.reject(new UpstreamError('QUEUE_FULL', message, 503))
    }
    return new Promise((resolve, reject) => {
      const link = this.#waiters.add({ resolve, reject, deadline: performance.now() + this.#timeout })
      exchange.onAbort(() => {
        if (this.#waiters.remove(link)) resolve(undefined)
      })
      this.#timer ??= setTimeout(this.#expire, this.#timeout)
    })
  }

  /** Gives the one that has waited longest its turn. */
  next(turn: T): void {
    const { first } = this.#waiters
    if (!first) return
    this.#waiters.remove(first)
    if (this.#waiters.size === 0) this.#stopTimer()
    first.item.resolve(turn)
  }

  /** Fails all that wait. */
  clear(error: UpstreamError): void {
    this.#stopTimer()
    for (let { first } = this.#waiters; first; { first } = this.#waiters) {
      this.#waiters.remove(first)
      first.item.reject(error)
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (let { first } = this.#waiters; first; { first } = this.#waiters) {
      const { reject, deadline } = first.item
      // Timers may fire a little early.
      if (deadline > now + 1) {
        this.#timer = setTimeout(this.#expire, deadline - now)
        return
      }
      this.#waiters.remove(first)
      const message = `no upstream had a connection to spare for ${this.#timeout / 1000} s (queueTimeout)`
      reject(new UpstreamError('QUEUE_TIMEOUT', message, 503))
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
