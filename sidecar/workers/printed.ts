// What a worker prints, as records of the log.
import type { Log, LogFields } from '../log.ts'
import { OutputRate } from '../processes/output-rate.ts'

export class Printed {
  readonly #log: Log
  readonly #rate: OutputRate

  /** @param fields of what no request has printed */
  constructor(log: Log, fields: () => LogFields) {
    this.#log = log
    this.#rate = new OutputRate(log, fields)
  }

  /** The first line is the message, the others its detail. */
  write(stream: 'stdout' | 'stderr' | 'errors', text: string, fields: LogFields): void {
    if (!this.#rate.take()) return
    const end = text.indexOf('\n')
    const message = end < 0 ? text : text.slice(0, end)
    const detail = end < 0 ? '' : text.slice(end + 1).trimEnd()
    const all = { ...fields, stream, detail: detail === '' ? undefined : detail }
    if (stream === 'stdout') this.#log.info(message, all)
    else this.#log.warn(message, all)
  }

  /** The worker is over. */
  end(): void {
    this.#rate.tell()
  }
}
