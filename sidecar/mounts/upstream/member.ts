// A backend among others: how busy it is, and whether it is fit for use.
import type { Log } from '../../log.ts'
import { SidegateError } from '../../errors.ts'
import type { Backend } from '../../connect/backend.ts'

/** When a member is left out. Times in milliseconds. */
export interface HealthRules {
  /** Failures within `failTimeout` after which it is left out for as long; 0: never. */
  readonly maxFails: number
  readonly failTimeout: number
  /** In which its share grows to its whole. */
  readonly slowStart: number
  readonly connections: number
}

/** The smallest part of its share that a member begins with. */
const SLOW_LEAST = 0.05

/** A backend in use by a mount. */
export class Member {
  readonly backend: Backend
  readonly weight: number
  /** Exchanges under way. */
  active = 0
  /** Taken out of the list: the last exchange closes it. */
  retired = false
  /** For round-robin: how much it is owed. */
  credit = 0
  readonly #rules: HealthRules
  readonly #log: Log
  readonly #mount: string
  #fails = 0
  #firstFail = 0
  #leftOutUntil = 0
  #checkedDown = false
  #since: number

  /** `since`: when its slow start begins, as performance.now(); -Infinity: it has its whole share. */
  constructor(backend: Backend, weight: number, rules: HealthRules, log: Log, mount: string, since: number) {
    this.backend = backend
    this.weight = weight
    this.#rules = rules
    this.#log = log
    this.#mount = mount
    this.#since = since
  }

  /** True when the health check says so. */
  get down(): boolean {
    return this.#checkedDown
  }

  /** True while it is left out after failures. */
  leftOut(now: number): boolean {
    return this.#leftOutUntil > now
  }

  /** True when it has a connection for one more. */
  get free(): boolean {
    return this.active < this.#rules.connections
  }

  /** Its share now. */
  share(now: number): number {
    const age = now - this.#since
    const { slowStart } = this.#rules
    return age >= slowStart ? this.weight : this.weight * Math.max(SLOW_LEAST, age / slowStart)
  }

  /** It answered. */
  succeeded(): void {
    if (this.#fails === 0) return
    this.#fails = 0
    if (this.#leftOutUntil === 0) return
    this.#leftOutUntil = 0
    this.#since = performance.now()
    this.#log.info(`${this.backend.name} answers again`, { mount: this.#mount, upstream: this.backend.name })
  }

  /** It failed; what the client did wrong does not count. */
  failed(error: unknown): void {
    if (!(error instanceof SidegateError) || error.blame !== 'upstream') return
    const { maxFails, failTimeout } = this.#rules
    if (maxFails === 0) return
    const now = performance.now()
    if (this.#leftOutUntil === 0 && now - this.#firstFail > failTimeout) this.#fails = 0
    if (this.#fails++ === 0) this.#firstFail = now
    if (this.#fails < maxFails || this.leftOut(now)) return
    // One that was back on trial goes again at its first failure.
    const again = this.#leftOutUntil !== 0
    this.#leftOutUntil = now + failTimeout
    if (again) return
    const message = `${this.backend.name} failed ${this.#fails} times (maxFails) and is left out for ${failTimeout / 1000} s`
    this.#log.warn(message, { mount: this.#mount, upstream: this.backend.name, code: error.code })
  }

  /** What a health check found. */
  checked(up: boolean, why: string, code?: string): void {
    if (up === !this.#checkedDown) return
    this.#checkedDown = !up
    const fields = { mount: this.#mount, upstream: this.backend.name, code }
    if (!up) return this.#log.warn(`${this.backend.name} is out of use: ${why}`, fields)
    this.#since = performance.now()
    this.#fails = 0
    this.#leftOutUntil = 0
    this.#log.info(`${this.backend.name} is in use again: ${why}`, fields)
  }
}
