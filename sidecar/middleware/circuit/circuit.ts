// The layer `circuit`: where too much goes wrong behind it, nothing is asked for a while. Who is down is left alone, and clients know at once.
import * as v from 'valibot'
import { UpstreamError, type SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { through, type Layer } from '../../layer.ts'
import { count, openSeconds, seconds } from '../../quantity.ts'
import type { Head } from '../../wire/head.ts'
import type { MiddlewareKind } from '../middleware.ts'
import { Breaker, type Outcome } from './breaker.ts'

const settings = v.strictObject({
  share: count(1, 50, 'Of a hundred requests so many have to fail for it to open.', 100),
  least: count(1, 20, 'As long as fewer requests came within `window`, it does not open.'),
  window: seconds(10, 'Seconds whose requests are counted.', 0.01),
  open: seconds(10, 'Seconds for which all requests get 503 with Retry-After. Then some are tried.', 0.001),
  trials: count(1, 1, 'So many requests are tried then, and when all of them are good it closes.', 1000),
  statuses: v.pipe(
    v.optional(
      v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599))), v.minLength(1)),
      [500, 502, 503, 504],
    ),
    v.description('The statuses that count as failed, of the app or of what has failed before it.'),
  ),
  slow: openSeconds('A response that takes so many seconds to begin counts as failed, too. Unless set: none does.'),
})

/** One request that passes. */
class Passing implements Layer {
  readonly #breaker: Breaker
  readonly #over: (outcome: Outcome, now: number) => void
  readonly #failing: (head: Head, milliseconds: number) => boolean
  readonly #since = performance.now()
  #outcome: Outcome = 'unknown'
  #told = false

  constructor(
    breaker: Breaker,
    over: (outcome: Outcome, now: number) => void,
    failing: (head: Head, milliseconds: number) => boolean,
  ) {
    this.#breaker = breaker
    this.#over = over
    this.#failing = failing
  }

  head(head: Head): Head {
    this.tell(this.#failing(head, performance.now() - this.#since) ? 'failed' : 'good', performance.now())
    return head
  }

  upgrade(head: Head, outer: Exchange): ReturnType<Exchange['upgrade']> {
    const taken = outer.upgrade(head)
    this.tell('good', performance.now())
    return taken
  }

  failed(error: SidegateError): boolean {
    if (saysNothing(error)) this.tell('unknown', performance.now())
    return false
  }

  over({ error, aborted }: Exchange): void {
    const now = performance.now()
    const failed = aborted && error !== undefined && !saysNothing(error)
    if (failed && this.#outcome === 'good') this.#breaker.turned(now)
    this.tell(failed ? 'failed' : 'unknown', now)
  }

  tell(outcome: Outcome, now: number): void {
    if (this.#told) return
    this.#told = true
    this.#outcome = outcome
    this.#over(outcome, now)
  }
}

/** Whom a layer turns away behind this one, and what the gateway itself is short of, say nothing of what is asked. */
function saysNothing({ blame }: SidegateError): boolean {
  return blame === 'peer' || blame === 'gateway'
}

/** Leaves alone what is down. */
export const circuit: MiddlewareKind<'circuit', typeof settings, 'share'> = {
  name: 'circuit',
  summary:
    'Asks nothing for a while where too many requests fail: clients get 503 at once, and what is down can come up.',
  settings,
  short: 'share',
  create(given, { log, mount }) {
    const { share, least, trials } = given
    const statuses = new Set(given.statuses)
    const slow = (given.slow ?? Infinity) * 1000
    const fields = { code: 'CIRCUIT_OPEN', blame: 'upstream', mount }
    const rules = { share, least, trials, window: given.window * 1000, open: given.open * 1000 }
    const counts = { refused: 0, opened: 0 }
    const breaker = new Breaker(rules, {
      opened(failed, all) {
        counts.opened++
        const why = `${failed} of ${all} requests failed within ${given.window} s`
        log.warn(`${why}: the circuit is open, and nothing is asked for ${given.open} s`, fields)
      },
      closed: () => log.info('what was tried went well: the circuit is closed', { mount }),
    })
    const failing = ({ status }: Head, milliseconds: number): boolean => statuses.has(status) || milliseconds >= slow
    return {
      handle(exchange, next) {
        const now = performance.now()
        const over = breaker.enter(now)
        if (over) return next(through(exchange, new Passing(breaker, over, failing)))
        counts.refused++
        const headers = [['Retry-After', String(Math.max(1, Math.ceil(breaker.left(now) / 1000)))] as const]
        throw new UpstreamError('CIRCUIT_OPEN', 'the circuit is open: too many requests have failed', 503, { headers })
      },
      status: () => ({ layer: 'circuit', state: breaker.state(performance.now()), counts: { ...counts } }),
    }
  },
}
