// Something that happens while there is load.
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'
import type { Lost } from './tally.ts'

/** One kind of it. */
export interface Happening {
  readonly name: string
  /** What it is, for the help text. */
  readonly sentence: string
  /** Has it happen once; resolves when it is over. @returns what it may have cost; undefined: nothing. @throws {Error} when it went otherwise than it has to */
  once(stage: Stage, random: Random): Promise<Cost | undefined>
  /** It takes long: so often is enough. */
  readonly times?: number
  /** Prepares the stage, once, before anything is counted; and has it as it was. */
  begin?(stage: Stage): Promise<void>
  end?(stage: Stage): Promise<void>
  /** Milliseconds from one to the next. */
  readonly apart?: number
  /** Processes that are there afterwards, and were not before. */
  readonly leaves?: number
  /** Sidegate ends, and is started again. */
  readonly startsAnew?: boolean
  /** It ends the gateway, which can say nothing more then: nginx takes what it has of a response by FastCGI for all of it. */
  readonly silences?: boolean
  /** Lines of warnings and errors that the log may have of it. */
  readonly said: RegExp
  /** Warnings and errors of nginx that belong to it. */
  readonly saidByNginx?: RegExp
}

/** What one happening may have cost. */
export interface Cost {
  /** It may be the reason why this one was lost. */
  explains(lost: Lost): boolean
  /** So many requests at most. */
  readonly most: number
}

/**
 * So long after a crash a request may still be given to what has crashed, in milliseconds: whoever sends it does not know yet. Processes that want
 * the processor are many while there is load.
 */
const UNKNOWN_MS = 100

/** From the crash until the system has ended the process, which on a busy machine is a while: its sockets take what is sent till then. */
export interface Crash {
  readonly from: number
  readonly to: number
}

/** What a crash had in its hands: what was under way then. `mount`: of this one only. */
export function inHands({ from, to }: Crash, most: number, mount?: string): Cost {
  return {
    most,
    explains: (lost) =>
      (mount === undefined || lost.mount === mount) && lost.began <= to + UNKNOWN_MS && lost.ended >= from,
  }
}

/** What came while nobody was there: not what was under way when that began. */
export function meanwhile(from: number, to: number): Cost {
  return { most: Infinity, explains: ({ began }) => began >= from && began <= to }
}

/** What an app in trouble had in its hands, from the beginning of the trouble to its end. */
export function within(from: number, to: number, mount: string): Cost {
  return {
    most: Infinity,
    explains: (lost) => lost.mount === mount && lost.began <= to && lost.ended >= from,
  }
}
