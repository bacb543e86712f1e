// The settings of every mount that has worker processes, beside their number and what they run.
import * as v from 'valibot'
import { count, openSeconds, seconds, WORKERS_MAX } from '../quantity.ts'
import { parseMountPlace } from '../mount-place.ts'
import type { PoolOptions } from '../workers/pool.ts'
import type { MountContext } from './mount.ts'
import { recycleEntry, recycleRules } from './recycle-settings.ts'
import { TimeRules, type TimeLimits } from '../workers/time-limits.ts'
import { withoutTrailing } from '../trailing.ts'

/** Seconds. */
const KILL_TIMEOUT = 10

const limit = {
  requestTimeout: openSeconds(
    'Seconds the app may take for a request; then it gets 504, the app is interrupted, and the log says what it was doing. Default: no limit.',
  ),
  slow: openSeconds(
    'A request that takes so many seconds is told of in the log, with what the app is doing. Default: never.',
  ),
}

const probePath = v.pipe(v.string(), v.regex(/^\//, 'must be a path below the mount, such as "/health"'))

/** How many workers there are: always, or at least and at most. */
export const processesSchema = v.union([
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WORKERS_MAX)),
  v.pipe(
    v.strictObject({
      min: count(0, 1, 'As many stay when there is nothing to do.', WORKERS_MAX),
      max: count(1, 4, 'No more than so many.', WORKERS_MAX),
      idle: seconds(60, 'Seconds without a request after which one that is too many ends.'),
    }),
    v.check(({ min, max }) => min <= max, 'has a min that is more than its max'),
  ),
])

/** The setting. */
export type Processes = v.InferOutput<typeof processesSchema>

/** The most there are. */
export function mostOf(processes: Processes): number {
  return typeof processes === 'number' ? processes : processes.max
}

/** The setting as a pool wants it. One is always started, so that an app that does not load stops the start. */
export function staffOf(processes: Processes): Pick<PoolOptions, 'processes' | 'scale'> {
  if (typeof processes === 'number') return { processes }
  const { min, max, idle } = processes
  return { processes: Math.max(min, 1), scale: { min, max, idle: idle * 1000 } }
}

/** What is the same for all workers. */
export const lifeEntries = {
  ...limit,
  killTimeout: openSeconds(
    `Seconds the app gets to end a request that took longer than requestTimeout; then its worker is replaced and killed. Default: ${KILL_TIMEOUT}.`,
  ),
  paths: v.pipe(
    v.optional(
      v.record(
        v.pipe(v.string(), v.regex(/^\/./, 'must be a path below the mount, such as "/export"')),
        v.strictObject(limit),
      ),
    ),
    v.description(
      'Other values of requestTimeout and slow for paths below the mount, such as { "/export": { requestTimeout: 300 } }.',
    ),
  ),
  ready: v.pipe(
    v.optional(
      v.union([
        probePath,
        v.strictObject({
          path: v.pipe(probePath, v.description('The path below the mount.')),
          host: v.pipe(v.optional(v.string(), 'localhost'), v.description('The Host header.')),
        }),
      ]),
    ),
    v.description(
      'A path below the mount, such as "/health", or { path, host }: a worker counts as ready once it has answered a GET there with a status below 400; 503 makes it ask again. Default: it is ready once the app is loaded.',
    ),
  ),
  recycle: recycleEntry('workers are replaced by fresh ones: one at a time, and only when the next one is ready'),
}

const lifeObject = v.strictObject(lifeEntries)

/** These settings, defaults filled in. */
export type LifeSettings = v.InferOutput<typeof lifeObject>

/** The settings as a pool wants them. */
export function lifeOptions(
  settings: LifeSettings,
  { directory, key }: Pick<MountContext, 'directory' | 'key'>,
): Pick<PoolOptions, 'limits' | 'recycle' | 'probe'> {
  const { ready, recycle } = settings
  const { host: own, prefix } = parseMountPlace(key)
  const { path, host } = typeof ready === 'object' ? ready : { path: ready, host: own || 'localhost' }
  return {
    limits: timeRules(settings),
    recycle: recycle && recycleRules(recycle, directory),
    probe: path === undefined ? undefined : { path, host, prefix },
  }
}

function timeRules(settings: LifeSettings): TimeRules {
  const { killTimeout = KILL_TIMEOUT, paths = {} } = settings
  const limits = ({
    requestTimeout = Infinity,
    slow = Infinity,
  }: Pick<LifeSettings, keyof typeof limit>): TimeLimits => ({
    timeout: requestTimeout * 1000,
    slow: slow * 1000,
    kill: killTimeout * 1000,
  })
  const others = Object.entries(paths).map(([path, own]) => {
    const prefix = Buffer.from(withoutTrailing(path, '/')).toString('latin1')
    return [prefix, limits({ ...settings, ...own })] as const
  })
  return new TimeRules(limits(settings), others)
}
