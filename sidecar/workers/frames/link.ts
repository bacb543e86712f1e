// A place for one request in a worker in Node.js, which has many side by side on one connection. The common case, one that is answered in one
// piece, is one frame each way, and nothing is made for it here.
//
// When the client goes away, the worker is told, and the place is free once the worker says that it has let go: one that is stuck says
// nothing, and so does not look idle.
import { PeerError, SidegateError, type UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { readFailure, writeFailure } from '../../frames/failure.ts'
import type { FrameOutput } from '../../frames/output.ts'
import { framedHeadEnd, readFramedHead } from '../../wire/frame-head.ts'
import { FRAME } from '../../wire/frames.ts'
import { nulInside } from '../../wire/keys.ts'
import { isFresh, type Link } from '../link.ts'
import { Pace } from '../pace.ts'
import { FramedBody, type BodyOwner } from './body.ts'
import type { Dialect, Taken, TakenOwner } from './dialect.ts'

/** The worker that a place is in. */
export interface Host {
  readonly output: FrameOutput
  readonly pid: number | undefined
  /** Bytes of a request, and of its response, that may be under way. */
  readonly window: number
  readonly dialect: Dialect
  /** The place has a request; gives the number that it is known by. */
  enter(link: FramesLink): number
  /** That request is over, and the place free. */
  leave(link: FramesLink, id: number): void
  cancelled(): void
  /** That request took too long: its code may keep the worker from hearing of it in the ordinary way. */
  late(id: number): void
  /** How the door of a request is told. */
  doorOf(exchange: Exchange): string
  /** The worker is to end when it has answered what it has. */
  retire(): void
}

/**
 * `idle`; `answering`: the exchange waits for the worker; `taken`: the app has its connection; `discarding`: nobody waits, and the worker has
 * yet to let go.
 */
type State = 'idle' | 'answering' | 'taken' | 'discarding' | 'lost'

/** The place. */
export class FramesLink implements Link, TakenOwner, BodyOwner {
  readonly index: number
  requests = 0
  cancelledAt = 0
  expiredAt = 0
  readonly #pace = new Pace()
  readonly #host: Host
  #state: State = 'idle'
  #id = 0
  #exchange: Exchange | undefined
  #window = 0
  /** Bytes of the response that the client has taken, and the worker has not been told of. */
  #taken = 0
  #waiting = false
  #awaitsBody = false
  #body: FramedBody | undefined
  #connection: Taken | undefined
  #isAccused = false
  /** Of a connection that was taken over: the worker has let go of it. */
  #closed = false

  constructor(index: number, host: Host) {
    this.index = index
    this.#host = host
  }

  get answering(): boolean {
    return this.#state === 'answering' || this.#state === 'taken'
  }

  get isTaken(): boolean {
    return this.#state === 'taken'
  }

  get exchange(): Exchange | undefined {
    return this.#exchange
  }

  /** The worker hangs in this request: no other one is to hang in it, too. */
  accuse(): void {
    this.#isAccused = true
  }

  /** A connection that was taken over may last as long as it likes. */
  elapsed(now: number): number {
    return this.#exchange && this.#state !== 'taken' ? this.#pace.elapsed(now) : 0
  }

  expire(error: UpstreamError): void {
    const exchange = this.#exchange
    if (!exchange || this.expiredAt > 0 || this.#state === 'taken') return
    this.expiredAt = performance.now()
    const { answering } = this
    this.#giveUp(error)
    this.#host.late(this.#id)
    if (answering) exchange.fail(error)
  }

  run(exchange: Exchange): void {
    const host = this.#host
    const { output, window, dialect } = host
    const { upload, variables, fields } = exchange
    const body = upload ?? exchange.body
    const request = dialect.write(
      {
        name: exchange.id,
        length: body.length,
        window,
        upgradable: dialect.takes(exchange),
        door: host.doorOf(exchange),
        names: fields && dialect.spells ? namesOf(fields) : '',
        variables,
      },
      fields,
    )
    const id = host.enter(this)
    this.#id = id
    if (request === undefined) {
      exchange.fail(nulInside('a variable of the request'))
      return this.#leave()
    }
    this.#exchange = exchange
    this.#state = 'answering'
    this.#window = window
    this.#taken = 0
    this.requests++
    this.#pace.begin(performance.now())
    exchange.pid = host.pid
    output.text(FRAME.start, id, request)
    if (body.length !== 0) {
      this.#body = new FramedBody(body, id, output, this)
      if (exchange.body.complete && !upload) this.#body.sendArrived()
    }
    exchange.onAbort(this.#onAbort)
  }

  /** A frame of its worker for the request. */
  frame(type: number, payload: Buffer): void {
    if (this.#state === 'discarding') return this.#discard(type)
    try {
      this.#take(type, payload, this.#exchange!)
    } catch (error) {
      this.refuse(error)
    }
  }

  retire(): void {
    this.#exchange?.retire()
  }

  fail(error: UpstreamError, spared?: (exchange: Exchange) => boolean): void {
    const exchange = this.#exchange
    const isAccused = this.#isAccused
    const { answering } = this
    this.#clear('lost')
    if (exchange && answering && (isAccused || !isFresh(exchange) || !spared?.(exchange))) exchange.fail(error)
  }

  /** The client of a connection that was taken over has taken bytes. */
  took(bytes: number): void {
    this.#credit(bytes)
  }

  /** A connection that was taken over is closed. */
  closed(error: Error | null): void {
    if (this.#state !== 'taken') return
    if (this.#closed) this.#leave()
    else this.#cancel(error ? broken(error) : undefined)
  }

  // A request is begun by its worker as soon as it is there: nothing is sent ahead, and nothing can be taken back.

  aheadAt(): undefined {
    return undefined
  }

  room(): number {
    return 0
  }

  isStuck(): boolean {
    return false
  }

  isSlow(): boolean {
    return false
  }

  sendAhead(): boolean {
    return false
  }

  takeFirst(): undefined {
    return undefined
  }

  settle(): void {}

  takeBack(): void {}

  close(): void {
    this.#host.retire()
  }

  #take(type: number, payload: Buffer, exchange: Exchange): void {
    if (type === FRAME.closed) return this.#letGo()
    if (this.#connection) return this.#connection.frame(type, payload)
    switch (type) {
      case FRAME.response: {
        const end = framedHeadEnd(payload)
        exchange.respond(readFramedHead(payload))
        exchange.end(end < payload.length ? payload.subarray(end) : undefined)
        return this.#leave()
      }
      case FRAME.head: {
        const end = framedHeadEnd(payload)
        exchange.respond(readFramedHead(payload))
        if (end < payload.length) this.#write(exchange, payload.subarray(end))
        else exchange.flush()
        return
      }
      case FRAME.data:
        return this.#write(exchange, payload)
      case FRAME.end:
        exchange.end()
        return this.#leave()
      case FRAME.bodyCredit:
        return this.#body?.allow(payload.readUInt32BE(0))
      case FRAME.failed:
        exchange.fail(readFailure(payload))
        return this.#leave()
      case FRAME.upgrade:
        return this.#upgrade(payload, exchange)
      case FRAME.interim:
        return void exchange.interim(readFramedHead(payload))
      case FRAME.closeAfter:
        return exchange.closeAfter()
      case FRAME.leftOut:
        exchange.observer.leftOut?.(exchange, payload.toString('latin1').split(','))
    }
  }

  #write(exchange: Exchange, bytes: Buffer): void {
    const room = exchange.write(bytes)
    this.#taken += bytes.byteLength
    if (room) return this.#waiting ? undefined : this.#tellTaken(this.#window / 2)
    if (this.#waiting) return
    this.#waiting = true
    this.#tellPace()
    const id = this.#id
    const drained = (): void => {
      if (this.#id !== id) return
      this.#waiting = false
      this.#tellPace()
      this.#tellTaken(1)
    }
    exchange.drained().then(drained, () => {})
  }

  awaitsBody(is: boolean): void {
    this.#awaitsBody = is
    this.#tellPace()
  }

  #tellPace(): void {
    this.#pace.waits(this.#waiting || this.#awaitsBody, performance.now())
  }

  /** When it is worth the while. */
  #tellTaken(least: number): void {
    if (this.#taken < least) return
    const taken = this.#taken
    this.#taken = 0
    this.#credit(taken)
  }

  #credit(bytes: number): void {
    if (this.#state === 'answering' || this.#state === 'taken') this.#host.output.number(FRAME.credit, this.#id, bytes)
  }

  #upgrade(payload: Buffer, exchange: Exchange): void {
    const { output, dialect } = this.#host
    this.#closed = false
    const place = { id: this.#id, window: this.#window, output, owner: this }
    this.#connection = dialect.take(exchange, readFramedHead(payload), place)
    this.#state = 'taken'
  }

  /** The worker has let go of the request: the app has closed the connection that it took over. */
  #letGo(): void {
    this.#closed = true
    if (!this.#connection) return this.#leave()
    this.#connection.destroy()
  }

  readonly #onAbort = (): void => {
    // A listener of an exchange before this one finds one that is not aborted.
    if (this.#exchange?.aborted && this.#state === 'answering') this.#cancel(this.#exchange.error)
  }

  /** Nobody waits for the answer any more. */
  #cancel(why: SidegateError | undefined): void {
    this.cancelledAt = performance.now()
    this.#giveUp(why)
    this.#host.cancelled()
  }

  #giveUp(why: SidegateError | undefined): void {
    this.#state = 'discarding'
    this.#body?.stop()
    const { output } = this.#host
    if (why) output.bytes(FRAME.abort, this.#id, writeFailure(why))
    else output.bare(FRAME.abort, this.#id)
  }

  /** The response breaks a rule, or the body does, or somebody else has answered: the worker's work for it ends. */
  refuse(error: unknown): void {
    if (!this.answering) return
    const exchange = this.#exchange!
    if (!exchange.over) exchange.fail(error)
    // The client may have been told meanwhile, and the worker with it.
    if (this.answering) this.#cancel(exchange.error)
  }

  #discard(type: number): void {
    if (type === FRAME.closed) this.#leave()
  }

  #leave(): void {
    const id = this.#id
    this.#clear('idle')
    this.#host.leave(this, id)
  }

  #clear(state: State): void {
    this.#body?.stop()
    this.#exchange?.upload?.close()
    this.#state = state
    this.#exchange = this.#body = this.#connection = undefined
    this.#waiting = this.#awaitsBody = this.#isAccused = false
    this.#id = 0
    this.cancelledAt = this.expiredAt = 0
  }
}

/** What a connection broke with, its code as of net.Socket. */
function broken(error: NodeJS.ErrnoException): SidegateError {
  return error instanceof SidegateError ? error : new PeerError(error.code ?? 'ECONNRESET', error.message, 499)
}

/** Of `name, value, name, value`. */
function namesOf(fields: readonly string[]): string {
  let names = ''
  for (let index = 0; index < fields.length; index += 2) names += index === 0 ? fields[index] : ` ${fields[index]}`
  return names
}
