// Workers that are replaced by others, become more and fewer, on order and by themselves.
import { until } from '../../harness.ts'
import { within, type Happening } from '../happening.ts'
import { ONE_BY_ONE } from './crashes.ts'
import { NARROW, THREADS, TIMED, type Stage } from '../stage.ts'

/** Those that can be loaded anew without the others. */
const RELOADABLE = ['python', 'fresh', 'brief', 'workers', 'run', 'cgi', 'upstream']
const HAVE_WORKERS = ['python', 'workers']

export const reloadMount: Happening = {
  name: 'reload-mount',
  sentence: 'one mount is loaded anew',
  said: /^$/,
  async once(stage, random) {
    const mount = random.one(RELOADABLE)
    const loaded = stage.newVersion()
    await stage.order(`/v1/reload?mount=/${mount}`)
    loaded(mount)
    return undefined
  },
}

export const recycle: Happening = {
  name: 'recycle',
  sentence: 'another worker takes the place of one, by hand',
  said: /^$/,
  async once(stage, random) {
    const mount = random.one(HAVE_WORKERS)
    const pid = random.one(await stage.allWorkers(mount))
    await stage.order(`/v1/recycle?pid=${pid}`)
    const after = await stage.workers(mount)
    if (after.includes(pid)) throw new Error(`worker ${pid} of ${mount} is there after it was replaced`)
    return undefined
  },
}

/** How many processes of a mount were replaced for a reason. */
async function replaced(stage: Stage, mount: string, reason: string): Promise<number> {
  const { report } = await stage.gateway()
  return report.mounts.find(({ key }) => key === `/${mount}`)?.mount?.restarts?.[reason] ?? 0
}

/** It comes by itself. */
function comesBy(name: string, mount: string, reason: string, sentence: string): Happening {
  return {
    name,
    sentence,
    said: /^$/,
    async once(stage) {
      const before = await replaced(stage, mount, reason)
      await until(sentence, async () => (await replaced(stage, mount, reason)) > before, 90_000)
      return undefined
    },
  }
}

export const recycleByRequests = comesBy(
  'recycle-requests',
  'fresh',
  'requests',
  'workers are replaced after so many requests',
)
export const recycleByAge = comesBy('recycle-age', 'brief', 'age', 'workers are replaced at an age')
export const recycleCommand = comesBy('recycle-run', 'run', 'requests', 'a command is replaced after so many requests')
/** A time of day comes once a minute: each time, one worker after the other. */
export const recycleByTime: Happening = ((): Happening => {
  let counted = 0
  const configured = async (stage: Stage, mounts: Record<string, object>): Promise<void> => {
    stage.configure({ mounts: mounts as Record<string, Record<string, unknown>> })
    const failed = await stage.reload()
    if (failed !== undefined) throw new Error(`the reload failed: ${failed}`)
    counted = 0
  }
  return {
    name: 'recycle-at',
    sentence: 'workers are replaced at a time of day',
    said: /^$/,
    begin: (stage) => configured(stage, { '/brief': TIMED }),
    end: (stage) => configured(stage, {}),
    async once(stage) {
      counted++
      await until('another worker', async () => (await replaced(stage, 'brief', 'time of day')) >= counted, 90_000)
      return undefined
    },
  }
})()

export const recycleByMemory: Happening = {
  name: 'recycle-memory',
  sentence: 'a worker that has grown is replaced once it has answered what it has',
  said: /^$/,
  async once(stage) {
    const before = await replaced(stage, 'brief', 'memory')
    // It may be replaced for its age meanwhile, with what it has taken.
    await until('a worker that has grown', async () => {
      const status = await stage.ask('/brief/grow', 10_000)
      if (status !== 200) throw new Error(`/brief/grow gave ${status}`)
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return (await replaced(stage, 'brief', 'memory')) > before
    })
    return undefined
  },
}

export const recycleByTouch: Happening = {
  name: 'recycle-touch',
  sentence: 'workers are replaced because a file was touched',
  said: /^$/,
  async once(stage) {
    const before = await replaced(stage, 'fresh', 'touch')
    const loaded = stage.newVersion()
    stage.write('touched', String(performance.now()))
    await until('new workers', async () => (await replaced(stage, 'fresh', 'touch')) > before)
    await stage.allWorkers('fresh')
    loaded('fresh')
    return undefined
  },
}

export const scaling: Happening = {
  name: 'scaling',
  sentence: 'workers become more when requests wait, and fewer afterwards',
  said: /^$/,
  async once(stage) {
    const requests = Array.from({ length: NARROW.threads + NARROW.queue }, () => stage.ask('/narrow/stream', 20_000))
    await until('more workers', async () => (await stage.workers('narrow')).length > 1)
    const statuses = await Promise.all(requests)
    if (statuses.some((status) => status !== 200)) throw new Error(`a burst was answered with ${statuses.join(', ')}`)
    await until('fewer workers', async () => (await stage.workers('narrow')).length === 1, 60_000)
    return undefined
  },
}

export const fromZero: Happening = {
  name: 'from-zero',
  sentence: 'a mount that has no worker at rest starts one for who comes, and has none again afterwards',
  said: /^$/,
  async once(stage) {
    const workers = async (): Promise<number> => (await stage.workers('rare')).length
    await until('none', async () => (await workers()) === 0, 60_000)
    const statuses = await Promise.all(Array.from({ length: THREADS }, () => stage.ask('/rare/get', 20_000)))
    if (statuses.some((status) => status !== 200))
      throw new Error(`a first request was answered with ${statuses.join(', ')}`)
    await until('none again', async () => (await workers()) === 0, 60_000)
    return undefined
  },
}

export const outOfMemory: Happening = {
  ...ONE_BY_ONE,
  name: 'worker-memory',
  sentence: 'a Python worker takes more memory than it may have',
  said: /WORKER_\w+|memory|the next .* starts|stream=stderr/,
  saidByNginx: /prematurely closed|unsupported FastCGI protocol version/,
  async once(stage) {
    const [pid] = await stage.allWorkers('fresh')
    const from = performance.now()
    await stage.ask('/fresh/memory', 30_000)
    await until('another worker', async () => !(await stage.allWorkers('fresh')).includes(pid!))
    return within(from, performance.now(), 'fresh')
  },
}
