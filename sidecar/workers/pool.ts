// The workers of one mount: starts them, keeps as many as there are to be, and ends them. Which of them gets an exchange is the scheduler's.
import type { Exchange } from '../exchange.ts'
import { Slot } from '../processes/slot.ts'
import { processWords } from '../queue.ts'
import { Scheduler } from './scheduler.ts'
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
  readonly #slots: Slot<Worker>[] = []
  readonly #scheduler: Scheduler
  #closing: Promise<void> | undefined

  constructor(options: PoolOptions) {
    const { processes, queue, queueTimeout } = options
    const scheduler = new Scheduler(
      this.#slots,
      queue,
      queueTimeout,
      processWords(() => this.#describe()),
    )
    this.#scheduler = scheduler
    for (let count = 0; count < processes; count++) {
      this.#slots.push(new Slot(options, (keeper) => new Worker(options, keeper, scheduler), scheduler.freed))
    }
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
    this.#scheduler.handle(exchange)
  }

  /** Ends all workers; the exchanges that wait get 503. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Exchanges that wait for a worker, those that were sent ahead of their turn among them. */
  get waiting(): number {
    return this.#scheduler.waiting
  }

  /** The processes that are ready. */
  get pids(): number[] {
    return this.#slots.flatMap(({ occupant: worker }) =>
      worker?.state === 'ready' && worker.pid !== undefined ? [worker.pid] : [],
    )
  }

  async #close(): Promise<void> {
    this.#scheduler.close()
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }

  #describe(): string {
    const ready = this.pids.length
    return ready === this.#slots.length
      ? `all ${ready} workers are busy (processes, threads)`
      : `${ready} of ${this.#slots.length} workers run: see the log for what became of the others`
  }
}
