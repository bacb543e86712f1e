// A Fetch handler as an Application.
import { acceptLightRequests } from '../handlers/fetch/global.ts'
import { handleFetch, type FetchHandler } from '../handlers/fetch/handle.ts'
import { callHandler } from './handler-call.ts'
import type { Application } from './types.ts'
import { messageOf, stackOf } from '../thrown.ts'

/**
 * Makes an Application of a Fetch handler, or of an object with a method `fetch` such as an app of Hono. What the handler throws or
 * rejects with, the Application rejects with; AppError FETCH_NO_RESPONSE when it gives no Response. Work given to `waitUntil` that
 * fails is written to `wsgi.errors`. The global `Request` and `fetch` are made to take the light requests that the handler gets.
 */
export function fromFetch(handler: FetchHandler | { fetch: FetchHandler }): Application {
  acceptLightRequests()
  const call: FetchHandler =
    'fetch' in handler ? (request, env, context) => handler.fetch(request, env, context) : handler
  return (environ, startResponse) => {
    const workFailed = (error: unknown): void => environ['wsgi.errors'].write(`${stackOf(error) ?? messageOf(error)}\n`)
    return callHandler(
      (exchange) => handleFetch(call, exchange, { request: 'light', workFailed }),
      environ,
      startResponse,
    )
  }
}
