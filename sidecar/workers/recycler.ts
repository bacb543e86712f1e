// Has workers replaced by fresh ones: after so many requests, at an age, for the memory they have, when a file was touched, at a time of day. One at
// a time, each once the next is ready; a worker of which the next does not come up serves on.
import { stat } from 'node:fs/promises'
import type { Log } from '../log.ts'
import { residentMemory } from '../processes/memory.ts'
import type { Cause, Occupant } from '../processes/occupant.ts'
import type { Slot } from '../processes/slot.ts'
import type { StartError } from '../processes/start-error.ts'

/** When a worker is replaced. Infinity, or nothing in a list: never for that reason. */
export interface RecycleRules {
  readonly requests: number
  /** In milliseconds. */
  readonly age: number
  /** Resident bytes: it answers what it has. */
  readonly memory: number
  /** Resident bytes: it is killed. */
  readonly killMemory: number
  /** Files, absolute: all workers, when one of them was changed or made. */
  readonly touch: readonly string[]
  /** Minutes since midnight, by the clock of this machine: all workers. */
  readonly at: readonly number[]
  /** By how much `requests` and `age` differ from worker to worker: 0.1 for a tenth more at most. */
  readonly jitter: number
}

/** A process that can be recycled. */
export interface Recyclable extends Occupant {
  readonly state: string
  /** Requests that it has had. */
  readonly requests: number
  /** Resident bytes when it became ready; 0 where the system does not tell. */
  readonly memoryAtStart: number
  /** Ends it by force, at once. */
  kill(cause: Cause, how: string): void
}

/** What a recycler works on. */
export interface Recycled<T extends Recyclable> {
  readonly slots: readonly Slot<T>[]
  readonly log: Log
  readonly name: string
  readonly mount: string
  /** Has a worker replaced, when it is its turn and it is still there. @throws {StartError} */
  renew(slot: Slot<T>, worker: T, cause: Cause): Promise<void>
}

/** How often it looks. */
const LOOK_MS = 1000
/** How long a worker of which the next did not come up is left alone. */
const RETRY_MS = 60_000

/** Recycles the workers of a pool. */
export class Recycler<T extends Recyclable> {
  readonly #rules: RecycleRules
  readonly #pool: Recycled<T>
  /** Those whose turn is to come, or that are left alone. */
  readonly #due = new WeakSet<T>()
  /** Those that have more memory from their start on, which the log says. */
  readonly #told = new WeakSet<T>()
  /** What of the jitter each has. */
  readonly #shares = new WeakMap<T, number>()
  readonly #touched = new Map<string, number>()
  #nextTime: number
  #timer: NodeJS.Timeout | undefined
  #looking = false
  #closed = false

  constructor(rules: RecycleRules, pool: Recycled<T>) {
    this.#rules = rules
    this.#pool = pool
    this.#nextTime = nextTime(rules.at, Date.now())
  }

  /** From now on it looks. */
  async open(): Promise<void> {
    await this.#lookAtFiles()
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    // A file on a disk that does not answer.
    if (this.#looking) return
    this.#looking = true
    try {
      for (const slot of this.#pool.slots) {
        const { occupant } = slot
        if (occupant?.state === 'ready') this.#judge(slot, occupant)
      }
      const touched = await this.#lookAtFiles()
      if (touched !== undefined) this.#all('touch', `${touched} was touched (recycle.touch)`)
      if (Date.now() < this.#nextTime) return
      this.#nextTime = nextTime(this.#rules.at, Date.now())
      this.#all('time of day', 'it is the time of day for it (recycle.at)')
    } finally {
      this.#looking = false
    }
  }

  #judge(slot: Slot<T>, worker: T): void {
    const { requests, age, memory, killMemory, jitter } = this.#rules
    const needsMemory = Math.min(memory, killMemory) < Infinity
    const has = (needsMemory && worker.pid !== undefined && residentMemory(worker.pid)) || 0
    if (has >= killMemory) return worker.kill('memory', `had ${megabytes(has)} of memory (recycle.killMemory)`)
    const more = 1 + jitter * this.#shareOf(worker)
    const hadIt = worker.memoryAtStart >= memory
    if (hadIt) this.#tellOnce(worker)
    if (has >= memory && !hadIt)
      this.#renew(slot, worker, 'memory', `it has ${megabytes(has)} of memory (recycle.memory)`)
    else if (worker.requests >= Math.floor(requests * more))
      this.#renew(slot, worker, 'requests', `it has had ${worker.requests} requests (recycle.requests)`)
    else if (performance.now() - worker.readySince >= age * more)
      this.#renew(slot, worker, 'age', 'of its age (recycle.age)')
  }

  /** It had so much before its first request, and so would each that came after it, one a second: that is no reason to replace it. */
  #tellOnce(worker: T): void {
    if (this.#told.has(worker)) return
    this.#told.add(worker)
    const { log, name, mount } = this.#pool
    const had = `${name} ${worker.pid} had ${megabytes(worker.memoryAtStart)} of memory before its first request`
    log.warn(`${had}, and so would the next: it is not replaced for that (recycle.memory)`, { mount, pid: worker.pid })
  }

  #all(cause: Cause, reason: string): void {
    for (const slot of this.#pool.slots) if (slot.occupant) this.#renew(slot, slot.occupant, cause, reason)
  }

  #renew(slot: Slot<T>, worker: T, cause: Cause, reason: string): void {
    if (this.#due.has(worker)) return
    this.#due.add(worker)
    const { log, name, mount } = this.#pool
    const fields = { mount, pid: worker.pid }
    log.info(`${name} ${worker.pid} is recycled: ${reason}`, fields)
    this.#pool.renew(slot, worker, cause).catch((error: unknown) => {
      // It was ended with the others.
      if (this.#closed) return
      const { code, message, detail } = error as StartError
      log.error(`${name} ${worker.pid} serves on, as the next one did not come up: ${message}`, {
        ...fields,
        code,
        detail,
      })
      setTimeout(() => this.#due.delete(worker), RETRY_MS).unref()
    })
  }

  #shareOf(worker: T): number {
    let share = this.#shares.get(worker)
    if (share === undefined) this.#shares.set(worker, (share = Math.random()))
    return share
  }

  /** One that was changed, or made, since the last look. */
  async #lookAtFiles(): Promise<string | undefined> {
    let touched: string | undefined
    for (const file of this.#rules.touch) {
      const time = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
      const before = this.#touched.get(file)
      this.#touched.set(file, time)
      if (before !== undefined && time !== 0 && time !== before) touched = file
    }
    return touched
  }
}

/** When it is one of these times of day next, as Date.now(). @param at minutes since midnight */
function nextTime(at: readonly number[], now: number): number {
  let next = Infinity
  for (const minutes of at) {
    const time = new Date(now)
    time.setHours(Math.floor(minutes / 60), minutes % 60, 0, 0)
    if (time.getTime() <= now) time.setDate(time.getDate() + 1)
    next = Math.min(next, time.getTime())
  }
  return next
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
