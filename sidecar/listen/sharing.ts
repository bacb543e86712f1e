// Requests that share a connection (FastCGI's multiplexing). The protocol cannot stop one request's body alone: a connection that is
// not read stops them all. So each body may wait up to a bound before the connection does, and a connection that has stood still for
// STALL_MS because an app does not read gets going again: the fullest body is given up, its request answered with 503.
// That an app is slow is no reason; what counts is that it took nothing, while other requests were there to be held up.
import { BODY_HIGH_WATER } from '../body.ts'
import { UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { ById } from '../wire/by-id.ts'

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

/** The requests that share a connection. */
export interface SharedRequests {
  values(): Iterable<Exchange>
  /** Ends those whose bodies are late. */
  failLate(): void
}

/** Looks after a connection on which several requests have been in flight at once. */
export class Sharing {
  readonly #requests: SharedRequests
  readonly #connection: { readonly paused: boolean }
  readonly #timer: NodeJS.Timeout
  #stalled = 0
  #waiting = 0

  /** `connection.paused`: it is not being read, because of what waits. */
  constructor(requests: SharedRequests, connection: { readonly paused: boolean }) {
    this.#requests = requests
    this.#connection = connection
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** The connection is closed. */
  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    if (this.#connection.paused) this.#unblock()
    else this.#stalled = 0
    // The connection's own clock does not see them while others use it.
    this.#requests.failLate()
  }

  #unblock(): void {
    let fullest: Exchange | undefined
    let waiting = 0
    for (const exchange of this.#requests.values()) {
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
}
