// What uwsgi and SCGI have in common: one packet with the variables, the body raw behind it, CONTENT_LENGTH long; the answer a
// response as in CGI or HTTP, without framing of its own; then the connection closes. No host reuses such a connection, and
// bytes behind the declared body are never a next request: they are dropped (uWSGI's persistent variant parsed them, and could
// be made to run code by it; nginx 1.22 with scgi_request_buffering off sends a whole body behind CONTENT_LENGTH 0).
// Keeps: the packet while it is incomplete, as long as its format says; the response head while it is incomplete (head-reader.ts).
import { PeerError } from '../errors.ts'
import { contentLength, type Variables } from '../variables.ts'
import { asBuffer, Beginning } from './bytes.ts'
import type { ClientCodec, ClientEvent, ProtocolOptions, ServerCodec, ServerEvent } from './codec.ts'
import { isBodiless, type Head, type ReadHead } from './head.ts'
import { HeadReader } from './head-reader.ts'

/** The packet of a protocol, and its spelling of the response head. */
export interface PacketFormat {
  /** As in messages: `uwsgi`, `SCGI`. */
  readonly name: string
  /** The code of errors in a packet. */
  readonly code: string
  /**
   * How long the packet is whose first bytes these are; Infinity while that cannot be told.
   * @throws {PeerError} when it cannot become a packet that is accepted.
   */
  size(data: Buffer): number
  /**
   * The variables of a complete packet, which is `data` up to `size`; `raw` as of ProtocolOptions.
   * @throws {PeerError}
   */
  read(data: Buffer, size: number, raw: boolean): Variables
  /**
   * The packet for a request with a body of `length`.
   * @throws {PeerError} when it cannot be written in this protocol.
   */
  write(variables: Variables, length: number | undefined): Uint8Array
  /** The response head. */
  head(head: Head): string
}

/** The server's side of a connection. */
export class UnframedServer implements ServerCodec {
  // nginx and lighttpd copy raw bytes both ways after a 101.
  readonly tunnels = true
  surplus: Uint8Array | undefined
  readonly #format: PacketFormat
  readonly #raw: boolean
  readonly #beginning = new Beginning()
  #state: 'head' | 'body' | 'done' | 'dead' = 'head'
  #left = 0

  constructor(format: PacketFormat, { raw = false }: ProtocolOptions = {}) {
    this.#format = format
    this.#raw = raw
  }

  receive(bytes: Uint8Array): ServerEvent[] {
    if (this.#state === 'dead') throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before')
    try {
      return this.#state === 'head' ? this.#head(asBuffer(bytes)) : this.#body(bytes, [])
    } catch (error) {
      this.#state = 'dead'
      this.#beginning.clear()
      throw error
    }
  }

  receiveEnd(): void {
    const state = this.#state
    if (state === 'done' || (state === 'head' && this.#beginning.size === 0)) return
    this.#state = 'dead'
    if (state === 'body')
      throw new PeerError('BODY_CUT', `the connection ended ${this.#left} bytes before the end of the request body`)
    const { code, name } = this.#format
    throw new PeerError(code, `the connection ended inside a ${name} packet`)
  }

  start(_id: number, head: Head, chunk: Uint8Array | undefined): Uint8Array {
    const text = this.#format.head(head)
    const out = Buffer.allocUnsafe(text.length + (chunk?.byteLength ?? 0))
    out.write(text, 0, 'latin1')
    if (chunk) out.set(chunk, text.length)
    return out
  }

  data(_id: number, chunk: Uint8Array): Uint8Array[] {
    return [chunk]
  }

  finish(): undefined {}

  demand(): undefined {}

  keepsOpen(): boolean {
    return false
  }

  refuse(head: Head, chunk: Uint8Array): Uint8Array {
    return this.start(0, head, chunk)
  }

  #head(bytes: Buffer): ServerEvent[] {
    const data = this.#beginning.join(bytes)
    const size = this.#format.size(data)
    if (data.length < size) {
      this.#beginning.keep(data)
      return []
    }
    this.#beginning.clear()
    const variables = this.#format.read(data, size, this.#raw)
    const length = contentLength(variables) ?? 0
    const events: ServerEvent[] = [{ type: 'request', id: 0, variables, length }]
    this.#left = length
    this.#state = 'body'
    return this.#body(data.length > size ? data.subarray(size) : undefined, events)
  }

  #body(bytes: Uint8Array | undefined, events: ServerEvent[]): ServerEvent[] {
    this.surplus = undefined
    if (this.#state === 'done') return events
    let taken = 0
    if (bytes && this.#left > 0) {
      const part = bytes.byteLength > this.#left ? bytes.subarray(0, this.#left) : bytes
      taken = part.byteLength
      this.#left -= taken
      events.push({ type: 'body', id: 0, bytes: part })
    }
    if (this.#left === 0) {
      this.#state = 'done'
      if (bytes && bytes.byteLength > taken) this.surplus = bytes.subarray(taken)
      events.push({ type: 'end', id: 0 })
    }
    return events
  }
}

/** The client's side of a connection: one request, and its response up to Content-Length or the end of the connection. */
export class UnframedClient implements ClientCodec {
  readonly held = 0
  readonly #format: PacketFormat
  readonly #reader = new HeadReader()
  #headDone = false
  #left: number | undefined
  #headRequest = false
  #ended = false
  #dead = false

  constructor(format: PacketFormat) {
    this.#format = format
  }

  get partial(): boolean {
    return !this.#headDone && this.#reader.begun
  }

  request(variables: Variables, length: number | undefined): Uint8Array {
    this.#headRequest = variables.REQUEST_METHOD === 'HEAD'
    return this.#format.write(variables, length)
  }

  data(chunk: Uint8Array): Uint8Array[] {
    return [chunk]
  }

  finish(): undefined {}

  receive(bytes: Uint8Array): ClientEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before', 502)
    const events: ClientEvent[] = []
    let rest: Uint8Array | undefined = bytes
    if (!this.#headDone) {
      // Taken back only when this does not throw.
      this.#dead = true
      const head = this.#reader.push(bytes)
      this.#dead = false
      if (!head) return events
      rest = this.#reader.rest
      this.#headDone = true
      this.#left = this.#bodyLength(head)
      events.push({ type: 'head', head })
    }
    this.#body(rest, events)
    return events
  }

  receiveEnd(): ClientEvent[] {
    if (this.#ended) return []
    if (!this.#headDone)
      throw new PeerError('RESPONSE_CUT', 'the server closed the connection before a complete response head', 502)
    if (this.#left)
      throw new PeerError('RESPONSE_CUT', `the server closed ${this.#left} bytes before the end of its response`, 502)
    this.#ended = true
    return [{ type: 'end', reuse: false }]
  }

  #bodyLength(head: ReadHead): number | undefined {
    if (this.#headRequest || isBodiless(head.status)) return 0
    return head.contentLength >= 0 ? head.contentLength : undefined
  }

  #body(bytes: Uint8Array | undefined, events: ClientEvent[]): void {
    if (this.#ended) return
    if (bytes && bytes.byteLength > 0 && this.#left !== 0) {
      const part = this.#left !== undefined && bytes.byteLength > this.#left ? bytes.subarray(0, this.#left) : bytes
      if (this.#left !== undefined) this.#left -= part.byteLength
      events.push({ type: 'body', bytes: part })
    }
    if (this.#left === 0) {
      this.#ended = true
      events.push({ type: 'end', reuse: false })
    }
  }
}
