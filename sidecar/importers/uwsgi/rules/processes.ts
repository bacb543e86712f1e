// How many processes there are, and how many requests each has at a time.
import { SECONDS_MAX, WORKERS_MAX } from '../../../quantity.ts'
import { isOn, numberIn } from '../option.ts'
import type { Instance } from '../instance.ts'
import { always, carried, changed, counted, left, needless, overridden, refused, type Rule } from '../rule.ts'

/** How many processes uWSGI is to have. */
export const workers = (instance: Instance): number => {
  const option = instance.last('processes', 'workers')
  return Math.min(WORKERS_MAX, Math.max(1, (option && numberIn(option)) ?? 1))
}

/** Processes are one setting here: a number, or the least, the most and when one is too many. */
function staff(instance: Instance): void {
  const max = workers(instance)
  const cheaper = instance.last('cheaper')
  const least = cheaper && numberIn(cheaper)
  const cheap = instance.last('cheap')
  const idle = instance.last('idle')
  const seconds = idle && numberIn(idle)
  const isCheap = cheap !== undefined && isOn(cheap)
  const min = least !== undefined && least > 0 && least < max ? least : isCheap || seconds ? 0 : undefined
  instance.set(
    'processes',
    min === undefined ? max : { min: seconds ? 0 : min, max, ...(seconds && { idle: Math.min(seconds, SECONDS_MAX) }) },
  )
}

const processes: Rule = {
  names: ['processes', 'workers'],
  here: '`processes` of each mount: mounts share no processes',
  take(option, instance) {
    if (instance.last('processes', 'workers') !== option) return overridden
    const number = numberIn(option)
    if (number === undefined) return left(`${JSON.stringify(option.value)} is no number`)
    staff(instance)
    return number > WORKERS_MAX
      ? changed(`here it is ${WORKERS_MAX} at most`, ['app', 'processes'])
      : carried(['app', 'processes'])
  },
}

const cheaper: Rule = {
  names: ['cheaper'],
  here: '`processes: { min, max }`: one more starts when requests wait',
  take(option, instance) {
    const number = numberIn(option)
    if (number === undefined || number < 1) return carried(undefined, 'it is off')
    if (number >= workers(instance))
      return left('there are no more processes than that, so that uWSGI would not start: raise processes')
    staff(instance)
    return carried(['app', 'processes', 'min'])
  },
}

const idle: Rule = {
  names: ['idle'],
  here: '`processes: { min: 0, idle }`: none is left after so many seconds without a request',
  take(option, instance) {
    if (!numberIn(option)) return carried(undefined, 'it is off')
    staff(instance)
    return carried(['app', 'processes', 'idle'])
  },
}

const cheap: Rule = {
  names: ['cheap'],
  here: '`processes: { min: 0 }`; one starts all the same, so that an app that does not load is noticed',
  isSwitch: true,
  take(option, instance) {
    if (!isOn(option)) return carried(undefined, 'it is off')
    staff(instance)
    return changed('one process starts all the same, so that an app that does not load is noticed', [
      'app',
      'processes',
      'min',
    ])
  },
}

function threadsOf(names: readonly string[], here: string): Rule {
  return {
    names,
    here,
    take(option, instance) {
      const number = numberIn(option)
      if (!number || number < 2) return carried(undefined, 'it is one at a time')
      const threads = Math.min(number, THREADS_FOR_LOOPS)
      if (instance.last('threads')) return left('threads says how many requests a process has at a time')
      instance.set('threads', threads)
      const fewer = threads < number ? `, ${threads} of them` : ''
      return changed(
        `threads${fewer} are in its place; an app that wants to be patched calls monkey.patch_all() itself`,
        ['app', 'threads'],
      )
    },
  }
}

/** Loops have thousands of places, which cost nothing; threads cost memory. */
const THREADS_FOR_LOOPS = 100

const spool: Rule = {
  names: ['post-buffering'],
  here: '`spoolMemory`; bodies are always taken whole before an app runs, up to `maxSpool`',
  take(option, instance) {
    const number = numberIn(option)
    if (!number || number < 1)
      return changed('bodies are always taken whole before the app runs; streamBodies: true has them as they come')
    instance.set('spoolMemory', Math.min(number, 2 ** 30))
    return carried(['app', 'spoolMemory'])
  },
}

