// Requests that share a connection (FastCGI's multiplexing). The protocol cannot stop one request's body alone: a connection that is
// not read stops them all. So each body may wait up to a bound before the connection does, and a connection that has stood still for
// STALL_MS because an app does not read gets going again: the fullest body is given up, its request answered with 503.
// That an app is slow is no reason; what counts is that it took nothing, while other requests were there to be held up.
import { BODY_HIGH_WATER } from '../body.ts'
import { PeerError, UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { ById } from '../wire/by-id.ts'
import { LIMITS } from './door.ts'

/** Unread bytes of one body on a connection that others may share: more than forms and most API calls have, so that those stop nobody. */
const BODY_SHARED = 4 * BODY_HIGH_WATER
/** Unread bytes of all bodies of a connection. */
const CONNECTION_SHARED = 16 * BODY_SHARED
/** How long one body may hold up the others: well below the time limits that hosts have for an answer (HAProxy's examples: 30 s). */
const STALL_MS = 10_000
const LOOK_MS = 1000

/** True when so much waits to be read by apps that the connection should not be read on. `kept`: others may share it. */
export function isCrowded(exchanges: ById<Exchange>, kept: boolean): boolean {
  let total = 0
  for (const { body } of exchanges.values()) {
    total += body.waiting
    if (body.waiting >= (kept ? BODY_SHARED : BODY_HIGH_WATER)) return true
  }
  return total >= CONNECTION_SHARED
}

/** The app waits for a body of which nothing comes. */
function bodyLate(): PeerError {
  return new PeerError('BODY_TIMEOUT', `no byte of the request body came for ${LIMITS.body / 1000} s`, 408)
}

/** Ends the requests whose body is waited for. */
export function failLate(exchanges: ById<Exchange>): void {
  for (const exchange of exchanges.values())
    if (!exchange.body.complete && exchange.body.wanted) exchange.failBody(bodyLate())
}

/** How far a body was when it was looked at. */
interface Progress {
  received: number
  since: number
}

/** Looks after a connection on which several requests have been in flight at once. */
export class Sharing {
  readonly #exchanges: ById<Exchange>
  readonly #paused: () => boolean
  readonly #progress = new WeakMap<Exchange, Progress>()
  readonly #timer: NodeJS.Timeout
  #stalled = 0
  #waiting = 0

  /** `paused`: whether the connection is not being read, because of what waits. */
  constructor(exchanges: ById<Exchange>, paused: () => boolean) {
    this.#exchanges = exchanges
    this.#paused = paused
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** The connection is closed. */
  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    if (this.#paused()) this.#unblock()
    else this.#stalled = 0
    const now = performance.now()
    for (const exchange of this.#exchanges.values()) this.#late(exchange, now)
  }

  #unblock(): void {
    let fullest: Exchange | undefined
    let waiting = 0
    for (const exchange of this.#exchanges.values()) {
      waiting += exchange.body.waiting
      if (exchange.body.waiting > (fullest?.body.waiting ?? 0)) fullest = exchange
    }
    // Whoever reads gets on, if slowly.
    if (waiting !== this.#waiting) this.#stalled = 0
    this.#waiting = waiting
    this.#stalled += LOOK_MS
    if (this.#stalled < STALL_MS || !fullest) return
    this.#stalled = 0
    const message = `the app read nothing of ${fullest.body.waiting} bytes of its request for ${STALL_MS / 1000} s, and held up other requests on the same FastCGI connection`
    fullest.failBody(new UpstreamError('BODY_STALLED', message, 503))
  }

  /** The time limit for a byte of a body that an app waits for: the connection's own does not see it while others use it. */
  #late(exchange: Exchange, now: number): void {
    const { body } = exchange
    const progress = this.#progress.get(exchange)
    if (!body.wanted || !progress || progress.received !== body.received) {
      this.#progress.set(exchange, { received: body.received, since: now })
    } else if (now - progress.since >= LIMITS.body) {
      exchange.failBody(bodyLate())
    }
  }
}
