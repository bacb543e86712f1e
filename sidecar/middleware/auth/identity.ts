// Who a request is from, as those behind the layer are told. A web server in front says so in REMOTE_USER, and clients would like to: behind
// the layer it is what the layer says, in every spelling that an app may read.
import type { Exchange } from '../../exchange.ts'
import { emptyVariables, variableName, type Variables } from '../../variables.ts'
import type { HeaderPair } from '../../wire/head.ts'

/** Who was let in. */
export interface Identity {
  /** REMOTE_USER; undefined: nobody in particular. */
  readonly user: string | undefined
  /** AUTH_TYPE (RFC 3875 4.1.1). */
  readonly type?: string
  /** More header fields of the request. */
  readonly fields?: readonly HeaderPair[]
  /** More header fields of the response. */
  readonly response?: readonly HeaderPair[]
}

const CLAIMS = [
  'REMOTE_USER',
  'AUTH_TYPE',
  'REMOTE_IDENT',
  // What IIS says, and Apache behind a redirect of its own.
  'AUTH_USER',
  'AUTH_PASSWORD',
  'LOGON_USER',
  'UNMAPPED_REMOTE_USER',
  'HTTP_REMOTE_USER',
  'HTTP_X_REMOTE_USER',
  'HTTP_X_FORWARDED_USER',
]

/** Takes out of requests what nobody but the layer may say. */
export class Claims {
  readonly #names: ReadonlySet<string>
  readonly #longest: number

  /** `fields`: header fields that the layer sets, beside the usual ones. */
  constructor(fields: readonly string[]) {
    this.#names = new Set([...CLAIMS, ...fields.map(variableName)].map(common))
    this.#longest = Math.max(...[...this.#names].map((name) => name.length))
  }

  /** A copy without them. */
  without(variables: Variables): Variables {
    const copy = emptyVariables()
    for (const name in variables) {
      if (!this.#isClaim(name)) copy[name] = variables[name]!
    }
    return copy
  }

  /** Behind a redirect of its own Apache has each variable once more, with a word in front. */
  #isClaim(name: string): boolean {
    const own = name.startsWith('REDIRECT_') ? name.replace(/^(?:REDIRECT_)+/, '') : name
    return own.length <= this.#longest && this.#names.has(common(own))
  }
}

/** Header fields that are written in other letters, or with `_` or a dot, are one to somebody. */
function common(name: string): string {
  return name.toUpperCase().replaceAll(/[-.]/g, '_')
}

/** Puts an identity into variables. */
export function identify(variables: Variables, { user, type, fields = [] }: Identity): void {
  if (user !== undefined) variables.REMOTE_USER = user
  if (type !== undefined) variables.AUTH_TYPE = type
  for (const [name, value] of fields) variables[variableName(name)] = value
}

/** Those that have let it in, the last of them first. */
const admitted = new WeakMap<Exchange, { readonly by: object; readonly identity: Identity }[]>()

/** Notes whom a layer has let in. */
export function admit(exchange: Exchange, by: object, identity: Identity): void {
  const known = admitted.get(exchange)
  if (known) known.unshift({ by, identity })
  else admitted.set(exchange, [{ by, identity }])
}

/** Whether a layer in front has let it in by who it is from, with a name or without. */
export function isAdmitted(exchange: Exchange): boolean {
  for (let one: Exchange | undefined = exchange; one; one = one.outer) if (admitted.has(one)) return true
  return false
}

/** Who the exchange is from, as the last layer on its way has found, where one has; and whether a layer is among those that have let it in. */
export function admittedBefore(
  exchange: Exchange,
  by: object,
): { readonly identity: Identity | undefined; readonly own: boolean } {
  let identity: Identity | undefined
  let own = false
  for (let one: Exchange | undefined = exchange; one; one = one.outer) {
    const known = admitted.get(one)
    identity ??= known?.[0]?.identity
    own ||= known?.some((each) => each.by === by) ?? false
  }
  return { identity, own }
}

/** Whose request it is in the log: nobody's before somebody was let in, whatever the web server says. */
export function logUser(exchange: Exchange, user: string | undefined): void {
  for (let one: Exchange | undefined = exchange; one; one = one.outer) one.logged.user = user
}
