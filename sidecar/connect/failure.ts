// What can go wrong between Sidegate and an upstream, and after which of it another upstream may be asked.
import { AppError, PeerError, UpstreamError, type SidegateError } from '../errors.ts'

/** A system's or a library's error. */
interface Coded {
  readonly code?: string | undefined
  readonly message: string
}

const text = ({ code, message }: Coded): string =>
  code === undefined || message.includes(code) ? message : `${code}: ${message}`

/** The connection was not made: refused, no route, a certificate that is not accepted. Nothing of the request was sent. */
export function notConnected(name: string, error: Coded): UpstreamError {
  return new UpstreamError('UPSTREAM_CONNECT', `cannot connect to ${name}: ${text(error)}`)
}

/** No connection within connectTimeout. */
export function connectLate(name: string, milliseconds: number): UpstreamError {
  const message = `no connection to ${name} after ${milliseconds / 1000} s (connectTimeout)`
  return new UpstreamError('UPSTREAM_CONNECT', message, 504)
}

/** No response head in time. */
export function headLate(name: string, milliseconds: number, setting: string): UpstreamError {
  const message = `${name} did not begin to answer within ${milliseconds / 1000} s (${setting})`
  return new UpstreamError('UPSTREAM_TIMEOUT', message, 504)
}

/** Silence in the middle of a response. */
export function stalled(name: string, milliseconds: number): UpstreamError {
  const message = `${name} was silent for ${milliseconds / 1000} s in the middle of its response (idleTimeout)`
  return new UpstreamError('UPSTREAM_STALLED', message, 504)
}

/**
 * How far a response had come when its connection ended. `unheard`: nothing ever came on the connection; `silent`: nothing came, and requests
 * had been answered on it before.
 */
export type Progress = 'unheard' | 'silent' | 'head' | 'body'

/** A server closed a kept connection as it was used again, as servers may: that says nothing about the server. */
export class KeptConnectionError extends UpstreamError {}

/** The connection ended: before the response began, or in the middle of it. */
export function ended(name: string, progress: Progress, error?: Coded): UpstreamError {
  const why = error ? ` (${text(error)})` : ''
  const closed = `${name} closed the connection`
  if (progress === 'body') return new UpstreamError('UPSTREAM_CUT', `${closed} in the middle of its response${why}`)
  if (progress === 'head')
    return new UpstreamError('UPSTREAM_CUT', `${closed} in the middle of its response head${why}`)
  const message = `${closed} without an answer${why}`
  if (progress === 'silent') return new KeptConnectionError('UPSTREAM_RESET', message)
  return new UpstreamError('UPSTREAM_RESET', `${message}; so does a server that speaks another protocol`)
}

/** The response ended as the protocol has it, and was shorter than its Content-Length. */
export function tooShort(name: string, missing: number): UpstreamError {
  return new UpstreamError('UPSTREAM_CUT', `${name} ended its response ${missing} bytes short of its Content-Length`)
}

/** The response cannot be passed on. */
export function badResponse(name: string, why: string): UpstreamError {
  return new UpstreamError('UPSTREAM_RESPONSE', `${name} answered with something that cannot be passed on: ${why}`)
}

/** What a client codec or the exchange threw about a response, as an error of the upstream. */
export function ofResponse(name: string, progress: Progress, thrown: unknown): SidegateError {
  if (thrown instanceof UpstreamError) return thrown
  if (thrown instanceof PeerError || thrown instanceof AppError) {
    if (thrown.code === 'RESPONSE_CUT') return ended(name, progress)
    if (thrown.code === 'FASTCGI_BUSY') return new UpstreamError('UPSTREAM_BUSY', `${name}: ${thrown.message}`, 503)
    return badResponse(name, thrown.message)
  }
  return badResponse(name, thrown instanceof Error ? thrown.message : String(thrown))
}

/** RFC 9110 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** True when sending a request twice means the same as sending it once. */
export function isIdempotent(method: string | undefined): boolean {
  return method !== undefined && IDEMPOTENT.has(method)
}

/**
 * True when the request may be sent again after this error, as far as the error and the method go: it certainly was not handled, or
 * being handled twice does no harm. After the first byte of a response nothing may.
 */
export function mayRepeat(error: unknown, method: string | undefined): boolean {
  if (!(error instanceof UpstreamError)) return false
  switch (error.code) {
    case 'UPSTREAM_CONNECT':
    case 'UPSTREAM_BUSY':
      return true
    case 'UPSTREAM_RESET':
    case 'UPSTREAM_TIMEOUT':
      return isIdempotent(method)
    default:
      return false
  }
}
