// wsgi.input and wsgi.errors, wrapped and checked. The lines with ## are the specification: docs/interface.md is made of them.
import { types } from 'node:util'
import { demandFor, show, type Demand } from './lint-error.ts'
import type { ErrorStream, InputStream } from './types.ts'

// ##
// ## ## The input
// ##
// ## `wsgi.input` is the request body. It is pulled: nothing is read from the client before the app asks.
// ##
const input: Demand = demandFor('LINT_INPUT', 'app')
const inputGiven: Demand = demandFor('LINT_INPUT', 'gateway')

/** A wsgi.input that checks both who reads and what is read. */
export class LintedInput implements InputStream {
  readonly #stream: InputStream
  #reading = false

  constructor(stream: InputStream) {
    this.#stream = stream
  }

  /** As of BodyInput. */
  get empty(): boolean | undefined {
    return (this.#stream as Partial<LintedInput>).empty
  }

  read(...args: [size?: number]): Promise<Uint8Array> {
    // ## - `read(size)` gives up to `size` bytes, at least one unless at the end; `read()` all the rest. Empty means the end.
    checkSize('read', args)
    return this.#once(this.#stream.read(...args), (bytes) => checkBytes(bytes, args[0], 'read'))
  }

  readline(...args: [limit?: number]): Promise<Uint8Array> {
    // ## - `readline(limit)` gives a line with its LF, at most `limit` bytes of it.
    checkSize('readline', args)
    return this.#once(this.#stream.readline(...args), (line) => {
      checkBytes(line, args[0], 'readline')
      const lf = line.indexOf(10)
      inputGiven(lf < 0 || lf === line.length - 1, 'wsgi.input.readline gave more than one line')
    })
  }

  readlines(...args: [hint?: number]): Promise<Uint8Array[]> {
    // ## - `readlines(hint)` gives an array of lines; it stops after the line that reaches `hint` bytes.
    checkSize('readlines', args)
    return this.#once(this.#stream.readlines(...args), (lines) => {
      inputGiven(Array.isArray(lines), 'wsgi.input.readlines gave no array')
      for (const line of lines) checkBytes(line, undefined, 'readlines')
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    // ## - Iterated with `for await`, it gives the pieces as they arrive, none empty. (In Python these are lines; a piece has a bounded
    // ##   size, a line has not.)
    for await (const piece of this.#stream) {
      checkBytes(piece, undefined, 'the iterator of')
      inputGiven(piece.length > 0, 'wsgi.input gave an empty piece')
      yield piece
    }
  }

  close(): never {
    // ## - The app does not close it.
    input(false, 'wsgi.input.close must not be called: the input belongs to the gateway')
    throw new TypeError('unreachable')
  }

  /** One read at a time. */
  async #once<T>(reading: Promise<T>, check: (value: T) => void): Promise<T> {
    // ## - One read at a time: wait for the promise of one before the next.
    try {
      input(!this.#reading, 'wsgi.input is read while an earlier read has not finished: await it first')
    } catch (error) {
      reading.catch(() => {})
      throw error
    }
    this.#reading = true
    try {
      const value = await reading
      check(value)
      return value
    } finally {
      this.#reading = false
    }
  }
}

function checkSize(name: string, args: unknown[]): void {
  // ## - A size, limit or hint is a whole number; -1 and undefined mean no limit.
  const [size] = args
  input(args.length <= 1, `wsgi.input.${name} takes one argument at most`)
  input(
    size === undefined || (Number.isInteger(size) && (size as number) >= -1),
    () => `wsgi.input.${name} was asked for ${show(size)} bytes`,
  )
}

function checkBytes(bytes: unknown, size: number | undefined, name: string): asserts bytes is Uint8Array {
  inputGiven(types.isUint8Array(bytes), `wsgi.input: ${name} gave no Uint8Array`)
  if (size !== undefined && size >= 0)
    inputGiven(bytes.length <= size, `wsgi.input: ${name} gave more than the ${size} bytes asked for`)
}

// ##
// ## ## The error stream
// ##
// ## `wsgi.errors` takes text for the error log.
// ##
const errors: Demand = demandFor('LINT_ERRORS', 'app')

/** A wsgi.errors that checks what is written. */
export class LintedErrors implements ErrorStream {
  readonly #stream: ErrorStream

  constructor(stream: ErrorStream) {
    this.#stream = stream
  }

  write(text: string): void {
    // ## - `write` takes one string; lines end with LF.
    errors(typeof text === 'string', () => `wsgi.errors.write takes a string, not ${show(text)}`)
    this.#stream.write(text)
  }

  writelines(lines: Iterable<string>): void {
    // ## - `writelines` takes an iterable of strings, not a string.
    const iterable = typeof lines === 'object' && lines !== null && typeof lines[Symbol.iterator] === 'function'
    errors(iterable, () => `wsgi.errors.writelines takes an iterable of strings, not ${show(lines)}`)
    for (const line of lines) this.write(line)
  }

  flush(): void {
    // ## - `flush` writes what does not end with LF yet; it happens by itself soon after.
    this.#stream.flush()
  }

  close(): never {
    // ## - The app does not close it.
    errors(false, 'wsgi.errors.close must not be called: the stream belongs to the gateway')
    throw new TypeError('unreachable')
  }
}
