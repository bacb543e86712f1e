// Sends the Response of a Fetch handler.
import { STATUS_CODES } from '../../node-http.ts'
import { AppError } from '../../errors.ts'
import { isOfLibrary } from '../framing.ts'
import type { Handled } from '../handled.ts'

/** What is used of a Response; those of other libraries have it too. */
interface ResponseLike {
  readonly status: number
  readonly statusText?: string
  readonly type?: string
  readonly headers: Iterable<[string, string]>
  readonly body: ReadableStream<unknown> | null | undefined
}

type Reader = ReadableStreamDefaultReader<unknown>
type Result = Awaited<ReturnType<Reader['read']>>

/**
 * Answers `exchange` with what a handler returned. Resolves when the response is complete, or its client gone.
 * @throws {AppError} FETCH_NO_RESPONSE, FETCH_CHUNK; what the body's stream was errored with.
 */
export async function sendResponse(returned: unknown, exchange: Handled): Promise<void> {
  const response = demandResponse(returned)
  const { status, body } = response
  if (exchange.aborted) return void (await body?.cancel())
  const headers: [string, string][] = []
  // Iteration gives each Set-Cookie alone; get() would join them.
  for (const [name, value] of response.headers) if (!isOfLibrary(name)) headers.push([name, value])
  exchange.respond({ status, reason: response.statusText || STATUS_CODES[status] || '', headers })
  if (!body) return exchange.end()
  const reader = body.getReader()
  const cancel = (reason?: unknown): void => void reader.cancel(reason).catch(() => {})
  if (status === 204 || status === 304) {
    cancel()
    return exchange.end()
  }
  if (exchange.variables.REQUEST_METHOD === 'HEAD') {
    const whole = await onlyChunk(reader)
    cancel()
    return exchange.end(whole)
  }
  exchange.onAbort(cancel)
  try {
    await sendBody(reader, exchange)
  } catch (error) {
    cancel(error)
    throw error
  }
}

function demandResponse(returned: unknown): ResponseLike {
  const response = returned as Partial<ResponseLike> | null | undefined
  let wrong: string | undefined
  if (typeof response !== 'object' || response === null) wrong = `${returned === null ? 'null' : typeof returned}`
  else if (response.type === 'error') wrong = 'Response.error()'
  else if (typeof response.status !== 'number' || typeof response.headers?.[Symbol.iterator] !== 'function')
    wrong = 'an object'
  else if (response.status < 200) wrong = `a Response with status ${response.status}`
  else if (response.body && typeof response.body.getReader !== 'function')
    wrong = 'a Response whose body is no ReadableStream'
  if (wrong === undefined) return response as ResponseLike
  throw new AppError('FETCH_NO_RESPONSE', `the handler returned ${wrong}, not a Response`)
}

async function sendBody(reader: Reader, exchange: Handled): Promise<void> {
  const first = await reader.read()
  if (first.done) return exchange.end()
  let next = reader.read()
  // A body of one chunk leaves in one piece and with its length. Looks ahead only as far as it costs no waiting: four microtasks
  // are what a ReadableStream takes to tell that it is closed.
  let ahead: Result | undefined
  const looked = (result: Result): void => {
    ahead = result
  }
  next.then(looked, () => {})
  for (let i = 0; i < 4 && ahead === undefined; i++) await undefined
  if (ahead?.done) return exchange.end(toBytes(first.value))
  for (let result: Result = first; !result.done;) {
    if (!exchange.write(toBytes(result.value))) await exchange.drained()
    result = await next
    if (!result.done) next = reader.read()
  }
  exchange.end()
}

/** The body when it is one chunk that is there without waiting, as what GET would send has a length then. A stream may be endless. */
async function onlyChunk(reader: Reader): Promise<Uint8Array | undefined> {
  let first: Result | undefined
  let whole = false
  const read = async (): Promise<void> => {
    first = await reader.read()
    whole = first.done || (await reader.read()).done
  }
  // What a stream is errored with matters to who reads it.
  read().catch(() => {})
  await new Promise(setImmediate)
  return whole && first && !first.done ? toBytes(first.value) : undefined
}

/** Bytes, and what Response takes for bytes elsewhere: a stream of strings is none by the standard, but peers send it as UTF-8. */
function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new AppError(
    'FETCH_CHUNK',
    `the body of the Response gave a chunk of ${typeof chunk}, neither bytes nor a string`,
  )
}
