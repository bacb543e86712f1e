// What may be stored, and for how long (RFC 9111 3 and 4.2, RFC 5861). http-cache-semantics judges; what it does not know, or reads in another way than the
// RFC, is put right here before it is asked.
import type CachePolicy from 'http-cache-semantics'
import type { Variables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'
import { fieldOf } from '../response-fields.ts'

/** How long a stored response is of use. Times in seconds, but for `received`. */
export interface Times {
  /** When it came, as Date.now(). */
  readonly received: number
  /** Its age then. */
  readonly age: number
  /** The age up to which it is fresh. */
  readonly lifetime: number
  /** So long after that it is sent, while another one is fetched. */
  readonly whileRevalidate: number
  /** So long after that it is sent where no other one can be had. */
  readonly ifError: number
}

/** What the settings say where responses say nothing, and whether what they say counts. */
export interface PolicySettings {
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly setCookie: 'refuse' | 'strip' | 'keep'
  readonly authorization: boolean
  readonly clients: boolean
}

/** RFC 9111 1.2.2. */
const SECONDS_MAX = 2 ** 31

/** Statuses that are stored for `ttl` where nothing is said: those of RFC 9110 15.1 that have an answer in them. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 300, 301, 308, 404, 410])

/** What is sent as long as the client stays. */
const ENDLESS = /^(?:text\/event-stream|multipart\/x-mixed-replace)\b/i

/** Of those the smaller counts where there are two. */
const TIMES: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])

type Directives = ReadonlyMap<string, string>

/** Judges responses. */
export class Policy {
  readonly #Policy: typeof CachePolicy
  readonly #settings: PolicySettings

  constructor(library: typeof CachePolicy, settings: PolicySettings) {
    this.#Policy = library
    this.#settings = settings
  }

  /**
   * How long the response to a GET is of use; undefined: it is not to be stored.
   * @param admitted a layer has let the request in by who it is from, with a name or without
   */
  timesOf(variables: Variables, head: Head, admitted = false): Times | undefined {
    const settings = this.#settings
    if (settings.setCookie === 'refuse' && fieldOf(head, 'set-cookie') !== undefined) return undefined
    const said = directives(fieldOf(head, 'cache-control'))
    if (said.has('no-cache')) return undefined
    const expires = fieldOf(head, 'expires')
    const explicit = said.has('max-age') || said.has('s-maxage') || expires !== undefined
    const judged = this.#judge(variables, head, said, expires, admitted)
    if (!judged.storable()) return undefined
    if (!explicit && (!HEURISTIC.has(head.status) || ENDLESS.test(fieldOf(head, 'content-type') ?? '')))
      return undefined
    const strict = said.has('must-revalidate') || said.has('proxy-revalidate')
    const lifetime = explicit ? judged.maxAge() : settings.ttl
    const times = {
      received: Date.now(),
      age: bounded(judged.age()),
      lifetime: bounded(lifetime),
      whileRevalidate: strict ? 0 : secondsOf(said.get('stale-while-revalidate') ?? settings.staleWhileRevalidate),
      ifError: strict ? 0 : secondsOf(said.get('stale-if-error') ?? settings.staleIfError),
    }
    const useful = times.lifetime + Math.max(times.whileRevalidate, times.ifError)
    // What nobody has given a lifetime is not kept for the time after it.
    return useful > times.age && (explicit || times.lifetime > 0) ? times : undefined
  }

  #judge(
    variables: Variables,
    head: Head,
    said: Directives,
    expires: string | undefined,
    admitted: boolean,
  ): CachePolicy {
    const { authorization, clients } = this.#settings
    const known = admitted || variables.HTTP_AUTHORIZATION !== undefined || !!variables.REMOTE_USER
    const asked = variables.HTTP_CACHE_CONTROL
    const request = {
      method: 'GET',
      url: '/',
      headers: {
        // A web server that has asked for the password itself may not pass it on.
        ...(known && !authorization && { authorization: 'known' }),
        ...(clients && asked !== undefined && { 'cache-control': written(directives(asked)) }),
      },
    }
    const control = written(new Map([...said].filter(([name]) => name !== 'proxy-revalidate')))
    const headers = {
      ...(control !== '' && { 'cache-control': control }),
      ...(expires !== undefined && { expires }),
      ...copied(head, 'date'),
      ...copied(head, 'age'),
      ...(said.size === 0 && copied(head, 'pragma')),
    }
    // `immutable` alone would be fresh for years.
    return new this.#Policy(
      request,
      { status: head.status, headers },
      { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 },
    )
  }
}

/** The age of a stored response in seconds (RFC 9111 4.2.3). */
export function ageOf({ received, age }: Times, now: number = Date.now()): number {
  return age + Math.max(0, now - received) / 1000
}

/** Directives of Cache-Control by their names in lower case (RFC 9111 5.2). */
export function directives(value: string | undefined): Map<string, string> {
  const found = new Map<string, string>()
  if (value === undefined) return found
  for (const [, name, quoted, token] of value.matchAll(/([^\s,;=]+)(?:=(?:"([^"]*)"|([^\s,;]*)))?/g)) {
    const lower = name!.toLowerCase()
    const argument = quoted ?? token ?? ''
    const before = found.get(lower)
    if (before !== undefined && !(TIMES.has(lower) && secondsOf(argument) < secondsOf(before))) continue
    found.set(lower, argument)
  }
  return found
}

function written(said: Directives): string {
  return [...said].map(([name, value]) => (value === '' ? name : `${name}=${value.replaceAll(',', ' ')}`)).join(', ')
}

function copied(head: Head, lower: string): Record<string, string> {
  const value = fieldOf(head, lower)
  return value === undefined ? {} : { [lower]: value }
}

function secondsOf(value: string | number): number {
  return bounded(typeof value === 'number' ? value : /^[0-9]+$/.test(value) ? Number(value) : 0)
}

function bounded(seconds: number): number {
  return Math.min(Math.max(0, seconds), SECONDS_MAX)
}
