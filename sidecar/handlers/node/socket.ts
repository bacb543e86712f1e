// The socket under one request of a Node handler. node:http's own ServerResponse writes its text here; it becomes respond, write and
// end of the exchange. Frameworks may replace the prototypes of request and response, so that everything of ours is down here.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { AppError } from '../../errors.ts'
import type { Handled } from '../handled.ts'
import { ClientSocket } from './client-socket.ts'
import { Outgoing, type ResponseSocket, type Written } from './outgoing.ts'

// As the sockets of node:http. Strings stay strings: the head and a short body come as one.
const OPTIONS = {
  decodeStrings: false,
  autoDestroy: false,
  readableHighWaterMark: 64 * 1024,
  writableHighWaterMark: 64 * 1024,
}

/** A socket that has no file descriptor: what is written to it answers `exchange`. */
export class GatewaySocket extends ClientSocket implements ResponseSocket {
  /** Put there by ServerResponse.assignSocket. */
  declare _httpMessage: ServerResponse | null
  /** As of the sockets of an http.Server: the one whose `request` event this is about. */
  readonly server: Server | undefined
  readonly #outgoing: Outgoing
  #reading = false
  #timer: NodeJS.Timeout | undefined

  constructor(exchange: Handled, server?: Server) {
    super(exchange, OPTIONS)
    this.server = server
    this.#outgoing = new Outgoing(exchange, this)
  }

  /** As of net.Socket, for res.setTimeout and req.setTimeout: after `ms` milliseconds of silence `timeout` is emitted, else destroyed. */
  override setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer)
    this.timeout = ms
    this.#timer = ms > 0 && !this.#outgoing.over ? setTimeout(() => this.#late(), ms) : undefined
    if (listener) this.once('timeout', listener)
    return this
  }

  /** The app wants bytes of the request body. */
  override pull(request: IncomingMessage): void {
    if (this.#reading) return
    const { body } = this.exchange
    for (;;) {
      const chunk = body.readNow()
      if (chunk === undefined) break
      if (!deliver(request, chunk)) return
    }
    this.#reading = true
    body.read().then(
      (chunk) => {
        this.#reading = false
        this.#timer?.refresh()
        if (!request.destroyed && deliver(request, chunk)) this.pull(request)
      },
      (error: Error) => {
        this.#reading = false
        request.destroy(error)
      },
    )
  }

  /** `finish` of the response: everything was handed over. */
  complete(response: ServerResponse): void {
    const request = response.req
    if (request.readableFlowing === null && !request.readableDidRead) request.resume()
    response.detachSocket(this as never)
    clearTimeout(this.#timer)
    this.#outgoing.end()
    process.nextTick(closeResponse, response, this)
  }

  /** The client is gone: what node:http does when the connection is lost. `error`: why, where it broke. */
  lost(error?: Error): void {
    this.#outgoing.over = true
    // Emitted by hand: a stream that is destroyed tells its end no more.
    if (error === undefined) this.emit('end')
    this.destroy(error)
  }

  /** The handler threw. */
  fail(error: unknown): void {
    this.exchange.fail(error)
    this.#outgoing.over = true
    this.destroy()
  }

  /** Outgoing: the exchange has failed. */
  broken(): void {
    this.destroy()
  }

  override destroy(error?: Error | null): this {
    // What was written in this tick is still held together: it counts, and the client sees a response that breaks off.
    while (this.writableCorked > 0) this.uncork()
    return super.destroy(error ?? undefined)
  }

  override _read(): void {}

  override _write(chunk: Written, encoding: BufferEncoding, callback: () => void): void {
    this.#timer?.refresh()
    this.#outgoing.take(chunk, encoding)
    this.#taken(callback)
  }

  override _writev(pieces: { chunk: Written; encoding: BufferEncoding }[], callback: () => void): void {
    this.#timer?.refresh()
    for (const { chunk, encoding } of pieces) this.#outgoing.take(chunk, encoding)
    this.#taken(callback)
  }

  override _final(callback: () => void): void {
    callback()
    this.destroy()
  }

  override _destroy(cause: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    if (this.#outgoing.complete) this.#outgoing.end()
    else {
      this.#outgoing.settle()
      const message = 'the app destroyed the connection before its response was complete'
      this.#outgoing.fail(new AppError('NODE_DESTROYED', message, 500, { cause }))
    }
    const request = this._httpMessage?.req
    if (request && !request.destroyed) request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    // Nobody has to listen: the server of node:http does that for its sockets.
    callback(this.listenerCount('error') > 0 ? cause : null)
  }

  #taken(callback: () => void): void {
    if (this.#outgoing.drain) this.#outgoing.drain.then(callback)
    else callback()
  }

  #late(): void {
    const response = this._httpMessage
    const request = response?.req
    // Each of them may want to know, as with a server of node:http.
    let heard = request !== undefined && !request.complete && request.emit('timeout', this)
    heard = response?.emit('timeout', this) || heard
    heard = this.emit('timeout') || heard
    if (!heard) this.destroy()
  }
}

function deliver(request: IncomingMessage, chunk: Uint8Array | null): boolean {
  if (chunk === null) request.complete = true
  return request.push(chunk)
}

function closeResponse(response: ServerResponse & { _closed?: boolean }, socket: GatewaySocket): void {
  if (!response._closed) {
    response.destroyed = true
    response._closed = true
    response.emit('close')
  }
  if (socket.listenerCount('close') > 0) socket.destroy()
}
