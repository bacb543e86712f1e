// What goes out on a connection, and whether there is room for more.
import type { Socket } from 'node:net'
import { notePiece } from '../collector.ts'

/** Who writes. */
export interface Writer {
  /** The client has to be waited for. */
  fills(): void
  /** It has taken all. */
  drained(): void
}

/** The output of one connection. */
export class Output {
  readonly #socket: Socket
  readonly #writer: Writer
  /**
   * Whether there is room. `choked`: nor is there for the codec's own answers, so that no more of a peer's questions are read until it takes
   * them.
   */
  state: 'free' | 'full' | 'choked' = 'free'

  constructor(socket: Socket, writer: Writer) {
    this.#socket = socket
    this.#writer = writer
  }

  /** Gives whether there is room for more. */
  write(bytes: Uint8Array): boolean {
    notePiece(bytes.byteLength)
    const room = this.#socket.write(bytes)
    if (!room && this.state === 'free') {
      this.state = 'full'
      this.#socket.once('drain', () => this.#drained())
      this.#writer.fills()
    }
    // Whoever shares the connection waits too: each then gets its turn.
    return this.state === 'free'
  }

  /** In one go. */
  writeAll(pieces: Uint8Array[]): boolean {
    if (pieces.length === 1) return this.write(pieces[0]!)
    this.#socket.cork()
    for (const piece of pieces) this.write(piece)
    this.#socket.uncork()
    return this.state === 'free'
  }

  /** The codec's own answers, in one write: there may be thousands to one read. False when no more may be asked. */
  reply(answers: Uint8Array[]): boolean {
    if (this.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers))) return true
    this.state = 'choked'
    return false
  }

  #drained(): void {
    this.state = 'free'
    this.#writer.drained()
  }
}
