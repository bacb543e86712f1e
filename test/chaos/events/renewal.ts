// Workers that are replaced by others, become more and fewer, on order and by themselves.
import { until } from '../../harness.ts'
import { within, type Happening } from '../happening.ts'
import { NARROW, type Stage } from '../stage.ts'

/** Those that can be loaded anew without the others. */
const RELOADABLE = ['python', 'fresh', 'workers', 'run', 'cgi', 'upstream']
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

/** How many workers of the mount whose workers do not stay long were replaced for that reason. */
async function replaced(stage: Stage, reason: string): Promise<number> {
  const { report } = await stage.gateway()
  return report.mounts.find(({ key }) => key === '/fresh')?.mount?.restarts?.[reason] ?? 0
}

export const recycleByRequests: Happening = {
  name: 'recycle-requests',
  sentence: 'workers are replaced after so many requests',
  said: /^$/,
  async once(stage) {
    const before = await replaced(stage, 'requests')
    await until('a worker that has had its requests', async () => (await replaced(stage, 'requests')) > before, 60_000)
    return undefined
  },
}

export const recycleByTouch: Happening = {
  name: 'recycle-touch',
  sentence: 'workers are replaced because a file was touched',
  said: /^$/,
  async once(stage) {
    const before = await replaced(stage, 'touch')
    const loaded = stage.newVersion()
    stage.write('touched', String(performance.now()))
    await until('new workers', async () => (await replaced(stage, 'touch')) > before)
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

export const outOfMemory: Happening = {
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
