// A socket to a server. A server may answer before it has the whole request, and close: then the next write fails while the answer is
// already here. Node.js would destroy the socket with the answer in it; this one hands over all that came, and tells of the failure after it.
import { Socket } from 'node:net'
import { socketAddress, type Endpoint } from '../address.ts'

type Callback = (error?: Error | null) => void
type Failure = NodeJS.ErrnoException

/** One read. */
const READ = 64 * 1024

/** So long (milliseconds) until it connects again to a server whose queue is full, and twice as long each time, up to the most. */
const AGAIN = { first: 5, most: 160 }

/** A socket that is read to its end, whatever became of the writes. */
export class ServerSocket extends Socket {
  /**
   * On a Unix socket or a named pipe all that the server wrote is here before it closes, so a reset says no more than an end: the server left something
   * unread. Over TCP a reset takes along what was under way, and what has come may not be all.
   */
  readonly #lossless: boolean
  readonly #endpoint: Endpoint
  #again: NodeJS.Timeout | undefined
  #pause = AGAIN.first
  #failure: Failure | undefined
  /** Of the write under way: there is one at a time. */
  #callback: Callback | undefined
  /** Nothing more will come, and it was not the end. */
  #cut = false

  /** Begins to connect. */
  constructor(endpoint: Endpoint) {
    super({ highWaterMark: READ, noDelay: true, keepAlive: true } as object)
    this.#lossless = endpoint.kind !== 'tcp'
    this.#endpoint = endpoint
    this.connect(socketAddress(endpoint))
  }

  /** True when a write failed: the server takes nothing any more. */
  get refused(): boolean {
    return this.#failure?.syscall === 'write'
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
    this.#callback = callback
    super._write(chunk, encoding, this.#written)
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], callback: Callback): void {
    this.#callback = callback
    super._writev!(chunks, this.#written)
  }

  /** A write that failed stays under way: what is left of the request has nowhere to go, and reading goes on. */
  readonly #written: Callback = (error) => {
    if (!error || this.destroyed) return this.#callback!(error)
    this.#failure ??= error
  }

  /** Node.js calls it with null at the end. After a failed write over TCP the system has forgotten that there was a reset. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk !== null || !this.#failure || this.#lossless) return super.push(chunk, encoding)
    this.#cutShort()
    return false
  }

  /** Node.js calls it when the connection is not made, and when a read fails. */
  override destroy(error?: Failure): this {
    if (error?.syscall === 'connect' && error.code === 'EAGAIN' && !this.destroyed) return this.#connectSoon()
    clearTimeout(this.#again)
    if (error?.syscall !== 'read' || error.code !== 'ECONNRESET' || this.destroyed) return super.destroy(error)
    this.#failure ??= error
    if (this.#lossless) super.push(null)
    else this.#cutShort()
    return this
  }

  /**
   * As many connections as the server lets wait are waiting. Over TCP the system tries again by itself; on a Unix socket it says so at once,
   * and trying again is left to the client. Who made this one ends it when that takes too long.
   */
  #connectSoon(): this {
    // What was refused once cannot be used again; Node.js makes a new one.
    const own = this as unknown as { _handle: { close(): void } | null }
    own._handle?.close()
    own._handle = null
    this.#again = setTimeout(() => this.connect(socketAddress(this.#endpoint)), this.#pause)
    this.#pause = Math.min(this.#pause * 2, AGAIN.most)
    return this
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size)
    if (this.#cut) this.#cutShort()
    return chunk
  }

  /** Fails as soon as everything that came is taken. */
  #cutShort(): void {
    this.#cut = true
    if (this.readableLength === 0) super.destroy(this.#failure)
  }
}
