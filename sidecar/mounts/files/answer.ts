// The responses of the mount `files` that are no files.
import { STATUS_CODES } from '../../node-http.ts'
import type { Exchange } from '../../exchange.ts'
import { encodePath } from '../../variables.ts'

/** A plain response in place of a file. It is no error of anybody, so no line in the error log. */
export function refuse(exchange: Exchange, status: number, headers: readonly [string, string][] = []): void {
  const reason = STATUS_CODES[status] ?? ''
  exchange.respond({
    status,
    reason,
    headers: [['Content-Type', 'text/plain; charset=utf-8'], ['Cache-Control', 'no-store'], ...headers],
  })
  exchange.end(`${status} ${reason}\n`)
}

/** Sends the client from `/shop/pictures?x=1` to `/shop/pictures/?x=1`, so that relative links on the page work. */
export function redirectToFolder(exchange: Exchange): void {
  const { SCRIPT_NAME: script = '', PATH_INFO: info = '', QUERY_STRING: query = '' } = exchange.variables
  // `//host/` would be an address: whoever wrote the link could send the client anywhere.
  const path = encodePath(`${script}${info}/`).replace(/^\/+/, '/')
  const location = query === '' ? path : `${path}?${query}`
  exchange.respond({
    status: 301,
    reason: 'Moved Permanently',
    headers: [
      ['Location', location],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ],
  })
  exchange.end('301 Moved Permanently\n')
}
