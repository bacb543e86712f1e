// The exchanges that wait for a worker: first come, first served, at most so many, at most so long.
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { LinkedList } from '../linked-list.ts'

/** The bounds of a queue. */
export interface QueueBounds {
  /** Exchanges that may wait. */
  readonly most: number
  /** Milliseconds that each may wait. */
  readonly timeout: number
}

interface Waiting {
  readonly exchange: Exchange
  /** When it has waited enough, as `performance.now()`: who comes first goes first. */
  readonly deadline: number
  readonly dropped: () => void
}

/** A queue of exchanges. Those whose client goes away leave it. */
export class WaitingExchanges {
  readonly #bounds: QueueBounds
  /** Says in an error how the workers are. */
  readonly #workers: () => string
  #waiting = new LinkedList<Waiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(bounds: QueueBounds, workers: () => string) {
    this.#bounds = bounds
    this.#workers = workers
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * @param dropped called when it leaves the queue by itself: its client is gone, it waited too long, the queue is cleared
   * @throws {UpstreamError} QUEUE_FULL
   */
  add(exchange: Exchange, dropped: () => void = () => {}): void {
    const { most, timeout } = this.#bounds
    if (this.#waiting.size >= most) {
      throw new UpstreamError('QUEUE_FULL', `${most} requests are waiting already (queue); ${this.#workers()}`, 503)
    }
    const link = this.#waiting.add({ exchange, deadline: performance.now() + timeout, dropped })
    exchange.onAbort(() => {
      if (this.#waiting.remove(link)) dropped()
    })
    this.#timer ??= setTimeout(this.#expire, timeout)
  }

  /** The one that has waited longest. */
  take(): Exchange | undefined {
    const { first } = this.#waiting
    if (!first) return undefined
    this.#waiting.remove(first)
    if (this.#waiting.size === 0) this.#stopTimer()
    return first.item.exchange
  }

  /** Fails all that wait. */
  clear(error: UpstreamError): void {
    this.#stopTimer()
    const waiting = [...this.#waiting]
    this.#waiting = new LinkedList()
    for (const { exchange, dropped } of waiting) {
      dropped()
      exchange.fail(error)
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const now = performance.now()
    for (let { first } = this.#waiting; first; { first } = this.#waiting) {
      const { exchange, deadline, dropped } = first.item
      // Timers may fire a little early.
      if (deadline > now + 1) {
        this.#timer = setTimeout(this.#expire, deadline - now)
        return
      }
      this.#waiting.remove(first)
      dropped()
      const seconds = this.#bounds.timeout / 1000
      exchange.fail(
        new UpstreamError(
          'QUEUE_TIMEOUT',
          `no worker was free for ${seconds} s (queueTimeout); ${this.#workers()}`,
          503,
        ),
      )
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
