// The header fields of a request to an HTTP upstream: the client's without those that end here, and what the gateway knows of the client.
import type { Exchange } from '../exchange.ts'
import { encodePath, fieldOfVariable, isSecure, type Variables } from '../variables.ts'
import { HOP_BY_HOP } from '../wire/field-names.ts'
import { connectionOptions } from '../wire/field-values.ts'

/** How much an upstream is told of the client in X-Forwarded-For, -Proto, -Host and -Prefix. */
export type Forwarded = 'set' | 'append' | 'pass' | 'off'

/** Settings of the request's fields. */
export interface FieldOptions {
  readonly forwarded: Forwarded
  /** `client`: as it came; `upstream`: the upstream's own address; else what is sent. */
  readonly host: string
  /** The whole path is asked for, the mount's prefix included. */
  readonly keepPrefix: boolean
}

const FORWARDED: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
])

// Host is said first, a length by who frames the body, and Expect was answered by the door.
const SAID_ELSEWHERE: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect'])

/** A field that a variable is, and what becomes of it. */
interface Passing {
  readonly field: string
  readonly forwarded: boolean
}

// Undefined: the variable is no field, or one that does not pass. Bounded: peers choose the names.
const known = new Map<string, Passing | undefined>()
const KNOWN_MAX = 2048

function passingOf(variable: string): Passing | undefined {
  const before = known.get(variable)
  if (before !== undefined || known.has(variable)) return before
  const field = fieldOfVariable(variable)
  const passing =
    field === undefined || SAID_ELSEWHERE.has(field) ? undefined : { field, forwarded: FORWARDED.has(field) }
  if (known.size < KNOWN_MAX) known.set(variable, passing)
  return passing
}

/**
 * Names and values in turn, without those that say how a body is framed.
 * @param authority the upstream's own Host
 */
export function requestFields(
  { variables, door }: Pick<Exchange, 'variables' | 'door'>,
  options: FieldOptions,
  authority: string,
): string[] {
  const { forwarded } = options
  // A web server that speaks a gateway protocol was the hop that its client spoke to, and may have put fields of its own among them.
  const named = connectionOptions(door.hop ? (variables.HTTP_CONNECTION ?? '') : '')
  const fields = ['host', hostOf(variables, options.host, authority)]
  for (const variable in variables) {
    const passing = passingOf(variable)
    // What Connection names ends here too (RFC 9110 7.6.1).
    if (!passing || named.includes(passing.field)) continue
    if (passing.forwarded && forwarded !== 'pass' && !(forwarded === 'append' && passing.field === 'forwarded'))
      continue
    fields.push(passing.field, variables[variable]!)
  }
  if (forwarded === 'set' || forwarded === 'append') addForwarded(fields, variables, options)
  return fields
}

function hostOf(variables: Variables, wanted: string, authority: string): string {
  if (wanted === 'client') return variables.HTTP_HOST || authority
  return wanted === 'upstream' ? authority : wanted
}

function addForwarded(fields: string[], variables: Variables, { forwarded, keepPrefix }: FieldOptions): void {
  const client = variables.REMOTE_ADDR
  const before = forwarded === 'append' ? variables.HTTP_X_FORWARDED_FOR : undefined
  const list = [before, client].filter(Boolean).join(', ')
  if (list !== '') fields.push('x-forwarded-for', list)
  fields.push('x-forwarded-proto', isSecure(variables) ? 'https' : 'http')
  const host = variables.HTTP_HOST || variables.SERVER_NAME
  if (host) fields.push('x-forwarded-host', host)
  // Servers put it in front of the path that they are asked for: nothing was taken away from that.
  if (variables.SCRIPT_NAME && !keepPrefix) fields.push('x-forwarded-prefix', encodePath(variables.SCRIPT_NAME))
}
