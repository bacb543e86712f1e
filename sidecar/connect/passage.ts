// One exchange on its way through an upstream, whatever the protocol: the response's rules, the clock, and the end. The connection calls
// `head`, `body`, `end` and `fail`; the passage tells it to pause for a slow client and to stop when nobody wants the answer any more.
import { doubt } from '../doubt.ts'
import { AppError, type SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Head, HeaderPair } from '../wire/head.ts'
import type { Times } from './backend.ts'
import { badResponse, connectLate, ended, headLate, ofResponse, stalled, tooShort } from './failure.ts'

/** The connection as a passage sees it. */
export interface Inflow {
  /** Reads no more of the response for now. */
  pause(): void
  resume(): void
  /** Nobody waits for the rest: the connection cannot be used again. */
  stop(): void
  /** Calls `late` in so many milliseconds, unless another limit is set before; 0: never. */
  limit(milliseconds: number): void
}

/** What the clock measures; `client`: it is the client that is waited for, and the door has a clock of its own. */
export type Phase = 'connect' | 'firstByte' | 'idle' | 'client'

/** `asking`: no head yet; `answering`; `answered`: the client has all of it, the connection has yet to finish; `over`. */
type State = 'asking' | 'answering' | 'answered' | 'over'

/** One exchange, one upstream. */
export class Passage {
  readonly exchange: Exchange
  /** Settles when the exchange is answered or its client gone. Rejects with what went wrong, which nobody has been told yet. */
  readonly settled: Promise<void>
  readonly #name: string
  readonly #times: Times
  readonly #inflow: Inflow
  readonly #resolve: () => void
  readonly #reject: (error: SidegateError) => void
  #state: State = 'asking'
  #phase: Phase = 'client'
  #paused = false
  #head: Head | undefined

  /** `name`: the upstream, for messages. */
  constructor(exchange: Exchange, name: string, times: Times, inflow: Inflow) {
    this.exchange = exchange
    this.#name = name
    this.#times = times
    this.#inflow = inflow
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.settled = promise
    this.#resolve = resolve
    this.#reject = reject
    exchange.onAbort(() => this.#abort())
  }

  /** True when nothing more is passed on, in either direction. */
  get over(): boolean {
    return this.#state === 'over' || this.#state === 'answered'
  }

  /** True when there was a response head. */
  get begun(): boolean {
    return this.#state !== 'asking'
  }

  /** Sets the clock. Once the response has begun, only silence counts. */
  clock(phase: Phase): void {
    if (this.#state === 'over') return
    if (this.#state !== 'asking') {
      if (phase !== 'client' && !this.#paused) this.#set('idle')
    } else this.#set(phase)
  }

  /** An interim response, which a proxy forwards (RFC 9110 15.2). */
  interim(head: Head): void {
    if (this.#state !== 'asking') return
    try {
      this.exchange.interim(passedOn(head))
    } catch (error) {
      this.fail(ofResponse(this.#name, 'head', error))
    }
  }

  /** The response head. */
  head(head: Head): void {
    if (this.#state !== 'asking') return
    const { status } = head
    if (status < 200) return this.fail(badResponse(this.#name, `status ${status}`))
    const { exchange } = this
    this.#head = passedOn(head)
    try {
      exchange.respond(this.#head)
    } catch (error) {
      return this.fail(ofResponse(this.#name, 'head', error))
    }
    this.#state = 'answering'
    this.#set('idle')
  }

  /** Nothing more has come with the head: it goes out alone. */
  flush(): void {
    if (this.#state === 'answering' && this.exchange.state === 'held' && !this.exchange.flush()) this.#wait()
  }

  /** Bytes of the response; `last`: and there are no more; `failed`: as of `end`. */
  body(bytes: Uint8Array, last: boolean, failed = false): void {
    if (this.#state !== 'answering') return
    const { missing } = this.exchange
    // Hosts pass on what is behind Content-Length, as the beginning of the next response: nothing is, here.
    const surplus = missing >= 0 && bytes.byteLength > missing
    const piece = surplus ? bytes.subarray(0, missing) : bytes
    if (surplus) this.#inflow.stop()
    const complete = piece.byteLength === missing
    if (last && !complete && missing > 0) return this.fail(tooShort(this.#name, missing - piece.byteLength))
    if (!last) this.#set('idle')
    if (failed && !complete) doubt(this.exchange, this.#head!)
    try {
      if (last || complete) this.#finish(piece)
      else if (!this.exchange.write(piece)) this.#wait()
    } catch (error) {
      this.#refused(error)
    }
  }

  /** The response is complete, and the connection with it. `failed`: the server says that what made it has failed. */
  end(failed = false): void {
    if (this.#state === 'asking') return this.fail(ended(this.#name, 'silent'))
    if (this.#state === 'answering') {
      const { missing } = this.exchange
      if (missing > 0) return this.fail(tooShort(this.#name, missing))
      if (failed) doubt(this.exchange, this.#head!)
      try {
        this.#finish()
      } catch (error) {
        return this.#refused(error)
      }
    }
    this.#close()
  }

  /** It went wrong. After the response is complete that is nobody's concern. */
  fail(error: SidegateError): void {
    const state = this.#state
    this.#close()
    if (state === 'over') return
    this.#inflow.stop()
    if (state !== 'answered') this.#reject(error)
  }

  #finish(bytes?: Uint8Array): void {
    this.#state = 'answered'
    const { exchange } = this
    exchange.end(bytes)
    // What the upstream did not want of the request body nobody wants.
    if (!exchange.body.complete) exchange.body.discard()
    this.#resolve()
  }

  /** The exchange refused a part of the response: its rules are the same for every app. */
  #refused(error: unknown): void {
    if (this.#state === 'answered') this.#state = 'answering'
    this.fail(error instanceof AppError ? ofResponse(this.#name, 'body', error) : (error as SidegateError))
  }

  #abort(): void {
    if (this.over) return
    this.#close()
    this.#inflow.stop()
    this.#resolve()
  }

  #close(): void {
    this.#state = 'over'
    this.#inflow.limit(0)
  }

  /** A slow client stops the upstream's output. */
  #wait(): void {
    if (this.#paused) return
    this.#paused = true
    this.#set('client')
    this.#inflow.pause()
    this.exchange.drained().then(
      () => {
        this.#paused = false
        if (this.over) return
        this.#set('idle')
        this.#inflow.resume()
      },
      () => {},
    )
  }

  #set(phase: Phase): void {
    this.#phase = phase
    this.#inflow.limit(phase === 'client' ? 0 : this.#times[phase])
  }

  /** The limit of this phase is over. */
  late(): void {
    const { connect, firstByte, idle } = this.#times
    if (this.#phase === 'connect') this.fail(connectLate(this.#name, connect))
    else if (this.#state !== 'asking') this.fail(stalled(this.#name, idle))
    else if (this.#phase === 'idle')
      this.fail(headLate(this.#name, idle, 'idleTimeout: it took nothing of the request'))
    else this.fail(headLate(this.#name, firstByte, 'firstByteTimeout'))
  }
}

/** A head as it is given to the exchange. */
function passedOn(head: Head): Head {
  const { status, reason, headers } = head
  const odd = /[^\t\x20-\x7e]/.test(reason)
  // RFC 9110 8.6: a 204 has no Content-Length.
  const empty = status === 204 && headers.some(isLength)
  if (!odd && !empty) return head
  return {
    status,
    reason: odd ? '' : reason,
    headers: empty ? headers.filter((pair) => !isLength(pair)) : headers,
  }
}

function isLength([name]: HeaderPair): boolean {
  return name.length === 14 && name.toLowerCase() === 'content-length'
}
