// `wsgi.early_hints`: an interim response ahead of the response (RFC 8297), under the name that gunicorn has for it in Python. One function for all
// requests, called as a method of its environ: what it needs is in there, and stays there when middleware copies it.
import type { Exchange } from '../exchange.ts'
import { checkPairs } from './start-response.ts'
import type { Environ, HeaderTuple } from './types.ts'

/** Where an environ has its exchange. */
const SENDER = Symbol('the exchange that sends early hints')

interface Sending {
  [SENDER]?: Pick<Exchange, 'interim'>
}

/** Puts it into the environ of a request whose client may be sent some. */
export function putEarlyHints(environ: Environ, exchange: Pick<Exchange, 'interim'>): void {
  ;(environ as Sending)[SENDER] = exchange
  environ['wsgi.early_hints'] = earlyHints
}

/**
 * Sends `103 Early Hints` with these headers.
 * @returns false where it is known not to arrive: the client, or the web server in front, takes none, or the response has begun.
 * @throws {AppError} HEADER_LIST, HEADER_NAME, HEADER_VALUE
 */
function earlyHints(this: Environ, headers: readonly HeaderTuple[]): boolean {
  const exchange = (this as Sending | undefined)?.[SENDER]
  if (!exchange) throw new TypeError("call it as a method of the environ: environ['wsgi.early_hints'](headers)")
  checkPairs(headers)
  return exchange.interim({ status: 103, reason: 'Early Hints', headers })
}
