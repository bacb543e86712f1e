// The layer `limit`: how many requests, how many at a time, how large, and how slow. Counts are those of one process: of several gateways
// each has its own.
import { ConfigError, PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { through, type Layer, type Passed } from '../../layer.ts'
import type { Variables } from '../../variables.ts'
import type { HeaderPair } from '../../wire/head.ts'
import type { LayerStatus } from '../../mounts/mount.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../middleware.ts'
import { whereOf, type Where } from '../where.ts'
import { boundedBody } from './bounded-body.ts'
import { keyOf, type KeyOf } from './key.ts'
import { rateFields, wholeSeconds, type RateFields } from './rate-fields.ts'
import { rateOf, Rates } from './rates.ts'
import { limitSettings, type LimitSettings } from './settings.ts'

/** The longest that a request waits for its turn, in milliseconds: clients go away before. */
const DELAY_MAX = 60_000

/** When a request may pass, in milliseconds, and what its client is told. */
interface Turn {
  readonly told: readonly HeaderPair[]
  readonly delay: number
}

const AT_ONCE: Turn = { told: [], delay: 0 }

class Limit implements Middleware {
  readonly #settings: LimitSettings
  readonly #where: Where
  readonly #keyOf: KeyOf
  readonly #rates: Rates | undefined
  readonly #fields: RateFields | undefined
  readonly #atATime = new Map<string, number>()
  readonly #counted = new WeakSet<Exchange>()
  readonly #tally = { passed: 0, refused: 0, waiting: 0 }

  /** @throws {ConfigError} LIMIT_SETTINGS, PATH_PATTERN */
  constructor(settings: LimitSettings, { path }: MiddlewareContext) {
    const { rate: text, burst, delay, key, ipv6, fields, concurrent, body, head, bodyRate } = settings
    if ([text, concurrent, body, head, bodyRate].every((bound) => bound === undefined))
      throw new ConfigError('LIMIT_SETTINGS', path, 'limits nothing: set rate, concurrent, body, head or bodyRate')
    if (text === undefined && [burst, fields, delay].some((one) => one !== undefined))
      throw new ConfigError('LIMIT_SETTINGS', path, 'has burst, delay or fields without the rate that they are of')
    this.#settings = settings
    this.#where = whereOf(settings, path)
    this.#keyOf = keyOf(key, ipv6)
    const rate = text === undefined ? undefined : rateOf(text, burst)
    if (rate && delay !== undefined && rate.interval * delay > DELAY_MAX) {
      const message = `has the last of ${delay} wait for ${(rate.interval * delay) / 1000} s (delay); ${DELAY_MAX / 1000} s is the most`
      throw new ConfigError('LIMIT_SETTINGS', path, message)
    }
    this.#rates = rate && new Rates(rate, undefined, delay)
    this.#fields = rate && fields && rateFields(fields, rate)
  }

  handle(exchange: Exchange, next: Next): void {
    const { variables } = exchange
    if (!this.#where(variables)) return next(exchange)
    this.#checkHead(variables)
    const { body: most, bodyRate: rate, bodyGrace, concurrent } = this.#settings
    const body = boundedBody(exchange, { most, rate, grace: bodyGrace * 1000 })
    const changed: Passed = body === exchange.body ? {} : { body }
    const counts = this.#counts(exchange)
    const key = counts ? this.#keyOf(variables) : ''
    const { told, delay } = counts ? this.#countRate(key) : AT_ONCE
    const enters = counts && concurrent !== undefined
    if (enters) this.#enter(key, concurrent)
    this.#tally.passed++
    if (told.length === 0 && !enters) {
      return this.#pass(body === exchange.body ? exchange : through(exchange, {}, changed), delay, next)
    }
    const layer: Layer = {
      ...(told.length > 0 && {
        head: (head) => ({ ...head, headers: [...head.headers, ...told] }),
        upgrade: (head, outer) => outer.upgrade({ ...head, headers: [...head.headers, ...told] }),
      }),
      ...(enters && { over: () => this.#leave(key) }),
    }
    this.#pass(through(exchange, layer, changed), delay, next)
  }

  status(): LayerStatus {
    return { layer: 'limit', counts: { ...this.#tally, clients: this.#rates?.size ?? this.#atATime.size } }
  }

  /** Hands it on, when it is its turn. */
  #pass(exchange: Exchange, delay: number, next: Next): void {
    if (delay === 0) return next(exchange)
    const tally = this.#tally
    tally.waiting++
    let waits = true
    const leave = (): boolean => {
      const waited = waits
      if (waited) tally.waiting--
      waits = false
      return waited
    }
    const timer = setTimeout(() => {
      if (leave() && !exchange.over) next(exchange)
    }, delay)
    exchange.onAbort(() => {
      clearTimeout(timer)
      leave()
    })
  }

  /**
   * False for what belongs to a request that was counted: what an app has led to another path inside, and what a layer asks for itself,
   * which would have no room when its request has the last place.
   */
  #counts(exchange: Exchange): boolean {
    if (!this.#rates && this.#settings.concurrent === undefined) return false
    let one = exchange
    for (; one.outer; one = one.outer) if (this.#counted.has(one)) return false
    if (one.hops > 0 || this.#counted.has(one)) return false
    this.#counted.add(exchange)
    return true
  }

  #checkHead(variables: Variables): void {
    const { head: most } = this.#settings
    if (most === undefined) return
    let size = (variables.REQUEST_URI?.length ?? 0) + (variables.CONTENT_TYPE?.length ?? 0)
    for (const name in variables)
      if (name.startsWith('HTTP_')) size += name.length - 'HTTP_'.length + variables[name]!.length
    if (size <= most) return
    this.#tally.refused++
    throw new PeerError(
      'LIMIT_HEAD',
      `target and header fields have ${size} bytes, more than ${most} (head of limit)`,
      431,
    )
  }

  /** Counts a request. */
  #countRate(key: string): Turn {
    if (!this.#rates) return AT_ONCE
    const { rate, status, waiting } = this.#settings
    const verdict = this.#rates.take(key, performance.now(), this.#tally.waiting < waiting)
    const told = this.#fields?.(verdict) ?? []
    if (verdict.wait === 0) return { told, delay: verdict.delay ?? 0 }
    this.#tally.refused++
    const headers = [['Retry-After', String(wholeSeconds(verdict.wait))] as const, ...told]
    throw new PeerError('LIMIT_RATE', `more requests than ${rate} came${keyWords(key)}`, status, { headers })
  }

  #enter(key: string, most: number): void {
    const count = this.#atATime.get(key) ?? 0
    if (count >= most) {
      this.#tally.refused++
      const message = `${most} requests are under way already${keyWords(key)} (concurrent of limit)`
      throw new PeerError('LIMIT_CONCURRENT', message, 503, { headers: [['Retry-After', '1']] })
    }
    this.#atATime.set(key, count + 1)
  }

  #leave(key: string): void {
    const left = this.#atATime.get(key)! - 1
    if (left > 0) this.#atATime.set(key, left)
    else this.#atATime.delete(key)
  }
}

/** A digest, or what a client has written, is no word for a log. */
function keyWords(key: string): string {
  return /^[0-9a-f.:/]+$/.test(key) ? ` from ${key}` : ''
}

/** Bounds what comes. */
export const limit: MiddlewareKind<'limit', typeof limitSettings, 'rate'> = {
  name: 'limit',
  summary: 'Bounds how many requests come, how many at a time, how large they are, and how slowly they come.',
  settings: limitSettings,
  short: 'rate',
  create: (settings, context) => new Limit(settings, context),
}
