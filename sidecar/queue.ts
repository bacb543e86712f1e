// The exchanges that wait until something is free to answer them: first come, first served, at most so many, at most so long.
import { UpstreamError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { LinkedList, type Entry } from './linked-list.ts'

/** An exchange that waits. */
export interface Waiter<T> {
  readonly exchange: Exchange
  /** When it has waited enough, as `performance.now()`. */
  readonly deadline: number
  /** What whoever keeps the queue has to remember of it. */
  note: T
  /** Undefined once it has left. */
  entry: Entry<Waiter<T>> | undefined
}

/** What a queue says to those that it refuses. */
export interface QueueWords {
  /** `most`: so many wait already. */
  full(most: number): string
  /** `seconds`: it waited so long. */
  late(seconds: number): string
}

/** How a queue works. */
export interface QueueOptions<T> {
  /** Exchanges that may wait. */
  readonly most: number
  /** Milliseconds that each may wait. */
  readonly timeout: number
  readonly words: QueueWords
  /** One left the queue by itself: its client is gone, it waited too long, the queue is cleared. */
  readonly left: (waiter: Waiter<T>) => void
}

/** A queue of exchanges. Those whose client goes away leave it. */
export class ExchangeQueue<T> {
  readonly #options: QueueOptions<T>
  readonly #waiters = new LinkedList<Waiter<T>>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: QueueOptions<T>) {
    this.#options = options
  }

  get size(): number {
    return this.#waiters.size
  }

  /** The one that has waited longest; `next` leads to the others. */
  get first(): Entry<Waiter<T>> | undefined {
    return this.#waiters.first
  }

  /**
   * @param least so many may wait, whatever the bound
   * @throws {UpstreamError} QUEUE_FULL
   */
  add(exchange: Exchange, note: T, least = 0): void {
    const { most, words } = this.#options
    if (this.#waiters.size >= Math.max(most, least)) throw new UpstreamError('QUEUE_FULL', words.full(most), 503)
    const waiter = this.#waiter(exchange, note)
    this.#enter(waiter, this.#waiters.add(waiter))
  }

  /** One whose turn it was goes before all others, whatever the bound. */
  putBack(exchange: Exchange, note: T): void {
    const waiter = this.#waiter(exchange, note)
    this.#enter(waiter, this.#waiters.addFirst(waiter))
  }

  /** The one that has waited longest waits no longer. */
  take(): Waiter<T> | undefined {
    const waiter = this.#waiters.first?.item
    if (waiter) this.leave(waiter)
    return waiter
  }

  /** It waits no longer. False when it did not. */
  leave(waiter: Waiter<T>): boolean {
    const { entry } = waiter
    waiter.entry = undefined
    if (!entry) return false
    this.#waiters.remove(entry)
    return true
  }

  /** Fails all that wait. */
  clear(error: UpstreamError): void {
    // All leave before the first is told of: none takes the place of another.
    for (const waiter of [...this.#waiters].filter((one) => this.leave(one))) this.#fail(waiter, error)
  }

  #waiter(exchange: Exchange, note: T): Waiter<T> {
    return { exchange, deadline: performance.now() + this.#options.timeout, note, entry: undefined }
  }

  #enter(waiter: Waiter<T>, entry: Entry<Waiter<T>>): void {
    waiter.entry = entry
    waiter.exchange.onAbort(() => {
      if (this.leave(waiter)) this.#options.left(waiter)
    })
    this.#wake(this.#options.timeout)
  }

  #fail(waiter: Waiter<T>, error: UpstreamError): void {
    this.#options.left(waiter)
    waiter.exchange.fail(error)
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const { timeout, words } = this.#options
    const now = performance.now()
    let next = Infinity
    for (const waiter of this.#waiters) {
      // Timers may fire a little early.
      if (waiter.deadline > now + 1) next = Math.min(next, waiter.deadline)
      else if (this.leave(waiter))
        this.#fail(waiter, new UpstreamError('QUEUE_TIMEOUT', words.late(timeout / 1000), 503))
    }
    if (next < Infinity) this.#wake(next - now)
  }

  /** A queue that is empty again leaves its timer alone: it may be so many times a second. */
  #wake(milliseconds: number): void {
    if (!this.#timer) this.#timer = setTimeout(this.#expire, milliseconds).unref()
  }
}

/** The words where exchanges wait for a process. `how`: how the processes are. */
export function processWords(how: () => string): QueueWords {
  return {
    full: (most) => `${most} requests are waiting already (queue); ${how()}`,
    late: (seconds) => `no worker was free for ${seconds} s (queueTimeout); ${how()}`,
  }
}
