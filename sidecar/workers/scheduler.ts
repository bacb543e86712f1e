// Which worker gets an exchange, and when. The first that wait are sent to busy workers ahead of their turn, so that no worker waits for the
// gateway between two; they keep their places in the queue, and go to whichever worker comes to them first.
//
//        handle: no worker is free               handle: a worker is free
//                   │                                       │
//                   ▼               a worker is free        ▼
//     ┌────────► waiting ───────────────────────────► under way ──────► answered
//     │             │   ▲                              ▲    │
//     │             │   │ taken back: its link is      │    │
//     │  a busy     │   │ stuck, its client slow, one  │    │
//     │  worker has │   │ before it left the queue,    │    │
//     │  room       ▼   │ its worker leaves or dies    │    │
//     │            ahead ──────────────────────────────┘    │
//     │               its turn comes there, or a free       │
//     │               worker relieves a slow one of it      │
//     │                                                     │
//     └──────────────────────────────────────────────────────┘
//       returned, before all others: the worker had not begun it when it was taken back
//
// Waiting and ahead are both in the queue: what leaves it there (client gone, too long, closed) is never run. What has a body, or is too
// large, stays in the queue until a worker is free, and nothing behind it is sent ahead.
import { isIdempotent } from '../connect/failure.ts'
import { Durations, type DurationsReport } from '../durations.ts'
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Slot } from '../processes/slot.ts'
import { ExchangeQueue, type QueueWords } from '../queue.ts'
import type { Link, Sent, Turns, Waiting } from './link.ts'
import { PATROL_MS } from './tuning.ts'
import type { Worker } from './worker.ts'

/** Who wants to know what becomes of requests. */
export interface Watch {
  /** A worker has begun one. */
  begun(): void
  /** Some wait. */
  waits(): void
}

/** The scheduler of a pool. */
export class Scheduler implements Turns {
  readonly #slots: readonly Slot<Worker>[]
  readonly #queue: ExchangeQueue<Waiting['note']>
  readonly #waits = new Durations()
  readonly #timeout: number
  /** Those that were begun twice: not a third time. */
  readonly #repeated = new WeakSet<Exchange>()
  /** Those that came back: how long they waited at first is counted. */
  readonly #returned = new WeakSet<Exchange>()
  readonly #watcher: Watch | undefined
  readonly #first: number
  readonly #spread: number
  #patrol: NodeJS.Timeout | undefined
  #closed = false

  /**
   * @param slots where the workers are; they may come later
   * @param most exchanges that may wait
   * @param timeout milliseconds that each may wait
   * @param first requests that a worker takes at a time which the first request starts; 0: there is always one
   * @param spread workers, from the front, among which requests are shared out evenly; those behind get what these have no place for, one after the
   *   other, so that those are left without any that are not needed
   */
  constructor(
    slots: readonly Slot<Worker>[],
    most: number,
    timeout: number,
    words: QueueWords,
    watcher?: Watch,
    first = 0,
    spread = Infinity,
  ) {
    this.#slots = slots
    this.#timeout = timeout
    this.#watcher = watcher
    this.#first = first
    this.#spread = spread
    this.#queue = new ExchangeQueue({ most, timeout, words, left: (waiting) => this.#left(waiting) })
  }

  /** Exchanges that wait for a worker, those that were sent ahead among them. */
  get waiting(): number {
    return this.#queue.size
  }

  /** How long the one has waited that has waited longest, in milliseconds; 0: none waits. */
  get oldest(): number {
    const first = this.#queue.first?.item
    return first ? performance.now() - (first.deadline - this.#timeout) : 0
  }

  /** How long those waited that a worker has begun, those too that waited for nothing. */
  get waits(): DurationsReport {
    return this.#waits.report
  }

  /**
   * Gives an exchange to a worker, at once or when one is free.
   * @throws {UpstreamError} QUEUE_FULL, POOL_CLOSED
   */
  handle(exchange: Exchange): void {
    if (this.#closed) throw closed()
    const worker = this.#leastBusy()
    if (worker) {
      this.#waits.add(0)
      return this.#run(worker, exchange)
    }
    this.#queue.add(exchange, noteOf(exchange), this.#least)
    this.#dispatch()
    this.#watcher?.waits()
  }

  /** A worker can take a request. */
  readonly freed = (): void => {
    this.#dispatch()
    this.#relieve()
  }

  advanced(): void {
    this.#dispatch()
  }

  begun(waiting: Waiting): void {
    this.#leave(waiting)
    this.#watcher?.begun()
  }

  returned(exchange: Exchange): void {
    if (this.#closed) return exchange.fail(closed())
    this.#returned.add(exchange)
    this.#queue.putBack(exchange, noteOf(exchange))
    this.#dispatch()
    this.#watcher?.waits()
  }

  again(exchange: Exchange): boolean {
    if (this.#closed || this.#repeated.has(exchange) || !isIdempotent(exchange.variables.REQUEST_METHOD)) return false
    this.#repeated.add(exchange)
    this.returned(exchange)
    return true
  }

  /** The exchanges that wait get 503, and so do all that come. */
  close(): void {
    this.#closed = true
    this.#queue.clear(closed())
  }

  /** Where none is there at rest, what the first will take at once may wait for its start. */
  get #least(): number {
    const isUp = this.#first === 0 || this.#slots.some(({ occupant }) => occupant?.state === 'ready')
    return isUp ? 0 : this.#first
  }

  #run(worker: Worker, exchange: Exchange): void {
    worker.run(exchange)
    this.#watcher?.begun()
  }

  /** Of several that are equally busy the first: with little to do the same few stay warm. */
  #leastBusy(): Worker | undefined {
    let found: Worker | undefined
    let left = this.#spread
    for (const { occupant: worker } of this.#slots) {
      if (found !== undefined && left <= 0) break
      left--
      if (worker?.free && (found === undefined || worker.busy < found.busy)) {
        found = worker
        if (worker.busy === 0) break
      }
    }
    return found
  }

  /** The link that can take a request ahead and has the fewest; `now` as performance.now(). */
  #roomiest(now: number): Link | undefined {
    let found: Link | undefined
    let fewest = Infinity
    for (const { occupant: worker } of this.#slots) {
      for (const link of worker?.serving ?? []) {
        const ahead = link.aheadAt(now) ?? Infinity
        if (ahead >= fewest) continue
        found = link
        fewest = ahead
      }
    }
    return found
  }

