// The workers of one mount: gives each exchange to the least busy one, or lets it wait. The first that wait are sent to busy workers ahead of
// their turn; they keep their places, and go to whichever worker comes to them first.
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Dispatcher, WorkerConnection } from './fastcgi/link.ts'
import { ExchangeQueue, processWords } from '../queue.ts'
import type { Ahead, AheadOwner, Place } from './fastcgi/piped-requests.ts'
import { Slot } from '../processes/slot.ts'
import { Worker, type WorkerOptions } from './worker.ts'

/** How soon it is noticed, in milliseconds, that a worker to which requests were sent ahead has turned slow. */
const PATROL_MS = 2

/** A pool. Times in milliseconds. */
export interface PoolOptions extends WorkerOptions {
  readonly processes: number
  /** Exchanges that may wait for a worker. */
  readonly queue: number
  readonly queueTimeout: number
}

/** The workers of a mount. */
export class Pool implements Dispatcher {
  readonly #slots: readonly Slot<Worker>[]
  readonly #waiting: ExchangeQueue<Place['note']>
  #closing: Promise<void> | undefined
  #closed = false
  #patrol: NodeJS.Timeout | undefined

  constructor(options: PoolOptions) {
    this.#waiting = new ExchangeQueue({
      most: options.queue,
      timeout: options.queueTimeout,
      words: processWords(() => this.#describe()),
      left: (place) => this.#dropped(place),
    })
    const slot = (): Slot<Worker> => new Slot(options, (keeper) => new Worker(options, keeper, this), this.#freed)
    this.#slots = Array.from({ length: options.processes }, slot)
  }

  /** Starts all workers; when one does not come up, ends them all. @throws {StartError} */
  async open(): Promise<void> {
    try {
      await Promise.all(this.#slots.map((slot) => slot.open()))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /**
   * Gives an exchange to a worker, at once or when one is free.
   * @throws {UpstreamError} QUEUE_FULL, POOL_CLOSED
   */
  handle(exchange: Exchange): void {
    if (exchange.aborted) return exchange.upload?.close()
    if (this.#closed) throw closed()
    const worker = this.#leastBusy()
    if (worker) return worker.run(exchange)
    this.#waiting.add(exchange, noteOf(exchange))
    this.#dispatch()
  }

  advanced(): void {
    this.#dispatch()
  }

  begun(place: Place): void {
    this.#waiting.leave(place)
  }

  returned(exchange: Exchange): void {
    if (this.#closed) return exchange.fail(closed())
    this.#waiting.putBack(exchange, noteOf(exchange))
    this.#dispatch()
  }

  /** Ends all workers; the exchanges that wait get 503. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Exchanges that wait for a worker, those that were sent ahead of their turn among them. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** The processes that are ready. */
  get pids(): number[] {
    return this.#slots.flatMap(({ occupant: worker }) =>
      worker?.state === 'ready' && worker.pid !== undefined ? [worker.pid] : [],
    )
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear(closed())
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }

  /** Of several that are equally busy the first: with little to do the same few stay warm. */
  #leastBusy(): Worker | undefined {
    let found: Worker | undefined
    for (const { occupant: worker } of this.#slots) {
      if (worker?.free && (found === undefined || worker.busy < found.busy)) {
        found = worker
        if (worker.busy === 0) break
      }
    }
    return found
  }

  /** Gives those that wait to free workers, and when there are none, sends them to busy ones ahead of their turn. */
  #dispatch(): void {
    if (this.#closed) return
    const now = performance.now()
    let link = this.#waiting.first
    while (link) {
      const worker = this.#leastBusy()
      const connection = worker ? undefined : this.#roomiest(now)
      if (!worker && !connection) return
      while (link && aheadOf(link.item)) link = link.next
      if (!link) return
      const { item: place, next } = link
      link = next
      const { exchange } = place
      if (worker) {
        this.#waiting.leave(place)
        worker.run(exchange)
      } else if (place.note === undefined && connection!.sendAhead(exchange, place)) {
        this.#watch()
      } else {
        // What comes after one that cannot be sent ahead must not overtake it.
        return
      }
    }
  }

  readonly #freed = (): void => {
    this.#dispatch()
    this.#relieve()
  }

  /** Gives workers that have nothing to do what waits at slow ones. */
  #relieve(): void {
    const now = performance.now()
    let worker = this.#leastBusy()
    let link = this.#waiting.first
    while (worker && link) {
      const { item: place, next } = link
      link = next
      const owner = aheadOf(place)?.owner
      if (!owner?.isSlow(now)) continue
      const exchange = this.#takeFirst(place, owner)
      if (exchange) worker.run(exchange)
      owner.settle()
      worker = this.#leastBusy()
      link = this.#waiting.first
    }
  }

  /** The one that is to be run instead; undefined when that at `place` has been begun where it was sent. */
  #takeFirst(place: Place, owner: AheadOwner): Exchange | undefined {
    // It may be that the busy worker has not even begun the request before this one, which is taken then.
    const taken = owner.takeFirst()
    const left = taken ? taken.place : place
    if (left) this.#waiting.leave(left)
    return taken?.wanted ? taken.exchange : undefined
  }

  #watch(): void {
    if (!this.#patrol) this.#patrol = setTimeout(this.#look, PATROL_MS).unref()
  }

  /** Looks after those ahead: nothing else happens when a worker turns slow. */
  readonly #look = (): void => {
    this.#patrol = undefined
    const now = performance.now()
    const others = this.#slots.some(({ occupant: worker }) =>
      worker?.serving.some((connection) => connection.takesAhead(now)),
    )
    const stuck = new Set<AheadOwner>()
    for (let link = this.#waiting.first; link; link = link.next) {
      const owner = aheadOf(link.item)?.owner
      if (!owner) continue
      this.#watch()
      if (others && owner.isStuck(now)) stuck.add(owner)
    }
    // All that are there, so that they keep their order.
    for (const owner of stuck) owner.takeBack()
    this.#freed()
  }

  /** The connection that can take a request ahead and has the fewest; `now` as performance.now(). */
  #roomiest(now: number): WorkerConnection | undefined {
    let found: WorkerConnection | undefined
    let fewest = Infinity
    for (const { occupant: worker } of this.#slots) {
      for (const connection of worker?.serving ?? []) {
        const ahead = connection.aheadAt(now) ?? Infinity
        if (ahead >= fewest) continue
        found = connection
        fewest = ahead
      }
    }
    return found
  }

  /** One left the queue by itself. Those that come back with it are sent anew. */
  #dropped(place: Place): void {
    place.exchange.upload?.close()
    const ahead = aheadOf(place)
    if (!ahead) return
    ahead.owner.takeBack()
    this.#dispatch()
  }

  #describe(): string {
    const ready = this.pids.length
    return ready === this.#slots.length
      ? `all ${ready} workers are busy (processes, threads)`
      : `${ready} of ${this.#slots.length} workers run: see the log for what became of the others`
  }
}

function noteOf({ body }: Exchange): Place['note'] {
  return body.length === 0 ? undefined : 'stays'
}

function aheadOf({ note }: Place): Ahead | undefined {
  return note === 'stays' ? undefined : note
}

function closed(): UpstreamError {
  return new UpstreamError('POOL_CLOSED', 'the workers are being stopped', 503)
}
