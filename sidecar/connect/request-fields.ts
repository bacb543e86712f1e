// The header fields of a request to an HTTP upstream: the client's without those that end here, and what the gateway knows of the client.
import type { Exchange } from '../exchange.ts'
import { encodePath, isSecure, type Variables } from '../variables.ts'
import { HOP_BY_HOP } from '../wire/field-names.ts'
import { rawFields } from '../fields.ts'

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
  const named = door.protocol === 'http' ? connectionOptions(variables.HTTP_CONNECTION) : undefined
  const raw = rawFields(variables, false)
  const fields = ['host', hostOf(variables, options.host, authority)]
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!
    // Expect was answered by the door.
    if (name === 'host' || name === 'content-length' || name === 'expect') continue
    if (HOP_BY_HOP.has(name) || named?.has(name)) continue
    if (forwarded !== 'pass' && FORWARDED.has(name) && !(forwarded === 'append' && name === 'forwarded')) continue
    fields.push(name, raw[index + 1]!)
  }
  if (forwarded === 'set' || forwarded === 'append') addForwarded(fields, variables, forwarded === 'append')
  return fields
}

/** What Connection names ends here too (RFC 9110 7.6.1). */
function connectionOptions(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === '' || connection === 'keep-alive' || connection === 'close') {
    return undefined
  }
  return new Set(connection.split(',').map((option) => option.trim().toLowerCase()))
}

function hostOf(variables: Variables, wanted: string, authority: string): string {
  if (wanted === 'client') return variables.HTTP_HOST || authority
  return wanted === 'upstream' ? authority : wanted
}

function addForwarded(fields: string[], variables: Variables, append: boolean): void {
  const client = variables.REMOTE_ADDR
  const before = append ? variables.HTTP_X_FORWARDED_FOR : undefined
  const list = [before, client].filter(Boolean).join(', ')
  if (list !== '') fields.push('x-forwarded-for', list)
  fields.push('x-forwarded-proto', isSecure(variables) ? 'https' : 'http')
  const host = variables.HTTP_HOST || variables.SERVER_NAME
  if (host) fields.push('x-forwarded-host', host)
  if (variables.SCRIPT_NAME) fields.push('x-forwarded-prefix', encodePath(variables.SCRIPT_NAME))
}
