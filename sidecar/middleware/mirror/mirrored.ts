// The copies of requests that are under way. Nobody waits for them, and what they answer goes nowhere.
import { RequestBody } from '../../body.ts'
import type { Carrier } from '../../carrier.ts'
import { PeerError, UpstreamError, type SidegateError } from '../../errors.ts'
import { Exchange } from '../../exchange.ts'
import { tell } from '../../layer.ts'
import { LinkedList } from '../../linked-list.ts'
import type { Log } from '../../log.ts'
import type { Variables } from '../../variables.ts'
import type { Next } from '../middleware.ts'

/** What is done with copies. */
export interface MirroredOptions {
  /** The path below which they are asked for. */
  readonly to: string
  /** So many at the same time. */
  readonly most: number
  /** Milliseconds. */
  readonly timeout: number
  readonly ask: Next
  readonly log: Log
}

/** Takes whatever comes. */
const NOWHERE: Carrier = { start: () => true, write: () => true, finish() {}, cut() {} }

/** All that are under way. */
export class Mirrored {
  readonly #options: MirroredOptions
  readonly #underWay = new LinkedList<Exchange>()
  /** Those whose bodies are still to come: what there is of them is in memory. */
  #coming = 0
  #full = false
  #nowhere = false

  constructor(options: MirroredOptions) {
    this.#options = options
  }

  /** A place for a copy whose body is still to come; undefined: there is none. What it gives is called when it is there, or does not come any more; works twice. */
  expect(): (() => void) | undefined {
    if (this.#isFull) {
      this.#tellFull()
      return undefined
    }
    this.#coming++
    let expected = true
    return () => {
      if (expected) this.#coming--
      expected = false
    }
  }

  /** Sends a copy of the request of an exchange, which may be over. `variables` are its own. */
  send(of: Exchange, variables: Variables, bytes: Uint8Array): void {
    const { timeout, ask } = this.#options
    if (this.#isFull) return this.#tellFull()
    const size = bytes.byteLength
    if (size > 0) variables.CONTENT_LENGTH = String(size)
    const body = new RequestBody(size)
    if (size > 0) body.push(bytes)
    body.finish()
    const done = (exchange: Exchange): void => {
      clearTimeout(timer)
      this.#underWay.remove(entry)
      if (this.#underWay.size === 0) this.#full = false
      if (exchange.error?.code === 'NO_MOUNT') this.#tellNowhere()
    }
    const failed = (copy: Exchange, error: SidegateError): void => tell(of, error, copy)
    const exchange = new Exchange(NOWHERE, { failed, done }, of.door, variables, body)
    exchange.hops = of.hops + 1
    const entry = this.#underWay.add(exchange)
    const timer = setTimeout(() => {
      const error = new UpstreamError('MIRROR_TIMEOUT', `the copy of a request took more than ${timeout / 1000} s`, 504)
      tell(of, error, exchange)
      exchange.abort(error)
    }, timeout).unref()
    ask(exchange)
  }

  close(): void {
    const stopped = new PeerError('GATEWAY_CLOSED', 'the gateway was stopped', 503)
    for (const exchange of this.#underWay) exchange.abort(stopped)
  }

  get #isFull(): boolean {
    return this.#underWay.size + this.#coming >= this.#options.most
  }

  #tellFull(): void {
    if (this.#full) return
    this.#full = true
    const message = `${this.#options.most} copies of requests are under way to ${this.#options.to}: no more are made for now. It is said once, until none is under way`
    this.#options.log.warn(message, { code: 'MIRROR_FULL' })
  }

  #tellNowhere(): void {
    if (this.#nowhere) return
    this.#nowhere = true
    const message = `copies of requests go to ${this.#options.to}, and nothing is mounted there. It is said once`
    this.#options.log.warn(message, { code: 'MIRROR_NOWHERE' })
  }
}
