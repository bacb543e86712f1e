// Calls an app without a server: for tests, and for apps that ask other apps. The request goes through the same exchange and the same
// code as one from a web server, so what comes back is what a client would get.
import { RequestBody } from '../body.ts'
import { AppError, PeerError, toSidegateError, type SidegateError } from '../errors.ts'
import type { Carrier, Door } from '../carrier.ts'
import { Exchange, type ExchangeObserver } from '../exchange.ts'
import { completeRequest } from '../request.ts'
import { decodePath, emptyVariables, resolveDots, splitTarget, variableName, type Variables } from '../variables.ts'
import type { Head, HeaderPair } from '../wire/head.ts'
import { environOf, type Surroundings } from './environ.ts'
import { runWithEnviron } from './run.ts'
import type { Application, Environ } from './types.ts'

/** A request for `makeEnviron`. */
export interface RequestOptions {
  /** Default GET, or POST when there is a body. */
  readonly method?: string
  /** Path and query as in a request line, percent-encoded: `/a%20b?x=1`. Default `/`. */
  readonly path?: string
  /** The prefix the app is mounted at; the path is below it. Default none. */
  readonly scriptName?: string
  /** Without `?`; in place of what `path` has behind it. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>> | readonly HeaderPair[]
  /** Strings are sent as UTF-8. CONTENT_LENGTH is set from it. */
  readonly body?: string | Uint8Array
  /** Default http. */
  readonly scheme?: 'http' | 'https'
  /** Put over everything else: `{ REMOTE_USER: 'ann' }`. */
  readonly variables?: Readonly<Record<string, string>>
  /** Aborts the request, as a client that goes away. */
  readonly signal?: AbortSignal
}

/** What an app answered. */
export interface AppResponse {
  readonly status: number
  readonly reason: string
  readonly headers: readonly HeaderPair[]
  readonly body: Uint8Array
  /** The value of a header in any case, several joined with `, `; undefined when it is not there. */
  header(name: string): string | undefined
  /** The body read as UTF-8. */
  text(): string
}

const DOOR: Door = { protocol: 'call', address: 'callApplication' }

/** An environ to call an app with, complete as PEP 3333 wants it (wsgiref's setup_testing_defaults). */
export function makeEnviron(options: RequestOptions = {}, surroundings?: Surroundings): Environ {
  const bytes = typeof options.body === 'string' ? Buffer.from(options.body) : options.body
  const body = new RequestBody(bytes?.byteLength ?? 0)
  if (bytes && bytes.byteLength > 0) body.push(bytes)
  body.finish()
  const signal = options.signal ?? new AbortController().signal
  const variables = variablesOf(options, bytes)
  return environOf({ variables, body, signal, id: 'call', mount: undefined, door: DOOR }, surroundings)
}

function variablesOf(options: RequestOptions, body: Uint8Array | undefined): Variables {
  const variables = emptyVariables()
  const { path, query } = splitTarget(options.path ?? '/')
  const script = options.scriptName ?? ''
  variables.REQUEST_METHOD = options.method ?? (body ? 'POST' : 'GET')
  variables.SCRIPT_NAME = resolveDots(decodePath(script))
  variables.PATH_INFO = path === '*' ? '' : resolveDots(decodePath(path))
  variables.QUERY_STRING = options.query ?? query
  variables.REQUEST_URI = `${script}${path}${variables.QUERY_STRING === '' ? '' : `?${variables.QUERY_STRING}`}`
  variables.SERVER_PROTOCOL = 'HTTP/1.1'
  variables.SERVER_NAME = '127.0.0.1'
  variables.REMOTE_ADDR = '127.0.0.1'
  variables.HTTP_HOST = '127.0.0.1'
  if (options.scheme === 'https') variables.HTTPS = 'on'
  if (body) variables.CONTENT_LENGTH = String(body.byteLength)
  const headers = options.headers ?? []
  const pairs = Array.isArray(headers) ? (headers as readonly HeaderPair[]) : Object.entries(headers)
  for (const [name, value] of pairs) variables[variableName(name)] = value
  Object.assign(variables, options.variables)
  completeRequest(variables)
  return variables
}

/**
 * Calls an app and gathers its response. The environ may come from `makeEnviron`, or be one that an app was called with, changed or not.
 * @throws what the app threw; AppError when it broke the rules of the interface; PeerError CLIENT_GONE when the signal fired.
 */
export async function callApplication(app: Application, environ: Environ = makeEnviron()): Promise<AppResponse> {
  const call = new Call()
  const variables = emptyVariables()
  variables.REQUEST_METHOD = environ.REQUEST_METHOD
  const exchange = new Exchange(call, call, DOOR, variables, new RequestBody(0))
  const signal = environ['sidegate.signal']
  const abort = (): void =>
    exchange.abort(new PeerError('CLIENT_GONE', 'the call was aborted', 499, { cause: signal.reason }))
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  try {
    if (!exchange.aborted) await runWithEnviron(app, environ, exchange)
    const error = call.error ?? exchange.error
    if (error) throw error instanceof AppError && error.code === 'APP_RAISED' ? error.cause : error
    if (!call.head) throw toSidegateError(new TypeError('the app gave no response'))
    return responseOf(call.head, Buffer.concat(call.chunks))
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function responseOf({ status, reason, headers }: Head, body: Uint8Array): AppResponse {
  return {
    status,
    reason,
    headers,
    body,
    header(name) {
      const values = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
      return values.length > 0 ? values.join(', ') : undefined
    },
    text: () => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(),
  }
}

/** Where the response of a call is gathered. */
class Call implements Carrier, ExchangeObserver {
  head: Head | undefined
  readonly chunks: Uint8Array[] = []
  error: SidegateError | undefined

  start(head: Head, chunk: Uint8Array | undefined): boolean {
    this.head = head
    if (chunk) this.chunks.push(chunk)
    return true
  }

  write(chunk: Uint8Array): boolean {
    this.chunks.push(chunk)
    return true
  }

  finish(): void {}

  cut(): void {}

  failed(_: Exchange, error: SidegateError): void {
    this.error ??= error
  }

  done(): void {}
}
