// A handler that answers exchanges, called as an Application: the exchange it gets reads from the environ, and answers through
// startResponse and an iterable that is filled at the speed at which it is read.
import { RequestBody } from '../body.ts'
import { PeerError, toSidegateError, type SidegateError } from '../errors.ts'
import type { Carrier, Door } from '../carrier.ts'
import { Exchange, type ExchangeObserver } from '../exchange.ts'
import { variablesOfEnviron } from '../request.ts'
import { contentLength, type Variables } from '../variables.ts'
import { messageOf, stackOf } from '../thrown.ts'
import type { Head } from '../wire/head.ts'
import type { BodyInput } from './input.ts'
import type { Environ, ResponseBody, StartResponse } from './types.ts'

/** Bytes of a response that wait to be read before the handler is told to pause, and of a request read at once: one read of a socket. */
const HIGH_WATER = 64 * 1024

const DOOR: Door = { protocol: 'wsgi', address: 'environ' }

/**
 * Answers a call of an Application with `handle`.
 * @returns the body, once the head is there. Rejects with what the handler threw when it did so before that.
 */
export function callHandler(
  handle: (exchange: Exchange) => void,
  environ: Environ,
  startResponse: StartResponse,
): Promise<ResponseBody> {
  return new Promise((resolve, reject) => {
    const relay = new Relay(environ, startResponse, resolve, reject)
    const exchange = new Exchange(relay, relay, DOOR, variablesOfEnviron(environ), bodyOf(environ))
    relay.exchange = exchange
    const signal = environ['sidegate.signal'] as AbortSignal | undefined
    const abort = (): void => exchange.abort(gone(signal?.reason))
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    if (!exchange.over) handle(exchange)
  })
}

function gone(cause: unknown): PeerError {
  return new PeerError('CLIENT_GONE', 'the client went away', 499, { cause })
}

function bodyOf(environ: Environ): RequestBody {
  const input = environ['wsgi.input']
  // PEP 3333: without a length there is no body, unless the input is known to end by itself.
  const ends = environ['wsgi.input_terminated'] && (input as Partial<BodyInput>).empty !== true
  const length = contentLength(environ as unknown as Variables) ?? (ends ? undefined : 0)
  let asked = false
  const body: RequestBody = new RequestBody(length, () => {
    if (asked || body.complete) return
    asked = true
    input.read(length === undefined ? HIGH_WATER : Math.min(HIGH_WATER, length - body.received)).then(
      (chunk) => {
        asked = false
        if (chunk.length > 0) body.push(chunk)
        if (chunk.length === 0 || body.received === length) body.finish()
      },
      (error: unknown) => body.fail(toSidegateError(error)),
    )
  })
  return body
}

/** Where the response goes: the head to startResponse, the body to whoever iterates. */
class Relay implements Carrier, ExchangeObserver, AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  exchange: Exchange | undefined
  readonly #environ: Environ
  readonly #startResponse: StartResponse
  readonly #resolve: (body: ResponseBody) => void
  readonly #reject: (error: unknown) => void
  readonly #queue: Uint8Array[] = []
  #queued = 0
  #state: 'open' | 'started' | 'finished' | 'cut' = 'open'
  #error: unknown
  #wake: (() => void) | undefined

  constructor(
    environ: Environ,
    startResponse: StartResponse,
    resolve: (body: ResponseBody) => void,
    reject: (error: unknown) => void,
  ) {
    this.#environ = environ
    this.#startResponse = startResponse
    this.#resolve = resolve
    this.#reject = reject
  }

  start({ status, reason, headers }: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    if (this.#state !== 'open') return true
    this.#startResponse(`${status} ${reason}`, headers)
    this.#state = last ? 'finished' : 'started'
    if (last) {
      this.#resolve(chunk ? [chunk] : [])
      return true
    }
    this.#resolve(this)
    return chunk ? this.write(chunk) : true
  }

  write(chunk: Uint8Array): boolean {
    this.#queue.push(chunk)
    this.#queued += chunk.byteLength
    this.#wake?.()
    return this.#queued < HIGH_WATER
  }

  finish(): void {
    if (this.#state === 'started') this.#state = 'finished'
    this.#wake?.()
  }

  interim({ status, headers }: Head): boolean {
    return status === 103 && (this.#environ['wsgi.early_hints']?.(headers) ?? false)
  }

  cut(): void {
    this.#state = 'cut'
    this.#wake?.()
  }

  failed(_: Exchange, error: SidegateError): void {
    const raised = error.code === 'APP_RAISED' ? error.cause : error
    if (this.#state === 'finished') {
      // The response is complete: nobody asks any more.
      this.#environ['wsgi.errors'].write(`${stackOf(raised) ?? messageOf(raised)}\n`)
      return
    }
    this.#error ??= raised
    // The error goes to whoever called the Application; the page that the exchange sends for it is not wanted.
    if (this.#state !== 'open') return
    this.#state = 'cut'
    this.#reject(this.#error)
  }

  done(exchange: Exchange): void {
    if (!exchange.aborted || this.#state === 'cut') return
    this.#error ??= exchange.error
    if (this.#state === 'open') this.#reject(this.#error)
    this.cut()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#queue.shift()
      if (chunk) {
        this.#queued -= chunk.byteLength
        if (this.#queued < HIGH_WATER) this.exchange?.notifyDrain()
        return { done: false, value: chunk }
      }
      if (this.#state === 'finished') return { done: true, value: undefined }
      if (this.#state === 'cut') throw this.#error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.exchange?.abort(gone(undefined))
    return { done: true, value: undefined }
  }
}
