// The settings of every mount that has worker processes, beside their number and what they run.
import * as v from 'valibot'
import { openSeconds, seconds } from '../quantity.ts'
import { TimeRules, type TimeLimits } from '../workers/time-limits.ts'

const limit = {
  requestTimeout: openSeconds(
    'Seconds the app may take for a request; then it gets 504, the app is interrupted, and the log says what it was doing. Default: no limit.',
  ),
  slow: openSeconds(
    'A request that takes so many seconds is told of in the log, with what the app is doing. Default: never.',
  ),
}

/** How long requests may take. */
export const timeEntries = {
  ...limit,
  killTimeout: seconds(
    10,
    'Seconds the app gets to end a request that took longer than requestTimeout; then its worker is replaced and killed.',
  ),
  paths: v.pipe(
    v.optional(
      v.record(
        v.pipe(v.string(), v.regex(/^\/./, 'must be a path below the mount, such as "/export"')),
        v.strictObject(limit),
      ),
      {},
    ),
    v.description(
      'Other values of requestTimeout and slow for paths below the mount, such as { "/export": { requestTimeout: 300 } }.',
    ),
  ),
}

interface Limit {
  readonly requestTimeout?: number | undefined
  readonly slow?: number | undefined
}

/** These settings, defaults filled in. */
export interface TimeSettings extends Limit {
  readonly killTimeout: number
  readonly paths: Readonly<Record<string, Limit>>
}

/** The settings as a pool wants them. */
export function timeRules(settings: TimeSettings): TimeRules {
  const kill = settings.killTimeout * 1000
  const limits = ({ requestTimeout = Infinity, slow = Infinity }: Limit): TimeLimits => ({
    timeout: requestTimeout * 1000,
    slow: slow * 1000,
    kill,
  })
  const paths = Object.entries(settings.paths).map(([path, own]) => {
    const prefix = Buffer.from(path.replace(/\/+$/, '')).toString('latin1')
    return [prefix, limits({ ...settings, ...own })] as const
  })
  return new TimeRules(limits(settings), paths)
}
