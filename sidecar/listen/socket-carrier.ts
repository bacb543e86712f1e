// Carries the response to one request of a connection: what an exchange answers through, as bytes of the connection's codec.
import type { Duplex } from 'node:stream'
import type { Carrier } from '../carrier.ts'
import type { TunnelEnd } from '../upgrade.ts'
import type { ServerCodec } from '../wire/codec.ts'
import type { Head } from '../wire/head.ts'
import type { Output } from './output.ts'

/** The connection that a response goes to. */
export interface Outlet {
  readonly codec: ServerCodec
  readonly output: Output
  /** The response to `id` is complete. */
  ended(id: number): void
  /** Ends the response to `id` so that the peer can tell it is not complete. */
  cut(id: number): void
  /** Gives the connection away after a head with status 101. */
  upgrade(id: number, head: Head, over: (end: TunnelEnd) => void): Duplex
}

/** A first chunk up to this size is copied behind the head, so that both leave in one write; a larger one costs a write of its own. */
const COPY_MAX = 64 * 1024

/** One request of a connection: carries its response. */
export class SocketCarrier implements Carrier {
  readonly #outlet: Outlet
  readonly #id: number

  constructor(outlet: Outlet, id: number) {
    this.#outlet = outlet
    this.#id = id
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    if (chunk && chunk.byteLength > COPY_MAX) {
      this.#outlet.output.write(this.#outlet.codec.start(this.#id, head, undefined, false))
      const room = this.write(chunk)
      if (last) this.finish()
      return room
    }
    const room = this.#outlet.output.write(this.#outlet.codec.start(this.#id, head, chunk, last))
    if (last) this.#outlet.ended(this.#id)
    return room
  }

  write(chunk: Uint8Array): boolean {
    return this.#outlet.output.writeAll(this.#outlet.codec.data(this.#id, chunk))
  }

  finish(): void {
    const mark = this.#outlet.codec.finish(this.#id)
    if (mark) this.#outlet.output.write(mark)
    this.#outlet.ended(this.#id)
  }

  cut(): void {
    this.#outlet.cut(this.#id)
  }

  interim(head: Head): boolean {
    const bytes = this.#outlet.codec.interim?.(this.#id, head)
    if (bytes) this.#outlet.output.write(bytes)
    return bytes !== undefined
  }

  retire(): void {
    this.#outlet.codec.retire?.()
  }
}

/** A request that asks for another protocol, on a connection that can be given away. */
export class TunnelCarrier extends SocketCarrier {
  readonly upgrade: Required<Carrier>['upgrade']

  constructor(outlet: Outlet, id: number) {
    super(outlet, id)
    this.upgrade = (head, over) => outlet.upgrade(id, head, over)
  }
}
