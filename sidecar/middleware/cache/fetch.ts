// A request that goes on to the app, and what comes back: it is passed on and stored; it confirms what is stored, or that takes its place.
import { isDoubtful } from '../../doubt.ts'
import type { SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Layer } from '../../layer.ts'
import type { Head, HeaderPair } from '../../wire/head.ts'
import { isAdmitted } from '../auth/identity.ts'
import { timesLetIn } from '../../let-in.ts'
import { isNamed } from '../response-fields.ts'
import { confirms, isNotModified, notModified } from './conditions.ts'
import { mayReplaceError, type Entry } from './entry.ts'
import type { Flight, Outcome } from './flights.ts'
import type { Fill, Keeper } from './keeper.ts'
import type { Key } from './key.ts'

/** Statuses of an app, or a server in front of it, that cannot answer now (RFC 5861 4). */
const UNABLE: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** True for a response in whose place a stored one is better. */
export function isUnable(status: number): boolean {
  return UNABLE.has(status)
}

/** What is fetched, and for whom. */
export interface Fetched {
  readonly key: Key
  /** What is stored already, and is to be confirmed. */
  readonly stale: Entry | undefined
  /** Why it is fetched, as Cache-Status has it. */
  readonly why: string
  /** The conditions of the client were kept from the app. */
  readonly conditions: boolean
  /** Those that wait for it. */
  readonly flight: Flight | undefined
}

/** What a fetch needs of the cache. */
export interface Fetcher {
  readonly keeper: Keeper
  told(head: Head, did: string): Head
  /** Answers with what is stored. `own`: fields for this client alone. */
  serve(entry: Entry, exchange: Exchange, did: string, own?: readonly HeaderPair[]): void
  /** Fetches it without what is stored. */
  anew(exchange: Exchange, fetched: Fetched): void
  /** Its responses are not stored. */
  alone(key: Key): void
}

/** One request. */
export class Fetch implements Layer {
  readonly #of: Fetcher
  readonly #fetched: Fetched
  readonly #fill: Fill
  /** Whether a layer in front has let it in, and how often layers had. */
  readonly #admitted: boolean
  readonly #letIn: number
  /** Another response is sent. */
  #replaced = false
  /** All of it has come. */
  #whole = false

  constructor(of: Fetcher, fetched: Fetched, exchange: Exchange) {
    this.#of = of
    this.#fetched = fetched
    this.#admitted = isAdmitted(exchange)
    this.#letIn = timesLetIn(exchange)
    this.#fill = of.keeper.expect(fetched.key)
  }

  head(head: Head, outer: Exchange): Head | undefined {
    const { key, stale, why, conditions } = this.#fetched
    if (stale && head.status === 304) return this.#confirmed(stale, head, outer)
    if (stale && isUnable(head.status) && mayReplaceError(stale)) return this.#instead(stale, head.status, outer)
    // What a layer behind has let in is for nobody else.
    if (timesLetIn(outer) > this.#letIn) this.#fill.abandon()
    const stored = this.#fill.begin(outer.variables, head, this.#admitted)
    if (!stored) {
      // What an app says that fails, or that nothing has changed, is no sign of what it says else.
      if (head.status < 500 && head.status !== 304) this.#of.alone(key)
      this.#settle('alone')
    }
    const status = stale ? `; fwd-status=${head.status}` : ''
    const sent = this.#of.told(head, `fwd=${why}${status}${stored ? '; stored' : ''}`)
    return conditions && head.status === 200 && isNotModified(head, outer.variables) ? notModified(sent) : sent
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    if (this.#replaced) return true
    if (bytes) this.#fill.write(bytes)
    if (!last) return bytes === undefined || outer.write(bytes)
    outer.end(bytes)
    // `over` gives it up.
    if (isDoubtful(outer)) return true
    this.#whole = true
    const stored = this.#fill.complete()
    if (stored) void stored.then(() => this.#settle('stored'))
    else this.#settle('stored')
    return true
  }

  failed(error: SidegateError, outer: Exchange): boolean {
    const { stale } = this.#fetched
    if (!stale || outer.headSent || error.blame === 'peer' || !isUnable(error.status)) return false
    if (!mayReplaceError(stale)) return false
    this.#instead(stale, error.status, outer)
    return true
  }

  over(inner: Exchange): void {
    if (this.#whole || this.#replaced) return
    this.#fill.abandon()
    this.#settle(inner.error?.blame === 'peer' ? 'again' : 'alone')
  }

  #confirmed(stale: Entry, head: Head, outer: Exchange): undefined {
    this.#replace()
    const { keeper } = this.#of
    if (!confirms(head, stale.head)) {
      keeper.shelf.remove(stale)
      // Once the app's answer is through.
      queueMicrotask(() => this.#of.anew(outer, this.#fetched))
      return undefined
    }
    const kept = keeper.confirm(stale, outer.variables, head)
    const cookies = keeper.keepsCookies ? [] : head.headers.filter(([name]) => isNamed(name, 'set-cookie'))
    queueMicrotask(() => this.#of.serve(stale, outer, `fwd=${this.#fetched.why}; fwd-status=304`, cookies))
    this.#settle(kept ? 'stored' : 'alone')
    return undefined
  }

  #instead(stale: Entry, status: number, outer: Exchange): undefined {
    this.#replace()
    queueMicrotask(() =>
      this.#of.serve(stale, outer, `fwd=${this.#fetched.why}; fwd-status=${status}; detail=stale-if-error`),
    )
    this.#settle('stale')
    return undefined
  }

  #replace(): void {
    this.#replaced = true
    this.#fill.abandon()
  }

  #settle(outcome: Outcome): void {
    this.#fetched.flight?.over(outcome)
  }
}
