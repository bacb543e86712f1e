// Calls an app and sends what it returns (PEP 3333, "Specification Details"). Two ways: an array goes out at once, in one write and
// without a promise; everything else is asked for chunk by chunk, each sent before the next is asked for, at the client's speed.
import { AppError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { checkChunk, isThenable, nameOf } from './chunk.ts'
import { environOf, type Surroundings } from './environ.ts'
import { startResponseFor } from './start-response.ts'
import type { Application, BodyChunk, Environ } from './types.ts'

/** An array of chunks up to this many characters and bytes is joined: one write, and its Content-Length is known. One read of a socket. */
export const JOIN_MAX = 64 * 1024

/** Chunks taken from a synchronous iterator before other requests get their turn: a fast client must not starve them. */
export const CHUNKS_PER_TURN = 128

/**
 * Answers an exchange with an app. Never throws and never rejects: what goes wrong becomes `exchange.fail`.
 * @returns undefined when the response is complete on return; else a promise for when it is, or its client is gone.
 */
export function runApplication(
  app: Application,
  exchange: Exchange,
  surroundings?: Surroundings,
): void | Promise<void> {
  let environ: Environ
  try {
    environ = environOf(exchange, surroundings)
  } catch (error) {
    return exchange.fail(error)
  }
  return runWithEnviron(app, environ, exchange)
}

/** The same with an environ that is there already. */
export function runWithEnviron(app: Application, environ: Environ, exchange: Exchange): void | Promise<void> {
  let result: unknown
  try {
    result = app(environ, startResponseFor(exchange))
    if (sendAtOnce(exchange, result)) return undefined
  } catch (error) {
    return exchange.fail(error)
  }
  return new Delivery(exchange).run(result)
}

/** Sends an array that has nothing to close and need not go out in pieces; false when the result is something else. */
function sendAtOnce(exchange: Exchange, result: unknown): boolean {
  if (!Array.isArray(result) || (result as Closable).close !== undefined) return false
  const body: unknown[] = result
  if (body.length > 1) {
    const joined = join(body)
    if (joined === undefined) return false
    demandHead(exchange)
    exchange.end(joined)
    return true
  }
  const chunk = body.length === 0 ? undefined : checkChunk(body[0])
  demandHead(exchange)
  exchange.end(chunk)
  return true
}

function join(body: unknown[]): BodyChunk | undefined {
  let size = 0
  let strings = true
  for (const chunk of body) {
    size += checkChunk(chunk).length
    if (size > JOIN_MAX) return undefined
    if (typeof chunk !== 'string') strings = false
  }
  if (strings) return body.join('')
  return Buffer.concat((body as BodyChunk[]).map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)))
}

function demandHead(exchange: Exchange): void {
  if (exchange.state === 'open')
    throw new AppError('NO_HEAD', 'the app returned its body without calling startResponse')
}

/** What a result may have besides its iterator: PEP 3333's `close`, and the `destroy` of Node.js streams. */
interface Closable {
  close?: () => unknown
  destroy?: () => unknown
}

/** Why pumping stopped. */
type Stop = 'done' | 'slow' | 'turn'

