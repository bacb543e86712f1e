// What sniff puts in the place of the gateway: takes every exchange, reads its body, and answers.
import type { SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Reception } from '../listen/door.ts'
import { LIMITS } from '../listen/limits.ts'
import type { Log } from '../log.ts'
import type { Sniffed } from './sniffed.ts'

/** Bytes of a body that are shown. */
const SHOWN = 256

/** Hands on what it sees of every request. */
export class Sniffer implements Reception {
  readonly log: Log
  readonly limits = LIMITS
  readonly raw = true
  draining = false
  /** Settles when as many requests as wanted are answered. */
  readonly full: Promise<void>
  readonly #status: number
  readonly #see: (request: Sniffed) => void
  readonly #handled = new WeakMap<Exchange, Uint8Array>()
  #left: number
  #done: () => void = () => {}

  constructor(log: Log, status: number, count: number, see: (request: Sniffed) => void) {
    this.log = log
    this.#status = status
    this.#left = count
    this.#see = see
    this.full = new Promise((resolve) => {
      this.#done = resolve
    })
  }

  handle(exchange: Exchange): void {
    this.#answer(exchange).catch((error: unknown) => exchange.fail(error))
  }

  /** Refused by the door, or cut by the host: shown when it is over. */
  failed(_exchange: Exchange, _error: SidegateError): void {}

  done(exchange: Exchange): void {
    const { door, variables, body, error } = exchange
    this.#see({
      protocol: door.protocol,
      variables,
      announced: body.length,
      received: body.received,
      start: this.#handled.get(exchange) ?? new Uint8Array(0),
      error: error && { code: error.code, message: error.message },
    })
    // Its last bytes are on their way; then the command may end.
    if (--this.#left === 0) setImmediate(this.#done)
  }

  async #answer(exchange: Exchange): Promise<void> {
    let start: Buffer = Buffer.alloc(0)
    for await (const bytes of exchange.body) {
      if (start.length < SHOWN) start = Buffer.concat([start, bytes]).subarray(0, SHOWN)
      this.#handled.set(exchange, start)
    }
    const count = Object.keys(exchange.variables).length
    exchange.respond({ status: this.#status, reason: '', headers: [['Content-Type', 'text/plain']] })
    exchange.end(
      `sidegate sniff: ${exchange.door.protocol}, ${count} variables, ${exchange.body.received} bytes of body\n`,
    )
  }
}
