// A place for a process: keeps one in it, a worker or a command. One that dies is replaced at once; one that dies again and again after
// longer and longer pauses, so that a broken app does not keep the machine busy with starting it. One that is to be replaced while it serves
// goes when the next one is ready, which comes up beside it.
import type { Log, LogFields } from '../log.ts'
import type { Cause, Keeper, Occupant } from './occupant.ts'
import { diedAtOnce, type StartError } from './start-error.ts'

/** After so long without a death it came up well: the next death starts the count anew. */
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
  /** One has taken the place of another, or is about to after a crash. */
  readonly replaced?: (cause: Cause) => void
}

/** One process, always. */
export class Slot<T extends Occupant> implements Keeper<T> {
  /** The one in use or coming up; undefined while it pauses. */
  occupant: T | undefined
  readonly #options: SlotOptions
  readonly #make: (keeper: Keeper<T>) => T
  readonly #onFree: () => void
  /** Those that come up beside the occupant. */
  readonly #coming = new Set<T>()
  /** Those that answer their last requests. */
  readonly #leaving = new Set<T>()
  /** Has the occupant replaced that asked for it while another one came up. */
  #unfit: (() => void) | undefined
  #deaths = 0
  /** Since when it was served without a death, by those before the occupant: one that is replaced early did not come up badly. 0: by none. */
  #servedSince = 0
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

  /** One comes up beside the occupant. */
  get isRenewing(): boolean {
    return this.#coming.size > 0
  }

  /** All of its processes. */
  get all(): T[] {
    return [...this.#leaving, ...(this.occupant ? [this.occupant] : []), ...this.#coming]
  }

  /** Starts one beside the occupant, to be installed or discarded. @throws {StartError} */
  async prepare(): Promise<T> {
    const next = this.#make(this)
    this.#coming.add(next)
    try {
      await next.started
      return next
    } catch (error) {
      this.discard(next)
      throw error
    }
  }

  /** One that was prepared and is not over yet. */
  holds(next: T): boolean {
    return this.#coming.has(next)
  }

  /** One that was prepared takes the place of the occupant, which answers what it has, and ends. */
  install(next: T, cause: Cause): void {
    if (!this.#coming.delete(next)) return
    if (this.#closed) return void next.stop()
    this.#cancelStart()
    this.#opened = true
    this.#unfit = undefined
    const before = this.occupant
    this.occupant = next
    if (before) {
      this.#servedSince ||= before.readySince
      this.#options.replaced?.(cause)
      this.#dismiss(before)
    }
    this.#onFree()
  }

  /** One that was prepared is not to be used after all. */
  discard(next: T): void {
    if (this.#coming.delete(next)) void next.stop()
    const unfit = this.#unfit
    if (unfit && this.#coming.size === 0) {
      this.#unfit = undefined
      return unfit()
    }
    if (!this.occupant && this.#coming.size === 0 && !this.#timer) this.#startIn(0)
  }

  /** Has another one take the place of the occupant. @throws {StartError}: the occupant stays */
  async renew(cause: Cause): Promise<void> {
    const next = await this.prepare()
    if (!this.holds(next)) throw diedAtOnce(this.#options.name)
    this.install(next, cause)
  }

  /** Its occupant answers what it has, and ends, and no other takes its place. */
  retire(): void {
    this.#closed = true
    this.#cancelStart()
    for (const next of this.#coming) this.discard(next)
    const { occupant } = this
    this.occupant = undefined
    if (occupant) this.#dismiss(occupant)
  }

  /** Ends what it keeps. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelStart()
    await Promise.all(this.all.map((occupant) => occupant.stop()))
  }

  free(occupant: T): void {
    if (occupant === this.occupant) this.#onFree()
  }

  leaving(occupant: T, cause: Cause, reason: string, about: LogFields = {}): void {
    if (this.#closed || occupant !== this.occupant) return
    if (this.#coming.size > 0) {
      // That one takes its place; and if it does not come up, another one has to.
      this.#unfit = () => this.leaving(occupant, cause, reason, about)
      return
    }
    this.#log.warn(`${this.#options.name} ${occupant.pid} is replaced: ${reason}`, {
      ...this.#fields(occupant),
      ...about,
    })
    this.renew(cause).catch((error: unknown) => {
      if (this.#closed || occupant !== this.occupant) return
      // It has to go all the same.
      this.occupant = undefined
      this.#dismiss(occupant)
      this.#deaths++
      this.#reportStart(occupant, error as StartError, this.#startIn(this.#pause))
    })
  }

  gone(occupant: T, expected: boolean): void {
    if (this.#leaving.delete(occupant) || this.#coming.delete(occupant) || occupant !== this.occupant) return
    this.occupant = undefined
    // The first start belongs to `open`, which reports it.
    if (this.#closed || !this.#opened) return
    const since = this.#servedSince || occupant.readySince
    const steady = since > 0 && performance.now() - since >= STEADY_MS
    this.#servedSince = 0
    this.#deaths = steady ? 1 : this.#deaths + 1
    this.#options.replaced?.(occupant.killedFor ?? 'crash')
    // One comes up already.
    if (this.#coming.size > 0) return
    const pause = this.#startIn(this.#pause)
    if (occupant.startError) this.#reportStart(occupant, occupant.startError, pause)
    else if (pause > 0 && !expected) {
      this.#log.warn(`the next ${this.#options.name} starts in ${pause / 1000} s`, this.#fields(occupant))
    }
  }

  /** It leaves at the latest when a stop would be enforced. */
  #dismiss(occupant: T): void {
    this.#leaving.add(occupant)
    occupant.leave()
    setTimeout(() => void occupant.stop(), this.#options.stopTimeout).unref()
  }

  /** In milliseconds, before the next start. */
  get #pause(): number {
    return this.#deaths <= 1 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (this.#deaths - 2), PAUSE_MOST_MS)
  }

  #startIn(pause: number): number {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#start(), pause)
    return pause
  }

  #cancelStart(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
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
    this.#timer = undefined
    this.occupant = this.#make(this)
  }
}
