// A connection that an app in a worker took over: what comes from the client goes to the worker, and what the worker sends to the client, each at
// the speed of who takes it.
import type { Exchange } from '../../exchange.ts'
import type { FrameOutput } from '../../frames/output.ts'
import type { GivenConnection } from '../../upgrade.ts'
import { FRAME } from '../../wire/frames.ts'
import type { Head } from '../../wire/head.ts'
import type { Taken, TakenOwner, TakenPlace } from './dialect.ts'

/** The gateway's end of it. */
export class TakenConnection implements Taken {
  readonly #stream: GivenConnection
  readonly #output: FrameOutput
  readonly #id: number
  readonly #owner: TakenOwner
  #credit: number
  /** Bytes that the client has yet to take. */
  #untaken = 0

  constructor(exchange: Exchange, head: Head, { id, window, output, owner }: TakenPlace) {
    const stream: GivenConnection = exchange.upgrade(head)
    this.#stream = stream
    this.#id = id
    this.#credit = window
    this.#output = output
    this.#owner = owner
    stream
      .on('data', this.#pass)
      .on('end', () => output.bare(FRAME.bodyEnd, id))
      .on('drain', this.#drained)
      .once('finish', () => output.bare(FRAME.finished, id))
      .once('close', () => owner.closed(stream.errored))
  }

  frame(type: number, payload: Buffer): void {
    if (type === FRAME.data) this.#send(payload)
    else if (type === FRAME.end) this.#stream.end()
    else if (type === FRAME.bodyCredit) this.#allow(payload.readUInt32BE(0))
  }

  /** The app has closed it. */
  destroy(): void {
    this.#stream.destroy()
  }

  #send(bytes: Buffer): void {
    if (this.#stream.destroyed) return
    this.#untaken += bytes.byteLength
    if (this.#stream.write(bytes)) this.#drained()
  }

  #allow(bytes: number): void {
    this.#credit += bytes
    if (this.#credit > 0) this.#stream.resume()
  }

  readonly #pass = (bytes: Buffer): void => {
    this.#credit -= bytes.byteLength
    this.#output.bytes(FRAME.body, this.#id, bytes)
    if (this.#credit <= 0) this.#stream.pause()
  }

  readonly #drained = (): void => {
    const taken = this.#untaken
    this.#untaken = 0
    if (taken > 0) this.#owner.took(taken)
  }
}
