// Calls a Fetch handler with an exchange.
import type { IncomingMessage } from 'node:http'
import type { Variables } from '../../variables.ts'
import type { Handled } from '../handled.ts'
import { makeRequest } from '../node/messages.ts'
import { GatewaySocket } from '../node/socket.ts'
import { LightRequest, nativeRequest } from './request.ts'
import { sendResponse } from './send.ts'

/** The second argument of a Fetch handler (`c.env` in Hono). */
export interface FetchEnv {
  /** The CGI variables of the request. */
  readonly environ: Readonly<Variables>
  /** The request as of node:http, as in `@hono/node-server`: for `getConnInfo`, and for libraries that read a Node request. */
  readonly incoming: IncomingMessage
  /**
   * Sends `103 Early Hints` with these headers ahead of the response, such as `Link`.
   * @returns false where it is known not to arrive: the protocol, the client or the web server in front takes none, or the response has begun.
   * @throws {AppError} HEADER_NAME, HEADER_VALUE
   */
  earlyHints(headers: ConstructorParameters<typeof Headers>[0]): boolean
}

class Env implements FetchEnv {
  readonly environ: Readonly<Variables>
  readonly #exchange: Handled
  #incoming: IncomingMessage | undefined

  constructor(exchange: Handled) {
    this.environ = exchange.variables
    this.#exchange = exchange
  }

  get incoming(): IncomingMessage {
    return (this.#incoming ??= makeRequest(this.#exchange, new GatewaySocket(this.#exchange)))
  }

  earlyHints(headers: ConstructorParameters<typeof Headers>[0]): boolean {
    const head = { status: 103, reason: 'Early Hints', headers: [...new Headers(headers)] }
    return this.#exchange.interim?.(head) ?? false
  }
}

/** The third argument of a Fetch handler, as other hosts of such handlers have it. */
export interface FetchContext {
  /** Work that goes on after the response; when it fails, that is logged. */
  waitUntil(work: PromiseLike<unknown>): void
  /** Does nothing: there is no origin behind a mount. */
  passThroughOnException(): void
}

/** A Fetch handler. */
export type FetchHandler = (request: Request, env: FetchEnv, context: FetchContext) => Response | PromiseLike<Response>

/** How a handler is called. */
export interface FetchOptions {
  /** Which Request it gets: `light` (default), or the platform's own. */
  readonly request: 'light' | 'native'
  /** Told of work given to `waitUntil` that failed. */
  readonly workFailed: (error: unknown) => void
}

/** Answers an exchange with a handler. A handler that throws or rejects, or gives no Response, fails the exchange. */
export function handleFetch(handler: FetchHandler, exchange: Handled, options: FetchOptions): void {
  if (exchange.aborted) return
  const failed = (error: unknown): void => exchange.fail(error)
  try {
    const request =
      options.request === 'native' ? nativeRequest(exchange) : (new LightRequest(exchange) as unknown as Request)
    const context: FetchContext = {
      waitUntil: (work) => void Promise.resolve(work).catch(options.workFailed),
      passThroughOnException() {},
    }
    const returned = handler(request, new Env(exchange), context)
    if (typeof (returned as PromiseLike<Response> | undefined)?.then === 'function') {
      ;(returned as PromiseLike<Response>).then((response) => sendResponse(response, exchange)).then(undefined, failed)
    } else sendResponse(returned, exchange).catch(failed)
  } catch (error) {
    failed(error)
  }
}
