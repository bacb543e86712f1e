// Workers that take the place of others while requests come: a reload, one that is recycled, one that does not come up.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../../sidecar/errors.ts'
import { load } from './load.ts'
import { alive, openMount, until, windows, type TestMount } from './mount.ts'

const pidsOf = ({ mount }: TestMount): readonly number[] => mount.status!().pids!

test('a reload under load: other workers take over, and no request is lost', async () => {
  const made = await openMount({ python: 'spec', processes: 2, threads: 2 })
  const before = pidsOf(made)
  const slow = made.start({ path: '/ticking' })
  await slow.carrier.until(({ chunks }) => chunks.length > 0)
  const requests = load(made, 8)
  for (let turn = 0; turn < 3; turn++) await made.mount.reload!()
  const { right, wrong } = await requests.stop()
  expect(wrong).toEqual([])
  expect(right).toBeGreaterThan(0)
  const after = pidsOf(made)
  expect(after).toHaveLength(2)
  expect(after.some((pid) => before.includes(pid))).toBe(false)
  expect(made.mount.status!().restarts).toEqual({ reload: 6 })
  // What it had begun goes on; then it ends, as the others have.
  const { length } = slow.carrier.chunks
  await slow.carrier.until(({ chunks }) => chunks.length > length + 3)
  slow.hangUp()
  await until(() => !before.some(alive))
})

test('a reload that does not come up changes nothing, and says why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const flag = join(folder, 'flag')
  writeFileSync(flag, '')
  const made = await openMount({ python: 'flaky', env: { FLAG: flag }, processes: 2 })
  const before = pidsOf(made)
  rmSync(flag)
  const failure = await made.mount.reload!().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ConfigError)
  expect(failure).toMatchObject({ code: 'PYTHON_IMPORT_FAILED' })
  expect((failure as Error).message).toContain('the flag is not there')
  expect(pidsOf(made)).toEqual(before)
  expect((await made.ask()).status).toBe(200)
  writeFileSync(flag, '')
  await made.mount.reload!()
  expect(pidsOf(made).some((pid) => before.includes(pid))).toBe(false)
})

test('one worker is recycled, the others stay', async () => {
  const made = await openMount({ python: 'spec', processes: 2 })
  const [first, second] = pidsOf(made)
  const requests = load(made, 4)
  expect(await made.mount.recycle!(first!)).toBe(true)
  expect((await requests.stop()).wrong).toEqual([])
  const after = pidsOf(made)
  expect(after).toHaveLength(2)
  expect([after.includes(first!), after.includes(second!)]).toEqual([false, true])
  expect(await made.mount.recycle!(first!)).toBe(false)
  expect(made.mount.status!().restarts).toEqual({ recycle: 1 })
  await until(() => !alive(first!))
})

test.skipIf(windows)('a worker that dies while another comes up in its place is not replaced twice', async () => {
  const made = await openMount({ python: 'spec' })
  const [pid] = pidsOf(made)
  const renewed = made.mount.recycle!(pid!)
  process.kill(pid!, 'SIGKILL')
  await renewed
  expect((await made.ask({ path: '/hello' })).status).toBe(200)
  expect(made.mount.status!().workers).toHaveLength(1)
  expect(made.mount.status!().restarts).toEqual({ crash: 1 })
})

test.skipIf(windows)('a worker that has to go while a reload fails goes all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const flag = join(folder, 'flag')
  writeFileSync(flag, '')
  const made = await openMount({ python: 'flaky', env: { FLAG: flag } })
  const [pid] = pidsOf(made)
  rmSync(flag)
  const reload = made.mount.reload!()
  process.kill(pid!, 'SIGTERM')
  await expect(reload).rejects.toThrow('the flag is not there')
  writeFileSync(flag, '')
  await until(() => !alive(pid!))
  expect((await made.ask()).status).toBe(200)
})

test('close in the middle of a reload ends those that come up, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const status = join(folder, 'status')
  writeFileSync(status, '200')
  const made = await openMount({ python: 'health', env: { STATUS: status }, ready: '/health' })
  // The next one is never ready.
  writeFileSync(status, '503')
  const reload = made.mount.reload!().then(
    () => 'reloaded',
    () => 'given up',
  )
  await until(() => made.mount.status!().workers!.length === 2)
  const pids = made.mount.status!().workers!.map(({ pid }) => pid)
  await made.mount.close()
  expect(pids.some(alive)).toBe(false)
  expect(await reload).toBe('given up')
})
