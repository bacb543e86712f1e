// Every error that Sidegate raises on purpose. Each carries a stable code (docs/errors.md lists them), the status a client
// gets, and whose fault it is; errorResponse is the only place where an error becomes a response.
import { messageOf } from './thrown.ts'

/** Whose fault an error is. */
export type Blame = 'config' | 'peer' | 'app' | 'layer' | 'upstream' | 'gateway'

/** What else is known of an error. */
export interface SidegateErrorOptions extends ErrorOptions {
  /** Fields that its status asks for, such as WWW-Authenticate of a 401 (RFC 9110 11.6.1). Default: none. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined
  /** The log has it already, in one record for all that it has ended: none is written for each. Default: false. */
  readonly told?: boolean
}

/** What every error of Sidegate carries beside its message. */
export abstract class SidegateError extends Error {
  /** Stable, upper case, documented in docs/errors.md. */
  readonly code: string
  /** The HTTP status that a client gets when nothing was sent yet. */
  readonly status: number
  /** Fields of that response, beside those of its page. */
  readonly headers: SidegateErrorOptions['headers']
  /** The log has it already. */
  readonly told: boolean
  abstract readonly blame: Blame

  constructor(code: string, message: string, status: number, options?: SidegateErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.status = status
    this.headers = options?.headers
    this.told = options?.told ?? false
  }
}

/** A setting is wrong or what it names is not there. `path` is the place in the configuration, such as `mounts./shop.venv`. */
export class ConfigError extends SidegateError {
  readonly blame = 'config'
  readonly path: string

  /** `status`: for what shows at a request only. Default 500. */
  constructor(code: string, path: string, message: string, options?: ErrorOptions & { status?: number }) {
    super(code, message, options?.status ?? 500, options)
    this.path = path
  }
}

/** The other side of a connection broke its protocol, asked for something refused, or went away. Costs that connection only. */
export class PeerError extends SidegateError {
  readonly blame = 'peer'

  constructor(code: string, message: string, status = 400, options?: SidegateErrorOptions) {
    super(code, message, status, options)
  }
}

/** An app raised, or broke the rules of its interface. */
export class AppError extends SidegateError {
  readonly blame = 'app'

  constructor(code: string, message: string, status = 500, options?: SidegateErrorOptions) {
    super(code, message, status, options)
  }
}

/** A layer of a user's own raised, or broke the rules of layers. */
export class LayerError extends SidegateError {
  readonly blame = 'layer'

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, message, 500, options)
  }
}

/** What stands behind a mount (a worker process, a remote server) failed: 502, or 503 when it is busy, or 504 when it is late. */
export class UpstreamError extends SidegateError {
  readonly blame = 'upstream'

  constructor(code: string, message: string, status = 502, options?: SidegateErrorOptions) {
    super(code, message, status, options)
  }
}

/** The gateway itself cannot: it is short of something that the message names. */
export class GatewayError extends SidegateError {
  readonly blame = 'gateway'
}

/** The response an error becomes. The body names status and code, never the message: that one is for the log. */
export interface ErrorResponse {
  status: number
  reason: string
  headers: (readonly [string, string])[]
  body: string
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

/** Gives any thrown value the shape of a SidegateError; what an app threw becomes APP_RAISED with the thrown value as cause. */
export function toSidegateError(thrown: unknown): SidegateError {
  if (isSidegateError(thrown)) return thrown
  return new AppError('APP_RAISED', `the app raised: ${messageOf(thrown)}`, 500, { cause: thrown })
}

function isSidegateError(thrown: unknown): thrown is SidegateError {
  try {
    return thrown instanceof SidegateError
  } catch {
    // A proxy may refuse to say what it is.
    return false
  }
}

/** What of the response for an error says something. */
export type ErrorPage = (error: SidegateError, requestId: string) => Pick<ErrorResponse, 'headers' | 'body'>

/** Plain text that names status, reason and code. */
let page: ErrorPage = ({ status, code }, requestId) => ({
  headers: [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Cache-Control', 'no-store'],
  ],
  body: `${status} ${reasonOf(status)}\n${code} (request ${requestId})\n`,
})

/** Has this process show another page for errors: while apps are written (development-page.ts). */
export function useErrorPage(other: ErrorPage): void {
  page = other
}

function reasonOf(status: number): string {
  return REASONS[status] ?? 'Error'
}

/** The response for an error: its status, and a page that does not say more than clients may know. */
export function errorResponse(error: SidegateError, requestId: string): ErrorResponse {
  const { headers, body } = page(error, requestId)
  const { status, headers: more } = error
  return { status, reason: reasonOf(status), headers: more ? [...headers, ...more] : headers, body }
}
