// A place for a process: keeps one in it, a worker or a command. One that dies is replaced at once; one that dies again and again after
// longer and longer pauses, so that a broken app does not keep the machine busy with starting it.
import type { Log } from '../log.ts'
import type { Keeper, Occupant } from './occupant.ts'
import type { StartError } from './start-error.ts'

/** One that has served for so long came up well: its death starts the count anew. */
const STEADY_MS = 10_000
/** The pause before the second replacement in a row; each further pause is twice as long. */
const PAUSE_FIRST_MS = 250
/** No longer than this: when what was missing is back, the app is too. */
const PAUSE_MOST_MS = 30_000

/** What a slot is told of its occupants. */
export interface SlotOptions {
  /** What they are called in messages: `Python worker`. */
  readonly name: string
  readonly mount: string
  readonly log: Log
  /** Milliseconds from the wish to end to the end by force. */
  readonly stopTimeout: number
}

/** One process, always. */
export class Slot<T extends Occupant> implements Keeper<T> {
  /** The one in use or coming up; undefined while it pauses. */
  occupant: T | undefined
  readonly #options: SlotOptions
  readonly #make: (keeper: Keeper<T>) => T
  readonly #onFree: () => void
  /** Those that answer their last requests. */
  readonly #leaving = new Set<T>()
  #deaths = 0
  #timer: NodeJS.Timeout | undefined
  #opened = false
  #closed = false

  /** `make` starts one. */
  constructor(options: SlotOptions, make: (keeper: Keeper<T>) => T, onFree: () => void) {
    this.#options = options
    this.#make = make
    this.#onFree = onFree
  }

  /** Starts the first. @throws {StartError} */
  async open(): Promise<void> {
    this.occupant = this.#make(this)
    await this.occupant.started
    this.#opened = true
  }

  /** Ends what it keeps. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    const all = [...this.#leaving]
    if (this.occupant) all.push(this.occupant)
    await Promise.all(all.map((occupant) => occupant.stop()))
  }

  free(): void {
    this.#onFree()
  }

  leaving(occupant: T, reason: string): void {
    if (this.#closed || occupant !== this.occupant) return
    this.#log.warn(`${this.#options.name} ${occupant.pid} is replaced: ${reason}`, this.#fields(occupant))
    this.#leaving.add(occupant)
    occupant.leave()
    this.#start()
    // It leaves at the latest when a stop would be enforced.
    const timer = setTimeout(() => void occupant.stop(), this.#options.stopTimeout)
    timer.unref()
  }

  gone(occupant: T, expected: boolean): void {
    if (this.#leaving.delete(occupant) || occupant !== this.occupant) return
    this.occupant = undefined
    // The first start belongs to `open`, which reports it.
    if (this.#closed || !this.#opened) return
    const steady = occupant.readySince > 0 && performance.now() - occupant.readySince >= STEADY_MS
    this.#deaths = steady ? 1 : this.#deaths + 1
    const pause = this.#deaths === 1 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (this.#deaths - 2), PAUSE_MOST_MS)
    if (occupant.startError) this.#reportStart(occupant, occupant.startError, pause)
    else if (pause > 0 && !expected) {
      this.#log.warn(`the next ${this.#options.name} starts in ${pause / 1000} s`, this.#fields(occupant))
    }
    this.#timer = setTimeout(() => this.#start(), pause)
  }

  get #log(): Log {
    return this.#options.log
  }

  #fields(occupant: T): { mount: string; pid: number | undefined } {
    return { mount: this.#options.mount, pid: occupant.pid }
  }

  #reportStart(occupant: T, { code, message, detail }: StartError, pause: number): void {
    this.#log.error(`${message}; the next try is in ${pause / 1000} s`, { ...this.#fields(occupant), code, detail })
  }

  #start(): void {
    this.occupant = this.#make(this)
  }
}
