// What an app prints while it answers a request. What is written at once is one report, so that a stack stays in one piece; a line without its LF
// waits for the rest until the end of this turn of the event loop.
import { StringDecoder } from 'node:string_decoder'
import { withoutTrailing } from '../trailing.ts'

/** Characters of an unfinished line that are kept; a longer one is reported in pieces. */
const LINE_MAX = 8192
/** Characters of one report: a frame has to carry it, whatever becomes of them in JSON. */
const REPORT_MAX = 1024 * 1024

/** One of the standard streams of one request. */
export class RequestText {
  readonly #take: (text: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #text = ''
  #isScheduled = false

  /** `take`: gets text of one or more lines, without the last line end. */
  constructor(take: (text: string) => void) {
    this.#take = take
  }

  write(chunk: string | Uint8Array, encoding: BufferEncoding | undefined): void {
    const isText = typeof chunk === 'string' && (encoding === undefined || /^utf-?8$/i.test(encoding))
    this.#text += isText ? chunk : this.#decoder.write(Buffer.from(chunk as string, encoding))
    const end = this.#text.lastIndexOf('\n') + 1
    if (end > 0) this.#report(end)
    while (this.#text.length > LINE_MAX) this.#report(LINE_MAX)
    if (this.#text === '' || this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  flush(): void {
    if (this.#text !== '') this.#report(this.#text.length)
  }

  #report(end: number): void {
    while (end > REPORT_MAX) {
      const size = this.#text.lastIndexOf('\n', REPORT_MAX - 1) + 1 || REPORT_MAX
      this.#report(size)
      end -= size
    }
    const text = withoutTrailing(this.#text.slice(0, end), '\r\n')
    this.#text = this.#text.slice(end)
    if (text !== '') this.#take(text)
  }
}
