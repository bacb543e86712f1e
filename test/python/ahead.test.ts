// Requests that are sent to busy workers ahead of their turn: each is run once, none waits for a slow one while another worker is free, and
// what happens to the worker happens to the request that it runs, not to those ahead.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { TestExchange, TestResponse } from '../exchange.ts'
import { temporaryFolder } from '../harness.ts'
import { APPS, openMount, until, type Line, type TestMount } from './mount.ts'

const turns = { python: 'turns:app', queue: 1000 }

/** The ids of the requests that ran, in the order of the log. */
function ran(lines: readonly Line[]): string[] {
  return lines.filter(({ message }) => message.startsWith('ran ')).map(({ message }) => message.slice(4))
}

/** Sends requests `first` to `last` at once. */
function startSome({ start }: TestMount, first: number, last: number, more = ''): TestExchange[] {
  return Array.from({ length: last - first + 1 }, (_, index) => start({ path: `/?id=${first + index}${more}` }))
}

const idOf = (response: TestResponse): string => response.header('X-Id') ?? `status ${response.status}`
const ids = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => String(first + index))

/** All threads of the process stand still: one that has yet to see the signal could still read what is written to it. */
function isStopped(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-L', '-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout
    .trim()
    .split('\n')
    .every((state) => state === 'T')
}

/** Has the worker that runs the request 1 stand still. @returns its pid */
async function stopOne(mount: TestMount): Promise<number> {
  const pid = Number((await mount.ask({ path: '/?id=1' })).header('X-Pid'))
  process.kill(pid, 'SIGSTOP')
  await until(() => isStopped(pid))
  return pid
}

/** By this clock no request takes any time, until `mockRestore`. */
function stopClock(): { mockRestore(): void } {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
  onTestFinished(() => clock.mockRestore())
  return clock
}

/** A request has begun in the app. */
function hasBegun(mount: TestMount, id: number): Promise<Line> {
  return mount.logged(({ message }) => message === `ran ${id}`)
}

