// The workers of one mount: starts them, keeps as many as there are to be, replaces and ends them. Which of them gets an exchange is the
// scheduler's.
import { availableParallelism } from 'node:os'
import type { Exchange } from '../exchange.ts'
import type { MountStatus, Stack } from '../mounts/mount.ts'
import type { Cause } from '../processes/occupant.ts'
import { Slot } from '../processes/slot.ts'
import { diedAtOnce } from '../processes/start-error.ts'
import { processWords } from '../queue.ts'
import { atMost } from './at-most.ts'
import { Recycler, type RecycleRules } from './recycler.ts'
import { Scaler, type Scaled, type ScaleRules } from './scaler.ts'
import { Scheduler, type Watch } from './scheduler.ts'
import type { TimeRules } from './time-limits.ts'
import { Timekeeper } from './timekeeper.ts'
import { Worker, type WorkerOptions } from './worker.ts'

/** A pool. Times in milliseconds. */
export interface PoolOptions extends WorkerOptions {
  /** How many there are at the start, and always where `scale` does not say otherwise. */
  readonly processes: number
  readonly scale?: ScaleRules | undefined
  /** Exchanges that may wait for a worker. */
  readonly queue: number
  readonly queueTimeout: number
  /** How long requests may take. Default: as long as they like. */
  readonly limits?: TimeRules
  /** When workers are replaced by fresh ones. Default: never. */
  readonly recycle?: RecycleRules | undefined
}

/** The workers of a mount. */
export class Pool {
  readonly #options: PoolOptions
  readonly #slots: Slot<Worker>[] = []
  readonly #scheduler: Scheduler
  readonly #timekeeper: Timekeeper | undefined
  readonly #recycler: Recycler<Worker> | undefined
  readonly #scaler: Scaler | undefined
  /** Those that are not needed any more, and answer their last requests. */
  #retired: Slot<Worker>[] = []
  readonly #restarts: Partial<Record<Cause, number>> = {}
  /** What replaces workers that serve, one thing after the other. */
  #replacing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    const { processes, queue, queueTimeout, limits, recycle, scale, log, name, mount } = options
    if (limits && limits.least < Infinity) this.#timekeeper = new Timekeeper(limits, () => this.#workers)
    this.#scheduler = new Scheduler(
      this.#slots,
      queue,
      queueTimeout,
      processWords(() => this.#describe()),
      this.#watch,
      scale?.min === 0 ? options.threads : 0,
      scale?.min,
    )
    for (let count = 0; count < processes; count++) this.#slots.push(this.#slot())
    if (recycle) {
      const renew = (slot: Slot<Worker>, worker: Worker, cause: Cause): Promise<void> =>
        this.#next(() => (slot.occupant === worker && !this.#closing ? slot.renew(cause) : Promise.resolve()))
      this.#recycler = new Recycler(recycle, { slots: this.#slots, log, name, mount, renew })
    }
    if (scale) this.#scaler = new Scaler(scale, this.#scaled())
  }

  /** Starts all workers, as many at a time as there are processors; when one does not come up, ends them all. @throws {StartError} */
  async open(): Promise<void> {
    try {
      await atMost(availableParallelism(), this.#slots, (slot) => slot.open())
      await this.#recycler?.open()
      this.#scaler?.open()
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

  /**
   * Starts a new worker beside each, and has all of them take over at once when the last is ready. Those before answer what they have begun.
   * @throws {StartError} one does not come up: those before serve on
   */
  reload(): Promise<void> {
    return this.#next(() => this.#reload())
  }

  /**
   * Has another worker take the place of one, once it is ready.
   * @returns false when there is no such worker, or it leaves already
   * @throws {StartError} the other one does not come up: the one before serves on
   */
  recycle(pid: number): Promise<boolean> {
    return this.#next(async () => {
      const slot = this.#slots.find(({ occupant }) => occupant?.pid === pid)
      if (!slot) return false
      await slot.renew('recycle')
      return true
    })
  }

  /** What each worker is doing. */
  stacks(): Promise<Stack[]> {
    return Promise.all(this.#workers.filter(({ readySince }) => readySince > 0).map((worker) => worker.stack()))
  }

  /** Ends all workers; the exchanges that wait get 503. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  get status(): MountStatus {
    const workers = this.#workers.flatMap(({ status }) => status ?? [])
    return {
      pids: workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid),
      workers,
      waiting: this.#scheduler.waiting,
      waits: this.#scheduler.waits,
      restarts: { ...this.#restarts },
    }
  }

  get #workers(): Worker[] {
    return [...this.#slots, ...this.#retired].flatMap(({ all }) => all)
  }

  get #watch(): Watch {
    return { begun: () => this.#timekeeper?.begun(), waits: () => this.#scaler?.waits() }
  }

  #scaled(): Scaled {
    const { threads: places, log, name, mount } = this.#options
    const scheduler = this.#scheduler
    return {
      slots: this.#slots,
      log,
      name,
      mount,
      places,
      get waiting() {
        return scheduler.waiting
      },
      get oldest() {
        return scheduler.oldest
      },
      grow: () => this.#grow(),
      shrink: (slot) => this.#shrink(slot),
    }
  }

  async #grow(): Promise<void> {
    const slot = this.#slot()
    this.#slots.push(slot)
    try {
      await slot.open()
    } catch (error) {
      // A reload may have put another one there meanwhile.
      if (slot.occupant) return
      this.#shrink(slot)
      throw error
    }
  }

  #shrink(slot: Slot<Worker>): void {
    const index = this.#slots.indexOf(slot)
    if (index < 0) return
    this.#slots.splice(index, 1)
    slot.retire()
    this.#retired = [...this.#retired.filter(({ all }) => all.length > 0), slot]
  }

  #slot(): Slot<Worker> {
    const scheduler = this.#scheduler
    const replaced = (cause: Cause): void => void (this.#restarts[cause] = (this.#restarts[cause] ?? 0) + 1)
    const options = { ...this.#options, replaced }
    return new Slot(options, (keeper) => new Worker(this.#options, keeper, scheduler), scheduler.freed)
  }

  #next<T>(replace: () => Promise<T>): Promise<T> {
    const next = this.#replacing.then(replace)
    this.#replacing = next.catch(() => {})
    return next
  }

  async #reload(): Promise<void> {
    // What comes up with the next request has to come up now.
    if (this.#slots.length === 0) return this.#grow()
    const coming: { slot: Slot<Worker>; worker: Worker }[] = []
    let failed = false
    try {
      await atMost(availableParallelism(), [...this.#slots], async (slot) => {
        const worker = await slot.prepare()
        if (failed) slot.discard(worker)
        else coming.push({ slot, worker })
      })
      if (coming.some(({ slot, worker }) => !slot.holds(worker))) throw diedAtOnce(this.#options.name)
    } catch (error) {
      failed = true
      for (const { slot, worker } of coming) slot.discard(worker)
      throw error
    }
    for (const { slot, worker } of coming) slot.install(worker, 'reload')
  }

  async #close(): Promise<void> {
    this.#scheduler.close()
    this.#timekeeper?.close()
    this.#recycler?.close()
    this.#scaler?.close()
    await Promise.all([...this.#slots, ...this.#retired].map((slot) => slot.close()))
  }

  #describe(): string {
    if (this.#slots.length === 0) return 'no worker is there yet'
    const ready = this.#slots.filter(({ occupant }) => occupant?.state === 'ready').length
    return ready === this.#slots.length
      ? `all ${ready} workers are busy (processes, ${this.#options.placesName ?? 'threads'})`
      : `${ready} of ${this.#slots.length} workers run: see the log for what became of the others`
  }
}
