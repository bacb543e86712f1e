// `wsgi.errors`: what an app writes here comes out of the error log, with the request and the mount it belongs to.
import type { Log } from '../log.ts'
import type { ErrorStream } from './types.ts'
import { withoutTrailing } from '../trailing.ts'

/** Characters of an unfinished line that are kept; a longer one is logged in pieces. As much as an error log line of nginx and Apache. */
export const ERROR_LINE_MAX = 8192

/** Which request it is. */
export interface ErrorOrigin {
  readonly id: string
  readonly mount: { readonly key: string } | undefined
}

/**
 * Text for the log. What is written at once is one record: the first line is its message, the lines after it its detail. A line without
 * its LF waits for the rest until `flush`, or the end of this turn of the event loop.
 */
export class LogErrorStream implements ErrorStream {
  readonly #log: Log
  readonly #origin: ErrorOrigin
  #text = ''
  #scheduled = false

  constructor(log: Log, origin: ErrorOrigin) {
    this.#log = log
    this.#origin = origin
  }

  write(text: string): void {
    this.#text += text
    const end = this.#text.lastIndexOf('\n') + 1
    if (end > 0) this.#record(end)
    while (this.#text.length > ERROR_LINE_MAX) this.#record(ERROR_LINE_MAX)
    if (this.#text === '' || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line)
  }

  flush(): void {
    if (this.#text !== '') this.#record(this.#text.length)
  }

  #record(end: number): void {
    const text = withoutTrailing(this.#text.slice(0, end), '\r\n')
    this.#text = this.#text.slice(end)
    const { id, mount } = this.#origin
    const lf = text.indexOf('\n')
    const message = lf < 0 ? text : text.slice(0, lf)
    const detail = lf < 0 ? undefined : text.slice(lf + 1)
    this.#log.error(message, { stream: 'errors', request: id, mount: mount?.key, detail })
  }
}
