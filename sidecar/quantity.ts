// The times, counts and sizes among the settings. Each has an upper bound: Node.js takes a time above 2,147,483 s for 1 ms, and a slip of some
// digits should not take all memory before anybody sees it.
import * as v from 'valibot'

/** Eleven days: with what is added to some times, still one that a timer takes. */
export const SECONDS_MAX = 1_000_000
/** Of what is only counted or waits in a list. */
export const COUNT_MAX = 1_000_000
/** A tebibyte, for what goes to disk. */
const BYTES_MAX = 2 ** 40
/** For what stays in memory, once for each request. */
const MEMORY_MAX = 2 ** 30
/** Processes of a mount, threads of a process. */
export const WORKERS_MAX = 1000
/** Connections to one server: TCP has no more ports for them. */
export const CONNECTIONS_MAX = 65_535

const time = (least: number) => v.pipe(v.number(), v.minValue(least), v.maxValue(SECONDS_MAX))

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

/** A time in seconds. */
export const seconds = (initial: number, description: string, least = 0) =>
  v.pipe(v.optional(time(least), initial), v.description(description))

/** A time in seconds that is not bounded, or depends on something, when it is left out. */
export const openSeconds = (description: string) => v.pipe(v.optional(time(0)), v.description(description))

/** A number of things that is not bounded when it is left out. */
export const openCount = (least: number, description: string, most: number = COUNT_MAX) =>
  v.pipe(v.optional(whole(least, most)), v.description(description))

/** A size in bytes that is not bounded when it is left out. */
export const openBytes = (description: string) => openCount(1, description, BYTES_MAX)

/** A number of things. */
export const count = (least: number, initial: number, description: string, most: number = COUNT_MAX) =>
  v.pipe(v.optional(whole(least, most), initial), v.description(description))

/** A size on disk, in bytes. */
export const bytes = (initial: number, description: string) => count(0, initial, description, BYTES_MAX)

/** A size in memory, in bytes. */
export const memory = (initial: number, description: string) => count(0, initial, description, MEMORY_MAX)
