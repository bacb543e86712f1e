// The door for every protocol that has a codec: drives the codec over one connection. The only such loop.
// A request that arrived in one read is handled at once, and its answer leaves in one write with nothing in between; a body is
// read only as far as the app pulls it; a client that closes its side behind a whole request still gets its answer (half-closed.ts).
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { notePiece } from '../collector.ts'
import { PeerError, toSidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { TunnelEnd } from '../upgrade.ts'
import type { ServerCodec, ServerEvent } from '../wire/codec.ts'
import type { Head } from '../wire/head.ts'
import { REFUSED_BYTES, type Entrance } from './door.ts'
import { closeWritten, Farewell, NOTHING } from './farewell.ts'
import { unwatch, watch } from './half-closed.ts'
import { InFlight } from './in-flight.ts'
import { openExchange } from './opening.ts'
import { clientGone, headLate, Patience, sendLate } from './patience.ts'
import { refusal, warnOfPeer } from './refusal.ts'
import { Output } from './output.ts'
import type { Outlet } from './socket-carrier.ts'
import { Tunnel } from './tunnel.ts'

/** What arrives: requests; the rest of one that was answered early; or what comes behind one that asks for another protocol. */
type Reading = 'requests' | 'rest' | Tunnel

/** `half-closed`: the peer sends no more, and waits for what it has asked for. `closing`: what still comes is thrown away. */
type End = 'open' | 'half-closed' | 'closing'

/** One connection, from its first bytes on. */
export class SocketConnection implements Outlet {
  readonly codec: ServerCodec
  readonly #socket: Socket
  readonly #entrance: Entrance
  readonly #exchanges: InFlight
  readonly output: Output
  /** There once something is waited for: a request that arrives whole and is answered at once needs none. */
  clock: Patience | undefined
  #batch: Exchange[] = []
  /** It is not being read. */
  paused = false
  #reading: Reading = 'requests'
  #end: End = 'open'
  /** What arrived is being taken: whatever follows from an answer that is given meanwhile is done behind that. */
  #receiving = false
  /** There once the connection ends otherwise than between two requests. */
  #last: Farewell | undefined

  constructor(socket: Socket, codec: ServerCodec, entrance: Entrance) {
    this.#socket = socket
    this.codec = codec
    this.#entrance = entrance
    this.#exchanges = new InFlight(entrance.allowance, this, (why) => this.#end !== 'closing' && this.#refuse(why))
    this.output = new Output(socket, this)
  }

  /** Bytes arrived. */
  receive(bytes: Uint8Array): void {
    if (this.#tunnel) return this.#tunnel.receive(bytes)
    if (this.#end === 'closing') return this.#farewell.take(bytes.byteLength)
    if (this.output.state !== 'free' && this.#patience.untaken) return this.#untaken()
    this.#receiving = true
    notePiece(bytes.byteLength)
    this.#take(bytes)
    while (this.#mayGoOn) this.#take(NOTHING)
    this.#receiving = false
    this.#steer()
    if (this.#end === 'half-closed') this.#takeEnd()
  }

  /** The codec keeps bytes of a next request, and nothing stands in its way. */
  get #mayGoOn(): boolean {
    return this.codec.pending === true && !this.busy && this.#end !== 'closing' && this.output.state === 'free'
  }

  /**
   * Every reason not to read on: the peer asks, and does not take the answers of the codec; it has sent its next requests ahead; or apps do
   * not read the bodies that are here.
   */
  get #held(): boolean {
    return this.output.state === 'choked' || this.codec.pending === true || this.#exchanges.crowded
  }

  /** Reads on, or not. */
  #steer(): void {
    const held = this.#held
    if (held === this.paused) return
    this.paused = held
    this.#socket[held ? 'pause' : 'resume']()
  }

  get #tunnel(): Tunnel | undefined {
    return typeof this.#reading === 'object' ? this.#reading : undefined
  }

  /** True while nothing is read but the rest of a request that was answered early; for too long, and the connection is closed. */
  #skips(): boolean {
    if (this.#reading !== 'rest') return false
    if (this.codec.unfinished === false) this.#goOn()
    else if (this.#farewell.late) this.#socket.destroy()
    return this.#reading === 'rest'
  }

  /** The rest of a request that was answered early is here. */
  #goOn(): void {
    this.#reading = 'requests'
    if (this.#entrance.reception.draining) this.#entrance.home.rests(this)
  }

  #take(bytes: Uint8Array): void {
    let events
    try {
      events = this.codec.receive(bytes)
    } catch (error) {
      return this.#refuse(error)
    }
    if (!this.busy && !this.#skips() && events.length === 0 && !this.#patience.headPart()) this.#late()
    let replies: Uint8Array[] | undefined
    for (const event of events) {
      switch (event.type) {
        case 'request':
          this.#open(event)
          break
        case 'body':
          this.#exchanges.push(event.id, event.bytes)
          break
        case 'end':
          this.#exchanges.finish(event.id)
          if (this.#reading === 'rest' && !this.#exchanges.has(event.id)) this.#goOn()
          break
        case 'abort':
          replies = this.#reply(replies)
          this.#takeBack(event.id)
          break
        case 'reply':
          ;(replies ??= []).push(event.bytes)
          if (event.why) warnOfPeer(this.#entrance.reception.log, event.why, this.#entrance.door.address, this.#socket)
          if (!event.close) break
          replies = this.#reply(replies)
          this.#shut()
      }
    }
    this.#reply(replies)
    this.#exchanges.headBeside(this.codec.begun)
    // Handled last: what of the body came in the same read is in place then, and so is that the host took a request back.
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    for (const exchange of batch) if (!exchange.over) this.#entrance.reception.handle(exchange)
  }

  /** Writes the codec's own answers, in one go: there may be thousands to one read. */
  #reply(replies: Uint8Array[] | undefined): undefined {
    if (!replies) return
    // Who has asked for nothing else may say no more.
    if (this.output.reply(replies) && !this.busy) this.#patience.answered(this.#entrance.allowance.idle)
  }

  /** The peer will send no more. */
  receiveEnd(): void {
    this.#tunnel?.receiveEnd()
    if (this.#tunnel?.opened) return
    if (this.#end === 'open') this.#end = 'half-closed'
    this.#takeEnd()
  }

  /** The end of what the peer sends, which may be in the middle of a request: also of one that had to wait for the one before it. */
  #takeEnd(): void {
    try {
      if (this.#end !== 'closing') this.codec.receiveEnd()
    } catch (error) {
      this.#end = 'closing'
      // A response that was given before all of its request had come, or to the request before, may still be on its way.
      return this.#exchanges.abortAll(toSidegateError(error)) ? void this.#socket.destroy() : closeWritten(this.#socket)
    }
    if (this.busy) watch(this.#socket)
    this.#afterLast()
  }

  /** Closes once all that a peer which sends no more has asked for is answered. */
  #afterLast(): void {
    if (this.busy || this.#tunnel || this.#last?.doomed || this.codec.pending) return
    this.#end = 'closing'
    closeWritten(this.#socket)
  }

  /**
   * The gateway stops: no request is taken after the one in flight, or the one of which a part has come; what waits to be sent is sent, and
   * then the connection ends, or another process has it.
   */
  retire(): void {
    if (this.#end === 'closing') return
    if (this.busy || this.clock?.inHead) return this.codec.retire?.()
    if (this.#passes) return this.#entrance.home.rests(this)
    return this.#reading === 'rest' ? this.#linger(Infinity) : this.#shut()
  }

  /** True when nothing is under way: whoever has the socket could go on with another codec of this protocol. */
  get resting(): boolean {
    return this.codec.between === true && this.#end === 'open' && this.output.state === 'free'
  }

  /** Waits for a request, as behind a response. */
  rest(): void {
    this.#patience.headOver(this.#entrance.allowance.idle)
  }

  /** Another process has it now. */
  leave(): void {
    this.#end = 'closing'
    this.clock?.headOver(0)
  }

  /** Unless it has been said that the connection ends, it stays while the gateway stops: another process takes it. */
  get #passes(): boolean {
    return this.codec.between !== undefined && this.#entrance.reception.succession?.followed === true
  }

  /** The connection is closed, by whomever. */
  closed(error: Error | undefined): void {
    this.#exchanges.close()
    unwatch(this.#socket)
    this.#last?.over()
    if (this.#tunnel?.opened) return this.#tunnel.lost(error)
    if (this.busy) this.#exchanges.abortAll(clientGone(error))
  }

  /** True while a request is in flight. */
  get busy(): boolean {
    return this.#exchanges.size > 0
  }

  fills(): void {
    this.#patience.sending()
  }

  /** Gives the connection away after a head with status 101. */
  upgrade(id: number, head: Head, over: (end: TunnelEnd) => void): Duplex {
    this.output.write(this.codec.start(id, head, undefined, false))
    return this.#tunnel!.open((end) => {
      this.#exchanges.delete(id)
      over(end)
    })
  }

  /** The response to `id` is complete. */
  ended(id: number): void {
    if (this.#tunnel) this.#reading = 'requests'
    const exchange = this.#exchanges.get(id)
    this.#exchanges.delete(id)
    if (this.#end === 'closing') return
    // While the gateway stops, the connection still ends with its last request.
    const shared = this.busy
    if (this.#last?.doomed && !shared) return this.reset()
    const keep = shared || (this.codec.keepsOpen(id) && (!this.#entrance.reception.draining || this.#passes))
    if (exchange && !exchange.body.complete) {
      exchange.body.discard()
      this.#steer()
      if (!keep) return this.#linger(Infinity)
      this.#reading = 'rest'
      this.#farewell.skip()
      return shared ? undefined : this.#patience.silence(this.#entrance.allowance.idle)
    }
    // A body whose end came with the bytes that paused the connection asked for no more.
    this.#steer()
    if (shared) return
    if (keep) {
      this.#patience.headOver(this.#entrance.allowance.idle)
      if (this.#entrance.reception.draining) this.#entrance.home.rests(this)
      if (this.#receiving) return
      if (this.#mayGoOn) this.receive(NOTHING)
      else if (this.#end === 'half-closed') this.#afterLast()
    } else this.#shut()
  }

  /** Ends a response so that the peer can tell that it is not complete. */
  cut(id: number): void {
    const shared = this.#exchanges.size > 1
    // HAProxy takes an early END_REQUEST for the end of the response, or waits on where there was a Content-Length (2.6): only the
    // end of the connection can tell. The others get a moment to finish before it.
    const mark = shared ? undefined : this.codec.cut?.(id)
    this.#exchanges.delete(id)
    if (!shared) this.#end = 'closing'
    this.#farewell.doom(shared, () => (mark ? this.#linger(REFUSED_BYTES, mark) : this.reset()))
  }

  /** Ends the connection so that the peer can tell the response is not complete, as far as its transport lets it. */
  reset(): void {
    this.#end = 'closing'
    this.#farewell.reset()
  }

  /** Closes once everything is written. */
  #shut(): void {
    this.#end = 'closing'
    // Caddy writes the end of a body that is none by itself: on a closed door, it would take that for a failure of the request.
    if (this.codec.unfinished) return this.#linger(REFUSED_BYTES)
    closeWritten(this.#socket)
  }

  /** Ends the connection, and takes up to so many bytes of what still comes. */
  #linger(bytes: number, last?: Uint8Array): void {
    this.#end = 'closing'
    this.#farewell.linger(bytes, last)
    this.#patience.silence(this.#entrance.allowance.linger)
  }

  get #farewell(): Farewell {
    return (this.#last ??= new Farewell(this.#socket, this.#entrance))
  }

  #open(event: ServerEvent & { type: 'request' }): void {
    const { id } = event
    this.#reading = 'requests'
    this.clock?.requestBegun()
    if (this.#entrance.reception.draining) this.codec.retire?.()
    const demand = event.length === 0 ? undefined : () => this.#demand(id)
    const exchange = openExchange(event, this, this.#entrance, demand)
    if (exchange.upgradable) {
      // Whatever the mount is going to answer: what comes behind an ordinary response could be of either protocol.
      this.#reading = new Tunnel(this.#socket, this.codec.surplus, this.#entrance.allowance)
      this.codec.retire?.()
    }
    this.#exchanges.add(id, exchange, this.codec.multiplexes === true && this.codec.keepsOpen(id))
    if (exchange.error) exchange.fail(exchange.error)
    else this.#batch.push(exchange)
  }

  get #patience(): Patience {
    return (this.clock ??= new Patience(this.#socket, this.#entrance.allowance, () => this.#late()))
  }

  #takeBack(id: number): void {
    const exchange = this.#exchanges.get(id)
    if (!exchange) return
    exchange.abort(new PeerError('CLIENT_GONE', 'the host took the request back', 499))
    const mark = this.codec.finish(id)
    if (mark) this.output.write(mark)
    this.ended(id)
  }

  #demand(id: number): void {
    const ask = this.codec.demand(id)
    if (ask) this.output.write(ask)
    if (this.#exchanges.asks(id) && this.output.state === 'free') this.#patience.silence(this.#exchanges.left)
    this.#steer()
  }

  drained(): void {
    if (this.#end !== 'closing') this.#patience.rest(this.busy ? this.#exchanges.left : this.#entrance.allowance.idle)
    this.#steer()
    this.#exchanges.notifyDrain()
    if (!this.#receiving && this.#mayGoOn) this.receive(NOTHING)
  }

  /** Answers bytes that are no request with the reason, and closes. */
  #refuse(thrown: unknown): void {
    const error = toSidegateError(thrown)
    const [only] = this.#exchanges.values()
    // Its body is broken, and whoever sends it can still be told.
    if (only && !only.headSent && !this.codec.multiplexes) {
      only.failBody(error)
      return this.#farewell.bound(REFUSED_BYTES)
    }
    warnOfPeer(this.#entrance.reception.log, error, this.#entrance.door.address, this.#socket)
    if (only) {
      this.#exchanges.abortAll(error)
      return this.reset()
    }
    const answer = refusal(this.codec, error)
    if (answer) return this.#linger(REFUSED_BYTES, answer)
    this.#end = 'closing'
    this.#socket.destroy()
  }

  /** The client takes nothing of what is sent. */
  #untaken(): void {
    this.#exchanges.abortAll(sendLate(this.#entrance.allowance.send))
    this.reset()
  }

  #late(): void {
    if (this.#tunnel?.opened) return
    if (this.busy && this.#socket.writableLength > 0) return this.#untaken()
    if (this.busy) {
      this.#exchanges.failLate()
      if (this.busy) this.#patience.silence(this.#exchanges.left)
    } else if (this.clock?.inHead && this.#end !== 'closing') this.#refuse(headLate(this.#entrance.allowance.head))
    else this.#socket.destroy()
  }
}
