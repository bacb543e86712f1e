// The header fields of a request, read back from its variables, for what speaks HTTP and not CGI.
import { fieldOfVariable, variableName, type Variables } from './variables.ts'

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
