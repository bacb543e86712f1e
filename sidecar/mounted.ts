// A mount in its place: what the router holds and an exchange points to. It knows the requests that its mount has, counts them, and is
// what one mount is drained by.
import { Durations, type DurationsReport } from './durations.ts'
import type { SidegateError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { LinkedList } from './linked-list.ts'
import type { Mount, MountStatus } from './mounts/mount.ts'
import type { Handler } from './observer.ts'

/** What a mount has done since the start, and what it does now. */
export interface MountedStatus {
  /** The key in the configuration. */
  readonly key: string
  /** Requests that it was given. */
  readonly requests: number
  /** Those of them that are not over. */
  readonly inFlight: number
  /** Those that went wrong by no fault of their clients: an error page, or a response that was cut. */
  readonly failed: number
  /** Those whose clients went away or broke their protocol. */
  readonly abandoned: number
  /** How long those took that are over and took over no connection, from the head of the request to the end of the response. */
  readonly durations: DurationsReport
  /** It was told that it stops. */
  readonly retired: boolean
  /** What the mount says of itself; undefined for a kind that has nothing to say. */
  readonly mount: MountStatus | undefined
}

/** Has a mount answer an exchange; what it throws becomes the response. Never throws. */
export function answer(mount: Pick<Mount, 'handle'>, exchange: Exchange): void {
  try {
    const pending = mount.handle(exchange)
    if (pending) pending.catch((error: unknown) => exchange.fail(error))
  } catch (error) {
    exchange.fail(error)
  }
}

/** One mount of a configuration. */
export class Mounted implements Handler<Exchange> {
  readonly key: string
  readonly mount: Mount
  readonly #inFlight = new LinkedList<Exchange>()
  readonly #durations = new Durations()
  #requests = 0
  #failed = 0
  #abandoned = 0
  #retired = false
  #idle: (() => void)[] = []

  constructor(key: string, mount: Mount) {
    this.key = key
    this.mount = mount
  }

  /** Requests that are not over. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  get status(): MountedStatus {
    return {
      key: this.key,
      requests: this.#requests,
      inFlight: this.inFlight,
      failed: this.#failed,
      abandoned: this.#abandoned,
      durations: this.#durations.report,
      retired: this.#retired,
      mount: this.mount.status?.(),
    }
  }

  /** Has its mount answer an exchange, as `answer`. */
  handle(exchange: Exchange): void {
    this.#requests++
    exchange.mount = this
    exchange.entry = this.#inFlight.add(exchange)
    if (this.#retired) exchange.retire()
    answer(this.mount, exchange)
  }

  over(exchange: Exchange): void {
    if (!exchange.entry || !this.#inFlight.remove(exchange.entry)) return
    if (exchange.status !== 101) this.#durations.add(performance.now() - exchange.started)
    if (exchange.error?.blame === 'peer') this.#abandoned++
    else if (exchange.error) this.#failed++
    if (this.#inFlight.size > 0 || this.#idle.length === 0) return
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }

  /** It stops: requests that take over their connections end as soon as they may, those in flight and those that still come. */
  retire(): void {
    this.#retired = true
    for (const exchange of this.#inFlight) exchange.retire()
  }

  /** As `retire`, and resolves when no request is in flight. The caller sees to it that no more come, and to a limit. */
  drain(): Promise<void> {
    this.retire()
    if (this.#inFlight.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Cuts the requests in flight, those too that answer through another one. */
  abort(reason: SidegateError): void {
    for (let exchange of this.#inFlight) {
      while (exchange.outer) exchange = exchange.outer
      exchange.abort(reason)
    }
  }
}
