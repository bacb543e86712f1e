// What apps ask the socket of a request for, beside its bytes: who the client is. The answers are those of the request, not of the
// connection that a web server made to the gateway.
import type { IncomingMessage } from 'node:http'
import { Duplex, type DuplexOptions } from 'node:stream'
import { isSecure, type Variables } from '../../variables.ts'

/** A socket that has no file descriptor. */
export abstract class ClientSocket extends Duplex {
  readonly exchange: { readonly variables: Variables }
  readonly connecting = false
  timeout = 0

  constructor(exchange: { readonly variables: Variables }, options: DuplexOptions) {
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

  destroySoon(): void {
    this.destroy()
  }

  /** As of net.Socket: `timeout` is emitted after `ms` milliseconds of silence; 0: never. */
  abstract setTimeout(ms: number, listener?: () => void): this

  /** The app wants bytes of the request body. */
  abstract pull(request: IncomingMessage): void
}
