// What a slot keeps running: a worker of a pool, or the command of a run mount.
import type { LogFields } from '../log.ts'
import type { StartError } from './start-error.ts'

/**
 * Why a process takes the place of another: `crash`; `signal`: somebody asked it to end; `abort`: it did not stop after its client had gone;
 * `time`: a request took too long; `memory`, `requests`, `age`, `touch`, `time of day`: as the settings want it; `reload`; `recycle`: by hand.
 */
export type Cause =
  | 'crash'
  | 'signal'
  | 'abort'
  | 'time'
  | 'memory'
  | 'requests'
  | 'age'
  | 'touch'
  | 'time of day'
  | 'reload'
  | 'recycle'

/** Who keeps an occupant running. */
export interface Keeper<T> {
  /** It can take a request. */
  free(occupant: T): void
  /** It wants to end, or must. It takes requests until another one is ready, or turns out not to come up. `reason`, `about`: for the log. */
  leaving(occupant: T, cause: Cause, reason: string, about?: LogFields): void
  /** It was in use, and its process is over. `expected`: it had been asked to end. */
  gone(occupant: T, expected: boolean): void
}

/** A process in a slot. */
export interface Occupant {
  readonly pid: number | undefined
  /** When it became ready, as `performance.now()`; 0: not yet. */
  readonly readySince: number
  /** What failed when it did not come up. */
  readonly startError: StartError | undefined
  /** Why it was killed on purpose; undefined: it was not. */
  readonly killedFor?: Cause | undefined
  /** Settles when it is ready. @throws {StartError} */
  readonly started: Promise<void>
  /** Takes no more requests, ends when those under way are answered. */
  leave(): void
  /** Ends it: resolves when its process is over. */
  stop(): Promise<void>
}
