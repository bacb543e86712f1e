// The checker of layers. The lines with ## are the rules: docs/middleware-own.md is made of them.
import { types } from 'node:util'
import { SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { demandFor, show, type Demand } from '../../interface/lint-error.ts'
import { nearest } from '../../nearest.ts'
import { isDropped, isRefused } from '../../refused.ts'
import { completeRequest } from '../../request.ts'
import { TOKEN } from '../../token.ts'
import { copyVariables, type Variables } from '../../variables.ts'
import { HOP_BY_HOP } from '../../wire/field-names.ts'
import { BAD_VALUE } from '../../wire/field-values.ts'
import type { LayerHooks } from './types.ts'

const HOOKS = ['head', 'body', 'upgrade', 'failed', 'over']

const gateway: Demand = demandFor('LINT_LAYER', 'gateway')

// ## What breaks a rule is a LINT_LAYER error that names the layer. The layer is at fault, or where that is said the gateway.
// ##
// ## **Requests**

/** Looks at what one layer does. What it throws is a LintError. */
export class Rules {
  readonly #demand: Demand
  readonly #handed = new WeakSet<Exchange>()

  /** @param name of the layer */
  constructor(name: string) {
    this.#demand = (condition, message) => {
      const layer: Demand = demandFor('LINT_LAYER', 'layer')
      layer(condition, () => `the layer ${name} ${typeof message === 'string' ? message : message()}`)
    }
  }

  /** Before a request is handed on. */
  next(exchange: Exchange): void {
    const demand: Demand = this.#demand
    // ## - `next` is called once for a request, and once for each that `through` made.
    demand(!this.#handed.has(exchange), 'called next twice with the same request')
    this.#handed.add(exchange)
    // ## - A request that the layer has answered is not handed on. One whose client is gone may be.
    demand(exchange.state === 'open' || exchange.aborted, 'called next after it had answered the request')
  }

  /** Variables that are handed on. */
  variables(given: Variables): void {
    const demand: Demand = this.#demand
    // ## - The variables of a request are not changed in place: they are frozen while the rules are looked at.
    for (const name in given) {
      const value = given[name]!
      // ## - Of variables that are handed on, each name is a token (RFC 9110 5.6.2), and each character of a value one byte, U+0001 to U+00FF.
      demand(TOKEN.test(name), () => `hands on a variable called ${show(name)}, which is no name`)
      demand(
        !value.includes('\0') && !/[^\0-\xff]/.test(value),
        () => `hands on ${name} as ${show(value)}, which is no text of bytes but NUL`,
      )
      // ## - What never reaches an app (`HTTP_PROXY`, `UWSGI_…`, HTTP_CONTENT_LENGTH) is not among them.
      demand(!isDropped(name) && !isRefused(name), `hands on ${name}, which never reaches an app`)
    }
    // ## - What every request has (docs/variables.md) is among them, in its form: `{ ...request.variables, … }` keeps it.
    const complete = copyVariables(given)
    try {
      completeRequest(complete)
    } catch (error) {
      if (!(error instanceof SidegateError)) throw error
      demand(false, `hands on variables that no request has: ${error.message}`)
    }
    for (const name in complete) demand(given[name] !== undefined, `hands on variables without ${name}`)
  }

  // ##
  // ## **Responses**

  /** What `through` is given. */
  hooks(hooks: LayerHooks): void {
    const demand: Demand = this.#demand
    // ## - Hooks are functions called head, body, upgrade, failed and over, and no others.
    demand(typeof hooks === 'object' && hooks !== null, () => `gave through ${show(hooks)} in the place of hooks`)
    for (const [name, hook] of Object.entries(hooks)) {
      const near = nearest(name, HOOKS)
      demand(
        HOOKS.includes(name),
        `has a hook ${name}, which there is not${near === undefined ? '' : `; it may be ${near}`}`,
      )
      demand(hook === undefined || typeof hook === 'function', `has a hook ${name} that is no function`)
    }
  }

  /** A head that the layer gives. */
  head(head: unknown, where: string): void {
    const demand: Demand = this.#demand
    // ## - A head is an object with a status from 200 to 999 (101 for `upgrade`), a text as its reason, and a list of pairs of texts as its headers.
    const object = typeof head === 'object' && head !== null && !types.isPromise(head)
    demand(
      object,
      () =>
        `gave ${types.isPromise(head) ? 'a promise' : show(head)} as a head (${where}); a head is { status, headers }`,
    )
    const { status, reason = '', headers = [] } = head as Record<string, unknown>
    const final = Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 999
    demand(
      final || (where === 'upgrade' && status === 101),
      () => `gave a head with the status ${show(status)} (${where})`,
    )
    demand(typeof reason === 'string', () => `gave a head with the reason ${show(reason)} (${where})`)
    demand(Array.isArray(headers), () => `gave a head whose headers are ${show(headers)}, no list (${where})`)
    for (const pair of headers as unknown[]) {
      const right = Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string')
      demand(right, () => `gave a head with the header ${show(pair)}, which is no [name, value] (${where})`)
      const [name, value] = pair as [string, string]
      // ## - The name of a header is a token, and its value has no line break, no other control character, and no character beyond U+00FF.
      demand(TOKEN.test(name), () => `gave a header called ${show(name)}, which is no name (${where})`)
      demand(!BAD_VALUE.test(value), () => `gave the header ${name} the value ${show(value)} (${where})`)
      // ## - None belongs to one connection (Connection, Transfer-Encoding …): the gateway has its own. Upgrade is right in a head of `upgrade`.
      const hop = HOP_BY_HOP.has(name.toLowerCase()) && where !== 'upgrade'
      demand(!hop, `gave the header ${name}, which belongs to one connection (${where})`)
    }
  }

  /** What the hook `head` gave. */
  givenHead(given: unknown, hooks: LayerHooks): void {
    // ## - A hook `head` that gives no head has a hook `body` beside it, which responds.
    this.#demand(
      given !== undefined || hooks.body !== undefined,
      'gave no head, and has no hook body that would respond',
    )
  }

  /** Bytes that the layer sends. */
  sends(chunk: unknown, exchange: Exchange, where: 'write' | 'end'): void {
    const demand: Demand = this.#demand
    // ## - What is written is a string or a Uint8Array, after `respond` and before `end`.
    const string = typeof chunk === 'string'
    demand(string || types.isUint8Array(chunk), () => `gave ${where} ${show(chunk)}, neither text nor bytes`)
    if (exchange.aborted) return
    demand(exchange.state !== 'open', `called ${where} before respond`)
    demand(exchange.state !== 'ended', `called ${where} after the end of the response`)
    // ## - The body has as many bytes as Content-Length says: a layer that changes its size leaves that out of the head.
    const size = string ? Buffer.byteLength(chunk) : (chunk as Uint8Array).byteLength
    const { missing } = exchange
    demand(missing < 0 || size <= missing, 'sends more than the Content-Length of its head')
    demand(where === 'write' || missing < 0 || size === missing, 'sends less than the Content-Length of its head')
  }
}

/** What a layer is told of one response, in which order. */
export class HookOrder {
  #head = false
  #last = false

  head(): void {
    this.#head = true
  }

  body(last: boolean): void {
    // ## - The gateway calls `head` before `body`, and `body` not once more after the last.
    gateway(this.#head, 'the hook body was called before head')
    gateway(!this.#last, 'the hook body was called after the last bytes')
    this.#last = last
  }
}
