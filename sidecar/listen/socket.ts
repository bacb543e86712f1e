// The door for every protocol that has a codec: drives the codec over one connection. The only such loop.
// A request that arrived in one read is handled at once, and its answer leaves in one write with nothing in between; a body is
// read only as far as the app pulls it; a client that closes, even half, is gone (no host half-closes and waits for an answer).
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { RequestBody } from '../body.ts'
import { notePiece } from '../collector.ts'
import { PeerError, toSidegateError } from '../errors.ts'
import { Exchange, type Door } from '../exchange.ts'
import { upgradeAsked, type TunnelEnd } from '../upgrade.ts'
import { ById } from '../wire/by-id.ts'
import type { ServerCodec, ServerEvent } from '../wire/codec.ts'
import type { Head } from '../wire/head.ts'
import { CUT_MS, LIMITS, LINGER_BYTES, prepared, REFUSED_BYTES, type Reception, type Repair } from './door.ts'
import { Patience } from './patience.ts'
import { refusal, warnOfPeer } from './refusal.ts'
import { SocketCarrier, TunnelCarrier, type CarrierLine } from './socket-carrier.ts'
import { bodyLate, isCrowded, Sharing } from './sharing.ts'
import { Tunnel } from './tunnel.ts'

const NOTHING = new Uint8Array(0)

/** One connection, from its first bytes on. */
export class SocketConnection implements CarrierLine {
  readonly codec: ServerCodec
  readonly #socket: Socket
  readonly #reception: Reception
  readonly #door: Door
  readonly #repair: Repair | undefined
  readonly #exchanges = new ById<Exchange>()
  /** There once something is waited for: a request that arrives whole and is answered at once needs none. */
  #clock: Patience | undefined
  #batch: Exchange[] = []
  #paused = false
  #full = false
  /** The codec's own answers wait for a peer that asks, and does not read: no more of its questions are read until then. */
  #choked = false
  #closing = false
  /** The body of a request that was answered early may still come. */
  #skipping = false
  /** Whether the host may send other requests beside this one. */
  #shared = false
  #receiving = false
  /** There once more than one request was in flight. */
  #sharing: Sharing | undefined
  /** Bytes that are still taken, once the connection is closing. */
  #lingerLeft = REFUSED_BYTES
  /** The connection will be reset, because a response on it was cut. */
  #doomed: NodeJS.Timeout | undefined
  /** Takes what comes behind a request that asks for another protocol. */
  #tunnel: Tunnel | undefined

  constructor(socket: Socket, codec: ServerCodec, reception: Reception, door: Door, repair: Repair | undefined) {
    this.#socket = socket
    this.codec = codec
    this.#reception = reception
    this.#door = door
    this.#repair = repair
  }

