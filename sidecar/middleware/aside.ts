// A request that a layer makes itself, beside the one that it has: who may come in is asked of an app, an error page of a mount, and what was
// kept is made anew. It is an exchange like any other, whose response is collected.
import type { RequestBody } from '../body.ts'
import type { Carrier } from '../carrier.ts'
import { isDoubtful } from '../doubt.ts'
import { AppError, PeerError, UpstreamError } from '../errors.ts'
import { Exchange, type ExchangeObserver } from '../exchange.ts'
import { tell } from '../layer.ts'
import type { Variables } from '../variables.ts'
import type { Head } from '../wire/head.ts'
import { timesLetIn } from '../let-in.ts'
import type { Next } from './middleware.ts'

/** What is asked. */
export interface Aside {
  /** For whom: its door is the door, its observer hears of what goes wrong. */
  readonly of: Exchange
  /** A copy of its own: whoever answers may change it. */
  readonly variables: Variables
  readonly body: RequestBody
  /** Bytes of a response that are collected at most. */
  readonly max: number
  /** Milliseconds. */
  readonly timeout: number
  /** Ends when the client of `of` goes away. Default: true. */
  readonly along?: boolean
}

/** Requests that lead to one another: a layer asks for a path in front of which another one asks for one. */
const HOPS_MAX = 10

/** A whole response. */
export interface AsideAnswer {
  readonly head: Head
  readonly body: Uint8Array
  /** It is nothing to keep for others: who made it has failed, or a layer has let the question in. */
  readonly alone: boolean
}

/**
 * Has `next` answer a request.
 * @returns the response, whatever its status: an error page too
 * @throws {SidegateError} ASIDE_LOOP; ASIDE_TIMEOUT; ASIDE_TOO_LONG for a response of more than `max` bytes, and what cut it, where it broke off
 */
export function aside(next: Next, { of, variables, body, max, timeout, along = true }: Aside): Promise<AsideAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AsideAnswer>()
  if (of.hops >= HOPS_MAX) {
    const message = `${HOPS_MAX} requests of layers led to one another: each asks for a path in front of which another one asks`
    reject(new AppError('ASIDE_LOOP', message))
    return promise
  }
  const collector = new Collector(max)
  const observer: ExchangeObserver = {
    failed: (exchange, error) => tell(of, error, exchange),
    leftOut: (exchange, names) => of.observer.leftOut?.(exchange, names),
    done: (exchange) => {
      clearTimeout(timer)
      if (exchange.state === 'ended') resolve(collector.answer)
      else reject(exchange.error!)
    },
  }
  const exchange = new Exchange(collector, observer, of.door, variables, body)
  collector.exchange = exchange
  exchange.hops = of.hops + 1
  const timer = setTimeout(() => {
    exchange.abort(new UpstreamError('ASIDE_TIMEOUT', `there was no response within ${timeout / 1000} s`, 504))
  }, timeout)
  if (along) of.onAbort(() => exchange.abort(of.error ?? new PeerError('CLIENT_GONE', 'the client went away', 499)))
  if (!exchange.over) next(exchange)
  return promise
}

/** Keeps what is sent. */
class Collector implements Carrier {
  exchange: Exchange | undefined
  readonly #max: number
  readonly #pieces: Uint8Array[] = []
  #size = 0
  #head: Head | undefined

  constructor(max: number) {
    this.#max = max
  }

  get answer(): AsideAnswer {
    return {
      head: this.#head!,
      body: Buffer.concat(this.#pieces),
      alone: isDoubtful(this.exchange!) || timesLetIn(this.exchange!) > 0,
    }
  }

  start(head: Head, chunk: Uint8Array | undefined): boolean {
    this.#head = head
    return chunk ? this.write(chunk) : true
  }

  write(chunk: Uint8Array): boolean {
    this.#size += chunk.byteLength
    if (this.#size > this.#max)
      throw new AppError('ASIDE_TOO_LONG', `the response has more than ${this.#max} bytes`, 502)
    this.#pieces.push(chunk)
    return true
  }

  finish(): void {}

  cut(): void {}
}
