// What the cases of ASGI have in common: how a case is written, and what the app has noted.
import { ok } from 'node:assert/strict'
import { NotOffered, type Case, type Run } from '../../case.ts'

/** What the behaviours of the app note for a run; each notes some of it. */
export interface Notes {
  /** The specification that the server follows, as the scope says. */
  readonly version?: string
  /** The names of the classes of what `send` raised, message by message; null: nothing. */
  readonly raised?: readonly (readonly string[] | null)[]
  readonly event?: string
  readonly again?: string
  readonly early?: boolean
  readonly first?: string
  readonly started?: boolean
  readonly seen?: number
  readonly parts?: number
  readonly sent?: number | boolean
  /** How an endless sender ended: what was raised, or a word. */
  readonly ended?: readonly string[] | string
  readonly received?: number
  readonly disconnect?: { readonly type: string; readonly code?: number; readonly reason?: string | null }
  readonly subprotocols?: readonly string[] | null
  readonly odd?: unknown
}

/** A scope, with byte strings as latin-1. */
export interface Scope {
  readonly type: string
  readonly asgi: { readonly version: string; readonly spec_version?: string }
  readonly http_version: string
  readonly method?: string
  readonly scheme?: string
  readonly path: string
  readonly raw_path?: string | null
  readonly query_string: string
  readonly root_path?: string
  readonly headers: readonly (readonly [string, string])[]
  readonly client?: readonly [string, number] | null
  readonly server?: readonly [string, number | null] | null
  readonly subprotocols?: readonly string[]
  readonly state?: Readonly<Record<string, unknown>>
  readonly extensions?: Readonly<Record<string, unknown>> | null
}

export interface ShownScope {
  readonly scope: Scope
  readonly types: Readonly<Record<string, string>>
  readonly headerTypes: readonly string[]
  readonly queryType: string
}

/** A case of ASGI; without a request it is GET /, with the run's token. */
export function asgiCase(one: Omit<Case, 'request'> & Partial<Pick<Case, 'request'>>): Case {
  return { request: { target: '/?token=TOKEN' }, ...one }
}

/** Protocols that carry no WebSocket. */
export const NO_WEBSOCKETS = {
  fastcgi: 'FastCGI carries no WebSocket',
  ajp: 'AJP carries no WebSocket',
}

/** A case of ASGI that opens a WebSocket. */
export function socketCase(one: Omit<Case, 'request' | 'notOver'> & Partial<Pick<Case, 'request'>>): Case {
  return { request: { target: '/?token=TOKEN' }, ...one, notOver: NO_WEBSOCKETS }
}

/** What the app has noted so far for this run. */
export async function notes(run: Run): Promise<Notes> {
  return (await run.request('notes', { target: `/?token=${run.token}` })).json<Notes>()
}

/** The notes, once they are as awaited. */
export async function noted(run: Run, what: string, found: (notes: Notes) => boolean): Promise<Notes> {
  let last: Notes = {}
  try {
    await run.until(what, async () => found((last = await notes(run))))
  } catch (error) {
    throw new Error(`${(error as Error).message}: the app has noted ${JSON.stringify(last)}`, { cause: error })
  }
  return last
}

/** Lets a behaviour go on that waits for it. */
export async function release(run: Run): Promise<void> {
  await run.request('release', { target: `/?token=${run.token}` })
}

/** The scope of a request, as the app sees it. */
export async function scopeOf(run: Run, target = '/'): Promise<Scope> {
  return (await run.request('scope', { target })).json<ShownScope>().scope
}

/** @throws {NotOffered} when the server does not say that it has the extension. */
export async function offers(run: Run, extension: string): Promise<void> {
  const { extensions } = await scopeOf(run)
  if (!extensions || !(extension in extensions)) throw new NotOffered(`the server does not offer ${extension}`)
}

/** @throws {NotOffered} when the scope says that the server follows an older specification. */
export function follows({ version = '2.0' }: Notes, wanted: `2.${number}`): void {
  if (minor(version) < minor(wanted)) throw new NotOffered(`the server follows version ${version}, it is of ${wanted}`)
}

const minor = (version: string): number => Number(version.split('.')[1])

/** What `send` raised has to be OSError or a class of its own below it. */
export function isOSError(raised: readonly string[] | string | null | undefined): void {
  ok(
    Array.isArray(raised) && raised.includes('OSError'),
    `send() gave ${JSON.stringify(raised ?? 'nothing')}, not an OSError`,
  )
}

/** The next request is served. */
export async function stillServes(run: Run): Promise<void> {
  const { text } = await run.request('hello', { target: '/' })
  ok(text === 'Hello World\n', `the next request was answered with ${JSON.stringify(text)}`)
}

/** A number that stops growing: the same, ten times in a row. */
export function settled(value: () => number | Promise<number>): () => Promise<boolean> {
  let last = -1
  let same = 0
  return async () => {
    const now = await value()
    same = now === last ? same + 1 : 0
    last = now
    return same >= 10
  }
}
