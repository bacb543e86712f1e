// What stands between an exchange and whoever answers it: a layer sees the request and the response as they stream, and may change
// either. `through` gives an exchange that answers through another one; whoever answers the inner one knows nothing of the layer, and
// the outer one keeps all rules of what may be sent. A layer that answers itself needs none of this: it responds to the exchange it has.
//
//   mount → inner exchange → layer → outer exchange → the next layer, or the door
import type { Duplex } from 'node:stream'
import type { RequestBody } from './body.ts'
import type { SidegateError } from './errors.ts'
import type { Carrier } from './carrier.ts'
import { Exchange, type ExchangeObserver } from './exchange.ts'
import type { Variables } from './variables.ts'
import type { Head } from './wire/head.ts'

/**
 * What one layer does with responses; what it has not passes unchanged. `outer` is the exchange that is answered: one object may serve
 * many. What it throws ends the outer exchange with that error; what `upgrade` throws comes to who takes the connection over.
 */
export interface Layer {
  /**
   * The head is about to leave: gives the one that is sent, without Content-Length where `body` changes the size. It comes anew when the
   * protocol could not carry it and an error page takes its place.
   * @returns undefined: none is sent yet; `body` responds when it knows better
   */
  head?(head: Head, outer: Exchange): Head | undefined
  /**
   * Bytes of the body on their way, none for a response without; `last`: the response is complete. Writes to `outer` what is to be sent, now
   * or later, and ends it after the last.
   * @returns false when no more should come until the client has taken enough, or until `notifyDrain` of the inner exchange is called
   */
  body?(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean
  /**
   * The connection is taken over with this head: does `outer.upgrade` and gives the stream, or another one around it, which then has to end
   * and break with it both ways.
   */
  upgrade?(head: Head, outer: Exchange): Duplex
  /**
   * It went wrong, and no part of the response has been passed on that could not be taken back as long as `outer.headSent` is false.
   * @returns true: the layer answers in another way, with another `through` for instance; the inner exchange is over, and nobody is told
   */
  failed?(error: SidegateError, outer: Exchange): boolean
  /** The inner exchange is over: answered, failed, or its client gone. Called once for each. */
  over?(inner: Exchange): void
}

/** What of the request is another one behind the layer. */
export interface Passed {
  /** A copy that was changed; CONTENT_LENGTH has to fit the body. */
  readonly variables?: Variables
  /** A body of its own (`pulledBody`). The same one can be read once: who tries again gives each try its own. */
  readonly body?: RequestBody
}

/**
 * An exchange that answers through `outer`, of which no head was sent. It ends with the outer one; an earlier one that is not over ends here.
 * An end by force of the inner one alone, with `abort`, ends the outer one as `fail` does.
 */
export function through(
  outer: Exchange,
  layer: Layer,
  { variables = outer.variables, body = outer.body }: Passed = {},
): Exchange {
  const crossing = new Crossing(outer, layer)
  const inner = new Exchange(crossing, crossing, outer.door, variables, body, outer)
  crossing.inner = inner
  inner.fields = outer.fields
  inner.mount = outer.mount
  inner.hops = outer.hops
  if (body === outer.body) inner.upload = outer.upload
  outer.putInFront(inner)
  const { user } = inner.logged
  for (let one: Exchange | undefined = outer; user !== undefined && one && !one.logged.user; one = one.outer)
    one.logged.user = user
  return inner
}

/**
 * Tells of what went wrong beside a response, such as what a layer has asked for itself: no layer in front takes it for an error of who
 * answers there.
 * @param exchange the one that it is of
 */
export function tell(of: Exchange, error: SidegateError, exchange: Exchange = of): void {
  if (of.outer) tell(of.outer, error, exchange)
  else of.observer.failed(exchange, error)
}

/** The way from an inner exchange to its outer one. */
class Crossing implements Carrier, ExchangeObserver {
  readonly #outer: Exchange
  readonly #layer: Layer
  inner: Exchange | undefined
  readonly upgrade?: NonNullable<Carrier['upgrade']>

  constructor(outer: Exchange, layer: Layer) {
    this.#outer = outer
    this.#layer = layer
    if (outer.upgradable) this.upgrade = (head) => layer.upgrade?.(head, outer) ?? outer.upgrade(head)
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    const outer = this.#outer
    if (this.#layer.head) {
      try {
        const changed = this.#layer.head(head, outer)
        if (changed) outer.respond(changed)
      } catch (error) {
        outer.fail(error)
        return true
      }
    } else outer.respond(head)
    if (last) return this.#end(chunk)
    return chunk ? this.write(chunk) : outer.flush()
  }

  write(chunk: Uint8Array): boolean {
    return this.#layer.body ? this.#body(chunk, false) : this.#outer.write(chunk)
  }

  finish(): void {
    this.#end(undefined)
  }

  /** The inner exchange is aborted next, and the outer one with it. */
  cut(): void {}

  interim(head: Head): boolean {
    return this.#outer.interim(head)
  }

  retire(): void {
    this.#outer.closeAfter()
  }

  failed(exchange: Exchange, error: SidegateError): void {
    const outer = this.#outer
    if (!exchange.over && this.#taken(error)) {
      if (outer.inner === this.inner) outer.putInFront(undefined)
      return
    }
    // No error page gets past a head that is sent.
    if (!exchange.over && !exchange.headSent && outer.headSent) return outer.fail(error)
    // The response under way is cut next, and that is told with the outer exchange.
    if (exchange.state === 'sent' && error.code !== 'BODY_TOO_LONG') return
    if (!outer.over) outer.error ??= error
    outer.observer.failed(exchange, error)
  }

  leftOut(exchange: Exchange, names: readonly string[]): void {
    this.#outer.observer.leftOut?.(exchange, names)
  }

  done(inner: Exchange): void {
    const outer = this.#outer
    if (inner.aborted && outer.inner === inner && !outer.over) outer.fail(inner.error)
    try {
      this.#layer.over?.(inner)
    } catch (error) {
      outer.fail(error)
    }
  }

  redispatch(exchange: Exchange, variables: Variables): boolean {
    return this.#outer.observer.redispatch?.(exchange, variables) ?? false
  }

  #end(chunk: Uint8Array | undefined): boolean {
    if (this.#layer.body) return this.#body(chunk, true)
    this.#outer.end(chunk)
    return true
  }

  #body(chunk: Uint8Array | undefined, last: boolean): boolean {
    try {
      return this.#layer.body!(chunk, last, this.#outer)
    } catch (error) {
      this.#outer.fail(error)
      return true
    }
  }

  #taken(error: SidegateError): boolean {
    try {
      return this.#layer.failed?.(error, this.#outer) ?? false
    } catch (thrown) {
      this.#outer.fail(thrown)
      return true
    }
  }
}
