// What an app prints goes to the log line by line, but not at any rate: one that prints in an endless loop would take the gateway's time, and fill its
// disk. What is left out is counted and told.
import type { Log, LogFields } from '../log.ts'

/** Lines of one process in a second: much more than anybody reads, and a small part of what the gateway can write. */
const LINES_MAX = 2000
const SECOND_MS = 1000

export class OutputRate {
  readonly #log: Log
  readonly #fields: () => LogFields
  #since = 0
  #lines = 0
  #timer: NodeJS.Timeout | undefined

  /** @param fields of the record that tells */
  constructor(log: Log, fields: () => LogFields) {
    this.#log = log
    this.#fields = fields
  }

  /** Whether one more line may be written. */
  take(): boolean {
    const now = performance.now()
    if (now - this.#since >= SECOND_MS) {
      this.tell()
      this.#since = now
    }
    if (++this.#lines <= LINES_MAX) return true
    this.#timer ??= setTimeout(() => this.tell(), SECOND_MS).unref()
    return false
  }

  /** Says how much was left out, if anything was; for the end of the process, too. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const left = this.#lines - LINES_MAX
    this.#lines = 0
    if (left <= 0) return
    const message = `${left} lines that the app printed were left out: it printed more than ${LINES_MAX} in a second`
    this.#log.warn(message, { ...this.#fields(), code: 'OUTPUT_CUT' })
  }
}
