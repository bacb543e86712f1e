// The requests that were sent to a busy worker ahead of their turn, so that it need not wait for the gateway between two: they lie in the
// connection's buffer. Until the worker begins one it can be taken back, for a worker that has nothing to do, or when this one dies; the worker
// refuses a request that was taken back when it comes to it.
import type { Exchange } from '../exchange.ts'
import type { Claims } from './claims.ts'
import type { Place } from './queue.ts'

/** Requests ahead of their turn on a connection: enough that a worker of a fast app seldom waits. */
const AHEAD_MAX = 8
/** Requests that the worker has not come to, those that were taken back among them: their ids differ. */
const UNREAD_MAX = 64
/** 1 is the id of a request that cannot be taken back. */
const FIRST_ID = 2
const LAST_ID = 255

/** The connection of a list. */
export interface AheadOwner {
  /** The request under way takes so long that those ahead had better go to another busy worker. `now`: as performance.now(). */
  isStuck(now: number): boolean
  /** Those ahead had better go to a worker that has nothing to do. */
  isSlow(now: number): boolean
  /** The one that is its turn was taken back. */
  giveUp(): void
  /** Takes back all that the worker has not begun; those without a place in the queue are dealt with. */
  takeBack(): void
}

/** A request that was sent. */
export class Ahead {
  readonly exchange: Exchange
  /** Its place in the queue; undefined when its turn has come, here or elsewhere. */
  place: Place | undefined
  /** Its id on the connection. */
  readonly id: number
  /** Which of the connection's requests it is. */
  readonly ordinal: number
  readonly list: AheadList
  /** It was taken back. */
  back = false

  constructor(exchange: Exchange, place: Place | undefined, id: number, ordinal: number, list: AheadList) {
    this.exchange = exchange
    this.place = place
    this.id = id
    this.ordinal = ordinal
    this.list = list
  }

  /** False when nobody waits for its answer any more. */
  get wanted(): boolean {
    return !this.exchange.aborted && !this.exchange.headSent
  }
}

/** The requests on one connection. */
export class AheadList {
  readonly owner: AheadOwner
  readonly #claims: Claims
  /** In the order in which the worker comes to them. */
  readonly #sent: Ahead[] = []
  #turn: Ahead | undefined
  #lastId = LAST_ID
  /** Those that wait for their turn, and were not taken back. */
  size = 0

  constructor(claims: Claims, owner: AheadOwner) {
    this.#claims = claims
    this.owner = owner
  }

  get hasRoom(): boolean {
    return this.size < AHEAD_MAX && this.#sent.length < UNREAD_MAX
  }

  /** One more, that is to be sent now. */
  add(exchange: Exchange, place: Place | undefined, ordinal: number): Ahead {
    this.#lastId = this.#lastId === LAST_ID ? FIRST_ID : this.#lastId + 1
    const ahead = new Ahead(exchange, place, this.#lastId, ordinal, this)
    if (place) place.ahead = ahead
    this.#sent.push(ahead)
    this.size++
    this.#claims.put(ahead.id)
    return ahead
  }

  /** The one that the worker comes to now: begins, or refuses. Undefined when there is none. */
  next(): Ahead | undefined {
    this.#turn = this.#sent.shift()
    if (this.#turn && !this.#turn.back) this.size--
    return this.#turn
  }

  /** Takes back the one that is first: its turn, or the next. Undefined when the worker has begun them all. */
  takeFirst(): Ahead | undefined {
    const id = this.#claims.take()
    if (id === undefined) return undefined
    const ahead = id === this.#turn?.id ? this.#turn : this.#sent.find((sent) => sent.id === id)
    if (!ahead) throw new TypeError(`no request ${id} was sent`)
    ahead.back = true
    if (ahead.place) ahead.place.ahead = undefined
    if (ahead === this.#turn) this.owner.giveUp()
    else this.size--
    return ahead
  }

  /** Takes back all that the worker has not begun, and gives those that are wanted and have no place in the queue to wait at. */
  takeAll(): Exchange[] {
    const homeless: Exchange[] = []
    for (let ahead = this.takeFirst(); ahead; ahead = this.takeFirst())
      if (!ahead.place && ahead.wanted) homeless.push(ahead.exchange)
    return homeless
  }

  close(): void {
    this.#claims.close()
  }
}
