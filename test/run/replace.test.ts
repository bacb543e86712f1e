// A command that takes the place of another while requests come: a reload, and the reasons for which it is recycled.
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../../sidecar/errors.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { isAlive } from '../cgi/scripts.ts'
import { temporaryFolder, until } from '../harness.ts'
import { openMount, type OpenMount } from '../mount.ts'
import { apps } from './programs.ts'

const command = `${process.execPath} server.mjs $SOCKET`

async function started(settings: object = {}): Promise<OpenMount> {
  const made = await openMount(run, { run: command, speaks: 'http', stopTimeout: 1, ...settings }, pathToFileURL(apps))
  onTestFinished(() => made.mount.close())
  return made
}

const pidOf = ({ mount }: OpenMount): number => mount.status!().pids![0]!

/** Keeps requests coming until `over` holds: how they were answered. */
async function load({ request }: OpenMount, over: () => boolean): Promise<Set<number>> {
  const statuses = new Set<number>()
  const client = async (): Promise<void> => {
    while (!over()) statuses.add((await request({ path: '/' }).response).status)
  }
  await Promise.all([client(), client(), client(), client()])
  return statuses
}

test('a reload under load: the next command takes over, and no request is lost', async () => {
  const made = await started()
  const before = pidOf(made)
  const slow = made.request({ path: '/hang' })
  await slow.carrier.until(({ chunks }) => chunks.length > 0)
  let reloaded = false
  const requests = load(made, () => reloaded)
  for (let turn = 0; turn < 3; turn++) await made.mount.reload!()
  reloaded = true
  expect(await requests).toEqual(new Set([200]))
  expect(pidOf(made)).not.toBe(before)
  expect(made.mount.status!().restarts).toEqual({ reload: 3 })
  await until('the one before ends, at the latest when a stop is enforced', () => !isAlive(before))
  expect((await slow.response).cut).toBe(true)
})

test('one that does not come up changes nothing', async () => {
  const folder = temporaryFolder()
  onTestFinished(folder.remove)
  const file = join(folder.path, 'fail')
  const made = await started({ env: { FAIL_FILE: file } })
  const before = pidOf(made)
  writeFileSync(file, '')
  const failure = await made.mount.reload!().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ConfigError)
  expect(failure).toMatchObject({ code: 'RUN_START_DIED', path: 'mounts./.run' })
  expect(String((failure as Error).cause)).toContain('there is something wrong with the database')
  expect(pidOf(made)).toBe(before)
  expect((await made.request().response).status).toBe(200)
  rmSync(file)
  await made.mount.reload!()
  expect(pidOf(made)).not.toBe(before)
})

test.for([
  ['age', { age: 0.3 }],
  ['requests', { requests: 5 }],
  ['touch', { touch: './touched' }],
] as const)('it is recycled for %s, and no request is lost', async ([cause, recycle]) => {
  const folder = temporaryFolder()
  onTestFinished(folder.remove)
  const file = join(folder.path, 'touched')
  writeFileSync(file, '')
  const made = await started({ recycle: 'touch' in recycle ? { touch: file } : recycle })
  const before = pidOf(made)
  utimesSync(file, 1, 1)
  expect(await load(made, () => (made.mount.status!().restarts![cause] ?? 0) > 0)).toEqual(new Set([200]))
  expect(pidOf(made)).not.toBe(before)
  await until('the one before ends', () => !isAlive(before))
})
