// The layer `timeout`: how long a response may take, whatever the mount. What the client takes its time with is no fault of the app: while its
// body is waited for, or it takes nothing of the response, the time of the app stands still.
import * as v from 'valibot'
import { ConfigError, UpstreamError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { through, type Layer } from '../layer.ts'
import { SECONDS_MAX } from '../quantity.ts'
import type { Head } from '../wire/head.ts'
import type { MiddlewareKind } from './middleware.ts'

const time = (description: string) =>
  v.pipe(v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(SECONDS_MAX))), v.description(description))

const settings = v.strictObject({
  response: time(
    'Seconds until the response begins; then the client gets 504. They begin anew while the client still sends the body that the app waits for.',
  ),
  idle: time('Seconds of silence in the middle of a response that the client would take; then it is cut.'),
  total: time('Seconds for all of it; then the client gets 504, or a response that has begun is cut.'),
})

/** Milliseconds; undefined: no bound. */
interface Bounds {
  readonly response: number | undefined
  readonly idle: number | undefined
  readonly total: number | undefined
}

/** Looks after one request. */
class Watch implements Layer {
  readonly #outer: Exchange
  readonly #bounds: Bounds
  #begun = false
  #isOver = false
  /** For the beginning, then for the silence. */
  #next: NodeJS.Timeout | undefined
  #total: NodeJS.Timeout | undefined

  constructor(outer: Exchange, bounds: Bounds) {
    this.#outer = outer
    this.#bounds = bounds
    const { response, total } = bounds
    if (response !== undefined) this.#next = setTimeout(() => this.#notBegun(response), response)
    if (total === undefined) return
    this.#total = setTimeout(() => {
      this.#fail('RESPONSE_LONG', `the response was not complete within ${total / 1000} s (total)`)
    }, total)
  }

  head(head: Head): Head {
    if (!this.#begun) this.#goesOn()
    this.#begun = true
    return head
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    if (last) {
      outer.end(bytes)
      return true
    }
    const more = outer.write(bytes!)
    if (more) this.#goesOn()
    else if (this.#bounds.idle !== undefined) this.#waitForClient(outer)
    return more
  }

  /** A connection that was taken over may be silent, and lasts as long as both like. */
  upgrade(head: Head, outer: Exchange): ReturnType<Exchange['upgrade']> {
    const taken = outer.upgrade(head)
    this.over()
    return taken
  }

  over(): void {
    this.#isOver = true
    clearTimeout(this.#next)
    clearTimeout(this.#total)
  }

  #goesOn(): void {
    const { idle } = this.#bounds
    clearTimeout(this.#next)
    // A client may take the last of it after the end.
    if (idle === undefined || this.#isOver) return
    this.#next = setTimeout(() => {
      this.#fail('RESPONSE_SILENT', `the app was silent for ${idle / 1000} s in the middle of its response (idle)`)
    }, idle)
  }

  #waitForClient(outer: Exchange): void {
    clearTimeout(this.#next)
    outer.drained().then(
      () => this.#goesOn(),
      () => {},
    )
  }

  #notBegun(response: number): void {
    if (this.#outer.body.wanted) this.#next = setTimeout(() => this.#notBegun(response), response)
    else this.#fail('RESPONSE_LATE', `the response did not begin within ${response / 1000} s (response)`)
  }

  #fail(code: string, message: string): void {
    this.#outer.fail(new UpstreamError(code, message, 504))
  }
}

/** Bounds the time of responses. */
export const timeout: MiddlewareKind<'timeout', typeof settings, 'response'> = {
  name: 'timeout',
  summary: 'Bounds the time that a response may take. The app is told as when its client has gone away.',
  settings,
  short: 'response',
  create(given, { path }) {
    const bounds = { response: inMs(given.response), idle: inMs(given.idle), total: inMs(given.total) }
    if (Object.values(bounds).every((bound) => bound === undefined))
      throw new ConfigError('TIMEOUT_SETTINGS', path, 'bounds nothing: set response, idle or total')
    return { handle: (exchange, next) => next(through(exchange, new Watch(exchange, bounds))) }
  },
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
