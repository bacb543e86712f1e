// The workers of one mount: gives each exchange to the least busy one, or lets it wait. The first that wait are sent to busy workers ahead of
// their turn; they keep their places, and go to whichever worker comes to them first.
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Dispatcher, WorkerConnection } from './connection.ts'
import { Ahead } from './ahead.ts'
import { WaitingExchanges, type Place } from './queue.ts'
import { Slot } from './slot.ts'
import { Worker, type WorkerOptions } from './worker.ts'

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
  readonly #waiting: WaitingExchanges
  #closing: Promise<void> | undefined

  constructor(options: PoolOptions) {
    this.#waiting = new WaitingExchanges({ most: options.queue, timeout: options.queueTimeout }, () => this.#describe())
    const slot = (): Slot<Worker> =>
      new Slot(
        options,
        (owner) => new Worker(options, owner, this),
        () => this.#serveWaiting(),
      )
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
    if (exchange.aborted) return
    if (this.#closing) throw new UpstreamError('POOL_CLOSED', 'the workers are being stopped', 503)
    const worker = this.#waiting.size === 0 ? this.#leastBusy() : undefined
    if (worker) return worker.run(exchange)
    this.#waiting.add(exchange, this.#dropped)
    this.#sendAhead()
  }

  advanced(): void {
    this.#sendAhead()
  }

  begun(place: Place): void {
    this.#waiting.leave(place)
  }

  returned(exchange: Exchange): void {
    const connection = this.#closing ? undefined : this.#roomiest(performance.now())
    // It was its turn: it does not go behind those that wait.
    if (connection) return connection.sendAhead(exchange, undefined)
    try {
      this.handle(exchange)
    } catch (error) {
      exchange.fail(error)
    }
  }

  /** Ends all workers; the exchanges that wait get 503. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The processes that are ready, for status and tests. */
  get pids(): number[] {
    return this.#slots.flatMap(({ worker }) =>
      worker?.state === 'ready' && worker.pid !== undefined ? [worker.pid] : [],
    )
  }

  async #close(): Promise<void> {
    this.#waiting.clear(new UpstreamError('POOL_CLOSED', 'the workers are being stopped', 503))
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }

  /** Of several that are equally busy the first: with little to do the same few stay warm. */
  #leastBusy(): Worker | undefined {
    let found: Worker | undefined
    for (const { worker } of this.#slots) {
      if (worker?.free && (found === undefined || worker.busy < found.busy)) {
        found = worker
        if (worker.busy === 0) break
      }
    }
    return found
  }

  #serveWaiting(): void {
    for (let { first } = this.#waiting; first; { first } = this.#waiting) {
      const worker = this.#leastBusy()
      if (!worker) break
      const exchange = this.#next(first.item)
      if (exchange) worker.run(exchange)
    }
    this.#sendAhead()
  }

  /** What is to be run now; undefined when the one at the front of the queue has been begun where it was sent. */
  #next(front: Place): Exchange | undefined {
    // It may be that the busy worker has not even begun the request before this one, which is taken then.
    const taken = front.ahead ? front.ahead.list.takeFirst() : front
    const left = taken instanceof Ahead ? taken.place : front
    if (left) this.#waiting.leave(left)
    return taken instanceof Ahead && !taken.wanted ? undefined : taken?.exchange
  }

  /** Sends those that have waited longest to busy workers, so that these need not wait for them. */
  #sendAhead(): void {
    const now = performance.now()
    for (let link = this.#waiting.first; link; link = link.next) {
      const { exchange, ahead } = link.item
      if (ahead && !ahead.list.owner.isStuck(now)) continue
      // What comes after one that cannot be sent ahead must not overtake it.
      if (exchange.body.length !== 0) return
      const connection = this.#roomiest(now)
      if (!connection) return
      // All that are there with it, so that they keep their order.
      ahead?.list.owner.takeBack()
      if (!link.item.ahead) connection.sendAhead(exchange, link.item)
    }
  }

  /** The connection that can take a request ahead and has the fewest; `now` as performance.now(). */
  #roomiest(now: number): WorkerConnection | undefined {
    let found: WorkerConnection | undefined
    let fewest = Infinity
    for (const { worker } of this.#slots) {
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
  readonly #dropped = ({ ahead }: Place): void => {
    if (!ahead) return
    ahead.list.owner.takeBack()
    this.#sendAhead()
  }

  #describe(): string {
    const ready = this.pids.length
    return ready === this.#slots.length
      ? `all ${ready} workers are busy (processes, threads)`
      : `${ready} of ${this.#slots.length} workers run: see the log for what became of the others`
  }
}
