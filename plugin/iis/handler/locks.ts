// Who may start Sidegate: files of one folder with numbers, of which the highest counts. To be the one, a process makes the next number,
// which the system lets only one do, whatever the others think of the number before; the highest is never removed. That works on every
// system, where two servers on one name of a pipe may not be refused, and a lock that is removed could be the next one's already.
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { parseAddress } from '../../../sidecar/address.ts'

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

const FACT = v.partial(v.object({ line: v.string(), pid: v.number(), served: v.boolean(), ended: v.string() }))

type Fact = v.InferOutput<typeof FACT>

/** A lock. */
export interface Lock {
  readonly number: number
  /** Milliseconds since it was made or written. */
  readonly age: number
  /** Undefined: whoever made it has not written it yet. */
  readonly started: Started | undefined
}

/** A lock of a time to come, by more than clocks of two machines differ: the clock was set back since, and it may be of any age. In milliseconds. */
const AHEAD_MS = 60_000

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
        const age = Date.now() - mtimeMs
        return { number, age: age < -AHEAD_MS ? Infinity : age, started: this.#read(number) }
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

  /** Removes the one that was just taken: nothing was started. */
  giveBack(number: number): void {
    rmSync(this.path(number), { force: true })
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
    // Whoever clears away logs may take the folder too.
    mkdirSync(this.#folder, { recursive: true })
    return readdirSync(this.#folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
  }

  /**
   * A line whose end is missing is just being written. One that cannot be understood says nothing: a full disk or a machine that lost its
   * power leaves such.
   */
  #read(number: number): Started | undefined {
    const lines = readFileSync(this.path(number), 'utf8').split('\n').slice(0, -1)
    const { line, ...others } = Object.assign({}, ...lines.map(factOf).toReversed()) as Fact
    return line === undefined ? undefined : { line, ...others }
  }
}

function factOf(text: string): Fact {
  try {
    const fact = v.parse(FACT, JSON.parse(text))
    if (fact.line !== undefined) parseAddress(fact.line, 'lifeline')
    return fact
  } catch {
    return {}
  }
}
