// Text that a worker writes, line by line.
import { StringDecoder } from 'node:string_decoder'

/** A longer line is cut into pieces of this many characters: a program that writes no line end must not fill the memory. */
const LINE_MAX = 512 * 1024

/** Cuts bytes (UTF-8) into lines, without their ends. Empty lines are left out. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #take: (line: string) => void
  readonly #most: number
  #rest = ''

  /** @param most characters of a line; a longer one comes in pieces */
  constructor(take: (line: string) => void, most = LINE_MAX) {
    this.#take = take
    this.#most = most
  }

  push(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.write(bytes as Buffer)
    let at = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.#line(text.slice(at, end))
      at = end + 1
    }
    this.#rest = text.slice(at)
    while (this.#rest.length > this.#most) {
      this.#line(this.#rest.slice(0, this.#most))
      this.#rest = this.#rest.slice(this.#most)
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
