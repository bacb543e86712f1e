// One connection over two pipes, one a direction, as Windows has no socket pairs. One pipe would not do: a program that waits for input on it
// in one thread cannot write to it in another, as the system does one thing at a time on a pipe that was opened to wait.
import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'

/** Reads one pipe and writes to the other. It ends when the other side closes its end of the first, and breaks with either. */
export class PipePair extends Duplex {
  readonly #incoming: Socket
  readonly #outgoing: Socket

  /** Both are connected. */
  constructor(incoming: Socket, outgoing: Socket) {
    super()
    this.#incoming = incoming
    this.#outgoing = outgoing
    incoming
      .on('data', (bytes: Buffer) => {
        if (!this.push(bytes)) incoming.pause()
      })
      .on('end', () => this.push(null))
    for (const pipe of [incoming, outgoing]) pipe.on('error', (error) => this.destroy(error))
    // Nothing comes by it but its end.
    outgoing.resume()
  }

  override _read(): void {
    this.#incoming.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#outgoing.write(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#outgoing.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  /** What was written is in the system's hands, which keeps it for the other side; end() would put the end off. */
  override _final(done: (error?: Error | null) => void): void {
    this.#outgoing.destroy()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#incoming.destroy()
    this.#outgoing.destroy()
    done(error)
  }
}
