// A connection that a mount took over after a 101: a stream of the raw bytes both ways, over the socket of the door. It is made with the
// request that asks for it, so that bytes which come early wait here, bounded, until the mount has decided.
//
// When the gateway stops, the mount of a WebSocket gets a Close frame as from its client, between two of the client's own frames. It answers
// with one, which is the client's, and closes: both see an end in order (RFC 6455 7.1.4), and it is the mount that knows where its own
// frames end.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { PeerError, SidegateError } from '../errors.ts'
import type { GivenConnection, TunnelEnd } from '../upgrade.ts'
import { closeFrame, Frames } from '../wire/websocket.ts'
import type { Limits } from './limits.ts'
import { unlessHeard } from './patience.ts'
import { Taking } from './taking.ts'

/** Bytes that wait for either side before the other is made to pause: one read of a socket. */
const HIGH_WATER = 64 * 1024

/**
 * After this many milliseconds of silence the system asks whether a client is still there (TCP keep-alive): a quiet WebSocket has no
 * other limit, and a client that lost its network says nothing. Half of what NATs commonly remember a silent connection.
 */
const PROBE = 60_000

/** RFC 6455 7.4.1: an endpoint goes away, such as a server that goes down. */
const GOING_AWAY = 1001

type Callback = (error?: Error | null) => void
interface Piece {
  chunk: Buffer
}

/** The stream. The door tells it what happens on the socket: `receive`, `receiveEnd`, `lost`. */
export class Tunnel extends Duplex implements GivenConnection {
  readonly #socket: Socket
  readonly #limits: Limits
  #over: ((end: TunnelEnd) => void) | undefined
  #received = 0
  #sent = 0
  #waiting: Callback | undefined
  /** There once the output had to wait. */
  #taking: Taking | undefined
  #halfClosed = false
  #clientEnded = false
  #broken: Error | undefined
  /** Of the client, whatever it speaks: when they count, all of them have been followed. */
  readonly #frames = new Frames()
  #retired = false
  /** The socket was silent for as long as it may be, and nothing has been said since. */
  #due = false
  /** `due`: as soon as a frame of the client ends. */
  #close: 'none' | 'due' | 'sent' = 'none'

  /** `first`: bytes that came with the request. */
  constructor(socket: Socket, first: Uint8Array | undefined, limits: Limits) {
    super({ readableHighWaterMark: HIGH_WATER, writableHighWaterMark: HIGH_WATER })
    this.#socket = socket
    this.#limits = limits
    // A client that breaks its connection must not end the process of a mount that listens for no errors.
    this.on('error', noError)
    if (first) this.receive(first)
  }

  /** True once a mount has taken it. */
  get opened(): boolean {
    return this.#over !== undefined
  }

  /** The mount takes it; `over` is called once when it has ended. */
  open(over: (end: TunnelEnd) => void): this {
    this.#over = over
    const socket = this.#socket
    socket.setTimeout(this.#clientEnded ? this.#limits.idle : 0)
    socket.setKeepAlive(true, PROBE)
    socket.on('drain', this.#drained)
    socket.on('timeout', this.#silent)
    if (this.#clientEnded) this.#tellEnd()
    return this
  }

  /** Door: bytes arrived. */
  receive(bytes: Uint8Array): void {
    if (this.destroyed || bytes.byteLength === 0) return
    this.#received += bytes.byteLength
    if (this.#waiting && this.#taking!.late) return this.#late()
    // RFC 6455 5.5.1: behind a Close frame nothing counts.
    if (this.#close === 'sent') return
    const end = this.#frames.push(bytes)
    const last = this.#close === 'due' && end > 0
    if (!this.push(last ? bytes.subarray(0, end) : bytes)) this.#socket.pause()
    if (last) this.#sendClose()
  }

  retire(webSocket: boolean): void {
    if (this.destroyed || this.#retired) return
    this.#retired = true
    this.#limit()
    if (!webSocket || this.#clientEnded) return
    this.#close = 'due'
    if (this.#frames.complete) this.#sendClose()
  }

  /** Door: the client will send no more. */
  receiveEnd(): void {
    if (this.#clientEnded || this.destroyed) return
    this.#clientEnded = this.#halfClosed = true
    this.push(null)
    if (!this.opened) return
    this.#tellEnd()
    this.#limit()
  }

  /** Door: the connection is closed, by whomever. */
  lost(error: Error | undefined): void {
    if (this.destroyed) return
    // Both sides have ended it: what the mount has not read yet is still here for it.
    if (!error && this.#clientEnded && this.writableFinished) return
    this.#broken = error ?? Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
    this.destroy(this.#broken)
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#sent += chunk.length
    this.#taken(this.#socket.write(chunk), callback)
  }

  override _writev(pieces: Piece[], callback: Callback): void {
    const socket = this.#socket
    let room = true
    socket.cork()
    for (const { chunk } of pieces) {
      this.#sent += chunk.length
      room = socket.write(chunk)
    }
    socket.uncork()
    this.#taken(room, callback)
  }

  override _final(callback: Callback): void {
    this.#halfClosed = true
    this.#socket.end(() => callback())
    this.#limit()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const socket = this.#socket
    const over = this.#over
    if (over) {
      socket.off('drain', this.#drained)
      socket.off('timeout', this.#silent)
      socket.destroy()
      // What else a mount destroys it with is a matter of the mount.
      const reason = this.#broken ?? (error instanceof SidegateError ? error : undefined)
      over({ received: this.#received, sent: this.#sent, error: reason })
    }
    callback(error)
  }

  /** To a mount that listens: as of net.Socket, `end` comes even where nobody reads any more, as behind a pipe whose target has closed. */
  #tellEnd(): void {
    this.read(0)
  }

  #sendClose(): void {
    this.#close = 'sent'
    if (!this.#frames.closed) this.push(closeFrame(GOING_AWAY, randomBytes(4)))
  }

  #taken(room: boolean, callback: Callback): void {
    if (room) return callback()
    this.#waiting = callback
    ;(this.#taking ??= new Taking(this.#socket, this.#limits.send)).begin()
    this.#limit()
  }

  readonly #drained = (): void => {
    const callback = this.#waiting
    this.#waiting = undefined
    this.#limit()
    callback?.()
  }

  /**
   * How long the socket may be silent: a client that takes nothing, or a connection of which one half is closed, is not kept for ever;
   * and none for long when the gateway stops.
   */
  #limit(): void {
    this.#due = false
    if (this.#retired) return void this.#socket.setTimeout(this.#limits.farewell)
    const stuck = this.#waiting !== undefined || this.#socket.writableLength > 0
    this.#socket.setTimeout(stuck ? this.#limits.send : this.#halfClosed ? this.#limits.idle : 0)
  }

  /** This process may have been busy for so long itself: what has come meanwhile is read first. */
  readonly #silent = (): void => {
    this.#due = true
    unlessHeard(this.#socket, () => this.#due && this.#late())
  }

  #late(): void {
    if (!this.#retired && (this.#waiting !== undefined || this.#socket.writableLength > 0))
      this.#broken = new PeerError(
        'SEND_TIMEOUT',
        `the client took nothing of what was sent for ${this.#limits.send / 1000} s`,
        499,
      )
    this.destroy(this.#broken)
  }
}

function noError(): void {}
