// What node:http and fetch have to say of a connection that is the gateway's: how a body is framed, and the fields that tell of it.
import { fieldValue } from '../fields.ts'
import type { Handled } from './handled.ts'

/**
 * True for a request that has `Transfer-Encoding: chunked` on a server of node:http, which is where body parsers look: it has a body
 * whose length nothing tells, however much of it is here already. FastCGI carries such bodies of clients of HTTP/2 and 3 too, which have
 * no such field.
 */
export function isChunked({ variables, body }: Pick<Handled, 'variables' | 'body'>): boolean {
  if (fieldValue(variables, 'content-length') !== undefined) return false
  return !body.empty || Boolean(variables.HTTP_TRANSFER_ENCODING)
}

const MADE_BY_LIBRARIES: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * True for a response field, in any case, that belongs to one connection and that no app need have written: node:http adds it by itself, and
 * a response of `fetch` that is passed on has it. It is dropped without a word; of others of the kind the exchange tells.
 */
export function isOfLibrary(name: string): boolean {
  return MADE_BY_LIBRARIES.has(name.toLowerCase())
}
