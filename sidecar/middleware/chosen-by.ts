// What a layer chooses by. A response that was chosen by fields of the request says so in Vary (RFC 9110 12.5.5), whoever may keep it: the cache
// here, those of clients and those on the way. One that was chosen by what no field tells, such as an address, is kept for nobody else.
import type { Exchange } from '../exchange.ts'
import { fieldOfVariable, type Variables } from '../variables.ts'
import type { Head } from '../wire/head.ts'
import { letIn } from '../let-in.ts'
import { withVary } from './response-fields.ts'

/** What a choice depends on beside the URL. */
export interface ChosenBy {
  /** Names of header fields. */
  readonly fields: readonly string[]
  /** Something that no field tells. */
  readonly alone: boolean
}

/** The URL and the method, by which caches tell responses apart anyway; what is the same for all; and the name of a request, which is nobody's. */
const OF_ALL: ReadonlySet<string> = new Set([
  'DOCUMENT_ROOT',
  'DOCUMENT_URI',
  'GATEWAY_INTERFACE',
  'HTTPS',
  'HTTP_HOST',
  'PATH_INFO',
  'QUERY_STRING',
  'REQUEST_ID',
  'REQUEST_METHOD',
  'REQUEST_SCHEME',
  'REQUEST_URI',
  'SCRIPT_NAME',
  'SERVER_ADDR',
  'SERVER_ADMIN',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'SERVER_SOFTWARE',
])

/** What a choice by these variables depends on; undefined: on nothing beside the URL. */
export function chosenBy(variables: readonly string[]): ChosenBy | undefined {
  const own = [...new Set(variables)].filter((name) => !OF_ALL.has(name))
  if (own.length === 0) return undefined
  const fields = own.map((name) => fieldOfVariable(name)).filter((name) => name !== undefined)
  return { fields, alone: fields.length < own.length }
}

/** What two choices depend on. */
export function eitherOf(one: ChosenBy | undefined, other: ChosenBy | undefined): ChosenBy | undefined {
  if (!one || !other) return one ?? other
  return { fields: [...new Set([...one.fields, ...other.fields])], alone: one.alone || other.alone }
}

/** The variables that stand in texts as `${NAME}`. */
export function variablesIn(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => [...text.matchAll(/\$?\$\{([A-Za-z_][A-Za-z0-9_]*)/g)])
    .flatMap(([written, name]) => (written.startsWith('$$') ? [] : [name!]))
}

/** What can be said of it in the head. */
export function withChoice(head: Head, { fields }: ChosenBy): Head {
  let varied = head
  for (const name of fields) varied = withVary(varied, name)
  return varied
}

/** The choice is made for an exchange, which is answered next. */
export function noteChoice(exchange: Exchange, { alone }: ChosenBy): void {
  if (alone) letIn(exchange)
}

interface Concerned {
  /** Whether its path is that of the request. */
  concerns(variables: Variables): boolean
}

/** What the rules among some depend on whose paths fit a request. */
export function choiceAmong(
  rules: readonly { readonly by: ChosenBy | undefined; readonly matcher: Concerned }[],
  variables: Variables,
): ChosenBy | undefined {
  let among: ChosenBy | undefined
  for (const { by, matcher } of rules) if (by && matcher.concerns(variables)) among = eitherOf(among, by)
  return among
}
