// The socket under one request of a Node handler. node:http's own ServerResponse writes its text here; it becomes respond, write and
// end of the exchange. Frameworks may replace the prototypes of request and response, so that everything of ours is down here.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { AppError } from '../../errors.ts'
import { isSecure } from '../../variables.ts'
import type { Handled } from '../handled.ts'
import { Outgoing, type Line, type Written } from './outgoing.ts'

// As the sockets of node:http. Strings stay strings: the head and a short body come as one.
const OPTIONS = {
  decodeStrings: false,
  autoDestroy: false,
  readableHighWaterMark: 64 * 1024,
  writableHighWaterMark: 64 * 1024,
}

/** A socket that has no file descriptor: what is written to it answers `exchange`. */
export class GatewaySocket extends Duplex implements Line {
  readonly exchange: Handled
  /** Put there by ServerResponse.assignSocket. */
  declare _httpMessage: ServerResponse | null
  readonly connecting = false
  timeout = 0
  readonly #outgoing: Outgoing
  #reading = false
  #timer: NodeJS.Timeout | undefined

  constructor(exchange: Handled) {
    super(OPTIONS)
    this.exchange = exchange
    this.#outgoing = new Outgoing(exchange, this)
  }

  get remoteAddress(): string | undefined {
    return this.exchange.variables.REMOTE_ADDR || undefined
  }

  get remotePort(): number | undefined {
    return Number(this.exchange.variables.REMOTE_PORT) || undefined
  }

  get remoteFamily(): string | undefined {
    const address = this.remoteAddress
    return address === undefined ? undefined : address.includes(':') ? 'IPv6' : 'IPv4'
  }

  get localAddress(): string | undefined {
    return this.exchange.variables.SERVER_ADDR || undefined
  }

  get localPort(): number | undefined {
    return Number(this.exchange.variables.SERVER_PORT) || undefined
  }

  /** As on a TLS socket: the client's connection to the host was encrypted. */
  get encrypted(): boolean {
    return isSecure(this.exchange.variables)
  }

  address(): object {
    return { address: this.localAddress, port: this.localPort, family: this.remoteFamily }
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  /** As of net.Socket, for res.setTimeout and req.setTimeout: after `ms` milliseconds of silence `timeout` is emitted, else destroyed. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer)
    this.timeout = ms
    this.#timer = ms > 0 && !this.#outgoing.over ? setTimeout(() => this.#late(), ms) : undefined
    if (listener) this.once('timeout', listener)
    return this
  }

  destroySoon(): void {
    this.destroy()
  }

  /** The app wants bytes of the request body. */
  pull(request: IncomingMessage): void {
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

  /** The exchange was aborted, or the handler threw: what node:http does when the connection is lost. */
  abort(): void {
    this.#outgoing.over = true
    this.destroy()
  }

  /** Outgoing: the exchange has failed. */
  broken(): void {
    this.destroy()
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

  override _destroy(cause: Error | null, callback: () => void): void {
    clearTimeout(this.#timer)
    if (this.#outgoing.complete) this.#outgoing.end()
    else {
      const message = 'the app destroyed the connection before its response was complete'
      this.#outgoing.fail(new AppError('NODE_DESTROYED', message, 500, { cause }))
    }
    const request = this._httpMessage?.req
    if (request && !request.destroyed) request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    callback()
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
