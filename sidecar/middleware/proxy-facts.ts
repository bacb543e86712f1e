// What trusted proxies say of a request, from the fields X-Forwarded-* or Forwarded, each checked before it counts.
import { SidegateError } from '../errors.ts'
import { clientAmong, forwardedClient, forwardedList, type ForwardedClient } from '../forwarded-for.ts'
import type { Peers } from '../peers.ts'
import { decodePath, type Variables } from '../variables.ts'
import { BAD_VALUE } from '../wire/field-values.ts'
import { readForwarded } from './forwarded-field.ts'

/** What is asked. */
export interface FactsWanted {
  readonly trust: Peers
  readonly header: 'x' | 'forwarded'
  /** So many proxies are in front; undefined: as many as are in `trust`. */
  readonly hops?: number | undefined
  readonly host: boolean
  readonly port: boolean
  readonly prefix: boolean
}

/** What is known beyond the connection; undefined: it was not said. */
export interface ProxyFacts {
  readonly client?: ForwardedClient | undefined
  readonly scheme?: 'http' | 'https' | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  /** Decoded, without a slash at its end. */
  readonly prefix?: string | undefined
}

/** Is told the variable of a field that does not count, and why. */
export type Complain = (variable: string, why: string) => void

/** Longer fields, or more values, are nobody's. */
const LENGTH_MAX = 8 * 1024
const VALUES_MAX = 64

/** Narrower than RFC 3986 3.2.2: what else a name may have there ends a value, an element or a list elsewhere. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?$/

const SCHEMES: Readonly<Record<string, 'http' | 'https'>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

/** The facts of a request from a trusted peer. */
export function proxyFacts(variables: Variables, wanted: FactsWanted, complain: Complain): ProxyFacts {
  const known = wanted.header === 'x' ? fromX(variables, wanted, complain) : fromForwarded(variables, wanted, complain)
  return wanted.prefix ? { ...known, prefix: prefixOf(variables, wanted, complain) } : known
}

function fromX(variables: Variables, wanted: FactsWanted, complain: Complain): ProxyFacts {
  const one = <T>(variable: string, read: (text: string) => T | undefined, why: string): T | undefined =>
    valueOf(variables, variable, wanted.hops, read, why, complain)
  const clients = listOf(variables, 'HTTP_X_FORWARDED_FOR', complain)?.map(forwardedClient)
  return {
    client: clients && pickClient(clients, wanted),
    scheme: one('HTTP_X_FORWARDED_PROTO', schemeOf, 'is neither http nor https'),
    host: wanted.host ? one('HTTP_X_FORWARDED_HOST', hostOf, 'is no host') : undefined,
    port: wanted.port ? one('HTTP_X_FORWARDED_PORT', portOf, 'is no port') : undefined,
  }
}

function fromForwarded(variables: Variables, wanted: FactsWanted, complain: Complain): ProxyFacts {
  const text = variables.HTTP_FORWARDED
  if (text === undefined || text === '') return {}
  const elements = readForwarded(text)
  if (!elements) {
    complain('HTTP_FORWARDED', 'is not as RFC 7239 has it')
    return {}
  }
  const clients = elements.map((element) => forwardedClient(element.get('for') ?? ''))
  const nearest = elements.at(-(wanted.hops ?? 1))
  const proto = nearest?.get('proto')
  const named = wanted.host ? nearest?.get('host') : undefined
  const scheme = proto === undefined ? undefined : schemeOf(proto)
  const host = named === undefined ? undefined : hostOf(named)
  if ((proto !== undefined && !scheme) || (named !== undefined && host === undefined)) {
    complain(
      'HTTP_FORWARDED',
      proto !== undefined && !scheme ? 'names a scheme that is none' : 'names a host that is none',
    )
    return {}
  }
  return { client: pickClient(clients, wanted), scheme, host }
}

function pickClient(clients: readonly (ForwardedClient | undefined)[], { hops, trust }: FactsWanted) {
  return hops === undefined ? clientAmong(clients, trust) : clients.at(-hops)
}

function prefixOf(variables: Variables, { hops }: FactsWanted, complain: Complain): string | undefined {
  return valueOf(variables, 'HTTP_X_FORWARDED_PREFIX', hops, readPrefix, 'is no prefix such as /shop', complain)
}

/** The value that the wanted proxy wrote: the last, or the n-th from the end where there are several. */
function valueOf<T>(
  variables: Variables,
  variable: string,
  hops: number | undefined,
  read: (text: string) => T | undefined,
  why: string,
  complain: Complain,
): T | undefined {
  const values = listOf(variables, variable, complain)
  const text = values?.length === 1 ? values[0] : values?.at(-(hops ?? 1))
  if (text === undefined || text === '') return undefined
  const value = read(text)
  if (value === undefined) complain(variable, why)
  return value
}

function listOf(variables: Variables, variable: string, complain: Complain): string[] | undefined {
  const text = variables[variable]
  if (text === undefined) return undefined
  const values = text.length > LENGTH_MAX ? undefined : forwardedList(text)
  if (values && values.length <= VALUES_MAX) return values
  complain(variable, 'is too long')
  return undefined
}

function schemeOf(text: string): 'http' | 'https' | undefined {
  const lower = text.toLowerCase()
  return Object.hasOwn(SCHEMES, lower) ? SCHEMES[lower] : undefined
}

function hostOf(text: string): string | undefined {
  return HOST.test(text) ? text : undefined
}

function portOf(text: string): string | undefined {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? String(port) : undefined
}

/** Begins with one slash, leads nowhere else, and is a path alone. `/` and what has nothing but it is no prefix, and no mistake. */
function readPrefix(text: string): string | undefined {
  const raw = text.replace(/\/$/, '')
  if (raw === '') return ''
  let path: string
  try {
    path = decodePath(raw)
  } catch (error) {
    if (error instanceof SidegateError) return undefined
    throw error
  }
  const wrong =
    !path.startsWith('/') || path.includes('//') || /[?#]/.test(raw) || path.includes('\\') || BAD_VALUE.test(path)
  return wrong || /\/\.\.?(?:\/|$)/.test(path) ? undefined : path
}
