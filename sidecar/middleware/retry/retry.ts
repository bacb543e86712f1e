// The layer `retry`: tries a request again that has failed, where nothing of a response was sent and nothing can have happened twice. It stands
// in front of mounts of all kinds; an `upstream` of several servers asks another one by itself (retries).
import { mayRepeat, isIdempotent } from '../../connect/failure.ts'
import { pulledBody, type RequestBody } from '../../body.ts'
import type { SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { through, type Layer } from '../../layer.ts'
import type { Log } from '../../log.ts'
import { uploadOf, type Upload } from '../../upload.ts'
import { copyVariables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'
import type { MiddlewareKind, Next } from '../middleware.ts'
import { fieldOf } from '../response-fields.ts'
import { Budget } from './budget.ts'
import { retrySettings, type RetrySettings } from './settings.ts'

/** What all requests of a layer share. */
interface Rules {
  readonly settings: RetrySettings
  readonly statuses: ReadonlySet<number>
  readonly budget: Budget
  readonly log: Log
  readonly mount: string | undefined
  readonly next: Next
}

/** One request, and its tries. */
class Tries implements Layer {
  readonly #outer: Exchange
  readonly #rules: Rules
  readonly #upload: Upload
  #count = 0
  /** Another try is to come: what this one still sends is of no use. */
  #waiting: NodeJS.Timeout | undefined
  /** What came last is the answer: an error, whose page is on its way. */
  #settled = false

  constructor(outer: Exchange, rules: Rules) {
    this.#outer = outer
    this.#rules = rules
    this.#upload = uploadOf(outer.body)
  }

  /** The first, or another one. */
  begin(): void {
    this.#waiting = undefined
    this.#count++
    const outer = this.#outer
    // Whoever answers may change its variables.
    this.#rules.next(through(outer, this, { variables: copyVariables(outer.variables), body: this.#body() }))
  }

  head(head: Head): Head | undefined {
    if (this.#waiting) return undefined
    if (this.#settled) return head
    const { statuses } = this.#rules
    if (!statuses.has(head.status) || !isIdempotent(this.#outer.variables.REQUEST_METHOD)) return head
    const asked = secondsOf(fieldOf(head, 'retry-after'))
    return this.#again(`the answer was ${head.status}`, undefined, asked) ? undefined : head
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    if (this.#waiting) return true
    if (!last) return outer.write(bytes!)
    outer.end(bytes)
    return true
  }

  failed(error: SidegateError): boolean {
    // What was answered with a status of those has failed since: the next try is on its way.
    if (this.#waiting) return true
    const { REQUEST_METHOD: method } = this.#outer.variables
    const fault = error.blame === 'peer' || error.blame === 'config'
    const mayHelp = mayRepeat(error, method) || (this.#rules.statuses.has(error.status) && isIdempotent(method))
    this.#settled = fault || !mayHelp || !this.#again(error.message, error.code, undefined)
    return !this.#settled
  }

  /** Has another try come later. `asked`: seconds that the app wants for itself. */
  #again(why: string, code: string | undefined, asked: number | undefined): boolean {
    const { settings, budget, log, mount } = this.#rules
    const { attempts, delay, maxDelay } = settings
    const outer = this.#outer
    if (this.#count >= attempts || outer.headSent || outer.over || !this.#upload.repeatable) return false
    if ((asked ?? 0) > maxDelay || !budget.spend()) return false
    const grown = Math.min(maxDelay, delay * 2 ** (this.#count - 1))
    const seconds = Math.max(asked ?? 0, grown * (0.5 + Math.random() / 2))
    log.warn(`${why}; trying again`, { code, mount: mount ?? outer.mount?.key, request: outer.id })
    if (this.#count === 1) outer.onAbort(() => clearTimeout(this.#waiting))
    this.#waiting = setTimeout(() => this.begin(), seconds * 1000)
    return true
  }

  #body(): RequestBody {
    const { body } = this.#outer
    if (body.length === 0) return body
    const upload = this.#upload
    upload.rewind()
    return pulledBody(body.length, () => upload.read())
  }
}

/** Seconds of a Retry-After (RFC 9110 10.2.3); of one that is a date, as many as there are until then. */
function secondsOf(field: string | undefined): number | undefined {
  if (field === undefined) return undefined
  if (/^[0-9]{1,9}$/.test(field)) return Number(field)
  const date = Date.parse(field)
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000)
}

/** Tries again. */
export const retry: MiddlewareKind<'retry', typeof retrySettings, 'attempts'> = {
  name: 'retry',
  summary:
    'Tries a request again that has failed, as long as nothing of a response was sent: where doing it twice does no harm, or nobody has got it.',
  settings: retrySettings,
  short: 'attempts',
  create(settings, { log, mount }) {
    const statuses = new Set(settings.statuses)
    const budget = new Budget(settings.budget)
    return {
      handle(exchange, next) {
        budget.earn()
        new Tries(exchange, { settings, statuses, budget, log, mount, next }).begin()
      },
    }
  },
}
