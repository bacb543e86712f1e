// What becomes of each request: it is answered with what is stored, waits for another one that is the same, or goes on to the app.
import { isIP } from 'node:net'
import { PeerError, SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { RequestBody } from '../../body.ts'
import { through } from '../../layer.ts'
import type { Peers } from '../../peers.ts'
import { copyVariables, type Variables } from '../../variables.ts'
import type { Head, HeaderPair } from '../../wire/head.ts'
import { aside, type AsideAnswer } from '../aside.ts'
import { isAdmitted } from '../auth/identity.ts'
import type { Next } from '../middleware.ts'
import { fieldOf } from '../response-fields.ts'
import type { Bypass } from './bypass.ts'
import { withCacheStatus } from './cache-status.ts'
import { confirms } from './conditions.ts'
import { deliver } from './deliver.ts'
import { freshFor, mayReplaceError, mayRevalidate, type Entry } from './entry.ts'
import { Fetch, isUnable, type Fetched, type Fetcher } from './fetch.ts'
import type { Flight, Flights, Outcome } from './flights.ts'
import type { Fill, Keeper } from './keeper.ts'
import { keyOf, sameOrigin, type Key } from './key.ts'
import { ageOf, directives } from './policy.ts'

/** Methods that change nothing (RFC 9110 9.2.1), beside GET and HEAD. */
const SAFE: ReadonlySet<string> = new Set(['OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'])

/** Responses that are fetched at the same time though nobody waits for them: each is in memory until it is complete. */
const REFRESHES_MAX = 16
const REFRESH_MS = 60_000

/** What a cache is made of. */
export interface CacheOptions {
  readonly keeper: Keeper
  readonly flights: Flights
  readonly bypass: Bypass
  /** Variables that tell responses apart. */
  readonly apart: readonly string[]
  /** The key of the mount in front of which it stands; undefined: it stands in front of them all. */
  readonly mount: string | undefined
  /** What clients say in Cache-Control counts. */
  readonly clients: boolean
  /** Whose PURGE counts; undefined: it is a method like others. */
  readonly purgers: Peers | undefined
  readonly cacheStatus: boolean
  /** Bytes of one response. */
  readonly maxEntry: number
}

/** A cache in front of an app. */
export class Cache implements Fetcher {
  readonly keeper: Keeper
  readonly #options: CacheOptions
  #next: Next = (exchange) => exchange.fail(new Error('there is no app'))
  #refreshes = 0
  #hits = 0
  #asked = 0

  constructor(options: CacheOptions) {
    this.#options = options
    this.keeper = options.keeper
  }

  get counts(): Readonly<Record<string, number>> {
    const { entries, size: bytes } = this.keeper.shelf
    return { hits: this.#hits, asked: this.#asked, entries, bytes }
  }

  /** @param next asks the app: the same one each time */
  handle(exchange: Exchange, next: Next): void {
    this.#next = next
    const { variables } = exchange
    const { bypass, apart, mount } = this.#options
    const method = variables.REQUEST_METHOD!
    if (exchange.upgradeAsked !== undefined) return this.#next(exchange)
    if (method === 'PURGE' && this.#options.purgers) return this.#purge(exchange, this.#options.purgers)
    if (method !== 'GET' && method !== 'HEAD') return this.#change(exchange, SAFE.has(method))
    if (!exchange.body.empty || bypass.has(variables)) return this.#pass(exchange, 'fwd=bypass')
    this.#look(exchange, keyOf(variables, apart, mount))
  }

  told(head: Head, did: string): Head {
    return this.#options.cacheStatus ? withCacheStatus(head, did) : head
  }

  serve(entry: Entry, exchange: Exchange, did: string, own: readonly HeaderPair[] = []): void {
    if (exchange.over) return
    const missing = (): void => {
      this.keeper.shelf.remove(entry)
      this.#look(exchange, entry)
    }
    try {
      const more = (head: Head): Head => (own.length === 0 ? head : { ...head, headers: [...head.headers, ...own] })
      const sent = deliver(entry, exchange, (head) => this.told(more(head), did))
      if (sent instanceof Promise) {
        sent.then((done) => done || missing()).catch((error: unknown) => this.#broken(entry, exchange, error))
      } else if (!sent) missing()
    } catch (error) {
      exchange.fail(error)
    }
  }

  anew(exchange: Exchange, { key, why, flight }: Fetched): void {
    if (!exchange.over) this.#fetch(exchange, key, undefined, why, flight)
  }

  alone(key: Key): void {
    this.#options.flights.noteAlone(idOf(key))
  }

  #look(exchange: Exchange, key: Key, collapsed = false): void {
    const { variables } = exchange
    const entry = this.keeper.shelf.find(key, variables)
    const left = entry ? freshFor(entry) : 0
    const forced = entry !== undefined && this.#options.clients && isForced(entry, variables)
    if (entry && !forced && (left > 0 || mayRevalidate(entry))) {
      this.#hits++
      if (left <= 0) this.#refresh(entry, exchange)
      const waited = collapsed && left > 0
      return this.serve(entry, exchange, waited ? 'fwd=uri-miss; collapsed' : `hit; ttl=${Math.floor(left)}`)
    }
    if (this.#options.clients && onlyIfCached(variables))
      return noneCached(exchange, this.told(NONE_CACHED, 'fwd=miss; detail=only-if-cached'))
    const why = forced ? 'request' : entry ? 'stale' : this.keeper.shelf.knows(key) ? 'vary-miss' : 'uri-miss'
    // Neither has a response in it that answers others.
    if (variables.REQUEST_METHOD === 'HEAD' || (!entry && variables.HTTP_RANGE !== undefined)) {
      return this.#pass(exchange, `fwd=${why}`)
    }
    if (collapsed) return this.#fetch(exchange, key, entry, why, undefined)
    this.#collapse(exchange, key, entry, why)
  }

  #collapse(exchange: Exchange, key: Key, entry: Entry | undefined, why: string): void {
    const { flights } = this.#options
    const id = idOf(key)
    const go = (outcome: Outcome): void => {
      if (outcome === 'again') return this.#look(exchange, key)
      if (outcome === 'stored') return this.#look(exchange, key, true)
      const stale = outcome === 'stale' ? this.keeper.shelf.find(key, exchange.variables) : undefined
      if (stale && mayReplaceError(stale))
        return this.serve(stale, exchange, `fwd=${why}; collapsed; detail=stale-if-error`)
      this.#fetch(exchange, key, entry, why, undefined)
    }
    if (!flights.wait(id, exchange, go)) this.#fetch(exchange, key, entry, why, flights.begin(id))
  }

  #fetch(exchange: Exchange, key: Key, stale: Entry | undefined, why: string, flight: Flight | undefined): void {
    const { variables } = exchange
    this.#asked++
    const known = this.#options.flights.isAlone(idOf(key))
    // What others are to have too is not made for what this client has already.
    const conditions = stale !== undefined || !known
    const asked = conditions ? conditional(variables, stale) : variables
    const layer = new Fetch(this, { key, stale, why, conditions, flight }, exchange)
    this.#next(through(exchange, layer, { variables: asked }))
  }

  /** Passes the cache: the response is not stored. */
  #pass(exchange: Exchange, did: string): void {
    this.#asked++
    if (!this.#options.cacheStatus) return this.#next(exchange)
    this.#next(through(exchange, { head: (head) => this.told(head, did) }))
  }

  /** As Varnish has it: what is stored of the URL is forgotten, by whichever scheme it was asked for; with `*` at its end all that begins so. */
  #purge(exchange: Exchange, purgers: Peers): void {
    const { variables } = exchange
    const address = variables.REMOTE_ADDR ?? ''
    if (!isKnown(address) || !purgers.has(address))
      throw new PeerError('CACHE_PURGE', `${address} may not have anything forgotten (purgeFrom of cache)`, 403)
    const place = keyOf(variables, []).url.replace(/^https?/, '')
    const count = this.keeper.purge(`http${place}`) + this.keeper.purge(`https${place}`)
    exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] })
    exchange.end(`forgotten: ${count}\n`)
  }

  /** What changes something has what is stored of it forgotten (RFC 9111 4.4). */
  #change(exchange: Exchange, safe: boolean): void {
    if (safe) return this.#pass(exchange, 'fwd=method')
    const { url } = keyOf(exchange.variables, [])
    const head = (sent: Head): Head => {
      if (sent.status >= 200 && sent.status < 400) this.#forget(url, sent)
      return this.told(sent, 'fwd=method')
    }
    this.#next(through(exchange, { head }))
  }

  #forget(url: string, head: Head): void {
    this.keeper.forget(url)
    for (const field of ['location', 'content-location']) {
      const value = fieldOf(head, field)
      const named = value === undefined ? undefined : sameOrigin(url, value)
      if (named !== undefined) this.keeper.forget(named)
    }
  }

  /** Has another response come for one that is sent meanwhile. */
  #refresh(entry: Entry, exchange: Exchange): void {
    if (entry.refreshing || this.#refreshes >= REFRESHES_MAX) return
    entry.refreshing = true
    this.#refreshes++
    const variables = conditional(exchange.variables, entry)
    variables.REQUEST_METHOD = 'GET'
    const { maxEntry } = this.#options
    const original = copyVariables(variables)
    const fill = this.keeper.expect(entry)
    const asked = {
      of: exchange,
      variables,
      body: new RequestBody(0),
      max: maxEntry,
      timeout: REFRESH_MS,
      along: false,
    }
    // What goes wrong there has been told; what is stored stays as long as it may.
    aside(this.#next, asked)
      .then((answer) => this.#refreshed(entry, fill, original, answer, isAdmitted(exchange)))
      .catch(() => {})
      .finally(() => {
        fill.abandon()
        entry.refreshing = false
        this.#refreshes--
      })
  }

  async #refreshed(
    entry: Entry,
    fill: Fill,
    variables: Variables,
    answer: AsideAnswer,
    admitted: boolean,
  ): Promise<void> {
    const { head, body, alone } = answer
    if (alone || isUnable(head.status)) return
    if (head.status === 304 && confirms(head, entry.head)) return void this.keeper.confirm(entry, variables, head)
    if (head.status === 304 || !fill.begin(variables, head, admitted)) return this.keeper.shelf.remove(entry)
    fill.write(body)
    await fill.complete()
  }

  /** A stored body that cannot be read to its end; or not now, as when the system has no file descriptor left: then the app is asked. */
  #broken(entry: Entry, exchange: Exchange, error: unknown): void {
    if (exchange.state === 'open' && !(error instanceof SidegateError)) return this.#pass(exchange, 'fwd=miss')
    this.keeper.shelf.remove(entry)
    exchange.fail(error)
  }
}

