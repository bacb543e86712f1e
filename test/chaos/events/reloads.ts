// Reloads of all: those that come about, and those that do not.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { until } from '../../harness.ts'
import type { Happening } from '../happening.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'

const OVERLAPPING = 0.25

export const reload: Happening = {
  name: 'reload',
  sentence: 'the next gateway takes over; some while the one before the last still finishes',
  said: /^$/,
  async once(stage, random) {
    const loaded = stage.newVersion()
    const failed = await stage.reload()
    if (failed !== undefined) throw new Error(`the reload failed: ${failed}`)
    if (random.next() < OVERLAPPING) return undefined
    await stage.alone()
    loaded()
    return undefined
  },
}

export const upgrade: Happening = {
  name: 'upgrade',
  sentence: 'the version that is installed takes over (SIGUSR2), with a supervisor of its own',
  said: /^$/,
  // The supervisor before.
  leaves: 1,
  async once(stage) {
    const loaded = stage.newVersion()
    await stage.upgrade()
    await stage.alone()
    loaded()
    return undefined
  },
}

/** Has a reload fail. @returns why it did */
type Spoil = (stage: Stage) => Promise<string | undefined>

/** While this file is there no app loads. */
const whileThere =
  (file: string): Spoil =>
  async (stage) => {
    stage.write(file, '')
    const why = await stage.reload()
    stage.remove(file)
    return why
  }

const configured =
  (settings: Parameters<Stage['configure']>[0]): Spoil =>
  async (stage) => {
    stage.configure(settings)
    const why = await stage.reload()
    stage.configure({})
    return why
  }

/** It hangs, and is given up for another one. */
async function hang(stage: Stage): Promise<string | undefined> {
  stage.write('hangs', '')
  const first = stage.reload()
  await until('the one that hangs', async () => (await stage.status()).gateways.some(({ state }) => state === 'starts'))
  stage.remove('hangs')
  return (await stage.reload()) ?? (await first) ?? 'it hung, and was given up'
}

/** The one that comes up is killed. */
async function killed(stage: Stage): Promise<string | undefined> {
  stage.write('hangs', '')
  const outcome = stage.reload()
  const pid = await until('the one that comes up', async () => {
    return (await stage.status()).gateways.find(({ state }) => state === 'starts')?.pid
  })
  process.kill(pid, 'SIGKILL')
  stage.remove('hangs')
  return outcome
}

async function addressInUse(stage: Stage): Promise<string | undefined> {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const why = await configured({ listen: [...stage.listen, `127.0.0.1:${port}`] })(stage)
  other.close()
  return why
}

const SPOILS: readonly Spoil[] = [
  whileThere('broken'),
  whileThere('exits'),
  configured({ drainTimout: 1 }),
  configured({ mounts: { '/python': { python: 'chaos_app:nothing' } } }),
  configured({ mounts: { '/run': { run: 'false $PORT' } } }),
  addressInUse,
  hang,
  killed,
]

let next = 0

export const failingReload: Happening = {
  name: 'failing-reload',
  sentence:
    'the next gateway does not come up: a mistake in an app or the configuration, an address in use, a start that hangs or is killed',
  said: /RELOAD_FAILED|beside|serves on, as the next one did not come up|\[(?:APP|NODE|FETCH|PYTHON|WORKER|RUN|CONFIG|SETTING|ADDRESS)\w*\]|exits with code|stderr|APP_EXITED/,
  async once(stage: Stage, random: Random) {
    // Each in turn; which one is the first is chance.
    if (next === 0) next = random.whole(0, SPOILS.length - 1)
    const why = await SPOILS[next++ % SPOILS.length]!(stage)
    if (why === undefined) throw new Error('a reload came about that must not')
    await stage.alone()
    return undefined
  },
}
