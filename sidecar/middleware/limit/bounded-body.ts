// A request body on its way, counted and timed. What is too long or too slow ends the request with an answer of its own.
import { pulledBody, type RequestBody } from '../../body.ts'
import { PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'

/** What a body may be; undefined: no bound. */
export interface BodyBounds {
  /** Bytes. */
  readonly most: number | undefined
  /** Bytes a second, on average. */
  readonly rate: number | undefined
  /** Milliseconds that may be waited beyond that. */
  readonly grace: number
}

/**
 * The body as those behind get it.
 * @throws {PeerError} LIMIT_BODY (413) for one that says, or is known, to be too long
 */
export function boundedBody(exchange: Exchange, { most, rate, grace }: BodyBounds): RequestBody {
  const { body } = exchange
  const known = body.complete ? body.received : body.length
  if (most !== undefined && known !== undefined && known > most) throw tooLong(most)
  if (body.complete || (rate === undefined && known !== undefined)) return body
  const pace = rate === undefined ? undefined : new Pace(exchange, rate, grace)
  let received = 0
  return pulledBody(body.length, async () => {
    const chunk = body.readNow() ?? (await (pace ? pace.read(received) : body.read()))
    received += chunk?.byteLength ?? 0
    if (most === undefined || received <= most) return chunk
    const error = tooLong(most)
    exchange.fail(error)
    throw error
  })
}

function tooLong(most: number): PeerError {
  return new PeerError('LIMIT_BODY', `the request body has more than ${most} bytes (body of limit)`, 413)
}

/** How long a body was waited for. */
class Pace {
  readonly #exchange: Exchange
  readonly #rate: number
  readonly #grace: number
  #waited = 0

  constructor(exchange: Exchange, rate: number, grace: number) {
    this.#exchange = exchange
    this.#rate = rate
    this.#grace = grace
  }

  /** Waits for the next bytes. `received`: so many came before. */
  async read(received: number): Promise<Uint8Array | null> {
    const since = performance.now()
    const left = this.#grace + (received / this.#rate) * 1000 - this.#waited
    const timer = setTimeout(() => {
      const message = `${received} bytes of the request body came in ${((this.#waited + left) / 1000).toFixed(1)} s: less than ${this.#rate} a second (bodyRate of limit)`
      this.#exchange.fail(new PeerError('LIMIT_BODY_RATE', message, 408))
    }, left)
    try {
      return await this.#exchange.body.read()
    } finally {
      clearTimeout(timer)
      this.#waited += performance.now() - since
    }
  }
}
