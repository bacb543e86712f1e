// How many workers there are, where that is not fixed: one more when requests have waited, one less when it has had nothing to do for a while.
import { availableParallelism } from 'node:os'
import type { Log } from '../log.ts'
import type { Slot } from '../processes/slot.ts'
import type { StartError } from '../processes/start-error.ts'
import type { Worker } from './worker.ts'

/** The bounds. */
export interface ScaleRules {
  /** 0: none at rest; the first request starts one. */
  readonly min: number
  readonly max: number
  /** Milliseconds without a request after which one too many ends. */
  readonly idle: number
}

/** What a scaler works on. */
export interface Scaled {
  readonly slots: readonly Slot<Worker>[]
  readonly log: Log
  readonly name: string
  readonly mount: string
  /** Requests at the same time in one worker. */
  readonly places: number
  /** Requests that wait, and how long the first has waited, in milliseconds. */
  readonly waiting: number
  readonly oldest: number
  /** Starts one more. @throws {StartError}: then there is not one more */
  grow(): Promise<void>
  /** Has one answer what it has, and end. */
  shrink(slot: Slot<Worker>): void
}

/** A request that has waited for so long, in milliseconds, is reason for one more: a start takes longer than that. */
const GROW_MS = 100
/** How often it is looked for those that have nothing to do. */
const LOOK_MS = 1000
/** The pause after a start that failed; each further one is twice as long. */
const PAUSE_FIRST_MS = 250
const PAUSE_MOST_MS = 30_000

/** The scaler of a pool. */
export class Scaler {
  readonly #rules: ScaleRules
  readonly #pool: Scaled
  readonly #rests = new WeakMap<Worker, { requests: number; since: number }>()
  #timer: NodeJS.Timeout | undefined
  #interval: NodeJS.Timeout | undefined
  #starting = 0
  #failures = 0
  #pausedUntil = 0
  #closed = false

  constructor(rules: ScaleRules, pool: Scaled) {
    this.#rules = rules
    this.#pool = pool
  }

  /** From now on it looks for those that have nothing to do. */
  open(): void {
    this.#interval ??= setInterval(this.#look, LOOK_MS).unref()
  }

  /** Requests wait. */
  waits(): void {
    if (!this.#timer) this.#set(this.#pool.slots.length === 0 ? 0 : GROW_MS)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#interval)
  }

  #set(milliseconds: number): void {
    if (!this.#closed) this.#timer = setTimeout(this.#consider, milliseconds)
  }

  readonly #consider = (): void => {
    this.#timer = undefined
    const { waiting, oldest, slots, places } = this.#pool
    if (waiting === 0) return
    const pause = this.#pausedUntil - performance.now()
    if (pause > 0) return this.#set(pause)
    const room = Math.min(this.#rules.max - slots.length, availableParallelism() - this.#starting)
    if (slots.length === 0 || oldest >= GROW_MS) {
      const more = Math.min(Math.ceil(waiting / places) - this.#starting, room)
      for (let count = 0; count < more; count++) void this.#start()
    }
    this.#set(GROW_MS)
  }

  async #start(): Promise<void> {
    const { log, name, mount } = this.#pool
    this.#starting++
    try {
      await this.#pool.grow()
      this.#failures = 0
    } catch (error) {
      if (this.#closed) return
      const { code, message, detail } = error as StartError
      const pause = Math.min(PAUSE_FIRST_MS * 2 ** this.#failures++, PAUSE_MOST_MS)
      this.#pausedUntil = performance.now() + pause
      log.error(`one more ${name} was needed: ${message}; the next try is in ${pause / 1000} s`, {
        mount,
        code,
        detail,
      })
    } finally {
      this.#starting--
    }
  }

  readonly #look = (): void => {
    const now = performance.now()
    // Those in front get the requests when there are few.
    for (const slot of this.#pool.slots.toReversed()) {
      const { occupant } = slot
      // One that comes up in its place is not to be ended with it: a reload would fail.
      if (occupant?.state !== 'ready' || slot.isRenewing) continue
      const rest = this.#rests.get(occupant)
      if (occupant.busy > 0 || rest?.requests !== occupant.requests) {
        this.#rests.set(occupant, { requests: occupant.requests, since: now })
      } else if (
        now - rest.since >= this.#rules.idle &&
        this.#pool.slots.length > this.#rules.min &&
        this.#pool.waiting === 0
      ) {
        this.#pool.shrink(slot)
      }
    }
  }
}
