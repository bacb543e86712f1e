// The socket of an upgrade as node:http's `upgrade` event has it: the app writes its answer to it as text. A 101 takes the connection
// over, and from then on the bytes are raw; any other status is an ordinary response, whose body ends with the socket.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError, PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { isOfLibrary } from '../framing.ts'
import { ClientSocket } from './client-socket.ts'
import { Dechunker } from './dechunk.ts'
import { readRawHead, type ResponseHead } from './response-head.ts'

/** Largest head that an app may write, as much as the gateway takes of requests. */
const HEAD_MAX = 64 * 1024

type Callback = (error?: Error | null) => void

/** A socket that has no file descriptor: what is written to it answers `exchange`, and then is the connection. */
export class UpgradeSocket extends ClientSocket {
  declare readonly exchange: Exchange
  #head = ''
  #state: 'head' | 'tunnel' | 'body' | 'over' = 'head'
  #tunnel: Duplex | undefined
  #dechunker: Dechunker | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(exchange: Exchange) {
    super(exchange, { readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 })
    // A client that breaks its connection must not end the process of an app that listens for no errors.
    this.on('error', noError)
  }

  override setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timer)
    this.timeout = ms
    this.#timer = ms > 0 && !this.destroyed ? setTimeout(() => this.emit('timeout'), ms) : undefined
    if (listener) this.once('timeout', listener)
    return this
  }

  override destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.end(() => this.destroy())
  }

  /** A request that asks for an upgrade has no body. */
  override pull(request: IncomingMessage): void {
    request.push(null)
  }

  /** The app threw. */
  fail(error: unknown): void {
    this.#state = 'over'
    this.exchange.fail(error)
    this.destroy()
  }

  /** The client is gone; where its connection broke, the app gets the error of that. */
  lost(): void {
    this.destroy(this.#tunnel?.errored ?? undefined)
  }

  /** Closes, and leaves the exchange, which has no answer yet, to somebody else. */
  abandon(): void {
    this.#state = 'over'
    this.destroy()
  }

  override _read(): void {
    this.#tunnel?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#timer?.refresh()
    if (this.#tunnel) return this.#pass(this.#tunnel.write(chunk), callback)
    try {
      this.#answer(chunk, callback)
    } catch (error) {
      this.fail(error)
      callback()
    }
  }

  override _writev(pieces: { chunk: Buffer }[], callback: Callback): void {
    const tunnel = this.#tunnel
    if (!tunnel) return this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'buffer' as never, callback)
    this.#timer?.refresh()
    let room = true
    tunnel.cork()
    for (const { chunk } of pieces) room = tunnel.write(chunk)
    tunnel.uncork()
    this.#pass(room, callback)
  }

  override _final(callback: Callback): void {
    if (this.#tunnel) return void this.#tunnel.end(() => callback())
    this.#end()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#timer)
    this.#tunnel?.destroy(error ?? undefined)
    // What ends with an error is not complete.
    if (error && this.#state === 'body') this.fail(error)
    this.#end()
    callback(error)
  }

  #pass(room: boolean, callback: Callback): void {
    if (room) callback()
    else this.#tunnel!.once('drain', callback)
  }

  /** Takes what the app answers, up to the end of its head and what stands behind it. */
  #answer(chunk: Buffer, callback: Callback): void {
    let bytes = chunk
    while (this.#state === 'head') {
      const known = this.#head.length
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n', Math.max(0, known - 3))
      if (end < 0) {
        if (this.#head.length > HEAD_MAX) throw notHttp()
        return callback()
      }
      const head = readRawHead(this.#head.slice(0, end + 2))
      if (!head) throw notHttp()
      bytes = bytes.subarray(end + 4 - known)
      this.#head = ''
      // Of 1xx only 101 is an answer; others come before it.
      if (head.status >= 200 || head.status === 101) this.#begin(head)
      else this.exchange.interim(head)
    }
    if (bytes.length === 0) return callback()
    if (this.#tunnel) return this.#pass(this.#tunnel.write(bytes), callback)
    this.#body(bytes, callback)
  }

  #begin({ status, reason, headers }: ResponseHead): void {
    if (status === 101) {
      this.#connect(this.exchange.upgrade({ status, reason, headers }))
      return
    }
    if (headers.some(([name, value]) => name.toLowerCase() === 'transfer-encoding' && /chunked/i.test(value)))
      this.#dechunker = new Dechunker()
    this.exchange.respond({ status, reason, headers: headers.filter(([name]) => !isOfLibrary(name)) })
    this.#state = 'body'
  }

  #body(bytes: Buffer, callback: Callback): void {
    const pieces = this.#dechunker ? this.#dechunker.push(bytes) : [bytes]
    let room = true
    for (const piece of pieces) room = this.exchange.write(piece)
    const taken = (): void => callback()
    if (room) callback()
    else this.exchange.drained().then(taken, taken)
  }

  #connect(tunnel: Duplex): void {
    this.#tunnel = tunnel
    this.#state = 'tunnel'
    tunnel.on('data', (bytes: Buffer) => {
      this.#timer?.refresh()
      if (!this.push(bytes)) tunnel.pause()
    })
    tunnel.on('end', () => this.#clientEnded())
    tunnel.on('error', (error: Error) => this.destroy(error))
    tunnel.on('close', () => {
      // Ended from both sides: what the app has not read yet is still here for it.
      if (!tunnel.readableEnded || !tunnel.writableFinished) this.destroy()
    })
  }

  #clientEnded(): void {
    this.push(null)
    // As net.Socket: `end` comes even where nobody reads any more, as behind a pipe whose target has closed.
    this.read(0)
  }

  /** The app will answer no more. */
  #end(): void {
    const state = this.#state
    this.#state = 'over'
    const { exchange } = this
    if (state === 'over' || state === 'tunnel' || exchange.aborted) return
    try {
      if (state === 'body') return exchange.end()
      if (this.#head !== '') throw notHttp()
      throw new PeerError('UPGRADE_REFUSED', 'the app closed the connection instead of answering the upgrade')
    } catch (error) {
      exchange.fail(error)
    }
  }
}

function notHttp(): AppError {
  return new AppError('NODE_RAW_SOCKET', 'the app answered an upgrade with bytes that are no HTTP response head')
}

function noError(): void {}
