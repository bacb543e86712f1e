// Workers that are replaced by fresh ones, for each reason there is: the next one first, one at a time, and no request is lost.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { load } from './load.ts'
import { alive, openMount, until, type TestMount } from './mount.ts'

const MB = 2 ** 20
const hasMemory = process.platform === 'linux'

const restartsOf = ({ mount }: TestMount): Readonly<Record<string, number>> => mount.status!().restarts!

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test.for([
  ['requests', { requests: 30 }],
  ['age', { age: 0.5 }],
] as const)('under load, for %s: one at a time, none is lost', async ([cause, recycle]) => {
  const made = await openMount({ python: 'spec', processes: 2, recycle })
  const before = made.mount.status!().pids!
  const requests = load(made, 4)
  let most = 0
  await until(() => {
    most = Math.max(most, made.mount.status!().workers!.filter(({ state }) => state === 'starting').length)
    return (restartsOf(made)[cause] ?? 0) >= 3
  })
  expect((await requests.stop()).wrong).toEqual([])
  expect(most).toBe(1)
  expect(Object.keys(restartsOf(made))).toEqual([cause])
  await until(() => !before.some(alive))
  expect(made.lines.find(({ message }) => message.includes(`(recycle.${cause})`))).toMatchObject({
    level: 'info',
    mount: '/',
  })
})

test.runIf(hasMemory)('one that has too much memory answers what it has first', async () => {
  const made = await openMount({ python: 'grow', recycle: { memory: 80 * MB } })
  const [pid] = made.mount.status!().pids!
  const { body } = await made.ask({ path: '/?mb=100&sleep=2' })
  expect(Number(body.toString())).toBe(pid)
  await until(() => restartsOf(made).memory === 1)
  expect(Number((await made.ask()).body.toString())).not.toBe(pid)
  expect((await made.logged(({ message }) => message.includes('(recycle.memory)'))).message).toMatch(/it has 1\d\d MiB/)
})

test.runIf(hasMemory)(
  'one that had too much before its first request is not replaced for that, but for all else',
  async () => {
    const made = await openMount({ python: 'spec', recycle: { memory: 1 * MB, requests: 1 } })
    const before = made.mount.status!().pids!
    const { level, message } = await made.logged(({ message: text }) => text.includes('(recycle.memory)'))
    expect([level, message]).toEqual([
      'warn',
      expect.stringMatching(
        /^Python worker \d+ had \d+ MiB of memory before its first request, and so would the next: it is not replaced for that \(recycle\.memory\)$/,
      ),
    ])
    await made.ask()
    await until(() => !before.some(alive))
    expect(restartsOf(made)).toEqual({ requests: 1 })
  },
)

test.runIf(hasMemory)('one that has far too much is killed; what it ran is run anew, but not twice', async () => {
  const made = await openMount({ python: 'grow', threads: 2, recycle: { killMemory: 80 * MB } })
  const [pid] = made.mount.status!().pids!
  const other = made.start({ path: '/?sleep=3' })
  await made.logged(({ message }) => message === `sleeps in ${pid}`)
  const greedy = made.start({ path: '/?mb=100&sleep=3' })
  // It takes the memory of the next worker, too.
  expect((await greedy.response).status).toBe(502)
  expect(greedy.errors[0]).toMatchObject({ code: 'WORKER_DIED' })
  expect(greedy.errors[0]!.message).toMatch(/had 1\d\d MiB of memory \(recycle\.killMemory\) and was killed/)
  expect(restartsOf(made).memory).toBe(2)
  expect(Object.keys(restartsOf(made))).toEqual(['memory'])
  await other.response
})

test.runIf(hasMemory)(
  'those that are killed for it one soon after the other are replaced more slowly, and the log says so',
  async () => {
    const made = await openMount({ python: 'spec', recycle: { killMemory: 1 * MB } })
    await made.logged(({ message }) => message === 'the next Python worker starts in 0.25 s')
    await made.logged(({ message }) => message === 'the next Python worker starts in 0.5 s')
    expect(Object.keys(restartsOf(made))).toEqual(['memory'])
  },
)

test('when a file is touched, or made, all are replaced', async () => {
  const folder = temporary()
  const [file, later] = [join(folder, 'touch'), join(folder, 'later')] as const
  writeFileSync(file, '')
  const made = await openMount({ python: 'spec', processes: 2, recycle: { touch: [file, later] } })
  const before = made.mount.status!().pids!
  utimesSync(file, 1, 1)
  await until(() => restartsOf(made).touch === 2)
  expect(made.mount.status!().pids!.some((pid) => before.includes(pid))).toBe(false)
  writeFileSync(later, '')
  await until(() => restartsOf(made).touch === 4)
})

test('at a time of day all are replaced, and again on the next day', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 4, 5, 3, 59, 0) })
  onTestFinished(() => void vi.useRealTimers())
  const made = await openMount({ python: 'spec', processes: 2, recycle: { at: ['04:00', '23:30'] } })
  vi.setSystemTime(new Date(2026, 4, 5, 4, 0, 1))
  await until(() => restartsOf(made)['time of day'] === 2)
  vi.setSystemTime(new Date(2026, 4, 5, 23, 30, 0))
  await until(() => restartsOf(made)['time of day'] === 4)
  vi.setSystemTime(new Date(2026, 4, 6, 4, 0, 0))
  await until(() => restartsOf(made)['time of day'] === 6)
  expect(Object.keys(restartsOf(made))).toEqual(['time of day'])
})

test('one of which the next does not come up serves on', async () => {
  const flag = join(temporary(), 'flag')
  writeFileSync(flag, '')
  const made = await openMount({ python: 'flaky', env: { FLAG: flag }, recycle: { requests: 1 } })
  const [pid] = made.mount.status!().pids!
  rmSync(flag)
  await made.ask()
  await made.ask()
  const line = await made.logged(({ message }) => message.includes('serves on'))
  expect(line).toMatchObject({ level: 'error', code: 'PYTHON_IMPORT_FAILED', pid })
  expect((await made.ask()).body.toString()).toBe(String(pid))
})

test('one whose mount is closed while the next comes up is no failure', async () => {
  const flag = join(temporary(), 'flag')
  const made = await openMount({ python: 'slow_next', env: { FLAG: flag }, recycle: { requests: 1 } })
  writeFileSync(flag, '')
  await made.ask()
  await until(() => made.mount.status!().workers!.some(({ state }) => state === 'starting'))
  await made.mount.close()
  expect(made.lines.filter(({ level }) => level !== 'info')).toEqual([])
})