test.for([
  [1, 1],
  [2, 1],
  [2, 3],
])('%i processes with %i threads: every request runs once and gets its own answer', async ([processes, threads]) => {
  const mount = await openMount({ ...turns, processes: processes!, threads: threads! })
  const answers = await Promise.all(startSome(mount, 1, 500).map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(ids(1, 500))
  expect(ran(mount.lines).toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(1, 500))
})

/** What a request with `wait` or `lock` waits for, until `release`. */
function gate(): { readonly path: string; release(): void } {
  const folder = temporaryFolder()
  onTestFinished(folder.remove)
  const path = join(folder.path, 'gate')
  execFileSync('mkfifo', [path])
  const release = (): void => {
    const file = openSync(path, 'r+')
    onTestFinished(() => closeSync(file))
  }
  return { path, release }
}

test.for(['wait', 'lock'])('none waits for a slow request (%s) while another worker is free', async (slow) => {
  const mount = await openMount({ ...turns, processes: 2 })
  const { path, release } = gate()
  // Both workers are busy: what follows is sent ahead to the one and to the other.
  const [long] = startSome(mount, 1, 1, `&${slow}=${path}`)
  const quick = startSome(mount, 2, 100)
  expect((await Promise.all(quick.map(({ response }) => response))).map(idOf)).toEqual(ids(2, 100))
  expect(long!.carrier.head).toBeUndefined()
  release()
  expect(idOf(await long!.response)).toBe('1')
  expect(ran(mount.lines).toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(1, 100))
})

test('a worker that has no end of requests runs those too that wait for a slow one', async () => {
  const mount = await openMount({ ...turns, processes: 2 })
  const { path, release } = gate()
  const [long] = startSome(mount, 1, 1, `&wait=${path}`)
  const early = startSome(mount, 2, 9)
  // As many as are answered, for as long as there are early ones.
  let next = 10
  let left = early.length
  for (const { response } of early) void response.then(() => left--)
  const flood = async (): Promise<void> => {
    while (left > 0) await startSome(mount, next, next++)[0]!.response
  }
  await Promise.all(Array.from({ length: 20 }, flood))
  expect(long!.carrier.head).toBeUndefined()
  release()
  await long!.response
})

test('a quick worker keeps what was sent to it though another has nothing to do', async () => {
  const mount = await openMount({ ...turns, processes: 2 })
  stopClock()
  const pid = await stopOne(mount)
  const [first, other] = [...startSome(mount, 2, 2), ...startSome(mount, 3, 3, '&sleep=0.1')]
  const ahead = startSome(mount, 4, 7)
  const [kept, run] = [
    [first!, ahead[0]!, ahead[2]!],
    [other!, ahead[1]!, ahead[3]!],
  ]
  expect((await Promise.all(run.map(({ response }) => response))).map(idOf)).toEqual(['3', '5', '7'])
  // As often as the gateway looks after them.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(kept.filter(({ carrier }) => carrier.head)).toEqual([])
  process.kill(pid, 'SIGCONT')
  const answers = await Promise.all(kept.map(({ response }) => response))
  expect(answers.map((answer) => [idOf(answer), Number(answer.header('X-Pid'))])).toEqual([
    ['2', pid],
    ['4', pid],
    ['6', pid],
  ])
  expect(ran(mount.lines).toSorted()).toEqual(ids(1, 7))
})

test('a request with a body is not overtaken for ever', async () => {
  const mount = await openMount(turns)
  startSome(mount, 1, 1, '&sleep=0.2')
  await hasBegun(mount, 1)
  const before = startSome(mount, 2, 3)
  const upload = mount.start({ path: '/?id=4', method: 'POST', body: 'hello' })
  const after = startSome(mount, 5, 20)
  const answer = await upload.response
  expect([idOf(answer), answer.body.toString()]).toEqual(['4', 'hello'])
  await Promise.all([...before, ...after].map(({ response }) => response))
  expect(ran(mount.lines)).toEqual(ids(1, 20))
})

test('a request that is too large for the pipe is not overtaken for ever, and none is lost behind it', async () => {
  const mount = await openMount(turns)
  const large = { headers: { 'X-Large': 'x'.repeat(20_000) } }
  startSome(mount, 1, 1, '&sleep=0.2')
  await hasBegun(mount, 1)
  const before = startSome(mount, 2, 3)
  const two = [4, 5].map((id) => mount.start({ path: `/?id=${id}`, ...large }))
  const after = startSome(mount, 6, 20)
  const answers = await Promise.all([...before, ...two, ...after].map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(ids(2, 20))
  expect(ran(mount.lines)).toEqual(ids(1, 20))
})

test('a request that its worker had not begun when it died is run by another', async () => {
  const mount = await openMount(turns)
  const pid = await stopOne(mount)
  const [waiting] = startSome(mount, 2, 2)
  process.kill(pid, 'SIGKILL')
  expect(idOf(await waiting!.response)).toBe('2')
  expect(ran(mount.lines)).toEqual(['1', '2'])
})

test('a request that is taken back from a worker counts where it was begun', async () => {
  const mount = await openMount({ ...turns, processes: 2 })
  // So others are sent ahead.
  const clock = stopClock()
  const pid = await stopOne(mount)
  const [taken] = startSome(mount, 2, 2)
  startSome(mount, 3, 3, '&sleep=0.1')
  startSome(mount, 4, 5)
  // The one that stands still is slow now: the other takes what it has when it has nothing to do.
  clock.mockRestore()
  expect(Number((await taken!.response).header('X-Pid'))).not.toBe(pid)
  process.kill(pid, 'SIGCONT')
  await until(() => mount.mount.status!().workers!.every(({ busy }) => busy === 0))
  expect(ran(mount.lines).toSorted()).toEqual(ids(1, 5))
  const { workers, waits } = mount.mount.status!()
  expect([workers!.reduce((sum, { requests }) => sum + requests, 0), waits!.count]).toEqual([5, 5])
})

test('a request that is taken back from a worker does not wait behind a slow one while another is free', async () => {
  const mount = await openMount({ ...turns, processes: 2, threads: 60 })
  const pid = await stopOne(mount)
  const [waiting] = startSome(mount, 2, 2)
  // When the death is noticed the other worker has just begun slow ones.
  const slow: TestExchange[] = []
  const begin = setInterval(() => {
    if (slow.length < 50) slow.push(...startSome(mount, 3 + slow.length, 3 + slow.length, '&sleep=2'))
  }, 1)
  onTestFinished(() => clearInterval(begin))
  await until(() => slow.length > 0)
  process.kill(pid, 'SIGKILL')
  await waiting!.response
  expect(slow.filter(({ carrier }) => carrier.head)).toEqual([])
  clearInterval(begin)
  await Promise.all(slow.map(({ response }) => response))
})

test.each([
  ['that is quick, and has requests ahead of their turn', ''],
  ['that is slow, and has one at a time', '&sleep=0.5'],
])('closing runs none that no worker has begun: one %s', async (_, sleep) => {
  const mount = await openMount(turns)
  const pid = Number((await mount.ask({ path: `/?id=1${sleep}` })).header('X-Pid'))
  process.kill(pid, 'SIGSTOP')
  await until(() => isStopped(pid))
  const waiting = startSome(mount, 2, 6)
  const closing = mount.mount.close()
  // The system has the end of the connection once the event loop has turned.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  process.kill(pid, 'SIGCONT')
  const answers = await Promise.all(waiting.map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(answers.map(() => 'status 503'))
  await closing
  expect(ran(mount.lines)).toEqual(['1'])
})

test('an app that puts other locks in the place of the threading module’s is served', async () => {
  const mount = await openMount({ python: 'other_locks:app' })
  expect((await mount.ask()).body.toString()).toBe('served')
})

test('where the gateway cannot open the pipe of a worker, requests go by its connection', async () => {
  // The worker believes to be another process, as in a PID namespace of its own.
  const mount = await openMount({ ...turns, processes: 2, env: { PYTHONPATH: join(APPS, 'other-pid') } })
  const upload = { method: 'POST', body: 'hello' }
  const made = Array.from({ length: 200 }, (_, index) =>
    mount.start({ path: `/?id=${index + 1}`, ...(index % 10 === 0 ? upload : {}) }),
  )
  made[150]!.hangUp()
  const answers = await Promise.all(made.filter((_, index) => index !== 150).map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(ids(1, 200).filter((id) => id !== '151'))
  expect(answers[10]!.body.toString()).toBe('hello')
  expect(answers[10]!.header('X-Pid')).toBe(String(2 ** 22 + 1))
  const dying = await Promise.all(startSome(mount, 201, 202, '&die=1').map(({ response }) => response))
  expect(dying.map(idOf)).toEqual(['status 502', 'status 502'])
  await until(async () => (await mount.ask({ path: '/?id=0' })).status === 200)
})

test('what a worker had ahead when it died is run by others; only the request that it ran is lost', async () => {
  const mount = await openMount({ ...turns, processes: 2 })
  const [dying, busy] = [...startSome(mount, 1, 1, '&sleep=0.2&die=1'), ...startSome(mount, 2, 2, '&sleep=0.5')]
  const others = startSome(mount, 3, 30)
  const answers = await Promise.all([dying!, busy!, ...others].map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(['status 502', ...ids(2, 30)])
  expect(ran(mount.lines).toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(1, 30))
})

test('one whose client goes away is never run', async () => {
  const mount = await openMount(turns)
  const [long] = startSome(mount, 1, 1, '&sleep=0.3')
  // A worker that begins only now could come to the third while the first two are taken back.
  await hasBegun(mount, 1)
  const others = startSome(mount, 2, 5)
  others[1]!.hangUp()
  const answers = await Promise.all([long!, others[0]!, ...others.slice(2)].map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(['1', '2', '4', '5'])
  expect(ran(mount.lines)).toEqual(['1', '2', '4', '5'])
})

test('one that has waited too long is never run', async () => {
  const mount = await openMount({ ...turns, queueTimeout: 0.2 })
  const [long] = startSome(mount, 1, 1, '&sleep=0.5')
  const late = await Promise.all(startSome(mount, 2, 4).map(({ response }) => response))
  expect(late.map(idOf)).toEqual(['status 503', 'status 503', 'status 503'])
  await long!.response
  expect(idOf(await mount.ask({ path: '/?id=5' }))).toBe('5')
  expect(ran(mount.lines)).toEqual(['1', '5'])
})

test('the bound of the queue counts them', async () => {
  const mount = await openMount({ ...turns, queue: 2 })
  startSome(mount, 1, 1, '&sleep=0.3')
  const answers = await Promise.all(startSome(mount, 2, 4).map(({ response }) => response))
  expect(answers.map(idOf)).toEqual(['2', '3', 'status 503'])
})

test('a slow client holds up its own worker alone', async () => {
  const mount = await openMount({ ...turns, processes: 2 })
  const slow = mount.start({ path: '/?id=1&size=8000000', slow: true })
  const others = startSome(mount, 2, 40)
  expect((await Promise.all(others.map(({ response }) => response))).map(idOf)).toEqual(ids(2, 40))
  expect(slow.carrier.bytes.length).toBeLessThan(4_000_000)
  slow.carrier.drain()
  expect((await slow.response).body.length).toBe(8_000_000)
})

test('closing answers those ahead, and runs none of them', async () => {
  const mount = await openMount(turns)
  const [long] = startSome(mount, 1, 1, '&sleep=0.3')
  await hasBegun(mount, 1)
  const others = startSome(mount, 2, 5)
  await mount.mount.close()
  const answers = await Promise.all([long!, ...others].map(({ response }) => response))
  expect(answers.slice(1).map(idOf)).toEqual(Array.from({ length: 4 }, () => 'status 503'))
  expect(ran(mount.lines)).toEqual(['1'])
})

const seed = Number(process.env.SIDEGATE_SEED ?? Math.floor(Math.random() * 2 ** 31))

test(`whatever happens, each request is answered, and run once at most (SIDEGATE_SEED=${seed})`, async () => {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
  const mount = await openMount({ ...turns, processes: 3, threads: 2, abortTimeout: 60 })
  const sent: { id: number; made: TestExchange; gone: boolean; dies: boolean }[] = []
  for (let id = 1; id <= 1500; id++) {
    const kind = random(100)
    const dies = kind === 0 && random(2) === 0
    const what = dies
      ? '&die=1'
      : kind < 10
        ? `&sleep=${random(40) / 1000}`
        : kind < 14
          ? `&hold=${random(30) / 1000}`
          : ''
    const slow = kind >= 14 && kind < 18
    const request = { path: `/?id=${id}${what}${slow ? '&size=200000' : ''}`, slow }
    const made = mount.start(kind >= 90 ? { ...request, method: 'POST', body: 'x'.repeat(random(100_000)) } : request)
    const gone = random(20) === 0
    sent.push({ id, made, gone, dies })
    if (gone) setTimeout(() => made.hangUp(), random(30))
    if (slow) setTimeout(() => made.carrier.drain(), random(100))
    if (random(8) === 0) await new Promise((resolve) => setTimeout(resolve, random(15)))
  }
  const answers = await Promise.all(sent.map(({ made }) => made.response))
  const runs = ran(mount.lines)
  expect(new Set(runs).size).toBe(runs.length)
  const deaths = answers.filter(({ status }) => status === 502).length
  const dying = sent.filter(({ dies }) => dies).length
  // Each worker that dies takes with it what its two threads ran: none of up to 16 ahead.
  expect(deaths).toBeLessThanOrEqual(2 * dying)
  for (const [index, { id, gone }] of sent.entries()) {
    const answer = answers[index]!
    if (gone || answer.status === 502) continue
    expect([id, idOf(answer)]).toEqual([id, String(id)])
    expect(runs).toContain(String(id))
  }
  await until(async () => (await mount.ask({ path: '/?id=0' })).status === 200)
})