  /** Bytes arrived. */
  receive(bytes: Uint8Array): void {
    if (this.#tunnel) return this.#tunnel.receive(bytes)
    if (this.#closing) return this.#linger(bytes.byteLength)
    this.#receiving = true
    notePiece(bytes.byteLength)
    this.#take(bytes)
    while (this.#mayGoOn) this.#take(NOTHING)
    this.#receiving = false
    this.#resume()
  }

  /** The codec keeps bytes of a next request, and nothing stands in its way. */
  get #mayGoOn(): boolean {
    return this.codec.pending === true && this.#exchanges.size === 0 && !this.#closing && !this.#choked && !this.#full
  }

  #take(bytes: Uint8Array): void {
    let events
    try {
      events = this.codec.receive(bytes)
    } catch (error) {
      return this.#refuse(error)
    }
    if (events.length === 0 && this.#exchanges.size === 0 && !this.#patience.headPart() && !this.#skipping) this.#late()
    let room = true
    let replies: Uint8Array[] | undefined
    for (const event of events) {
      switch (event.type) {
        case 'request':
          this.#open(event)
          break
        case 'body':
          room = (this.#exchanges.get(event.id)?.body.push(event.bytes) ?? true) && room
          break
        case 'end':
          this.#exchanges.get(event.id)?.body.finish()
          break
        case 'abort':
          replies = this.#reply(replies)
          this.#takeBack(event.id)
          break
        case 'reply':
          ;(replies ??= []).push(event.bytes)
          if (event.why) warnOfPeer(this.#reception.log, event.why, this.#door.address, this.#socket)
          if (!event.close) break
          replies = this.#reply(replies)
          this.#shut()
      }
    }
    this.#reply(replies)
    if (!this.#paused && (this.#blocked || (!room && isCrowded(this.#exchanges, this.#shared)))) {
      this.#paused = true
      this.#socket.pause()
    }
    // Handled last: what of the body came in the same read is in place then, and so is that the host took a request back.
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    for (const exchange of batch) if (!exchange.over) this.#reception.handle(exchange)
  }

  /** Writes the codec's own answers, in one go: there may be thousands to one read. */
  #reply(replies: Uint8Array[] | undefined): undefined {
    if (replies) this.#choked = !this.write(replies.length === 1 ? replies[0]! : Buffer.concat(replies))
  }

  /** The peer will send no more. */
  receiveEnd(): void {
    if (this.#tunnel?.opened) return this.#tunnel.receiveEnd()
    try {
      if (!this.#closing) this.codec.receiveEnd()
    } catch (error) {
      this.#abortAll(toSidegateError(error) as PeerError)
    }
    this.#socket.destroy()
  }

  /** The connection is closed, by whomever. */
  closed(error: Error | undefined): void {
    this.#sharing?.close()
    clearTimeout(this.#doomed)
    if (this.#tunnel?.opened) return this.#tunnel.lost(error)
    const why = error ? `the connection broke: ${error.message}` : 'the client went away'
    if (this.busy) this.#abortAll(new PeerError('CLIENT_GONE', why, 499, { cause: error }))
  }

  /** True while a request is in flight. */
  get busy(): boolean {
    return this.#exchanges.size > 0
  }

  write(bytes: Uint8Array): boolean {
    notePiece(bytes.byteLength)
    const room = this.#socket.write(bytes)
    if (!room && !this.#full) {
      this.#full = true
      this.#socket.once('drain', () => this.#drained())
      this.#patience.silence(LIMITS.send)
    }
    // Whoever shares the connection waits too: each then gets its turn.
    return !this.#full
  }

  writeAll(pieces: Uint8Array[]): boolean {
    if (pieces.length === 1) return this.write(pieces[0]!)
    this.#socket.cork()
    for (const piece of pieces) this.write(piece)
    this.#socket.uncork()
    return !this.#full
  }

  /** Gives the connection away after a head with status 101. */
  upgrade(id: number, head: Head, over: (end: TunnelEnd) => void): Duplex {
    this.write(this.codec.start(id, head, undefined, false))
    return this.#tunnel!.open((end) => {
      this.#exchanges.delete(id)
      over(end)
    })
  }

  /** The response to `id` is complete. */
  ended(id: number): void {
    this.#tunnel = undefined
    const exchange = this.#exchanges.get(id)
    this.#exchanges.delete(id)
    if (this.#closing) return
    // While the gateway stops, the connection still ends with its last request.
    const shared = this.#exchanges.size > 0
    if (this.#doomed && !shared) return this.reset()
    const keep = shared || (this.codec.keepsOpen(id) && !this.#reception.draining)
    if (exchange && !exchange.body.complete) {
      exchange.body.discard()
      this.#resume()
      this.#skipping = keep
      if (keep) return shared ? undefined : this.#patience.silence(LIMITS.idle)
      this.#closing = true
      this.#lingerLeft = LINGER_BYTES
      this.#socket.end()
      this.#patience.silence(LIMITS.linger)
      return
    }
    // A body whose end came with the bytes that paused the connection asked for no more.
    this.#resume()
    if (shared) return
    if (keep) {
      this.#patience.headOver(LIMITS.idle)
      if (!this.#receiving && this.#mayGoOn) this.receive(NOTHING)
      return
    }
    this.#shut()
  }

  /** Ends a response so that the peer can tell that it is not complete. */
  cut(id: number): void {
    if (this.#exchanges.size < 2) {
      // A Unix socket has no reset.
      if (this.codec.delimited || this.#socket.remoteAddress === undefined) return void this.#socket.destroy()
      this.#closing = true
      this.#doomed ??= setTimeout(() => this.reset(), CUT_MS)
      return
    }
    // HAProxy takes an early END_REQUEST for the end of the response, or waits on where there was a Content-Length (2.6): only the
    // end of the connection can tell. The others get a moment to finish before it.
    this.#exchanges.delete(id)
    this.#doomed ??= setTimeout(() => this.reset(), LIMITS.linger).unref()
  }

  /** Ends the connection so that the peer can tell the response is not complete, as far as its transport lets it. */
  reset(): void {
    this.#closing = true
    if (this.#socket.remoteAddress === undefined) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Closes once everything is written. */
  #shut(): void {
    this.#closing = true
    // Caddy writes the end of a body that is none by itself: on a closed door, it would take that for a failure of the request.
    if (this.codec.unfinished) {
      this.#socket.end()
      return this.#patience.silence(LIMITS.linger)
    }
    // With everything in the system's hands, destroy() closes at once and costs less than end().
    if (this.#socket.writableLength === 0) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  #open({ id, variables, length, failure: wrong }: ServerEvent & { type: 'request' }): void {
    this.#skipping = false
    this.#clock?.headOver(0)
    const body = new RequestBody(length, length === 0 ? undefined : () => this.#demand(id))
    let repaired = variables
    let failure: unknown = wrong
    try {
      if (!wrong) repaired = prepared(variables, this.#repair, this.#reception)
    } catch (error) {
      failure = error
    }
    let carrier: SocketCarrier
    if (this.codec.tunnels && length === 0 && upgradeAsked(repaired) !== undefined) {
      carrier = new TunnelCarrier(this, id)
      this.#tunnel = new Tunnel(this.#socket)
      if (this.codec.surplus) this.#tunnel.receive(this.codec.surplus)
      // Whatever the mount is going to answer: what comes behind an ordinary response could be of either protocol.
      this.codec.retire?.()
    } else carrier = new SocketCarrier(this, id)
    const exchange = new Exchange(carrier, this.#reception, this.#door, repaired, body)
    exchange.fields = this.codec.fields
    this.#exchanges.set(id, exchange)
    this.#shared = this.codec.multiplexes === true && this.codec.keepsOpen(id)
    if (this.#exchanges.size > 1) this.#sharing ??= new Sharing(this.#exchanges, () => this.#paused)
    if (failure === undefined) this.#batch.push(exchange)
    else exchange.fail(failure)
  }

  get #patience(): Patience {
    return (this.#clock ??= new Patience(this.#socket, () => this.#late()))
  }

  #takeBack(id: number): void {
    const exchange = this.#exchanges.get(id)
    if (!exchange) return
    exchange.abort(new PeerError('CLIENT_GONE', 'the host took the request back', 499))
    const mark = this.codec.finish(id)
    if (mark) this.write(mark)
    this.ended(id)
  }

  #demand(id: number): void {
    const ask = this.codec.demand(id)
    if (ask) this.write(ask)
    if (!this.#socket.timeout && this.#exchanges.has(id)) this.#patience.silence(LIMITS.body)
    this.#resume()
  }

  /** Nothing more is read: a peer that asks and does not read its answers, or has sent its next requests ahead. */
  get #blocked(): boolean {
    return this.#choked || this.codec.pending === true
  }

  #resume(): void {
    if (!this.#paused || this.#blocked || isCrowded(this.#exchanges, this.#shared)) return
    this.#paused = false
    this.#socket.resume()
  }

  #drained(): void {
    this.#full = this.#choked = false
    if (!this.#closing)
      this.#patience.silence(this.#exchanges.size > 0 ? 0 : this.#clock?.inHead ? LIMITS.head : LIMITS.idle)
    this.#resume()
    for (const exchange of this.#exchanges.values()) exchange.notifyDrain()
    if (!this.#receiving && this.#mayGoOn) this.receive(NOTHING)
  }

  /** Answers bytes that are no request with the reason, and closes. */
  #refuse(thrown: unknown): void {
    const error = toSidegateError(thrown)
    const [only] = this.#exchanges.values()
    // Its body is broken, and whoever sends it can still be told.
    if (only && !only.headSent && !this.codec.multiplexes) return only.failBody(error)
    warnOfPeer(this.#reception.log, error, this.#door.address, this.#socket)
    if (only) {
      this.#abortAll(error)
      return this.reset()
    }
    const answer = refusal(this.codec, error)
    this.#closing = true
    if (!answer) return void this.#socket.destroy()
    this.#socket.end(answer)
    this.#patience.silence(LIMITS.linger)
  }

  #linger(size: number): void {
    this.#lingerLeft -= size
    if (this.#lingerLeft < 0) this.#socket.destroy()
  }

  #late(): void {
    if (this.#tunnel?.opened) return
    if (this.#exchanges.size === 0) {
      if (!this.#clock?.inHead) return void this.#socket.destroy()
      const message = `a request head was not complete after ${LIMITS.head / 1000} s`
      return this.#refuse(new PeerError('HEAD_TIMEOUT', message, 408))
    }
    if (this.#socket.writableLength > 0) {
      const message = `the client took nothing of its response for ${LIMITS.send / 1000} s`
      this.#abortAll(new PeerError('SEND_TIMEOUT', message, 499))
      return this.reset()
    }
    for (const exchange of this.#exchanges.values()) {
      if (exchange.body.complete || !exchange.body.wanted) continue
      exchange.failBody(bodyLate())
    }
  }

  #abortAll(reason: PeerError | ReturnType<typeof toSidegateError>): void {
    for (const exchange of this.#exchanges.values()) exchange.abort(reason)
    this.#exchanges.clear()
  }
}