/** Of one that is no address nothing is known. */
function isKnown(address: string): boolean {
  return address === '' || isIP(address) !== 0
}

const NONE_CACHED: Head = { status: 504, reason: 'Gateway Timeout', headers: [['Cache-Control', 'no-store']] }

function noneCached(exchange: Exchange, head: Head): void {
  exchange.respond(head)
  exchange.end()
}

function idOf({ url, apart }: Key): string {
  return url + apart
}

/** The variables of a request that asks for a response to store: the conditions are those of what is stored (RFC 9111 4.3.1). */
function conditional(variables: Variables, stale: Entry | undefined): Variables {
  const asked = copyVariables(variables)
  for (const name of ['HTTP_IF_NONE_MATCH', 'HTTP_IF_MODIFIED_SINCE', 'HTTP_IF_RANGE', 'HTTP_RANGE']) delete asked[name]
  if (!stale) return asked
  const tag = fieldOf(stale.head, 'etag')
  const modified = fieldOf(stale.head, 'last-modified')
  if (tag !== undefined) asked.HTTP_IF_NONE_MATCH = tag
  if (modified !== undefined) asked.HTTP_IF_MODIFIED_SINCE = modified
  return asked
}

/** True for a client that wants no stored response, or none as old as this one (RFC 9111 5.2.1). */
function isForced({ times }: Entry, { HTTP_CACHE_CONTROL: control, HTTP_PRAGMA: pragma }: Variables): boolean {
  if (control === undefined) return pragma !== undefined && /no-cache/i.test(pragma)
  const said = directives(control)
  const most = said.get('max-age')
  return said.has('no-cache') || (most !== undefined && /^[0-9]+$/.test(most) && ageOf(times) > Number(most))
}

function onlyIfCached({ HTTP_CACHE_CONTROL: control }: Variables): boolean {
  return control !== undefined && directives(control).has('only-if-cached')
}
