// What apps ask the socket of a request for, beside its bytes: who the client is. The answers are those of the request, not of the
// connection that a web server made to the gateway.
import type { IncomingMessage } from 'node:http'
import { Duplex, type DuplexOptions } from 'node:stream'
import type { Handled } from '../handled.ts'
import { isSecure } from '../../variables.ts'

/** A socket that has no file descriptor. */
export abstract class ClientSocket extends Duplex {
  readonly exchange: Handled
  readonly connecting = false
  readonly pending = false
  timeout = 0
  #encrypted: boolean | undefined

  constructor(exchange: Handled, options: DuplexOptions) {
    super(options)
    this.exchange = exchange
  }

  get remoteAddress(): string | undefined {
    return this.exchange.variables.REMOTE_ADDR || undefined
  }

  get remotePort(): number | undefined {
    return Number(this.exchange.variables.REMOTE_PORT) || undefined
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress)
  }

  get localAddress(): string | undefined {
    return this.exchange.variables.SERVER_ADDR || undefined
  }

  get localPort(): number | undefined {
    return Number(this.exchange.variables.SERVER_PORT) || undefined
  }

  get localFamily(): string | undefined {
    return familyOf(this.localAddress)
  }

  /** As on a TLS socket: the client's connection to the host was encrypted. Apps behind a proxy set it themselves. */
  get encrypted(): boolean {
    return (this.#encrypted ??= isSecure(this.exchange.variables))
  }

  set encrypted(encrypted: boolean) {
    this.#encrypted = encrypted
  }

  /** Bytes of the request's body. */
  get bytesRead(): number {
    return this.exchange.body.received
  }

  /** Bytes of the response's body. */
  get bytesWritten(): number {
    return this.exchange.sent
  }

  get readyState(): 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  address(): object {
    return { address: this.localAddress, port: this.localPort, family: this.localFamily }
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

  destroySoon(): void {
    this.destroy()
  }

  /** As `destroy`: what becomes of the client's connection is the door's matter. */
  resetAndDestroy(): this {
    return this.destroy()
  }

  /** As of net.Socket: `timeout` is emitted after `ms` milliseconds of silence; 0: never. */
  abstract setTimeout(ms: number, listener?: () => void): this

  /** The app wants bytes of the request body. */
  abstract pull(request: IncomingMessage): void
}

function familyOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : address.includes(':') ? 'IPv6' : 'IPv4'
}
