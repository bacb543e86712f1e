// The requests in the pipe of a link: the one whose turn it is, and those that were sent to a busy worker ahead of their turn, so that it
// need not wait for the gateway between two. Until the worker begins one it can be taken back, for a worker that has nothing to do, or when
// this one dies.
import type { Exchange } from '../../exchange.ts'
import { packedText } from '../../wire/packed.ts'
import { RequestSlot } from '../../wire/request-slot.ts'
import type { Link, Sent, Waiting } from '../link.ts'
import type { RequestPipe } from './request-pipe.ts'

/** The id of a request that comes by the connection. */
const BESIDE = 1
const FIRST_ID = 2
const IDS = 254

/** A request that was put into a pipe. */
export class PipedRequest implements Sent {
  readonly exchange: Exchange
  waiting: Waiting | undefined
  /** Its number on the link, which is not that of another. */
  readonly sequence: number
  readonly link: Link

  constructor(exchange: Exchange, waiting: Waiting | undefined, sequence: number, link: Link) {
    this.exchange = exchange
    this.waiting = waiting
    this.sequence = sequence
    this.link = link
  }

  /** Its FastCGI id, different from those of the others in the pipe. */
  get id(): number {
    return FIRST_ID + (this.sequence % IDS)
  }

  get wanted(): boolean {
    return !this.exchange.aborted && !this.exchange.headSent
  }
}

/** The requests in one pipe. */
export class PipedRequests {
  readonly #pipe: RequestPipe
  readonly #link: Link
  /** In the order in which the worker comes to them. */
  readonly #ahead: PipedRequest[] = []
  #turn: PipedRequest | undefined

  constructor(pipe: RequestPipe, link: Link) {
    this.#pipe = pipe
    this.#link = link
  }

  /** How many are ahead of their turn. */
  get size(): number {
    return this.#ahead.length
  }

  /** Puts one more in; undefined when there is no room for it in the pipe, or in any. */
  add(exchange: Exchange, waiting: Waiting | undefined, sequence: number): PipedRequest | undefined {
    const text = packedText(exchange.variables)
    if (text === undefined || !RequestSlot.fits(text)) {
      if (waiting) waiting.note = 'stays'
      return undefined
    }
    const request = new PipedRequest(exchange, waiting, sequence, this.#link)
    if (!this.#pipe.put(sequence, request.id, text)) return undefined
    if (waiting) waiting.note = request
    this.#ahead.push(request)
    return request
  }

  /** The worker comes to a request that the connection brings: nothing else is in the pipe. */
  announce(sequence: number): void {
    if (!this.#pipe.put(sequence, BESIDE, '')) throw new TypeError('the pipe of an idle worker is not empty')
  }

  /** The one that the worker comes to now. Undefined when there is none. */
  next(): PipedRequest | undefined {
    this.#turn = this.#ahead.shift()
    return this.#turn
  }

  /** Takes out the one that is first; undefined when the worker has begun them all. */
  take(): PipedRequest | undefined {
    // What is announced stays in the pipe.
    if (!this.#turn && this.size === 0) return undefined
    const sequence = this.#pipe.take()
    if (sequence === undefined) return undefined
    const turn = this.#turn
    if (turn?.sequence === sequence) {
      this.#turn = undefined
      return turn
    }
    const index = this.#ahead.findIndex((request) => request.sequence === sequence)
    const taken = this.#ahead[index]
    if (!taken) throw new TypeError(`no request ${sequence} was sent`)
    this.#ahead.splice(index, 1)
    if (taken.waiting) taken.waiting.note = undefined
    return taken
  }

  /** The worker is to end when it has begun what is in the pipe. */
  close(): void {
    this.#pipe.close()
  }
}
