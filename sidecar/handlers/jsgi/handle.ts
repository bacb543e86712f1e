// Calls a JSGI app with an exchange, and sends what it gives (CommonJS JSGI 0.3, "Response").
import { AppError } from '../../errors.ts'
import { STATUS_CODES } from '../../node-http.ts'
import { isOfLibrary } from '../framing.ts'
import type { Handled } from '../handled.ts'
import { jsgiRequest, type JsgiRequest, type JsgiSurroundings } from './request.ts'

/** A part of a body: bytes, text (sent as UTF-8), or something that gives bytes. */
export type JsgiPart = string | Uint8Array | { toByteString(): string | Uint8Array }

/** The body of a response: an array, or whatever calls `write` for each part. It may give a promise of the end. */
export interface JsgiBody {
  /** `write` gives a promise when the client is slow: who waits for it keeps little in memory. It throws when the client has gone. */
  forEach(write: (part: JsgiPart) => void | Promise<void>): unknown
  /** Called once, when the body is not needed any more. */
  close?(): unknown
}

export interface JsgiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: JsgiBody
}

/** An app: a response, or a promise of one. */
export type JsgiApp = (request: JsgiRequest) => JsgiResponse | PromiseLike<JsgiResponse>

/** Answers an exchange with an app. What it throws, or its promises reject with, fails the exchange. */
export function handleJsgi(app: JsgiApp, exchange: Handled, surroundings: JsgiSurroundings): void {
  if (exchange.aborted) return
  answer(app, exchange, surroundings).catch((error: unknown) => exchange.fail(error))
}

async function answer(app: JsgiApp, exchange: Handled, surroundings: JsgiSurroundings): Promise<void> {
  const returned: unknown = await app(jsgiRequest(exchange, surroundings))
  const close = closing(returned, exchange)
  // Its body may wait for something that never comes.
  exchange.onAbort(close)
  try {
    await send(demandResponse(returned), exchange)
  } catch (error) {
    exchange.fail(error)
  }
  close()
}

async function send({ status, headers, body }: JsgiResponse, exchange: Handled): Promise<void> {
  if (exchange.aborted) return
  exchange.respond({ status, reason: STATUS_CODES[status] ?? '', headers: fieldsOf(headers) })
  if (exchange.variables.REQUEST_METHOD === 'HEAD' || status === 204 || status === 304) return exchange.end()
  // The parts of an array are there: they leave in one piece, with their length.
  if (isArray(body)) return exchange.end(Buffer.concat(Array.from(body, toBytes)))
  await body.forEach((part) => {
    if (exchange.aborted) throw exchange.error
    if (exchange.write(toBytes(part))) return undefined
    const drained = exchange.drained()
    // A body need not wait for it; a client that goes away must not become an unhandled rejection then.
    drained.catch(ignore)
    return drained
  })
  exchange.end()
}

const ignore = (): void => {}

/** Closes the body of what an app has returned, once, and waits for nothing. What that throws is reported. */
function closing(returned: unknown, exchange: Handled): () => void {
  let closed = false
  const close = async (): Promise<void> => {
    await (returned as Partial<JsgiResponse> | null | undefined)?.body?.close?.()
  }
  return () => {
    if (closed) return
    closed = true
    close().catch((error: unknown) => exchange.fail(error))
  }
}

// The type of Array.isArray takes the methods of what is no array as well.
const isArray = (body: unknown): body is unknown[] => Array.isArray(body)

function demandResponse(returned: unknown): JsgiResponse {
  const response = returned as Partial<JsgiResponse> | null | undefined
  let wrong: string | undefined
  if (typeof response !== 'object' || response === null) wrong = kindOf(returned)
  else if (!isFinal(response.status)) wrong = 'a response whose status is no whole number from 200 to 999'
  else if (typeof response.headers !== 'object' || response.headers === null) wrong = 'a response without headers'
  else if (Symbol.iterator in response.headers)
    wrong = 'a response whose headers are a list, not an object of names and values'
  else if (typeof response.body?.forEach !== 'function') wrong = 'a response whose body has no forEach'
  if (wrong === undefined) return response as JsgiResponse
  throw new AppError('JSGI_RESPONSE', `the app gave ${wrong}, not { status, headers, body } as JSGI 0.3 has it`)
}

const isFinal = (status: number | undefined): boolean => Number.isInteger(status) && status! >= 200 && status! <= 999

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value)

function fieldsOf(headers: JsgiResponse['headers']): [string, string][] {
  const fields: [string, string][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (isOfLibrary(name)) continue
    if (typeof value === 'object' && value !== null && Symbol.iterator in value)
      for (const one of value) fields.push([name, textOf(name, one)])
    else fields.push([name, textOf(name, value)])
  }
  return fields
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new AppError(
    'HEADER_VALUE',
    `the value of header ${name} is ${kindOf(value)}: it has to be text, or an array of texts`,
  )
}

function toBytes(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part
  if (typeof part === 'string') return Buffer.from(part)
  const bytes = (part as { toByteString?: () => unknown } | null | undefined)?.toByteString?.()
  if (bytes instanceof Uint8Array) return bytes
  // A ByteString of old engines is a string of bytes.
  if (typeof bytes === 'string') return bytesOf(bytes)
  throw new AppError('JSGI_CHUNK', `the body gave a part of ${kindOf(part)}: no text, no bytes, no toByteString()`)
}

function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.toString('latin1') === text) return bytes
  throw new AppError(
    'JSGI_CHUNK',
    'toByteString() of a part gave text with characters beyond latin-1, which are no bytes',
  )
}
