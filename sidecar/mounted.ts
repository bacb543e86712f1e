// A mount in its place: what the router holds and an exchange points to. It knows the requests that its mount has, counts them, and is
// what one mount is drained by.
import { Durations, type DurationsReport } from './durations.ts'
import { UpstreamError, type SidegateError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { LinkedList } from './linked-list.ts'
import type { Mount, MountStatus } from './mounts/mount.ts'
import type { Handler } from './observer.ts'

/** What a mount has done since the start, and what it does now. */
export interface MountedStatus {
  /** The key in the configuration. */
  readonly key: string
  /** When it was put there: with the gateway, or by its last reload; ISO 8601. */
  readonly since: string
  /** Requests that were given to its place; a reload changes nothing of these counts. */
  readonly requests: number
  /** Those that are not over. */
  readonly inFlight: number
  /** Those that went wrong by no fault of their clients: an error page, or a response that was cut. */
  readonly failed: number
  /** Those whose clients went away or broke their protocol. */
  readonly abandoned: number
  /** How long those took that are over and took over no connection, from the head of the request to the end of the response. */
  readonly durations: DurationsReport
  /** It was told that it stops: another one has its place, or the gateway ends. */
  readonly retired: boolean
  /** It was taken out, and answers 503. */
  readonly drained: boolean
  /** What the mount says of itself; undefined for a kind that has nothing to say. */
  readonly mount: MountStatus | undefined
}

/** A mount that was made but not opened. */
export interface PlacedMount {
  /** The key in the configuration: a prefix, a host, or both. */
  readonly key: string
  readonly mount: Mount
  /** Makes another one of the same settings, to take over from this one. */
  readonly another?: (() => Mount) | undefined
}

/** Counts of a place, which go on when another mount has it. */
class Counts {
  requests = 0
  failed = 0
  abandoned = 0
  readonly durations = new Durations()
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
  /** Makes another mount of the same settings; undefined: there can be no other. */
  readonly another: PlacedMount['another']
  /** It was taken out: what comes gets 503. */
  drained = false
  readonly #since = new Date()
  readonly #inFlight = new LinkedList<Exchange>()
  readonly #counts: Counts
  #retired = false
  #idle: (() => void)[] = []

  /** @param before whose place it takes */
  constructor({ key, mount, another }: PlacedMount, before?: Mounted) {
    this.key = key
    this.mount = mount
    this.another = another
    this.#counts = before ? before.#counts : new Counts()
  }

  /** How many requests are not over. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  /** Those that are not over, in the order in which they came. */
  get exchanges(): Iterable<Exchange> {
    return this.#inFlight
  }

  get status(): MountedStatus {
    const { requests, failed, abandoned, durations } = this.#counts
    return {
      key: this.key,
      since: this.#since.toISOString(),
      requests,
      inFlight: this.inFlight,
      failed,
      abandoned,
      durations: durations.report,
      retired: this.#retired,
      drained: this.drained,
      mount: this.mount.status?.(),
    }
  }

  /** Has its mount answer an exchange, as `answer`. */
  handle(exchange: Exchange): void {
    this.#counts.requests++
    exchange.mount = this
    exchange.entry = this.#inFlight.add(exchange)
    if (this.#retired) exchange.retire()
    if (this.drained) exchange.fail(new UpstreamError('MOUNT_DRAINED', 'the mount was taken out (sidegate drain)', 503))
    else answer(this.mount, exchange)
  }

  over(exchange: Exchange): void {
    if (!exchange.entry || !this.#inFlight.remove(exchange.entry)) return
    if (exchange.status !== 101) this.#counts.durations.add(performance.now() - exchange.started)
    const { error } = exchange
    // A server behind the mount may break its protocol too, and a stop is nobody's fault: no client is to be blamed with 500 or more.
    if (error) this.#counts[error.blame === 'peer' && error.status < 500 ? 'abandoned' : 'failed']++
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
    return this.idle()
  }

  /** Resolves when no request is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Cuts the requests in flight, those too that answer through another one; their connections are closed by whoever has them. */
  abort(reason: SidegateError): void {
    for (const exchange of this.#inFlight) outermost(exchange).abort(reason)
  }

  /** As `abort`, where the connections go on: clients that have no part of a response get an error page. */
  fail(reason: SidegateError): void {
    for (const exchange of this.#inFlight) outermost(exchange).fail(reason)
  }
}

function outermost(exchange: Exchange): Exchange {
  let one = exchange
  while (one.outer) one = one.outer
  return one
}
