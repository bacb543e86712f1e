// The exchanges that wait for a worker: first come, first served, at most so many, at most so long.
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { LinkedList, type Link } from '../linked-list.ts'
import type { Ahead } from './ahead.ts'

/** The bounds of a queue. */
export interface QueueBounds {
  /** Exchanges that may wait. */
  readonly most: number
  /** Milliseconds that each may wait. */
  readonly timeout: number
}

/** The place of an exchange in a queue. */
export interface Place {
  readonly exchange: Exchange
  /** When it has waited enough, as `performance.now()`. */
  readonly deadline: number
  readonly dropped: (place: Place) => void
  /** Undefined once it has left. */
  link: Link<Place> | undefined
  /** Where it was sent ahead of its turn; it keeps its place until it is begun there. */
  ahead: Ahead | undefined
  /** It cannot be sent ahead: it has a body, or is too large. */
  stays: boolean
}

/** A queue of exchanges. Those whose client goes away leave it. */
export class WaitingExchanges {
  readonly #bounds: QueueBounds
  /** Says in an error how the workers are. */
  readonly #workers: () => string
  readonly #waiting = new LinkedList<Place>()
  #timer: NodeJS.Timeout | undefined

  constructor(bounds: QueueBounds, workers: () => string) {
    this.#bounds = bounds
    this.#workers = workers
  }

  get size(): number {
    return this.#waiting.size
  }

  /** The place of the one that has waited longest; `next` leads to the others. */
  get first(): Link<Place> | undefined {
    return this.#waiting.first
  }

  /**
   * @param dropped called when it leaves the queue by itself: its client is gone, it waited too long, the queue is cleared
   * @throws {UpstreamError} QUEUE_FULL
   */
  add(exchange: Exchange, dropped: (place: Place) => void = () => {}): void {
    const { most } = this.#bounds
    if (this.#waiting.size >= most) {
      throw new UpstreamError('QUEUE_FULL', `${most} requests are waiting already (queue); ${this.#workers()}`, 503)
    }
    const place = this.#placeOf(exchange, dropped)
    this.#enter(place, this.#waiting.add(place))
  }

  /** One whose turn it was goes before all others, whatever the bound. `dropped`: as in `add`. */
  putBack(exchange: Exchange, dropped: (place: Place) => void): void {
    const place = this.#placeOf(exchange, dropped)
    this.#enter(place, this.#waiting.addFirst(place))
  }

  #placeOf(exchange: Exchange, dropped: (place: Place) => void): Place {
    const deadline = performance.now() + this.#bounds.timeout
    return { exchange, deadline, dropped, link: undefined, ahead: undefined, stays: exchange.body.length !== 0 }
  }

  #enter(place: Place, link: Link<Place>): void {
    place.link = link
    place.exchange.onAbort(() => {
      if (this.leave(place)) place.dropped(place)
    })
    this.#wake(this.#bounds.timeout)
  }

  /** The one that has waited longest. */
  take(): Exchange | undefined {
    const { first } = this.#waiting
    if (first) this.leave(first.item)
    return first?.item.exchange
  }

  /** It waits no longer. False when it did not. */
  leave(place: Place): boolean {
    const { link } = place
    place.link = undefined
    if (!link) return false
    this.#waiting.remove(link)
    return true
  }

  /** Fails all that wait. */
  clear(error: UpstreamError): void {
    // All leave before the first is dropped: none takes the place of another.
    const left = [...this.#waiting].filter((place) => this.leave(place))
    for (const place of left) {
      place.dropped(place)
      place.exchange.fail(error)
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    const now = performance.now()
    let next = Infinity
    for (const place of this.#waiting) {
      const { exchange, deadline, dropped } = place
      // Timers may fire a little early.
      if (deadline > now + 1) {
        next = Math.min(next, deadline)
        continue
      }
      if (!this.leave(place)) continue
      dropped(place)
      const seconds = this.#bounds.timeout / 1000
      exchange.fail(
        new UpstreamError(
          'QUEUE_TIMEOUT',
          `no worker was free for ${seconds} s (queueTimeout); ${this.#workers()}`,
          503,
        ),
      )
    }
    if (next < Infinity) this.#wake(next - now)
  }

  /** A queue that is empty again leaves its timer alone: it may be so many times a second. */
  #wake(milliseconds: number): void {
    if (!this.#timer) this.#timer = setTimeout(this.#expire, milliseconds).unref()
  }
}
