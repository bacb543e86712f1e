// The workers of one mount: gives each exchange to the least busy one, or lets it wait.
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { WaitingExchanges } from './queue.ts'
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
export class Pool {
  readonly #slots: readonly Slot<Worker>[]
  readonly #waiting: WaitingExchanges
  #closing: Promise<void> | undefined

  constructor(options: PoolOptions) {
    this.#waiting = new WaitingExchanges({ most: options.queue, timeout: options.queueTimeout }, () => this.#describe())
    const slot = (): Slot<Worker> =>
      new Slot(
        options,
        (owner) => new Worker(options, owner),
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
    if (worker) worker.run(exchange)
    else this.#waiting.add(exchange)
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
    while (this.#waiting.size > 0) {
      const worker = this.#leastBusy()
      if (!worker) return
      const exchange = this.#waiting.take()
      if (exchange) worker.run(exchange)
    }
  }

  #describe(): string {
    const ready = this.pids.length
    return ready === this.#slots.length
      ? `all ${ready} workers are busy (processes, threads)`
      : `${ready} of ${this.#slots.length} workers run: see the log for what became of the others`
  }
}
