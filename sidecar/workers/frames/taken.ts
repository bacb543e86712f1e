// A connection that an app in a worker took over: what comes from the client goes to the worker, and what the worker sends to the client, each at
// the speed of who takes it.
import type { FrameOutput } from '../../frames/output.ts'
import type { GivenConnection } from '../../upgrade.ts'
import { FRAME } from '../../wire/frames.ts'

/** Who is told of it. */
export interface TakenOwner {
  /** The client took so many bytes. */
  took(bytes: number): void
  /** It is closed, by whomever; the error that it broke with, if it did. */
  closed(error: Error | null): void
}

/** The gateway's end of it. */
export class TakenConnection {
  readonly #stream: GivenConnection
  readonly #output: FrameOutput
  readonly #id: number
  readonly #owner: TakenOwner
  #credit: number
  /** Bytes that the client has yet to take. */
  #untaken = 0

  /** @param window bytes that may be under way to the worker */
  constructor(stream: GivenConnection, id: number, window: number, output: FrameOutput, owner: TakenOwner) {
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

  /** The worker sent bytes. */
  send(bytes: Buffer): void {
    if (this.#stream.destroyed) return
    this.#untaken += bytes.byteLength
    if (this.#stream.write(bytes)) this.#drained()
  }

  /** The worker sends no more. */
  end(): void {
    this.#stream.end()
  }

  /** The worker takes so many bytes more. */
  allow(bytes: number): void {
    this.#credit += bytes
    if (this.#credit > 0) this.#stream.resume()
  }

  /** The app has closed it. */
  destroy(): void {
    this.#stream.destroy()
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
