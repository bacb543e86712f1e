// The header fields of a request, read back from its variables, for handlers that know HTTP and not CGI.
import { fieldOfVariable, variableName, type Variables } from './variables.ts'
import type { Handled } from './handlers/handled.ts'

// Which field a variable is; empty: none. Bounded: peers choose the names.
const fields = new Map<string, string>()
const FIELDS_MAX = 2048

function fieldOf(variable: string): string {
  let field = fields.get(variable)
  if (field === undefined) {
    field = fieldOfVariable(variable) ?? ''
    if (fields.size < FIELDS_MAX) fields.set(variable, field)
  }
  return field
}

/**
 * True for a request that has `Transfer-Encoding: chunked` on a server of node:http, which is where body parsers look: it has a body
 * whose length nothing tells, however much of it is here already. FastCGI carries such bodies of clients of HTTP/2 and 3 too, which have
 * no such field.
 */
export function isChunked({ variables, body }: Pick<Handled, 'variables' | 'body'>): boolean {
  if (fieldValue(variables, 'content-length') !== undefined) return false
  return !body.empty || Boolean(variables.HTTP_TRANSFER_ENCODING)
}

/** Names (lower case) and values in turn, as IncomingMessage.rawHeaders has them; `chunked`: with Transfer-Encoding, and only then. */
export function rawFields(variables: Variables, chunked: boolean): string[] {
  const raw: string[] = []
  for (const variable in variables) {
    const field = fieldOf(variable)
    if (field === '' || field === 'transfer-encoding' || isNoLength(variables, variable)) continue
    raw.push(field, variables[variable]!)
  }
  if (chunked) raw.push('transfer-encoding', 'chunked')
  return raw
}

/** SCGI has to send a length always; a GET that has one has a body to body parsers. */
function isNoLength(variables: Variables, variable: string): boolean {
  if (variable !== 'CONTENT_LENGTH' || variables[variable] !== '0') return false
  const { REQUEST_METHOD: method } = variables
  return method === 'GET' || method === 'HEAD'
}

/** The value of one field, or undefined. */
export function fieldValue(variables: Variables, name: string): string | undefined {
  const variable = variableName(name)
  return isNoLength(variables, variable) ? undefined : variables[variable]
}

const MADE_BY_LIBRARIES: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * True for a response field, in any case, that belongs to one connection and that no app need have written: node:http adds it by itself, and
 * a response of `fetch` that is passed on has it. It is dropped without a word; of others of the kind the exchange tells.
 */
export function isOfLibrary(name: string): boolean {
  return MADE_BY_LIBRARIES.has(name.toLowerCase())
}
