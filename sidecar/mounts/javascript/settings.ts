// The settings of apps in JavaScript that run in worker processes; each but `processes` counts with that one only.
import * as v from 'valibot'
import { ConfigError } from '../../errors.ts'
import { environmentSetting } from '../../processes/environment-setting.ts'
import { identityEntries, type IdentityOptions } from '../../processes/identity.ts'
import { COUNT_MAX, SECONDS_MAX } from '../../quantity.ts'
import { lifeEntries, processesSchema, type LifeSettings, type Processes } from '../worker-settings.ts'

const DEFAULTS = { requests: 1000, queue: 100, queueTimeout: 30, stopTimeout: 30, abortTimeout: 60, stuckTimeout: 30 }

/** Requests at the same time in one process, at most: each has a place there. */
const REQUESTS_MAX = 100_000
/** As much as V8 takes, in MB. */
const HEAP_MAX = 1024 * 1024

const whole = (least: number, most: number, description: string) =>
  v.pipe(v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))), v.description(description))

const time = (name: 'queueTimeout' | 'stopTimeout' | 'abortTimeout' | 'stuckTimeout', least: number, text: string) =>
  v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(least), v.maxValue(SECONDS_MAX))),
    v.description(`With processes: seconds ${text} (default ${DEFAULTS[name]}).`),
  )

/** Settings of each kind of app in JavaScript. */
export const workerEntries = {
  processes: v.pipe(
    v.optional(processesSchema),
    v.description(
      "Worker processes: a number, or { min, max, idle }: one more starts when requests wait, one ends after `idle` seconds (60) without a request; min 0 leaves none. Default: the app runs in the gateway's own process, which is the quickest way.",
    ),
  ),
  requests: whole(
    1,
    REQUESTS_MAX,
    `With processes: requests that one takes at the same time, WebSockets among them (default ${DEFAULTS.requests}).`,
  ),
  queue: whole(
    0,
    COUNT_MAX,
    `With processes: requests that may wait for a place; more get 503 (default ${DEFAULTS.queue}).`,
  ),
  queueTimeout: time('queueTimeout', 0, 'a request may wait for a place; then it gets 503'),
  stopTimeout: time('stopTimeout', 0, 'a worker gets to end by itself before it is killed'),
  abortTimeout: time(
    'abortTimeout',
    0,
    'until a worker that has not even noticed that the client of a request is gone is replaced',
  ),
  stuckTimeout: time(
    'stuckTimeout',
    2,
    'an app may keep its worker so busy that it answers nothing, as in an endless loop; then the worker is killed, and another one starts',
  ),
  heap: whole(
    16,
    HEAP_MAX,
    'With processes: megabytes of JavaScript objects in one worker, which ends when there are more (default: what Node.js takes for the machine).',
  ),
  env: v.pipe(
    v.optional(environmentSetting),
    v.description('With processes: environment variables of the workers, over those of the gateway.'),
  ),
  ...lifeEntries,
  ...identityEntries,
}

/** What the settings say of workers. */
export interface WorkerSettings extends LifeSettings {
  readonly processes?: Processes | undefined
  readonly requests?: number | undefined
  readonly queue?: number | undefined
  readonly queueTimeout?: number | undefined
  readonly stopTimeout?: number | undefined
  readonly abortTimeout?: number | undefined
  readonly stuckTimeout?: number | undefined
  readonly heap?: number | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly process?: IdentityOptions['process']
  readonly clearEnv?: boolean | undefined
}

/** The same with their defaults. */
export type CompleteSettings = WorkerSettings & typeof DEFAULTS & { readonly processes: Processes }

/**
 * The settings of workers; undefined: there are to be none.
 * @param path of the mount in the configuration
 * @throws {ConfigError} WORKERS_NONE: one is set, and processes is not
 */
export function workersOf(settings: WorkerSettings, path: string): CompleteSettings | undefined {
  const { processes, ...others } = Object.fromEntries(
    Object.keys(workerEntries).map((name) => [name, settings[name as keyof WorkerSettings]]),
  ) as WorkerSettings
  const set = Object.entries(others).filter(([, value]) => value !== undefined)
  if (processes !== undefined)
    return { ...DEFAULTS, ...(Object.fromEntries(set) as WorkerSettings), processes } as CompleteSettings
  if (set.length === 0) return undefined
  const [name] = set[0]!
  const message = `${name} is about worker processes, and this app runs in the process of the gateway: set processes too, or leave ${name} out`
  throw new ConfigError('WORKERS_NONE', `${path}.${name}`, message)
}
