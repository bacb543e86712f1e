// A body on its way through a compressor. Neither side waits longer than it has to: a client that is slow stops the compressor, that stops the app;
// and what the app has written is flushed as soon as it writes no more for now.
import type { Exchange } from '../../exchange.ts'
import type { Encoder } from './encoders.ts'

/** One body. */
export class CompressedStream {
  readonly #encoder: Encoder
  readonly #flush: number
  readonly #outer: Exchange
  #ended = false

  /**
   * @param flush the kind of flush that makes what was written decodable
   * @param closed is called once, when the encoder needs no memory any more
   */
  constructor(encoder: Encoder, flush: number, outer: Exchange, closed: () => void) {
    this.#encoder = encoder
    this.#flush = flush
    this.#outer = outer
    encoder.on('data', (piece: Buffer) => this.#pass(piece))
    encoder.on('end', () => this.#guarded(() => outer.end()))
    encoder.on('drain', () => outer.inner?.notifyDrain())
    encoder.on('error', (error) => outer.fail(error))
    encoder.on('close', closed)
    outer.onAbort(() => this.stop())
  }

  /** As `body` of a layer. */
  write(bytes: Uint8Array | undefined, last: boolean): boolean {
    // Another thread reads them, when the app may have written into them anew.
    const room = bytes === undefined || this.#encoder.write(Buffer.from(bytes), this.#written)
    if (last) {
      this.#ended = true
      this.#encoder.end()
    }
    return room
  }

  /** Nobody wants the rest. Works twice. */
  stop(): void {
    this.#encoder.destroy()
  }

  readonly #written = (error?: Error | null): void => {
    if (error || this.#ended || this.#encoder.writableLength > 0) return
    this.#encoder.flush(this.#flush)
  }

  #pass(piece: Buffer): void {
    this.#guarded(() => {
      if (this.#outer.write(piece)) return
      this.#encoder.pause()
      this.#outer.drained().then(
        () => this.#encoder.resume(),
        () => {},
      )
    })
  }

  /** Here nobody else turns what the exchange throws into its end. */
  #guarded(step: () => void): void {
    if (this.#outer.over) return this.stop()
    try {
      step()
    } catch (error) {
      this.stop()
      this.#outer.fail(error)
    }
  }
}