  /** Gives those that wait to free workers, and when there are none, sends them to busy ones ahead of their turn. */
  #dispatch(): void {
    if (this.#closed) return
    const now = performance.now()
    let entry = this.#queue.first
    while (entry) {
      const worker = this.#leastBusy()
      const link = worker ? undefined : this.#roomiest(now)
      if (!worker && !link) return
      while (entry && sentOf(entry.item)) entry = entry.next
      if (!entry) return
      const { item: waiting, next } = entry
      entry = next
      if (worker) {
        this.#leave(waiting)
        this.#run(worker, waiting.exchange)
      } else if (waiting.note === undefined && link!.sendAhead(waiting)) {
        this.#watch()
      } else {
        // What comes after one that cannot be sent ahead must not overtake it.
        return
      }
    }
  }

  /** Gives workers that have nothing to do what waits at slow ones. */
  #relieve(): void {
    const now = performance.now()
    let worker = this.#leastBusy()
    let entry = this.#queue.first
    while (worker && entry) {
      const { item: waiting, next } = entry
      entry = next
      const link = sentOf(waiting)?.link
      if (!link?.isSlow(now)) continue
      const exchange = this.#takeFirst(waiting, link)
      if (exchange) this.#run(worker, exchange)
      link.settle()
      worker = this.#leastBusy()
      entry = this.#queue.first
    }
  }

  #leave(waiting: Waiting): void {
    if (this.#queue.leave(waiting) && !this.#returned.has(waiting.exchange))
      this.#waits.add(performance.now() - (waiting.deadline - this.#timeout))
  }

  /** The one that is to be run instead; undefined when the one that waits has been begun where it was sent. */
  #takeFirst(waiting: Waiting, link: Link): Exchange | undefined {
    // It may be that the busy worker has not even begun the request before this one, which is taken then.
    const taken = link.takeFirst()
    const left = taken ? taken.waiting : waiting
    if (left) this.#leave(left)
    return taken?.wanted ? taken.exchange : undefined
  }

  #watch(): void {
    if (!this.#patrol) this.#patrol = setTimeout(this.#look, PATROL_MS).unref()
  }

  /** Looks after those ahead: nothing else happens when a worker turns slow. */
  readonly #look = (): void => {
    this.#patrol = undefined
    const now = performance.now()
    const others = this.#slots.some(({ occupant: worker }) => worker?.serving.some((link) => link.room(now) > 0))
    const stuck = new Set<Link>()
    for (let entry = this.#queue.first; entry; entry = entry.next) {
      const link = sentOf(entry.item)?.link
      if (!link) continue
      this.#watch()
      if (others && link.isStuck(now)) stuck.add(link)
    }
    // All that are there, so that they keep their order.
    for (const link of stuck) link.takeBack()
    this.freed()
  }

  /** One left the queue by itself. Those that come back with it are sent anew. */
  #left(waiting: Waiting): void {
    waiting.exchange.upload?.close()
    const sent = sentOf(waiting)
    if (!sent) return
    sent.link.takeBack()
    this.#dispatch()
  }
}

function noteOf({ body }: Exchange): Waiting['note'] {
  return body.length === 0 ? undefined : 'stays'
}

function sentOf({ note }: Waiting): Sent | undefined {
  return note === 'stays' ? undefined : note
}

function closed(): UpstreamError {
  return new UpstreamError('POOL_CLOSED', 'the workers are being stopped', 503)
}
