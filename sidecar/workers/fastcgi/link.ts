// One connection to a worker: FastCGI, one exchange at a time, kept for the next. A request without a body goes into a pipe beside it
// (request-pipe.ts), the next ones ahead of their turn while the worker is busy; the others go by the connection. The common case, one that
// is answered in one piece, is one write, one read, one respond and one end.
//
// When the client goes away the connection has to become clean again, as there is no other to put in its place: the worker is told,
// and what it still sends is thrown away until its END_REQUEST. What is left of a request body the worker skips.
import type { Socket } from 'node:net'
import { notePiece } from '../../collector.ts'
import { AppError, type SidegateError, type UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { ClientEvent } from '../../wire/codec.ts'
import { FastcgiClient } from '../../wire/fastcgi-client.ts'
import type { Head } from '../../wire/head.ts'
import { nulInside } from '../../wire/keys.ts'
import { AheadList, type Ahead, type AheadOwner, type Place } from './piped-requests.ts'
import { Lines } from '../../lines.ts'
import { packed, packedText } from '../../wire/packed.ts'
import { readReport, type Report } from './report.ts'
import type { RequestPipe } from './request-pipe.ts'
import { WorkerUpload } from './body-sender.ts'

/** What a connection tells the worker that it leads to. */
export interface ConnectionOwner {
  /** It is free again. */
  released(connection: WorkerConnection): void
  /** Nobody waits for the answer to its request any more. */
  cancelled(connection: WorkerConnection): void
  /** It can carry no more requests; its exchange waits for `fail`. */
  lost(connection: WorkerConnection, error: SidegateError | undefined): void
  /** What the app wrote, or what went wrong beside the response. */
  reported(report: Report, exchange: Exchange): void
}

/** Who keeps the queue. */
export interface Dispatcher {
  /** A connection has room for a request ahead, or gave some back. */
  advanced(): void
  /** A request that was sent ahead is begun. */
  begun(place: Place): void
  /** One whose turn it was has not been begun there. */
  returned(exchange: Exchange): void
}

/** `idle`; `answering`: the exchange waits for the worker; `answered`: the worker has yet to finish; `discarding`: nobody waits. */
type State = 'idle' | 'answering' | 'answered' | 'discarding' | 'lost'

/** A request that takes longer, in milliseconds, is not what those ahead of their turn should wait for. */
const STUCK_MS = 5
/** A worker whose requests take longer, in milliseconds, keeps no other idle: for shorter ones it costs more to take them back. */
const SLOW_MS = 0.5

/** A connection to a worker. */
export class WorkerConnection implements AheadOwner {
  readonly index: number
  /** Names the request under way to the worker. */
  sequence = 0
  /** When the request under way was cancelled, as `performance.now()`; 0: it was not. */
  cancelledAt = 0
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #dispatcher: Dispatcher
  readonly #lines: Lines
  #codec = new FastcgiClient()
  #ahead: AheadList | undefined
  /** Requests sent. */
  #sent = 0
  /** The request under way goes by the connection, not by the pipe. */
  #beside = false
  /** The worker has sent something of its answer: it has begun the request. */
  #heard = false
  /** The request under way was taken back. */
  #givenUp = false
  /** When the request under way began, as `performance.now()`. */
  #since = 0
  /** How long its last requests took, in milliseconds; the later count more. */
  #pace = 0
  /** The client of the exchange takes its response slowly. */
  #slow = false
  #state: State = 'idle'
  #exchange: Exchange | undefined
  /** The body of the request under way, when it has one. */
  #upload: WorkerUpload | undefined

  constructor(socket: Socket, index: number, owner: ConnectionOwner, dispatcher: Dispatcher) {
    this.#socket = socket
    this.index = index
    this.#owner = owner
    this.#dispatcher = dispatcher
    this.#lines = new Lines((line) => this.#report(line))
    socket.on('data', this.#receive)
    socket.on('drain', () => this.#upload?.pump())
    // `end` when the worker closes it, `close` when it breaks.
    socket.once('end', () => this.#lose(undefined)).once('close', () => this.#lose(undefined))
  }

  /** True when its exchange waits for the worker. */
  get waiting(): boolean {
    return this.#state === 'answering'
  }

  /** Sends a request to the worker; the connection has to be idle. */
  run(exchange: Exchange): void {
    if (exchange.body.length === 0 && this.sendAhead(exchange, undefined))
      this.#begin(this.#ahead!.next()!, performance.now())
    else this.#runBeside(exchange)
  }

  /** Requests without a body go into a pipe; the worker has to be told. */
  use(pipe: RequestPipe): void {
    this.#ahead = new AheadList(pipe, this)
  }

  /** How many requests are ahead; undefined when no more may be. `now` as performance.now(). */
  aheadAt(now: number): number | undefined {
    return this.#ahead?.hasRoom && this.takesAhead(now) ? this.#ahead.size : undefined
  }

  /** It is busy, and soon free, as far as can be told. */
  takesAhead(now: number): boolean {
    if (this.#state !== 'answering' && this.#state !== 'answered') return false
    // Before the worker has begun what goes beside the pipe, nothing could be taken back out of it.
    if (this.#beside && !this.#heard) return false
    return this.#codec.requestSent && !this.#slow && this.#pace <= STUCK_MS && !this.isStuck(now)
  }

  isStuck(now: number): boolean {
    return now - this.#since > STUCK_MS
  }

  isSlow(now: number): boolean {
    return this.#pace > SLOW_MS || this.isStuck(now)
  }

  /** Puts a request without a body into the pipe; false when it has no room there. `place`: that in the queue, if it has one. */
  sendAhead(exchange: Exchange, place: Place | undefined): boolean {
    const ahead = this.#ahead?.add(exchange, place, this.#sent + 1)
    if (!ahead) return false
    this.#sent++
    this.#codec.expect(ahead.id)
    return true
  }

  takeFirst(): Ahead | undefined {
    const taken = this.#ahead?.take()
    if (!taken) return undefined
    this.#codec.forget(taken.id)
    if (taken.sequence === this.sequence) this.#givenUp = true
    return taken
  }

  takeBack(): void {
    let turn: Ahead | undefined
    for (let taken = this.takeFirst(); taken; taken = this.takeFirst()) if (!taken.place) turn = taken
    if (turn?.wanted) this.#dispatcher.returned(turn.exchange)
    this.settle()
  }

  settle(): void {
    if (!this.#givenUp) return
    this.#givenUp = false
    this.#next(performance.now())
  }

  /** Lets the worker end when it has begun what was sent. */
  close(): void {
    this.#ahead?.close()
  }

  /** The worker is gone, and what it had not begun was taken back: ends the exchange under way, and those that it had begun. */
  fail(error: UpstreamError): void {
    const ahead = this.#ahead
    const exchange = this.#exchange
    const { waiting } = this
    this.#state = 'lost'
    this.#exchange = undefined
    this.#ahead = undefined
    this.#stopUpload()
    if (exchange && waiting) exchange.fail(error)
    for (let next = ahead?.next(); next; next = ahead?.next()) {
      if (next.place) this.#dispatcher.begun(next.place)
      next.exchange.fail(error)
    }
    ahead?.close()
  }

  /** The request goes by the connection; the pipe says when. */
  #runBeside(exchange: Exchange): void {
    const { upload, body: arriving } = exchange
    const body = upload ?? arriving
    const text = packedText(exchange.variables)
    if (text === undefined) {
      exchange.fail(nulInside('a variable of the request'))
      return this.#owner.released(this)
    }
    this.#open(exchange, ++this.#sent, performance.now(), true)
    this.#ahead?.announce(this.#sent)
    const request = this.#codec.request(packed(text), body.length)
    if (body.length === 0) {
      this.#socket.write(request)
    } else {
      this.#socket.cork()
      this.#socket.write(request)
      this.#upload = new WorkerUpload(body, this.#socket, this.#codec, this.#refuse)
      this.#upload.pump()
      this.#socket.uncork()
    }
    exchange.onAbort(this.#onAbort)
  }

  readonly #onAbort = (): void => {
    // A listener of an exchange before this one finds one that is not aborted.
    if (this.#exchange?.aborted) this.#cancel()
  }

  #cancel(): void {
    if (this.#state !== 'answering' && this.#state !== 'answered') return
    this.#state = 'discarding'
    this.#stopUpload()
    this.#slow = false
    this.cancelledAt = performance.now()
    this.#socket.resume()
    // Two ways: this one wakes an app that waits for its body, the control channel reaches one that does not read it.
    if (this.#beside) this.#socket.write(this.#codec.abort())
    this.#owner.cancelled(this)
  }

  readonly #receive = (bytes: Buffer): void => {
    notePiece(bytes.byteLength)
    let events: ClientEvent[]
    try {
      events = this.#codec.receive(bytes)
    } catch (error) {
      return this.#lose(error as SidegateError)
    }
    const { length } = events
    if (length > 0) this.#heard = true
    for (let index = 0; index < length; index++) {
      const event = events[index]!
      if (event.type === 'end') this.#finish(event.reuse)
      else if (event.type === 'stderr') this.#lines.push(event.bytes)
      else if (this.#state === 'answering' || this.#state === 'answered') {
        try {
          if (event.type === 'head') this.#head(event.head)
          else if (event.type === 'body') this.#body(event.bytes, events[index + 1]?.type === 'end')
        } catch (error) {
          this.#refuse(error)
        }
      }
    }
  }

  #head(head: Head): void {
    const exchange = this.#exchange!
    exchange.respond(head)
  }

  #body(bytes: Uint8Array, last: boolean): void {
    const exchange = this.#exchange!
    // With the last byte of its Content-Length a response is complete for the client, whatever the app does afterwards.
    if (this.#state === 'answering' && (last || bytes.byteLength === exchange.missing)) {
      this.#state = 'answered'
      exchange.end(bytes)
    } else if (!exchange.write(bytes)) this.#wait(exchange)
  }

  /** A slow client stops the worker's output, and nobody else's. */
  #wait(exchange: Exchange): void {
    this.#slow = true
    this.takeBack()
    this.#dispatcher.advanced()
    // The worker has begun the next: what is left of this response is in the system's buffer, and is in the way there.
    if (this.#ahead && this.#ahead.size > 0) return
    this.#socket.pause()
    const { sequence } = this
    const resume = (): void => {
      if (this.sequence === sequence) this.#socket.resume()
    }
    exchange.drained().then(resume, resume)
  }

  #finish(reuse: boolean): void {
    const exchange = this.#exchange!
    const answering = this.#state === 'answering'
    this.#lines.end()
    this.#stopUpload()
    if (answering) {
      this.#state = 'answered'
      try {
        exchange.end()
      } catch (error) {
        exchange.fail(error)
      }
    }
    // The client of this response was slow up to its end; the next request finds the connection reading.
    if (this.#socket.isPaused()) this.#socket.resume()
    // The worker skips what is left of a body; a codec of its own would not know where the next request begins.
    if (!reuse) this.#codec = new FastcgiClient()
    this.#advance()
  }

  #advance(): void {
    const now = performance.now()
    this.#pace += (now - this.#since - this.#pace) / 8
    this.#next(now)
  }

  /** To the request that the worker comes to next. */
  #next(now: number): void {
    this.#exchange = undefined
    this.cancelledAt = 0
    const next = this.#ahead?.next()
    if (next) {
      this.#begin(next, now)
      this.#dispatcher.advanced()
    } else {
      this.#state = 'idle'
      this.#owner.released(this)
    }
  }

  #begin(ahead: Ahead, now: number): void {
    const { exchange, place, sequence } = ahead
    if (place) this.#dispatcher.begun(place)
    ahead.place = undefined
    this.#open(exchange, sequence, now, false)
    if (ahead.wanted) exchange.onAbort(this.#onAbort)
    else this.#cancel()
  }

  #open(exchange: Exchange, sequence: number, now: number, beside: boolean): void {
    this.sequence = sequence
    this.#exchange = exchange
    this.#state = 'answering'
    this.#slow = false
    this.#since = now
    this.#beside = beside
    this.#heard = false
  }

  /** The response breaks a rule, or the body does: the exchange ends here, and the worker's work for it too. */
  readonly #refuse = (error: unknown): void => {
    const exchange = this.#exchange!
    if (!exchange.aborted) exchange.fail(error)
    this.#cancel()
  }

  #stopUpload(): void {
    this.#upload?.stop()
    this.#upload = undefined
  }

  #report(line: string): void {
    const exchange = this.#exchange!
    const report = readReport(line)
    if (report.type === 'failure' && report.fatal && this.#state === 'answering') {
      // The worker finishes by itself.
      this.#stopUpload()
      this.#state = 'discarding'
      const said = report.code === 'APP_RAISED' ? `the app raised ${report.message}` : report.message
      exchange.fail(new AppError(report.code, said, 500, { cause: report.detail }))
    } else this.#owner.reported(report, exchange)
  }

  #lose(error: SidegateError | undefined): void {
    if (this.#state === 'lost') return
    this.#stopUpload()
    this.#owner.lost(this, error)
  }
}
