// How long a request, a worker and a stop may take, and when workers are replaced.
import { COUNT_MAX, SECONDS_MAX } from '../../../quantity.ts'
import { numberIn, type UwsgiOption } from '../option.ts'
import { carried, changed, counted, left, needless, refused, type Rule, type Verdict } from '../rule.ts'
import { workers } from './processes.ts'

const MEGABYTE = 1024 * 1024
/** Of `recycle.memory`. */
const BYTES_MAX = 2 ** 40

/** Differences from worker to worker. */
function jitter(names: readonly string[], of: string): Rule {
  return {
    names,
    here: '`recycle.jitter`: a share, in the place of so many for each worker',
    take(option, instance) {
      const delta = numberIn(option)
      const base = instance.last(of)
      const whole = base && numberIn(base)
      if (!delta || !whole) return carried(undefined, 'it is off')
      const share = Math.min(1, Math.round((delta * workers(instance) * 1000) / whole) / 1000)
      instance.set('recycle.jitter', share)
      return changed(`up to ${share} more of it, by chance, in the place of ${delta} for each worker`, [
        'app',
        'recycle',
        'jitter',
      ])
    },
  }
}

function touched(names: readonly string[], here: string): Rule {
  return {
    names,
    here,
    take({ value }, instance) {
      const files = (instance.top.reloadOnTouch ??= []) as string[]
      files.push(instance.path(value))
      return carried(['reloadOnTouch', files.length - 1], 'with sidegate serve --supervise')
    },
  }
}

const freshOnTouch: Rule = {
  names: ['touch-workers-reload', 'touch-chain-reload'],
  here: '`recycle.touch`: one worker after the other, each when the next one is ready',
  take({ value }, instance) {
    const before = (instance.common.recycle as { touch?: string[] } | undefined)?.touch ?? []
    instance.set('recycle.touch', [...before, instance.path(value)])
    return carried(['app', 'recycle', 'touch'])
  },
}

/** What a worker gets to end, and what a stop gets. */
const mercy: Rule = {
  names: ['reload-mercy'],
  here: '`drainTimeout`: what a stop waits for requests under way',
  take(option, instance): Verdict {
    const number = numberIn(option as UwsgiOption)
    if (!number) return left(`${JSON.stringify(option.value)} is no time in seconds`)
    instance.top.drainTimeout = Math.min(number, SECONDS_MAX)
    return carried(['drainTimeout'])
  },
}

/** The rows. */
export const recyclingRules: readonly Rule[] = [
  counted(['harakiri'], '`requestTimeout`; the client gets 504 in the place of nothing', {
    setting: 'requestTimeout',
    most: SECONDS_MAX,
    note: 'the client gets 504, the app an exception, and only an app that does not end by it is killed (killTimeout)',
  }),
  counted(['harakiri-graceful-timeout'], '`killTimeout`', { setting: 'killTimeout', most: SECONDS_MAX }),
  needless(
    [
      'harakiri-verbose',
      'harakiri-queue-threshold',
      'harakiri-graceful-signal',
      'harakiri-no-arh',
      'no-harakiri-arh',
      'no-harakiri-after-req-hook',
      'backtrace-depth',
    ],
    'the log always says what the app was doing (REQUEST_LATE)',
    true,
  ),
  counted(['max-requests'], '`recycle.requests`', {
    setting: 'recycle.requests',
    most: COUNT_MAX,
    note: 'the next worker is ready before the old one goes',
  }),
  jitter(['max-requests-delta'], 'max-requests'),
  counted(['max-worker-lifetime'], '`recycle.age`', { setting: 'recycle.age', most: SECONDS_MAX }),
  jitter(['max-worker-lifetime-delta'], 'max-worker-lifetime'),
  refused(['min-worker-lifetime'], 'a worker that dies again and again is started after longer and longer pauses'),
  counted(['reload-on-rss'], '`recycle.memory`, in bytes', {
    setting: 'recycle.memory',
    factor: MEGABYTE,
    most: BYTES_MAX,
  }),
  counted(['evil-reload-on-rss'], '`recycle.killMemory`, in bytes', {
    setting: 'recycle.killMemory',
    factor: MEGABYTE,
    most: BYTES_MAX,
  }),
  refused(
    ['reload-on-as', 'evil-reload-on-as', 'reload-on-uss', 'reload-on-pss'],
    'resident memory counts: `recycle.memory` and `recycle.killMemory`; `process.limits.memory` bounds the address space',
  ),
  mercy,
  counted(['worker-reload-mercy'], '`stopTimeout`', { setting: 'stopTimeout', most: SECONDS_MAX }),
  touched(['touch-reload'], '`reloadOnTouch`, with `serve --supervise`'),
  touched(['fs-reload', 'fs-brutal-reload'], '`reloadOnTouch`, with `serve --supervise`'),
  freshOnTouch,
  refused(
    [
      'reload-on-exception',
      'reload-on-exception-type',
      'reload-on-exception-value',
      'reload-on-exception-repr',
      'catch-exceptions',
      'exception-handler',
    ],
    'an app that raises is answered with 500, and the traceback is in the log; in the browser with `sidegate dev`',
    true,
  ),
  refused(
    [
      'exit-on-reload',
      'reload-on-fd',
      'brutal-reload-on-fd',
      'touch-exec',
      'touch-signal',
      'fs-signal',
      'auto-snapshot',
      'mule-harakiri',
    ],
    '`sidegate reload`, SIGHUP and `reloadOnTouch` reload, with `serve --supervise`',
  ),
  refused(
    ['master-fifo', 'stop', 'reload', 'pause', 'suspend', 'resume', 'signal'],
    '`sidegate stop`, `reload`, `drain`, `recycle` and the others of [admin.md](admin.md)',
  ),
]
