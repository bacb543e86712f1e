// A request that is answered by another one, handled inside the gateway: what a local redirect of a CGI script asks for (RFC 3875
// 6.2.2). The other one is an exchange of its own without a body, which answers through the first; logs name both by one id.
import { RequestBody } from './body.ts'
import type { SidegateError } from './errors.ts'
import { Exchange, type Carrier, type ExchangeObserver } from './exchange.ts'
import type { Variables } from './variables.ts'
import type { Head } from './wire/head.ts'

/** Local redirects that one request may take; Apache's LimitInternalRecursion too is 10. */
export const REDISPATCH_MAX = 10

/** An exchange that answers through another one. */
class InnerExchange extends Exchange {
  readonly #outer: Exchange

  constructor(outer: Exchange, through: Through, variables: Variables) {
    super(through, through, outer.door, variables, new RequestBody(0))
    this.#outer = outer
  }

  override get id(): string {
    return this.#outer.id
  }

  override get hops(): number {
    return this.#outer.hops + 1
  }
}

/** The way from the inner exchange to the outer one. */
class Through implements Carrier, ExchangeObserver {
  readonly #outer: Exchange
  readonly #observer: ExchangeObserver
  readonly inner: Exchange

  constructor(outer: Exchange, variables: Variables, observer: ExchangeObserver) {
    this.#outer = outer
    this.#observer = observer
    this.inner = new InnerExchange(outer, this, variables)
    outer.onAbort(() => {
      if (outer.error) this.inner.abort(outer.error)
    })
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    this.#outer.respond(head)
    if (!last) return this.#room(chunk ? this.#outer.write(chunk) : this.#outer.flush())
    this.#outer.end(chunk)
    return true
  }

  write(chunk: Uint8Array): boolean {
    return this.#room(this.#outer.write(chunk))
  }

  finish(): void {
    this.#outer.end()
  }

  interim(head: Head): boolean {
    return this.#outer.interim(head)
  }

  retire(): void {
    this.#outer.closeAfter()
  }

  cut(): void {
    this.#outer.fail(this.inner.error)
  }

  failed(inner: Exchange, error: SidegateError): void {
    // The response under way is cut next, and that is told with the outer exchange.
    if (inner.state === 'sent' && error.code !== 'BODY_TOO_LONG') return
    this.#outer.error ??= error
    this.#observer.failed(inner, error)
  }

  leftOut(inner: Exchange, names: readonly string[]): void {
    this.#observer.leftOut?.(inner, names)
  }

  done(): void {}

  redispatch(inner: Exchange, variables: Variables): void {
    this.#observer.redispatch?.(inner, variables)
  }

  #room(room: boolean): boolean {
    if (!room) {
      // Whoever waits for the inner one hears of an abort by itself.
      this.#outer.drained().then(
        () => this.inner.notifyDrain(),
        () => {},
      )
    }
    return room
  }
}

/** An exchange with other variables that answers through `outer`, of which no head was sent. */
export function innerExchange(outer: Exchange, variables: Variables, observer: ExchangeObserver): Exchange {
  return new Through(outer, variables, observer).inner
}
