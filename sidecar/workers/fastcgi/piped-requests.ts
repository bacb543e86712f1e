// The requests in the pipe of a worker's connection: the one whose turn it is, and those that were sent to a busy worker ahead of their turn, so
// that it need not wait for the gateway between two. Until the worker begins one it can be taken back, for a worker that has nothing to do,
// or when this one dies.
import type { Exchange } from '../../exchange.ts'
import { packedText } from '../../wire/packed.ts'
import { RequestSlot } from '../../wire/request-slot.ts'
import type { Waiter } from '../../queue.ts'
import type { RequestPipe } from './request-pipe.ts'

/** Requests ahead of their turn on a connection: enough that a worker of a fast app seldom waits. */
const AHEAD_MAX = 8
/** The id of a request that comes by the connection. */
const BESIDE = 1
const FIRST_ID = 2
const IDS = 254

/** Where an exchange waits: it was sent ahead, or cannot be (it has a body, or is too large). */
export type Place = Waiter<Ahead | 'stays' | undefined>

/** The connection of a list. */
export interface AheadOwner {
  /** The request under way takes so long that those ahead had better go to another busy worker. `now`: as performance.now(). */
  isStuck(now: number): boolean
  /** Those ahead had better go to a worker that has nothing to do. */
  isSlow(now: number): boolean
  /** Takes back the one that is first, its turn or the next; undefined when the worker has begun them all. `settle` has to follow. */
  takeFirst(): Ahead | undefined
  /** Takes back all that the worker has not begun; the one whose turn it was goes to the dispatcher, the others are in the queue. */
  takeBack(): void
  /** Goes on to the next when the one whose turn it was has been taken back. */
  settle(): void
}

/** A request that was sent. */
export class Ahead {
  readonly exchange: Exchange
  /** Its place in the queue; undefined when its turn has come. */
  place: Place | undefined
  /** Its number on the connection, which is not that of another. */
  readonly sequence: number
  readonly owner: AheadOwner

  constructor(exchange: Exchange, place: Place | undefined, sequence: number, owner: AheadOwner) {
    this.exchange = exchange
    this.place = place
    this.sequence = sequence
    this.owner = owner
  }

  /** Its FastCGI id, different from those of the others in the pipe. */
  get id(): number {
    return FIRST_ID + (this.sequence % IDS)
  }

  /** False when nobody waits for its answer any more. */
  get wanted(): boolean {
    return !this.exchange.aborted && !this.exchange.headSent
  }
}

/** The requests in one pipe. */
export class AheadList {
  readonly #pipe: RequestPipe
  readonly #owner: AheadOwner
  /** In the order in which the worker comes to them. */
  readonly #waiting: Ahead[] = []
  #turn: Ahead | undefined

  constructor(pipe: RequestPipe, owner: AheadOwner) {
    this.#pipe = pipe
    this.#owner = owner
  }

  /** How many wait for their turn. */
  get size(): number {
    return this.#waiting.length
  }

  get hasRoom(): boolean {
    return this.size < AHEAD_MAX
  }

  /** Sends one more; undefined when there is no room for it in the pipe, or in any. */
  add(exchange: Exchange, place: Place | undefined, sequence: number): Ahead | undefined {
    const text = packedText(exchange.variables)
    if (text === undefined || !RequestSlot.fits(text)) {
      if (place) place.note = 'stays'
      return undefined
    }
    const ahead = new Ahead(exchange, place, sequence, this.#owner)
    if (!this.#pipe.put(sequence, ahead.id, text)) return undefined
    if (place) place.note = ahead
    this.#waiting.push(ahead)
    return ahead
  }

  /** The worker comes to a request that the connection brings: nothing else is in the pipe. */
  announce(sequence: number): void {
    if (!this.#pipe.put(sequence, BESIDE, '')) throw new TypeError('the pipe of an idle worker is not empty')
  }

  /** The one that the worker comes to now. Undefined when there is none. */
  next(): Ahead | undefined {
    this.#turn = this.#waiting.shift()
    return this.#turn
  }

  /** Takes out the one that is first; undefined when the worker has begun them all. */
  take(): Ahead | undefined {
    // What is announced stays in the pipe.
    if (!this.#turn && this.size === 0) return undefined
    const sequence = this.#pipe.take()
    if (sequence === undefined) return undefined
    const turn = this.#turn
    if (turn?.sequence === sequence) {
      this.#turn = undefined
      return turn
    }
    const index = this.#waiting.findIndex((waiting) => waiting.sequence === sequence)
    const taken = this.#waiting[index]
    if (!taken) throw new TypeError(`no request ${sequence} was sent`)
    this.#waiting.splice(index, 1)
    if (taken.place) taken.place.note = undefined
    return taken
  }

  /** The worker is to end when it has begun what is in the pipe. */
  close(): void {
    this.#pipe.close()
  }
}
