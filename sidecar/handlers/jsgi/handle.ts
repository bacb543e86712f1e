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
  const response = demandResponse(await app(jsgiRequest(exchange, surroundings)))
  const { status, headers } = response
  const { body } = response
  try {
    if (exchange.aborted) return
    exchange.respond({ status, reason: STATUS_CODES[status] ?? '', headers: fieldsOf(headers) })
    if (exchange.variables.REQUEST_METHOD === 'HEAD' || status === 204 || status === 304) return exchange.end()
    // The parts of an array are there: they leave in one piece, with their length.
    if (isArray(body)) return exchange.end(Buffer.concat(body.map(toBytes)))
    await body.forEach((part) => {
      if (exchange.aborted) throw exchange.error
      return exchange.write(toBytes(part)) ? undefined : exchange.drained()
    })
    exchange.end()
  } finally {
    await response.body.close?.()
  }
}

// The type of Array.isArray takes the methods of what is no array as well.
const isArray = (body: unknown): body is unknown[] => Array.isArray(body)

function demandResponse(returned: unknown): JsgiResponse {
  const response = returned as Partial<JsgiResponse> | null | undefined
  let wrong: string | undefined
  if (typeof response !== 'object' || response === null) wrong = response === null ? 'null' : typeof returned
  else if (!Number.isInteger(response.status) || response.status! < 200)
    wrong = 'a response whose status is no number from 200 on'
  else if (typeof response.headers !== 'object' || response.headers === null) wrong = 'a response without headers'
  else if (typeof response.body?.forEach !== 'function') wrong = 'a response whose body has no forEach'
  if (wrong === undefined) return response as JsgiResponse
  throw new AppError('JSGI_RESPONSE', `the app gave ${wrong}, not { status, headers, body } as JSGI 0.3 has it`)
}

function fieldsOf(headers: JsgiResponse['headers']): [string, string][] {
  const fields: [string, string][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (isOfLibrary(name)) continue
    for (const one of typeof value === 'object' && Symbol.iterator in value ? value : [value])
      fields.push([name, String(one)])
  }
  return fields
}

function toBytes(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part
  if (typeof part === 'string') return Buffer.from(part)
  const bytes = (part as { toByteString?: () => unknown } | null | undefined)?.toByteString?.()
  if (bytes instanceof Uint8Array) return bytes
  // A ByteString of old engines is a string of bytes.
  if (typeof bytes === 'string') return Buffer.from(bytes, 'latin1')
  throw new AppError(
    'JSGI_CHUNK',
    `the body gave a part of ${part === null ? 'null' : typeof part}: no text, no bytes, no toByteString()`,
  )
}
