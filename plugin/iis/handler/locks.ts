// Who may start Sidegate: files of one folder with numbers, of which the highest counts. To be the one, a process makes the next number,
// which the system lets only one do, whatever the others think of the number before; the highest is never removed. That works on every
// system, where two servers on one name of a pipe may not be refused, and a lock that is removed could be the next one's already.
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What is known of a Sidegate that was started. */
export interface Started {
  /** The address of its lifeline. */
  readonly line: string
  /** Its process, once that is there. */
  readonly pid?: number | undefined
  /** It has served: when it is gone, another may be started at once. */
  readonly served?: boolean | undefined
  /** Why it ended, where that is known. */
  readonly ended?: string | undefined
}

/** A lock. */
export interface Lock {
  readonly number: number
  /** Milliseconds since it was made or written. */
  readonly age: number
  /** Undefined: whoever made it has not written it yet. */
  readonly started: Started | undefined
}

const NAME = /^sidegate-iis\.([1-9][0-9]{0,14})\.lock$/

export class Locks {
  readonly #folder: string

  /** The folder is made. @throws {Error} the system's */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
  }

  /** The one that counts. */
  newest(): Lock | undefined {
    for (;;) {
      const number = this.#numbers().at(-1)
      if (number === undefined) return undefined
      try {
        const { mtimeMs } = statSync(this.path(number))
        return { number, age: Date.now() - mtimeMs, started: this.#read(number) }
      } catch (error) {
        // Somebody has made a higher one meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  }

  /**
   * Makes the next one.
   * @param after the highest there was, 0 for none
   * @returns its number; undefined when somebody else was quicker
   */
  take(after: number): number | undefined {
    const number = after + 1
    try {
      closeSync(openSync(this.path(number), 'wx'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
      throw error
    }
    const numbers = this.#numbers()
    if (numbers.at(-1)! > number) {
      // That number was used up long ago.
      rmSync(this.path(number), { force: true })
      return undefined
    }
    for (const old of numbers) if (old < number) rmSync(this.path(old), { force: true })
    return number
  }

  /** Adds to what is known: a line at the end, so that several may do it at once. What is known already stays. */
  write(number: number, known: Partial<Started>): void {
    appendFileSync(this.path(number), `${JSON.stringify(known)}\n`)
  }

  /** The file of a lock. */
  path(number: number): string {
    return join(this.#folder, `sidegate-iis.${number}.lock`)
  }

  #numbers(): number[] {
    return readdirSync(this.#folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
  }

  /** A line whose end is missing is just being written. */
  #read(number: number): Started | undefined {
    const lines = readFileSync(this.path(number), 'utf8').split('\n').slice(0, -1)
    const facts = lines.map((line) => JSON.parse(line) as Partial<Started>)
    const { line, ...others } = Object.assign({}, ...facts.toReversed()) as Partial<Started>
    return line === undefined ? undefined : { line, ...others }
  }
}
