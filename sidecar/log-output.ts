// Where a log goes: a stream whose reader may be slow, or may not read at all. What waits for it is bounded; beyond that, lines are
// dropped until the reader has taken all that waited, so that there is one gap and not many.
import type { Writable } from 'node:stream'
import type { LogSink } from './log.ts'

/** Bytes that may wait to be read: some seconds of a busy log, and little beside the memory of a gateway. */
const WAITING_MAX = 8 * 1024 * 1024

/** Hears of a gap: when it begins, with 0, and when it is over, with the number of lines that are missing. */
export type GapListener = (lines: number) => void

/** A bounded log sink. */
export class LogOutput implements LogSink {
  readonly #stream: Writable
  readonly #gap: GapListener
  #dropping = false
  #dropped = 0

  constructor(stream: Writable, gap: GapListener) {
    this.#stream = stream
    this.#gap = gap
  }

  write(text: string): void {
    if (!this.#dropping && this.#stream.writableLength <= WAITING_MAX) return void this.#stream.write(text)
    this.#dropped += text.split('\n').length - 1
    if (this.#dropping) return
    this.#dropping = true
    this.#stream.once('drain', this.#drained)
    this.#gap(0)
  }

  /** The end of the process: a gap that is not over is told. */
  close(): void {
    this.#stream.off('drain', this.#drained)
    this.#drained()
  }

  readonly #drained = (): void => {
    if (!this.#dropping) return
    const lines = this.#dropped
    this.#dropping = false
    this.#dropped = 0
    this.#gap(lines)
  }
}