const NEEDLESS = 'nothing here needs it'

/** The rows. */
export const processRules: readonly Rule[] = [
  processes,
  counted(['threads'], '`threads`', { setting: 'threads' }),
  cheaper,
  idle,
  cheap,
  refused(
    [
      'cheaper-initial',
      'cheaper-step',
      'cheaper-algo',
      'cheaper-overload',
      'cheaper-idle',
      'cheaper-rss-limit-soft',
      'cheaper-rss-limit-hard',
      'cheaper-busyness-max',
      'cheaper-busyness-min',
      'cheaper-busyness-multiplier',
      'cheaper-busyness-penalty',
      'cheaper-busyness-verbose',
      'cheaper-busyness-backlog-alert',
      'cheaper-busyness-backlog-multiplier',
      'cheaper-busyness-backlog-step',
      'cheaper-busyness-backlog-nonzero',
      'cheaper-algo-list',
      'cheaper-algos-list',
      'cheaper-list',
    ],
    'there is one way, without settings: `min` processes start, one more when a request has waited for a tenth of a second, and one ends after `idle` seconds without a request',
  ),
  refused(['die-on-idle'], '`processes: { min: 0, idle }` leaves no worker; the gateway stays', true),
  spool,
  always(['master'], 'what a master does is always there', 'workers are always looked after'),
  always(
    ['lazy-apps', 'lazy'],
    'each worker loads the app itself',
    'each worker loads the app itself: nothing is loaded before workers are forked, and they share no memory',
  ),
  always(
    ['need-app'],
    'an app that does not load stops the start',
    'an app that does not load stops the start all the same',
  ),
  always(
    ['die-on-term'],
    'SIGTERM stops it; SIGHUP reloads, with `--supervise`',
    'SIGTERM stops it, and does not reload',
  ),
  always(['vacuum'], 'its sockets are removed at the end', 'its sockets are removed at the end all the same'),
  always(['no-orphans'], 'no worker outlives the gateway'),
  always(['enable-threads', 'py-call-osafterfork', 'py-call-uwsgi-fork-hooks'], 'Python threads always run'),
  always(['single-interpreter'], 'each mount has processes of its own, with one interpreter each'),
  needless(
    [
      'thunder-lock',
      'persistent-ipcsem',
      'no-fd-passing',
      'no-threads-wait',
      'master-as-root',
      'drop-after-init',
      'drop-after-apps',
      'skip-zero',
      'skip-atexit',
      'skip-atexit-teardown',
      'honour-stdin',
      'reaper',
      'ignore-sigpipe',
      'ignore-write-errors',
      'write-errors-exception-only',
      'disable-write-exception',
      'no-signals',
      'propagate-touch',
      'pcre-jit',
      'strict',
      'auto-procname',
      'use-abort',
      'refork',
      're-fork',
      'refork-as-root',
      're-fork-as-root',
      'refork-post-jail',
      're-fork-post-jail',
      'force-gateway',
      'never-swap',
      'memory-report',
    ],
    NEEDLESS,
    true,
  ),
  needless(
    [
      'locks',
      'lock-engine',
      'ftok',
      'thread-stacksize',
      'threads-stacksize',
      'thread-stack-size',
      'threads-stack-size',
      'write-errors-tolerance',
      'check-interval',
      'forkbomb-delay',
      'max-vars',
      'vector-size',
      'max-apps',
      'clock',
      'ksm',
      'buffer-size',
      'post-buffering-bufsize',
      'post-buffering-busize',
      'body-read-warning',
      'chunked-input-limit',
    ],
    NEEDLESS,
  ),
  threadsOf(
    [
      'gevent',
      'gevent-wait-for-hub',
      'async',
      'ugreen',
      'ugreen-stacksize',
      'tornado',
      'asyncio',
      'greenlet',
      'coroae',
      'fiber',
    ],
    '`threads`, 100 at most: a worker has one request at a time for each. Apps patched by gevent or eventlet are served ([python.md](python.md#workers))',
  ),
  refused(
    ['gevent-monkey-patch', 'gevent-early-monkey-patch', 'loop', 'loop-list', 'loops-list', 'stackless'],
    'the app patches Python itself, as its first lines: `from gevent import monkey; monkey.patch_all()`',
    true,
  ),
]
