// One connection to a worker: FastCGI, one exchange at a time, kept for the next. A request without a body goes into a pipe beside it
// (request-pipe.ts), the next ones ahead of their turn while the worker is busy; the others go by the connection. The common case, one that
// is answered in one piece, is one write, one read, one respond and one end.
//
// When the client goes away the connection has to become clean again, as there is no other to put in its place: the worker is told,
// and what it still sends is thrown away until its END_REQUEST. What is left of a request body the worker skips.
import type { Duplex } from 'node:stream'
import { notePiece } from '../../collector.ts'
import { sendRequest, waitsToBeAsked, type BodySender, type SenderOwner } from '../../connect/body-sender.ts'
import { AppError, type SidegateError, type UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { Lines } from '../../lines.ts'
import type { SupervisedProcess } from '../../processes/process.ts'
import type { ClientEvent } from '../../wire/codec.ts'
import { FastcgiClient } from '../../wire/fastcgi-client.ts'
import { nulInside } from '../../wire/keys.ts'
import { packed, packedText } from '../../wire/packed.ts'
import { isFresh, type Link, type LinkEnd, type Turns, type Waiting } from '../link.ts'
import { Pace } from '../pace.ts'
import { PipedRequests, type PipedRequest } from './piped-requests.ts'
import { readReport, sendHints } from './report.ts'
import type { RequestPipe } from './request-pipe.ts'

/** `idle`; `answering`: the exchange waits for the worker; `answered`: the worker has yet to finish; `discarding`: nobody waits. */
type State = 'idle' | 'answering' | 'answered' | 'discarding' | 'lost'

/** A connection to a worker, and the pipe beside it. */
export class FastcgiLink implements Link {
  readonly index: number
  cancelledAt = 0
  expiredAt = 0
  requests = 0
  returned = 0
  readonly #socket: Duplex
  readonly #process: SupervisedProcess
  readonly #end: LinkEnd
  readonly #turns: Turns
  readonly #lines: Lines
  #codec = new FastcgiClient()
  /** Undefined when all requests go by the connection. */
  #piped: PipedRequests | undefined
  readonly #pace = new Pace()
  /** Requests sent. */
  #sent = 0
  /** Names the request under way to the worker. */
  #sequence = 0
  /** The request under way goes by the connection, not by the pipe. */
  #beside = false
  /** The worker has sent something of its answer: it has begun the request. */
  #heard = false
  /** The request under way was taken back. */
  #givenUp = false
  /** The client of the exchange takes its response slowly. */
  #slow = false
  #state: State = 'idle'
  exchange: Exchange | undefined
  /** The body of the request under way, when it has one. */
  #sender: BodySender | undefined

  /** @param process what it is a connection of */
  constructor(socket: Duplex, index: number, process: SupervisedProcess, end: LinkEnd, turns: Turns) {
    this.#socket = socket
    this.index = index
    this.#process = process
    this.#end = end
    this.#turns = turns
    this.#lines = new Lines((line) => this.#report(line))
    socket.on('data', this.#receive)
    socket.on('drain', () => this.#sender?.pump())
    // `end` when the worker closes it, `close` when it breaks.
    socket.once('end', () => this.#lose(undefined)).once('close', () => this.#lose(undefined))
  }

  get answering(): boolean {
    return this.#state === 'answering'
  }

  elapsed(now: number): number {
    return this.exchange ? this.#pace.elapsed(now) : 0
  }

  expire(error: UpstreamError): void {
    if (!this.exchange || this.expiredAt > 0) return
    this.expiredAt = performance.now()
    const { answering } = this
    this.#giveUp({ late: true })
    if (answering) this.exchange.fail(error)
  }

  run(exchange: Exchange): void {
    if (exchange.body.length === 0 && this.#put(exchange, undefined)) {
      this.#begin(this.#piped!.next()!, performance.now())
    } else this.#runBeside(exchange)
  }

  /** Requests without a body go into a pipe; the worker has to be told. */
  use(pipe: RequestPipe): void {
    this.#piped = new PipedRequests(pipe, this)
  }

  aheadAt(now: number): number | undefined {
    const piped = this.#piped
    return piped && piped.size < this.room(now) ? piped.size : undefined
  }

  room(now: number): number {
    if (this.#state !== 'answering' && this.#state !== 'answered') return 0
    // Before the worker has begun what goes beside the pipe, nothing could be taken back out of it.
    if (this.#beside && !this.#heard) return 0
    return this.#codec.requestSent && !this.#slow ? this.#pace.room(now) : 0
  }

  isStuck(now: number): boolean {
    return this.#pace.isStuck(now)
  }

  isSlow(now: number): boolean {
    return this.#pace.isSlow(now)
  }

  sendAhead(waiting: Waiting): boolean {
    return this.#put(waiting.exchange, waiting)
  }

  takeFirst(): PipedRequest | undefined {
    const taken = this.#piped?.take()
    if (!taken) return undefined
    this.#codec.forget(taken.id)
    if (taken.sequence === this.#sequence) this.#givenUp = true
    return taken
  }

  takeBack(): void {
    let turn: PipedRequest | undefined
    for (let taken = this.takeFirst(); taken; taken = this.takeFirst()) if (!taken.waiting) turn = taken
    if (turn?.wanted) this.#turns.returned(turn.exchange)
    this.settle()
  }

  settle(): void {
    if (!this.#givenUp) return
    this.#givenUp = false
    this.returned++
    this.#next(performance.now())
  }

  close(): void {
    this.#piped?.close()
  }

  fail(error: UpstreamError, spared?: (exchange: Exchange) => boolean): void {
    const end = (one: Exchange): void => (isFresh(one) && spared?.(one) ? undefined : one.fail(error))
    const piped = this.#piped
    const { answering, exchange } = this
    this.#stopSending()
    this.#state = 'lost'
    this.exchange = undefined
    this.#piped = undefined
    if (exchange && answering) end(exchange)
    for (let next = piped?.next(); next; next = piped?.next()) {
      if (next.waiting) this.#turns.begun(next.waiting)
      end(next.exchange)
    }
    piped?.close()
  }

  /** Puts a request without a body into the pipe; false when it has no room there. `waiting`: its place in the queue, if it has one. */
  #put(exchange: Exchange, waiting: Waiting | undefined): boolean {
    const request = this.#piped?.add(exchange, waiting, this.#sent + 1)
    if (!request) return false
    this.#sent++
    exchange.pid = this.#process.pid
    this.#codec.expect(request.id)
    return true
  }

  /** The request goes by the connection; the pipe says when. */
  #runBeside(exchange: Exchange): void {
    const { upload, body: arriving } = exchange
    const body = upload ?? arriving
    const text = packedText(exchange.variables)
    if (text === undefined) {
      exchange.fail(nulInside('a variable of the request'))
      return this.#end.released(this)
    }
    exchange.pid = this.#process.pid
    this.#open(exchange, ++this.#sent, performance.now(), true)
    this.#piped?.announce(this.#sent)
    const request = this.#codec.request(packed(text), body.length)
    this.#sender = sendRequest(this.#socket, this.#codec, request, body, this.#senderOwner, waitsToBeAsked(exchange))
    exchange.onAbort(this.#onAbort)
  }

  readonly #onAbort = (): void => {
    // A listener of an exchange before this one finds one that is not aborted.
    if (this.exchange?.aborted) this.#cancel()
  }

  #cancel(): void {
    if (this.#state !== 'answering' && this.#state !== 'answered') return
    this.cancelledAt = performance.now()
    this.#giveUp({})
    this.#end.cancelled()
  }

  /** Nobody waits for the answer any more. `late`: the app took too long. */
  #giveUp(why: { late?: true }): void {
    this.#state = 'discarding'
    this.#stopSending()
    this.#slow = false
    this.#socket.resume()
    // Two ways: this one wakes an app that waits for its body, the control channel reaches one that does not read it.
    if (this.#beside && this.#socket.writable) this.#socket.write(this.#codec.abort())
    this.#process.tell({ type: 'abort', connection: this.index, sequence: this.#sequence, ...why })
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
          if (event.type === 'head') this.exchange!.respond(event.head)
          else if (event.type === 'body') this.#body(event.bytes, events[index + 1]?.type === 'end')
        } catch (error) {
          this.#refuse(error)
        }
      }
    }
  }

  #body(bytes: Uint8Array, last: boolean): void {
    const exchange = this.exchange!
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
    this.#turns.advanced()
    // The worker has begun the next: what is left of this response is in the system's buffer, and is in the way there.
    if (this.#piped && this.#piped.size > 0) return
    this.#socket.pause()
    this.#pace.waits(true, performance.now())
    const sequence = this.#sequence
    const resume = (): void => {
      if (this.#sequence !== sequence) return
      this.#pace.waits(false, performance.now())
      this.#socket.resume()
    }
    exchange.drained().then(resume, resume)
  }

  #finish(reuse: boolean): void {
    const exchange = this.exchange!
    const answering = this.#state === 'answering'
    this.#lines.end()
    this.#stopSending()
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
    this.#pace.end(now)
    this.#next(now)
  }

  /** To the request that the worker comes to next. */
  #next(now: number): void {
    this.exchange = undefined
    this.cancelledAt = this.expiredAt = 0
    const next = this.#piped?.next()
    if (next) {
      this.#begin(next, now)
      this.#turns.advanced()
    } else {
      this.#state = 'idle'
      this.#end.released(this)
    }
  }

  #begin(request: PipedRequest, now: number): void {
    const { exchange, waiting, sequence } = request
    if (waiting) this.#turns.begun(waiting)
    request.waiting = undefined
    this.#open(exchange, sequence, now, false)
    if (request.wanted) exchange.onAbort(this.#onAbort)
    else this.#cancel()
  }

  #open(exchange: Exchange, sequence: number, now: number, beside: boolean): void {
    this.requests++
    this.#sequence = sequence
    this.exchange = exchange
    this.#state = 'answering'
    this.#slow = false
    this.#pace.begin(now)
    this.#beside = beside
    this.#heard = false
  }

  /** The response breaks a rule, or the body does: the exchange ends here, and the worker's work for it too. */
  readonly #refuse = (error: unknown): void => {
    const exchange = this.exchange!
    if (!exchange.aborted) exchange.fail(error)
    this.#cancel()
  }

  readonly #senderOwner: SenderOwner = {
    over: false,
    waits: (awaited) => this.#pace.waits(awaited === 'client', performance.now()),
    broken: this.#refuse,
  }

  #stopSending(): void {
    if (!this.#sender) return
    this.#sender.stop()
    this.#sender = undefined
    this.exchange?.upload?.close()
  }

  #report(line: string): void {
    const exchange = this.exchange!
    const report = readReport(line)
    if (report === 'wanted') return this.#sender?.release()
    if (report.type === 'hints') return this.answering ? sendHints(exchange, report.headers, this.#refuse) : undefined
    if (report.type === 'failure' && report.fatal && this.#state === 'answering') {
      // The worker finishes by itself.
      this.#stopSending()
      this.#state = 'discarding'
      const said = report.code === 'APP_RAISED' ? `the app raised ${report.message}` : report.message
      exchange.fail(new AppError(report.code, said, 500, { cause: report.detail }))
    } else this.#end.reported(report, exchange.id)
  }

  #lose(error: SidegateError | undefined): void {
    if (this.#state === 'lost') return
    this.#stopSending()
    this.#end.lost(this, error)
  }
}
