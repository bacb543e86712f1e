// A worker is ready once it has answered what it is asked for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeMount, type Settings, type TestMount } from './mount.ts'

/** A mount whose health check answers with these statuses, and how to have it answer with others. */
function healthy(
  statuses: string,
  { env, ...settings }: Partial<Settings> = {},
): TestMount & { answers(statuses: string): void } {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'status')
  const answers = (text: string): void => writeFileSync(file, text)
  answers(statuses)
  return {
    ...makeMount({ python: 'health', env: { STATUS: file, ...env }, ready: '/health?from=here', ...settings }),
    answers,
  }
}

test('one that answers 503 needs more time; then it is ready', async () => {
  const { mount, ask } = healthy('503 503 204')
  await mount.open()
  expect((await ask()).body.toString()).toBe(Array.from({ length: 3 }, () => '/health?from=here localhost').join('\n'))
  expect(mount.status!().workers![0]).toMatchObject({ state: 'ready', busy: 0 })
})

test('one that has not ended what it has answered is asked again when it has', async () => {
  const { mount, ask } = healthy('503 503 204', { env: { CLOSES: '0.3' } })
  await mount.open()
  expect((await ask()).body.toString().split('\n')).toHaveLength(3)
})

test('a redirect is an answer; the Host header can be chosen', async () => {
  const { mount, ask } = healthy('301', { ready: { path: '/health', host: 'shop.example' } })
  await mount.open()
  expect((await ask()).body.toString()).toBe('/health? shop.example')
})

test.for([
  [
    '500',
    /^mounts\.\/\.ready: health: the Python worker does not work: \/health\?from=here was answered with 500 \(ready\)/,
  ],
  ['400', /was answered with 400 \(ready\)/],
  ['0', /was answered with 500 \(ready\)/],
] as const)('one that answers %s is not: the start fails', async ([statuses, message]) => {
  const { mount } = healthy(statuses)
  const error = (await mount.open().catch((thrown: unknown) => thrown)) as Error & { path: string; cause: unknown }
  expect(error).toMatchObject({ code: 'WORKER_NOT_READY' })
  expect(`${error.path}: ${error.message}`).toMatch(message)
  expect(String(error.cause)).toContain(statuses === '0' ? 'RuntimeError: no database' : 'undefined')
})

test('one that needs more time than startTimeout has failed', async () => {
  const { mount } = healthy('503', { startTimeout: 3 })
  await expect(mount.open()).rejects.toThrow(
    'was not ready after 3 s (startTimeout): /health?from=here was answered with 503 (ready)',
  )
})

test('a reload with one that is not ready changes nothing', async () => {
  const { mount, ask, answers } = healthy('200')
  await mount.open()
  const { pids } = mount.status!()
  answers('500')
  await expect(mount.reload!()).rejects.toMatchObject({ code: 'WORKER_NOT_READY' })
  expect(mount.status!().pids).toEqual(pids)
  expect((await ask()).status).toBe(200)
})

test('a worker that is at rest stays until the one that a reload puts in its place is ready', async () => {
  const { mount, ask, answers } = healthy('204', { processes: { min: 0, max: 1, idle: 0.1 } })
  await mount.open()
  // More than three seconds, in which one at rest would be ended.
  answers('503 503 503 503 503 503 503 204')
  await mount.reload!()
  expect((await ask()).status).toBe(200)
})
