// A connection that an app in this process took over, as a stream of raw bytes both ways: they come and go by frames.
import { Duplex } from 'node:stream'
import { SidegateError } from '../errors.ts'
import type { FrameOutput } from '../frames/output.ts'
import type { GivenConnection, TunnelEnd } from '../upgrade.ts'
import { FRAME } from '../wire/frames.ts'

/** Bytes that wait for the app: one read of a socket. */
const HIGH_WATER = 64 * 1024

type Callback = (error?: Error | null) => void

/** The stream. Who reads the frames tells it what comes: `receive`, `receiveEnd`, `allow`, `finished`, `lost`. */
export class TakenOver extends Duplex implements GivenConnection {
  readonly #id: number
  readonly #output: FrameOutput
  readonly #over: (end: TunnelEnd) => void
  /** Bytes that may be sent. */
  #credit: number
  /** Bytes that came, and the gateway has not been told that they were read. */
  #unread = 0
  #received = 0
  #sent = 0
  #waiting: Callback | undefined
  /** What the app sends next, beyond what may be sent. */
  #rest: Buffer | undefined
  #broken: SidegateError | undefined

  /** `over` is called once, when it has ended. */
  constructor(id: number, window: number, output: FrameOutput, over: (end: TunnelEnd) => void) {
    super({ readableHighWaterMark: HIGH_WATER, writableHighWaterMark: HIGH_WATER })
    this.#id = id
    this.#credit = window
    this.#output = output
    this.#over = over
    // A client that breaks its connection must not end the process of an app that listens for no errors.
    this.on('error', noError)
  }

  /** The client sent bytes. */
  receive(bytes: Buffer): void {
    if (this.destroyed) return
    this.#received += bytes.byteLength
    this.#unread += bytes.byteLength
    // A copy: small ones would keep the read alive that they came in.
    if (this.push(Buffer.from(bytes))) this.#tellRead()
  }

  /** The client sends no more. */
  receiveEnd(): void {
    if (this.destroyed) return
    this.push(null)
    // As of net.Socket, `end` comes even where nobody reads any more.
    this.read(0)
  }

  /** The client took bytes. */
  allow(bytes: number): void {
    this.#credit += bytes
    if (this.#rest) this.#put(this.#rest)
    if (this.#credit > 0 && !this.#rest) this.#goOn()
  }

  /** All that was sent, and its end, has been taken. */
  finished(): void {
    this.#goOn()
  }

  /** It is closed; the error: why, when it broke. */
  lost(error: SidegateError | undefined): void {
    if (this.destroyed) return
    this.#broken = error
    this.destroy(error)
  }

  override _read(): void {
    this.#tellRead()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#sent += chunk.byteLength
    this.#put(chunk)
    if (this.#credit > 0) callback()
    else this.#waiting = callback
  }

  override _final(callback: Callback): void {
    this.#output.bare(FRAME.end, this.#id)
    this.#waiting = callback
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#output.bare(FRAME.closed, this.#id)
    const reason = this.#broken ?? (error instanceof SidegateError ? error : undefined)
    this.#over({ received: this.#received, sent: this.#sent, error: reason })
    callback(error)
  }

  /** Sends as much as may be sent. */
  #put(chunk: Buffer): void {
    const size = Math.min(chunk.byteLength, this.#credit)
    this.#rest = size < chunk.byteLength ? chunk.subarray(size) : undefined
    if (size <= 0) return
    this.#credit -= size
    this.#output.bytes(FRAME.data, this.#id, size < chunk.byteLength ? chunk.subarray(0, size) : chunk)
  }

  #tellRead(): void {
    const read = this.#unread
    this.#unread = 0
    if (read > 0) this.#output.number(FRAME.bodyCredit, this.#id, read)
  }

  #goOn(): void {
    const callback = this.#waiting
    this.#waiting = undefined
    callback?.()
  }
}

function noError(): void {}