/** A result under way. */
class Delivery {
  readonly #exchange: Exchange
  #body: Closable | undefined
  #sync: Iterator<unknown> | undefined
  #async: AsyncIterator<unknown> | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  run(result: unknown): void | Promise<void> {
    let stop: Stop | undefined
    if (!isThenable(result)) {
      try {
        this.#open(result)
        if (this.#sync) stop = this.#pump(this.#sync)
        if (stop === 'done') {
          this.#exchange.end()
          return this.#close()
        }
      } catch (error) {
        this.#failed(error)
        return this.#close()
      }
    }
    return new Promise((resolve) => {
      // The app may wait for something that never comes: a client that goes away ends the waiting, not the app.
      this.#exchange.onAbort(() => {
        void this.#close(true)
        resolve()
      })
      void this.#finish(result, stop).then(resolve)
    })
  }

  async #finish(result: unknown, stop: Stop | undefined): Promise<void> {
    const exchange = this.#exchange
    try {
      if (isThenable(result)) {
        const body = await result
        if (!exchange.aborted && sendAtOnce(exchange, body)) return
        this.#open(body)
      }
      if (exchange.aborted) return await this.#close(true)
      if (this.#sync) await this.#pumpToEnd(this.#sync, stop)
      else if (this.#async) await this.#pullToEnd(this.#async)
      exchange.end()
    } catch (error) {
      this.#failed(error)
    }
    await this.#close()
  }

  /** Sends what a synchronous iterator gives; stops when the client is slow or others are to have their turn. */
  #pump(iterator: Iterator<unknown>): Stop {
    for (let count = 0; count < CHUNKS_PER_TURN; count++) {
      const { done, value } = iterator.next()
      if (done) return 'done'
      if (!this.#send(value)) return 'slow'
      if (this.#over) return 'done'
    }
    return 'turn'
  }

  async #pumpToEnd(iterator: Iterator<unknown>, first: Stop | undefined): Promise<void> {
    for (let stop = first ?? this.#pump(iterator); stop !== 'done'; stop = this.#pump(iterator)) {
      if (stop === 'slow') await this.#exchange.drained()
      else await new Promise((resolve) => setImmediate(resolve))
      if (this.#over) return
    }
  }

  async #pullToEnd(iterator: AsyncIterator<unknown>): Promise<void> {
    for (;;) {
      const { done, value } = await iterator.next()
      if (done || this.#over) return
      if (!this.#send(value)) await this.#exchange.drained()
      if (this.#over) return
    }
  }

  #send(value: unknown): boolean {
    const chunk = checkChunk(value)
    if (chunk.length === 0) return true
    demandHead(this.#exchange)
    return this.#exchange.write(chunk)
  }

  /** True when nothing more would be sent: complete, aborted, or a response without a body whose head is out (HEAD, 204, 304). */
  get #over(): boolean {
    const { state, bodiless } = this.#exchange
    return state === 'ended' || state === 'aborted' || (bodiless && state === 'sent')
  }

  #open(result: unknown): void {
    if (typeof result === 'string' || result instanceof Uint8Array) {
      const what = typeof result === 'string' ? 'a string' : 'bytes'
      throw new AppError('BODY_TYPE', `the app returned ${what}: return an array with it in, [body], instead`)
    }
    const body = result as Partial<Iterable<unknown> & AsyncIterable<unknown>> & Closable
    if (typeof body?.[Symbol.iterator] === 'function') this.#sync = body[Symbol.iterator]!()
    else if (typeof body?.[Symbol.asyncIterator] === 'function') this.#async = body[Symbol.asyncIterator]!()
    else
      throw new AppError(
        'BODY_TYPE',
        `the app returned ${nameOf(result)}: it must return an iterable of chunks, [] for none`,
      )
    this.#body = body
  }

  #failed(error: unknown): void {
    // What the abort signal and the closing set off in the app is no error of the app.
    if (this.#exchange.aborted && isAbort(error)) return
    this.#exchange.fail(error)
  }

  /**
   * PEP 3333's `close`, once, however the response went. `abandoned`: the app may be waiting inside the iterator, so nobody waits
   * for it, and a Node.js stream is destroyed, as its iterator would not return before its next chunk.
   */
  #close(abandoned = false): void | Promise<void> {
    const body = this.#body
    if (!body) return undefined
    const iterator = this.#sync ?? this.#async
    this.#body = this.#sync = this.#async = undefined
    const waits: unknown[] = []
    const attempt = (step: () => unknown): void => {
      try {
        const outcome = step()
        if (isThenable(outcome)) waits.push(outcome.then(undefined, (error: unknown) => this.#failed(error)))
      } catch (error) {
        this.#failed(error)
      }
    }
    attempt(() => iterator?.return?.())
    // An iterator that is its own iterable, such as a generator, has been closed by now.
    if (typeof body.close === 'function') attempt(() => body.close!())
    if (abandoned && typeof body.destroy === 'function') attempt(() => body.destroy!())
    if (waits.length > 0 && !abandoned) return Promise.all(waits).then(() => undefined)
    return undefined
  }
}

function isAbort(error: unknown): boolean {
  try {
    const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
    return name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'CLIENT_GONE'
  } catch {
    // An error whose own code throws is none of those.
    return false
  }
}
