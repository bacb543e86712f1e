// The settings of when processes are replaced by fresh ones.
import { resolve } from 'node:path'
import * as v from 'valibot'
import { openBytes, openCount, openSeconds } from '../quantity.ts'
import type { RecycleRules } from '../workers/recycler.ts'

const JITTER = 0.1

const several = (schema: v.GenericSchema<string>, description: string) =>
  v.pipe(v.optional(v.union([schema, v.array(schema)])), v.description(description))

const recycleSettings = v.strictObject({
  requests: openCount(1, 'Requests after which a worker is replaced.'),
  age: openSeconds('Seconds after which a worker is replaced.'),
  memory: openBytes(
    'Bytes of memory (resident) at which a worker is replaced, once it has answered what it has. Linux only.',
  ),
  killMemory: openBytes('Bytes of memory (resident) at which a worker is killed, whatever it does. Linux only.'),
  touch: several(
    v.pipe(v.string(), v.nonEmpty()),
    'Files: when one of them is changed or made, all workers are replaced.',
  ),
  at: several(
    v.pipe(v.string(), v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "04:30"')),
    'Times of day at which all workers are replaced, such as "04:30", by the clock of the machine.',
  ),
  jitter: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), JITTER),
    v.description('By how much requests and age differ from worker to worker: 0.1 is up to a tenth more.'),
  ),
})

/** What it says. */
export type RecycleSettings = v.InferOutput<typeof recycleSettings>

/** The setting. `what`: which processes, and how. */
export const recycleEntry = (what: string) =>
  v.pipe(v.optional(recycleSettings), v.description(`When ${what}. Default: never.`))

/** The settings as a pool wants them. @param directory where relative paths start */
export function recycleRules(settings: RecycleSettings, directory: string): RecycleRules {
  const { requests = Infinity, age = Infinity, memory = Infinity, killMemory = Infinity, touch, at, jitter } = settings
  return {
    requests,
    age: age * 1000,
    memory,
    killMemory,
    touch: listOf(touch).map((file) => resolve(directory, file)),
    at: listOf(at).map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))),
    jitter,
  }
}

function listOf(one: string | string[] | undefined): string[] {
  return typeof one === 'string' ? [one] : (one ?? [])
}
