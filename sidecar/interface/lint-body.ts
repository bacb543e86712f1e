// The body of a response, wrapped and checked. The lines with ## are the specification: docs/interface.md is made of them.
import { isThenable, nameOf } from './chunk.ts'
import { types } from 'node:util'
import { demandFor, type Demand } from './lint-error.ts'
import type { LintedHead } from './linted-head.ts'
import type { BodyChunk, ResponseBody } from './types.ts'

// ##
// ## ## The body
// ##
// ## What an app returns is its body: an iterable or an async iterable of chunks, or a promise of one. A generator function is an app too:
// ## it calls startResponse before its first non-empty chunk.
// ##
const app: Demand = demandFor('LINT_BODY', 'app')
const gateway: Demand = demandFor('LINT_BODY', 'gateway')

interface Closable {
  close?: () => unknown
  destroy?: () => unknown
}

/** Checks a result and gives one that checks what becomes of it. An array is checked at once and stays what it is. */
export function lintBody(result: unknown, head: LintedHead): ResponseBody | Promise<ResponseBody> {
  if (isThenable(result)) return Promise.resolve(result.then((body) => lintBody(body, head)))
  // ## - It is not a string and not bytes: put them into an array, `[body]`. It is `[]` when there is no body.
  const bare = typeof result === 'string' || types.isUint8Array(result)
  app(!bare, `the app returned ${typeof result === 'string' ? 'a string' : 'bytes'}: return an array, [body]`)
  const body = result as Partial<Iterable<unknown> & AsyncIterable<unknown>> & Closable
  const sync = typeof body?.[Symbol.iterator] === 'function'
  const async = typeof body?.[Symbol.asyncIterator] === 'function'
  app(sync || async, () => `the app returned ${nameOf(result)}: it must return an iterable of chunks, [] for none`)
  if (Array.isArray(result) && body.close === undefined) {
    for (const chunk of result) checkBodyChunk(chunk, head, 'the body')
    checkEnd(head)
    return result
  }
  const wrapped: Record<PropertyKey, unknown> = {}
  // ## - Its iterator's `return`, and a method `close` of the body itself, are called exactly once, when the body is complete or will not be
  // ##   asked for any more: at the end, after an error, when the client goes away, and for responses without a body. That is where an app
  // ##   lets go of what it holds (`finally` in a generator).
  if (typeof body.close === 'function') wrapped.close = () => body.close!()
  if (typeof body.destroy === 'function') wrapped.destroy = () => body.destroy!()
  if (sync) wrapped[Symbol.iterator] = () => new LintedIterator(body[Symbol.iterator]!(), head)
  else wrapped[Symbol.asyncIterator] = () => new LintedAsyncIterator(body[Symbol.asyncIterator]!(), head)
  return wrapped as unknown as ResponseBody
}

/** @throws {LintError} LINT_BODY */
export function checkBodyChunk(chunk: unknown, head: LintedHead, where: string): void {
  // ## - A chunk is a string, sent as UTF-8, or a Uint8Array. It may be empty.
  const string = typeof chunk === 'string'
  app(
    string || types.isUint8Array(chunk),
    () => `${where} has a chunk that is ${nameOf(chunk)}, not a string or a Uint8Array`,
  )
  const size = string ? Buffer.byteLength(chunk) : (chunk as Uint8Array).byteLength
  if (size === 0) return
  // ## - Each chunk is sent before the next is asked for, as fast as the client takes them.
  app(!head.upgraded, 'a chunk of a body came after sidegate.upgrade')
  app(head.started, 'a chunk of the body came before startResponse was called')
  head.sent += size
  if (head.headRequest) return
  // ## - A response with status 204 or 304 has no body. For HEAD an app may return a body, or not; it is not sent.
  app(head.status !== 204 && head.status !== 304, `a body in a response with status ${head.status}, which has none`)
  // ## - A response with a body has a Content-Type.
  app(head.hasType, 'the response has a body and no Content-Type')
  // ## - The body has as many bytes as Content-Length says. What is more is not sent; when it is less the response is cut, so that the
  // ##   client can tell.
  if (head.length !== undefined) {
    app(head.sent <= head.length, () => `the body has more than the ${head.length} bytes of Content-Length`)
  }
}

function checkEnd(head: LintedHead): void {
  if (head.failure !== undefined) throw head.failure
  // ## - startResponse, or `sidegate.upgrade`, has been called when the body ends.
  if (head.upgraded) return
  app(head.started, 'the app returned its body without calling startResponse')
  const counts = head.length !== undefined && !head.headRequest && head.status !== 304
  if (counts) app(head.sent === head.length, `the body has ${head.sent} bytes, Content-Length says ${head.length}`)
}

/** What both wrappers keep watch on. */
class Watch {
  readonly #head: LintedHead
  #done = false
  #closed = false

  constructor(head: LintedHead) {
    this.#head = head
  }

  next(): void {
    gateway(!this.#closed, 'the body was asked for a chunk after it was closed')
    gateway(!this.#done, 'the body was asked for a chunk after its end')
  }

  given(result: IteratorResult<unknown>): IteratorResult<BodyChunk> {
    if (result.done) {
      this.#done = true
      checkEnd(this.#head)
    } else checkBodyChunk(result.value, this.#head, 'the body')
    return result as IteratorResult<BodyChunk>
  }

  close(): void {
    gateway(!this.#closed, 'the body was closed twice')
    this.#closed = true
  }
}

class LintedIterator implements Iterator<BodyChunk> {
  readonly #iterator: Iterator<unknown>
  readonly #watch: Watch

  constructor(iterator: Iterator<unknown>, head: LintedHead) {
    this.#iterator = iterator
    this.#watch = new Watch(head)
  }

  next(): IteratorResult<BodyChunk> {
    this.#watch.next()
    return this.#watch.given(this.#iterator.next())
  }

  return(): IteratorResult<BodyChunk> {
    this.#watch.close()
    return (this.#iterator.return?.() ?? { done: true, value: undefined }) as IteratorResult<BodyChunk>
  }
}

class LintedAsyncIterator implements AsyncIterator<BodyChunk> {
  readonly #iterator: AsyncIterator<unknown>
  readonly #watch: Watch

  constructor(iterator: AsyncIterator<unknown>, head: LintedHead) {
    this.#iterator = iterator
    this.#watch = new Watch(head)
  }

  async next(): Promise<IteratorResult<BodyChunk>> {
    this.#watch.next()
    return this.#watch.given(await this.#iterator.next())
  }

  async return(): Promise<IteratorResult<BodyChunk>> {
    this.#watch.close()
    return ((await this.#iterator.return?.()) ?? { done: true, value: undefined }) as IteratorResult<BodyChunk>
  }
}
