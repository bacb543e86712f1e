// What dies by itself, or is killed: workers, a command, the gateway, the supervisor.
import { until } from '../../harness.ts'
import { inHands, meanwhile, within, type Crash, type Happening } from '../happening.ts'
import type { Random } from '../random.ts'
import { THREADS, type Stage } from '../stage.ts'

/** nginx says of a response that breaks off that it does. */
const SAYS_CUT = /prematurely closed|unsupported FastCGI protocol version/

/** And of a WebSocket, which an app in a worker process has for itself: what that had not read is answered by a reset. */
const SAYS_TAKEN = new RegExp(`${SAYS_CUT.source}|while proxying upgraded connection`)

/** What dies again within ten seconds is a loop of crashes, in which the next one waits longer and longer: here each is one crash by itself. */
export const ONE_BY_ONE: Pick<Happening, 'times' | 'apart'> = { times: 10, apart: 10_500 }

/** Ends a process. */
async function crash(pid: number, signal: NodeJS.Signals): Promise<Crash> {
  const from = performance.now()
  process.kill(pid, signal)
  await until('the end of the process', () => !alive(pid))
  return { from, to: performance.now() }
}

/** A worker of a mount that is there no more is replaced. */
async function kill(stage: Stage, random: Random, mount: string, signal: NodeJS.Signals): Promise<Crash> {
  const before = await stage.allWorkers(mount)
  const pid = random.one(before)
  const crashed = await crash(pid, signal)
  await until('another worker', async () => {
    const pids = await stage.workers(mount)
    return !pids.includes(pid) && pids.length === before.length
  })
  return crashed
}

function workerDies(signal: NodeJS.Signals): Happening {
  return {
    ...ONE_BY_ONE,
    name: `worker-${signal.toLowerCase()}`,
    sentence: `a Python worker ends by ${signal}`,
    // Python says where it was; several that die one after the other are replaced more slowly.
    said: /WORKER_DIED|the next Python worker starts|stream=stderr/,
    saidByNginx: SAYS_CUT,
    once: async (stage, random) => inHands(await kill(stage, random, 'python', signal), THREADS, 'python'),
  }
}

export const jsWorkerKilled: Happening = {
  ...ONE_BY_ONE,
  name: 'js-worker-sigkill',
  sentence: 'a worker process of an app in JavaScript ends by SIGKILL',
  said: /WORKER_DIED|the next .* starts/,
  saidByNginx: SAYS_TAKEN,
  once: async (stage, random) => inHands(await kill(stage, random, 'workers', 'SIGKILL'), Infinity, 'workers'),
}

export const jsWorkerStopped: Happening = {
  ...ONE_BY_ONE,
  name: 'js-worker-sigstop',
  sentence: 'a worker process of an app in JavaScript stands still (SIGSTOP) until it is killed (stuckTimeout)',
  said: /WORKER_\w+|the next .* starts/,
  saidByNginx: SAYS_TAKEN,
  async once(stage, random) {
    const from = performance.now()
    await kill(stage, random, 'workers', 'SIGSTOP')
    return within(from, performance.now(), 'workers')
  },
}

/** An app in a worker process does something that is the end of that process. */
function jsWorkerBy(path: string, sentence: string): Happening {
  return {
    ...ONE_BY_ONE,
    name: `js-worker-${path}`,
    sentence,
    said: /WORKER_\w+|the next .* starts|stream=stderr/,
    saidByNginx: SAYS_TAKEN,
    async once(stage) {
      const before = await stage.allWorkers('workers')
      const from = performance.now()
      await stage.ask(`/workers/${path}`, 30_000)
      await until('another worker', async () =>
        (await stage.allWorkers('workers')).some((pid) => !before.includes(pid)),
      )
      return within(from, performance.now(), 'workers')
    },
  }
}

export const jsWorkerLoops = jsWorkerBy('loop', 'an endless loop in a worker process of an app in JavaScript')
export const jsWorkerOutOfMemory = jsWorkerBy('memory', 'a worker process of an app in JavaScript is out of memory')

export const workerKilled = workerDies('SIGKILL')
export const workerSegfault = workerDies('SIGSEGV')

export const commandKilled: Happening = {
  ...ONE_BY_ONE,
  name: 'command-sigkill',
  sentence: 'the command of a run mount ends by SIGKILL',
  said: /RUN_DIED|UPSTREAM_\w+|the next command/,
  saidByNginx: SAYS_CUT,
  once: async (stage, random) => inHands(await kill(stage, random, 'run', 'SIGKILL'), Infinity, 'run'),
}

export const workerStopped: Happening = {
  name: 'worker-sigstop',
  sentence: 'a Python worker stands still for a moment (SIGSTOP, SIGCONT)',
  said: /^$/,
  async once(stage, random) {
    const pid = random.one(await stage.workers('python'))
    process.kill(pid, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, random.whole(100, 900)))
    process.kill(pid, 'SIGCONT')
    return undefined
  },
}

export const gatewayKilled: Happening = {
  ...ONE_BY_ONE,
  name: 'gateway-sigkill',
  sentence: 'the gateway ends by SIGKILL; its workers and commands with it',
  silences: true,
  said: /GATEWAY_DIED/,
  saidByNginx: /prematurely closed|reset by peer|Broken pipe|Connection refused/,
  async once(stage) {
    const { pid, report } = await stage.gateway()
    const below = report.mounts.flatMap(({ mount }) => mount?.pids ?? [])
    const crashed = await crash(pid, 'SIGKILL')
    await until('another gateway', async () => (await stage.gateway()).pid !== pid)
    await until('the end of what was below it', () => !below.some(alive), 5000)
    return inHands(crashed, Infinity)
  },
}

export const supervisorKilled: Happening = {
  name: 'supervisor-sigkill',
  startsAnew: true,
  sentence: 'the supervisor ends by SIGKILL: the gateway finishes what it has, and Sidegate is started again',
  said: /SUPERVISOR_\w+|supervisor/,
  saidByNginx: /Connection refused|No such file|prematurely closed|reset by peer|Broken pipe/,
  async once(stage) {
    const { pid } = await stage.gateway()
    const from = performance.now()
    stage.sidegate.signal('SIGKILL')
    await until('the end of the gateway', () => !alive(pid), 60_000)
    await stage.restart()
    return meanwhile(from, performance.now())
  },
}

export const restarted: Happening = {
  name: 'stop-and-start',
  startsAnew: true,
  sentence: 'SIGTERM, and another start: what was under way is answered',
  said: /^$/,
  saidByNginx: /Connection refused|No such file|prematurely closed|reset by peer|Broken pipe/,
  async once(stage) {
    const from = performance.now()
    const { code } = await stage.sidegate.stop()
    if (code !== 0) throw new Error(`Sidegate ended with ${code}`)
    await stage.restart()
    return meanwhile(from, performance.now())
  },
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
