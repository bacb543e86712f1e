// As many workers as are needed: more when requests wait, fewer when there is nothing to do, none at rest where that is wanted.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { expect, onTestFinished, test } from 'vitest'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { load } from './load.ts'
import { alive, openMount, until } from './mount.ts'

test('more when requests wait, up to a bound; fewer when there is nothing to do; none is lost', async () => {
  const made = await openMount({ python: 'spec', processes: { min: 1, max: 3, idle: 0.5 } })
  const count = (): number => made.mount.status!().workers!.length
  expect(count()).toBe(1)
  const busy = [1, 2, 3].map(() => made.start({ path: '/ticking' }))
  await Promise.all(busy.map(({ carrier }) => carrier.until(({ chunks }) => chunks.length > 0)))
  expect(count()).toBe(3)
  const waits = made.start({ path: '/hello' })
  // Comes and goes with them, while workers leave.
  const requests = load(made, 2)
  for (const { hangUp } of busy) hangUp()
  expect((await waits.response).status).toBe(200)
  await until(() => made.mount.status!().pids!.length < 3)
  expect((await requests.stop()).wrong).toEqual([])
  await until(() => count() === 1)
  expect(made.mount.status!().restarts).toEqual({})
  expect((await made.ask({ path: '/environment' })).body.toString()).toContain('"wsgi.multiprocess": true')
})

test('fewer while there is little to do, of which several could do a part', async () => {
  const made = await openMount({ python: 'spec', processes: { min: 1, max: 2, idle: 0.5 }, threads: 4 })
  const count = (): number => made.mount.status!().workers!.length
  const busy = [1, 2, 3, 4, 5].map(() => made.start({ path: '/ticking' }))
  await Promise.all(busy.map(({ carrier }) => carrier.until(({ chunks }) => chunks.length > 0)))
  expect(count()).toBe(2)
  const requests = load(made, 2)
  for (const { hangUp } of busy) hangUp()
  await until(() => count() === 1)
  expect((await requests.stop()).wrong).toEqual([])
})

test('to none, and back with the first request', async () => {
  const made = await openMount({ python: 'spec', processes: { min: 0, max: 2, idle: 0.2 } })
  const [first] = made.mount.status!().pids!
  await until(() => made.mount.status!().workers!.length === 0 && !alive(first!))
  const answers = await Promise.all([1, 2, 3].map(() => made.ask({ path: '/hello' })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  await until(() => made.mount.status!().workers!.length === 0)
  // Nothing runs, and new code is tried all the same.
  await made.mount.reload!()
  expect(made.mount.status!().pids).toHaveLength(1)
})

test('the request that starts one waits for it, where none may wait', async () => {
  const made = await openMount({ python: 'spec', processes: { min: 0, max: 1, idle: 0.2 }, queue: 0 })
  await until(() => made.mount.status!().workers!.length === 0)
  const answers = await Promise.all([1, 2].map(() => made.ask({ path: '/hello' })))
  expect(answers.map(({ status }) => status)).toEqual([200, 503])
})

test('one that does not come up when it is needed is told of, and tried again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const flag = join(folder, 'flag')
  writeFileSync(flag, '')
  const made = await openMount({
    python: 'flaky',
    env: { FLAG: flag },
    processes: { min: 0, max: 1, idle: 0.2 },
    queueTimeout: 20,
  })
  await until(() => made.mount.status!().workers!.length === 0)
  rmSync(flag)
  const late = made.start()
  const line = await made.logged(({ message }) => message.startsWith('one more Python worker was needed: '))
  expect(line).toMatchObject({ level: 'error', code: 'PYTHON_IMPORT_FAILED', mount: '/' })
  await expect(made.mount.reload!()).rejects.toMatchObject({ code: 'PYTHON_IMPORT_FAILED' })
  writeFileSync(flag, '')
  expect((await late.response).status).toBe(200)
})

test('close ends those that leave, too', async () => {
  const made = await openMount({ python: 'spec', processes: { min: 0, max: 1, idle: 0.2 }, stopTimeout: 0.5 })
  const busy = made.start({ path: '/ticking' })
  await busy.carrier.until(({ chunks }) => chunks.length > 0)
  const [pid] = made.mount.status!().pids!
  await made.mount.close()
  expect(alive(pid!)).toBe(false)
})

test('a least that is more than the most is refused', () => {
  const { issues } = v.safeParse(python.settings, { python: 'spec', processes: { min: 3, max: 2 } })
  expect(issues![0]!.message).toBe('has a min that is more than its max')
})
