// A place in a pool: keeps one worker in it. A worker that dies is replaced at once; one that dies again and again after longer and
// longer pauses, so that a broken app does not keep the machine busy with starting it.
import type { Log } from '../log.ts'
import type { Occupant, Owner, StartError } from './occupant.ts'

/** A worker that has served for so long came up well: its death starts the count anew. */
const STEADY_MS = 10_000
/** The pause before the second replacement in a row; each further pause is twice as long. */
const PAUSE_FIRST_MS = 250
/** No longer than this: when what was missing is back, the app is too. */
const PAUSE_MOST_MS = 30_000

/** What a slot is told of its workers. */
export interface SlotOptions {
  /** What they are called in messages: `Python worker`. */
  readonly name: string
  readonly mount: string
  readonly log: Log
  /** Milliseconds from the wish to end to the end by force. */
  readonly stopTimeout: number
}

/** One worker, always. */
export class Slot<T extends Occupant> implements Owner<T> {
  /** The worker in use or coming up; undefined while it pauses. */
  worker: T | undefined
  readonly #options: SlotOptions
  readonly #make: (owner: Owner<T>) => T
  readonly #onFree: () => void
  /** Workers that answer their last requests. */
  readonly #leaving = new Set<T>()
  #deaths = 0
  #timer: NodeJS.Timeout | undefined
  #opened = false
  #closed = false

  /** `make` starts a worker. */
  constructor(options: SlotOptions, make: (owner: Owner<T>) => T, onFree: () => void) {
    this.#options = options
    this.#make = make
    this.#onFree = onFree
  }

  /** Starts the first worker. @throws {StartError} */
  async open(): Promise<void> {
    this.worker = this.#make(this)
    await this.worker.started
    this.#opened = true
  }

  /** Ends its workers. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    const workers = [...this.#leaving]
    if (this.worker) workers.push(this.worker)
    await Promise.all(workers.map((worker) => worker.stop()))
  }

  free(): void {
    this.#onFree()
  }

  leaving(worker: T, reason: string): void {
    if (this.#closed || worker !== this.worker) return
    this.#log.warn(`${this.#options.name} ${worker.pid} is replaced: ${reason}`, this.#fields(worker))
    this.#leaving.add(worker)
    worker.leave()
    this.#start()
    // It leaves at the latest when a stop would be enforced.
    const timer = setTimeout(() => void worker.stop(), this.#options.stopTimeout)
    timer.unref()
  }

  gone(worker: T, expected: boolean): void {
    if (this.#leaving.delete(worker) || worker !== this.worker) return
    this.worker = undefined
    // The first start belongs to `open`, which reports it.
    if (this.#closed || !this.#opened) return
    const steady = worker.readySince > 0 && performance.now() - worker.readySince >= STEADY_MS
    this.#deaths = steady ? 1 : this.#deaths + 1
    const pause = this.#deaths === 1 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (this.#deaths - 2), PAUSE_MOST_MS)
    if (worker.startError) this.#reportStart(worker, worker.startError, pause)
    else if (pause > 0 && !expected) {
      this.#log.warn(`the next ${this.#options.name} starts in ${pause / 1000} s`, this.#fields(worker))
    }
    this.#timer = setTimeout(() => this.#start(), pause)
  }

  get #log(): Log {
    return this.#options.log
  }

  #fields(worker: T): { mount: string; pid: number | undefined } {
    return { mount: this.#options.mount, pid: worker.pid }
  }

  #reportStart(worker: T, { code, message, detail }: StartError, pause: number): void {
    this.#log.error(`${message}; the next try is in ${pause / 1000} s`, { ...this.#fields(worker), code, detail })
  }

  #start(): void {
    this.worker = this.#make(this)
  }
}
