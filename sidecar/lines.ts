// Text that a worker writes, line by line.
import { StringDecoder } from 'node:string_decoder'

/** A longer line is cut into pieces of this many characters: a program that writes no line end must not fill the memory. */
const LINE_MAX = 512 * 1024

/** Cuts bytes (UTF-8) into lines, without their ends. Empty lines are left out. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #take: (line: string) => void
  #rest = ''

  constructor(take: (line: string) => void) {
    this.#take = take
  }

  push(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.write(bytes as Buffer)
    let at = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.#line(text.slice(at, end))
      at = end + 1
    }
    this.#rest = text.slice(at)
    while (this.#rest.length > LINE_MAX) {
      this.#line(this.#rest.slice(0, LINE_MAX))
      this.#rest = this.#rest.slice(LINE_MAX)
    }
  }

  /** What came after the last line end is a line too. */
  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest) this.#line(rest)
  }

  #line(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line !== '') this.#take(line)
  }
}

/** The last lines of a worker's stderr: what a report of its death shows. */
export class Tail {
  readonly #lines: string[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > this.#most) this.#lines.shift()
  }

  /** Undefined when nothing was written. */
  get text(): string | undefined {
    return this.#lines.length > 0 ? this.#lines.join('\n') : undefined
  }
}
