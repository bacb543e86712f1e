// The life of workers: queue, clients that go away, death and replacement, the end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { alive, APPS, INTERPRETER, openMount, until, windows } from './mount.ts'

const spec = { python: 'spec' }

test('processes and threads: so many requests run at the same time', async () => {
  const { start, ask } = await openMount({ ...spec, processes: 2, threads: 3 })
  const waiting = Array.from({ length: 6 }, () => start({ path: '/ticking' }))
  await Promise.all(waiting.map(({ carrier }) => carrier.until(({ chunks }) => chunks.length > 0)))
  const one = start({ path: '/hello' })
  waiting[0]!.hangUp()
  expect((await one.response).status).toBe(200)
  for (const { hangUp } of waiting) hangUp()
  expect((await ask({ path: '/hello' })).status).toBe(200)
})

test('the least busy process gets a request', async () => {
  const { start, ask } = await openMount({ ...spec, processes: 2, threads: 2 })
  const first = (await ask({ path: '/pid' })).body.toString()
  const busy = start({ path: '/ticking' })
  await busy.carrier.until(({ chunks }) => chunks.length > 0)
  expect((await ask({ path: '/pid' })).body.toString()).not.toBe(first)
  busy.hangUp()
})

test('the queue has a bound, and an order', async () => {
  const { start } = await openMount({ ...spec, queue: 2 })
  const busy = start({ path: '/ticking' })
  await busy.carrier.until(({ chunks }) => chunks.length > 0)
  const order: number[] = []
  const waiting = [1, 2].map((number) => {
    const one = start({ path: '/hello' })
    return one.response.then(() => order.push(number))
  })
  const full = start({ path: '/hello' })
  expect((await full.response).status).toBe(503)
  expect(full.errors[0]).toMatchObject({ code: 'QUEUE_FULL', blame: 'upstream' })
  expect(full.errors[0]!.message).toContain('all 1 workers are busy')
  busy.hangUp()
  await Promise.all(waiting)
  expect(order).toEqual([1, 2])
})

test('a mount says which workers run, and how many requests wait', async () => {
  const { mount, start, ask } = await openMount({ ...spec, processes: 2 })
  const pids = [Number((await ask({ path: '/pid' })).body.toString())]
  expect(mount.status!()).toMatchObject({ pids: expect.arrayContaining(pids) as number[], waiting: 0 })
  expect(mount.status!().pids).toHaveLength(2)
  const busy = [1, 2].map(() => start({ path: '/ticking' }))
  await Promise.all(busy.map(({ carrier }) => carrier.until(({ chunks }) => chunks.length > 0)))
  const late = [1, 2, 3].map(() => start({ path: '/hello' }))
  expect(mount.status!().waiting).toBe(3)
  for (const { hangUp } of busy) hangUp()
  await Promise.all(late.map(({ response }) => response))
  expect(mount.status!().waiting).toBe(0)
  // The app hears at its next write that a client is gone.
  await until(() => mount.status!().workers!.every(({ busy }) => busy === 0))
  const { workers, waits, restarts } = mount.status!()
  expect(workers!.map(({ pid }) => pid).toSorted()).toEqual(mount.status!().pids!.toSorted())
  for (const worker of workers!) {
    expect(worker).toMatchObject({ state: 'ready', places: 1 })
    expect(Date.now() - Date.parse(worker.since)).toBeLessThan(60_000)
    expect(worker.memory ?? 0).toBeGreaterThanOrEqual(existsSync('/proc/self/status') ? 2 ** 20 : 0)
  }
  expect(workers!.reduce((sum, { requests }) => sum + requests, 0)).toBe(6)
  expect(waits!.count).toBe(6)
  expect(waits!.sum).toBeGreaterThan(0)
  expect(restarts).toEqual({})
  await mount.close()
  expect(mount.status!()).toMatchObject({ pids: [], workers: [], waiting: 0 })
})

test('a request waits only so long; one whose client goes away leaves its place', async () => {
  const { start } = await openMount({ ...spec, queue: 1, queueTimeout: 0.2 })
  const busy = start({ path: '/ticking' })
  await busy.carrier.until(({ chunks }) => chunks.length > 0)
  const gone = start({ path: '/hello' })
  gone.hangUp()
  const late = start({ path: '/hello' })
  expect((await late.response).status).toBe(503)
  expect(late.errors[0]).toMatchObject({ code: 'QUEUE_TIMEOUT' })
  busy.hangUp()
})

test.for(['endless', 'ticking'])('a client that goes away from %s stops the app, and close is called', async (path) => {
  const { start, ask, lines } = await openMount(spec)
  const { carrier, hangUp, errors } = start({ path: `/${path}` })
  await carrier.until(({ chunks }) => chunks.length > 3)
  hangUp()
  expect(JSON.parse((await ask({ path: '/closes' })).body.toString())).toEqual([path])
  expect([errors, lines]).toEqual([[], []])
})

test('a client that goes away in the middle of an upload nobody reads', async () => {
  const { start, ask } = await openMount({ ...spec, streamBodies: true })
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(64 * 1024)
  }
  const { carrier, hangUp } = start({ path: '/ticking', method: 'POST', body: endless() })
  await carrier.until(({ chunks }) => chunks.length > 3)
  hangUp()
  expect(JSON.parse((await ask({ path: '/closes' })).body.toString())).toEqual(['ticking'])
})

test('a slow client stops the app', async () => {
  const { start } = await openMount(spec)
  const { carrier, response, hangUp } = start({ path: '/endless', slow: true })
  await carrier.until(({ chunks }) => chunks.length > 0)
  const { chunks } = carrier
  let before = -1
  // No more comes while the client takes nothing: at most what one read had in it.
  await until(async () => {
    const same = before === chunks.length
    before = chunks.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    return same
  })
  expect(carrier.bytes.length).toBeLessThan(1024 * 1024)
  carrier.drain()
  const { length } = chunks
  await carrier.until(() => chunks.length > length + 50)
  hangUp()
  await response
})

test('a worker that does not stop after its client has gone is replaced', async () => {
  const { start, ask, logged } = await openMount({ ...spec, abortTimeout: 0.2, stopTimeout: 0.3 })
  const pid = (await ask({ path: '/pid' })).body.toString()
  const { carrier, hangUp } = start({ path: '/hang' })
  await carrier.until(({ chunks }) => chunks.length > 0)
  hangUp()
  expect((await ask({ path: '/pid' })).body.toString()).not.toBe(pid)
  expect((await logged(({ message }) => message.includes('abortTimeout'))).level).toBe('warn')
  await until(() => !alive(Number(pid)))
})

// Python on Windows makes an exception of what is a signal elsewhere.
const bySignal = [
  ['kill', /was killed by SIGKILL/, /last words/],
  ['segv', /was killed by SIGSEGV/, /Fatal Python error: Segmentation fault[^]*in dies/],
] as const

test.for([
  ['exit', /exited with code 7 while it ran this request/, /last words/],
  ...(windows ? [] : bySignal),
] as const)(
  'a worker that dies (%s): 502 with the cause, and another takes its place',
  async ([how, message, last]) => {
    const { start, ask, logged } = await openMount(spec)
    const { response, errors } = start({ path: `/dies?${how}` })
    expect((await response).status).toBe(502)
    expect(errors[0]).toMatchObject({ code: 'WORKER_DIED', blame: 'upstream' })
    expect(errors[0]!.message).toMatch(message)
    expect(errors[0]!.cause).toMatch(last)
    expect((await ask({ path: '/hello' })).status).toBe(200)
    expect(await logged(({ code }) => code === 'WORKER_DIED')).toMatchObject({ level: 'error', mount: '/' })
  },
)

test('a worker that dies in the middle of a response cuts it', async () => {
  const { start } = await openMount(spec)
  const { response, errors } = start({ path: '/dies?late' })
  const { status, body, cut } = await response
  expect([status, body.toString(), cut]).toEqual([200, 'begun', true])
  expect(errors[0]).toMatchObject({ code: 'WORKER_DIED' })
})

test('workers that keep dying come back with pauses; requests wait, then get 503', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const flag = join(folder, 'flag')
  writeFileSync(flag, '')
  const { start, ask, lines, logged } = await openMount({ python: 'flaky', env: { FLAG: flag }, queueTimeout: 0.3 })
  rmSync(flag)
  expect((await ask({ path: '/die' })).status).toBe(502)
  const late = start()
  expect((await late.response).status).toBe(503)
  expect(late.errors[0]!.message).toContain('0 of 1 workers run')
  const line = await logged(({ message }) => /the flag is not there; the next try is in 0.5 s/.test(message))
  expect(line).toMatchObject({ code: 'PYTHON_IMPORT_FAILED', level: 'error' })
  writeFileSync(flag, '')
  await until(async () => (await ask()).status === 200)
  expect(lines.filter(({ code }) => code === 'PYTHON_IMPORT_FAILED').length).toBeLessThan(5)
})

test.skipIf(windows).for([
  ['is not there any more', undefined, 'WORKER_SPAWN', /could not be started: .*ENOENT/],
  ['ends before it is ready', 'exit 3', 'WORKER_START_DIED', /exited with code 3 before it was ready/],
  ['does not get ready', 'exec sleep 600', 'WORKER_START_TIMEOUT', /was not ready after 5 s \(startTimeout\)/],
] as const)('a worker that is to replace another %s: it is told, and tried again', async ([, line, code, message]) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const interpreter = join(folder, 'python')
  const runs = (text: string): void => writeFileSync(interpreter, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  runs(`exec ${INTERPRETER} "$@"`)
  const { ask, logged } = await openMount({ ...spec, interpreter, startTimeout: 5 })
  if (line === undefined) rmSync(interpreter)
  else runs(line)
  expect((await ask({ path: '/dies?exit' })).status).toBe(502)
  const told = await logged((one) => one.code === code)
  expect(told).toMatchObject({ level: 'error', mount: '/' })
  expect(told.message).toMatch(message)
  runs(`exec ${INTERPRETER} "$@"`)
  await until(async () => (await ask({ path: '/hello' })).status === 200)
})

test.skipIf(windows)('SIGTERM to a worker: it answers what it has, then ends; another takes its place', async () => {
  const { start, ask } = await openMount(spec)
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const { carrier, hangUp } = start({ path: '/ticking' })
  await carrier.until(({ chunks }) => chunks.length > 0)
  process.kill(pid, 'SIGTERM')
  expect(Number((await ask({ path: '/pid' })).body.toString())).not.toBe(pid)
  const { length } = carrier.chunks
  await carrier.until(({ chunks }) => chunks.length > length + 3)
  hangUp()
  await until(() => !alive(pid))
})

test.skipIf(windows).each(['SIGHUP', 'SIGQUIT'] as const)('%s to a worker is as SIGTERM', async (signal) => {
  const { start, ask } = await openMount(spec)
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const { carrier, hangUp } = start({ path: '/ticking' })
  await carrier.until(({ chunks }) => chunks.length > 0)
  process.kill(pid, signal)
  expect(Number((await ask({ path: '/pid' })).body.toString())).not.toBe(pid)
  hangUp()
  await until(() => !alive(pid))
})

test.skipIf(windows).each(['SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)(
  '%s to a worker changes nothing',
  async (signal) => {
    const { ask } = await openMount(spec)
    const pid = Number((await ask({ path: '/pid' })).body.toString())
    process.kill(pid, signal)
    expect(Number((await ask({ path: '/pid' })).body.toString())).toBe(pid)
    expect(alive(pid)).toBe(true)
  },
)

test('close ends the workers and what they started', async () => {
  const { mount, ask } = await openMount({ ...spec, processes: 2 })
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const child = Number((await ask({ path: '/spawns' })).body.toString())
  expect([alive(pid), alive(child)]).toEqual([true, true])
  await mount.close()
  expect(alive(pid)).toBe(false)
  await until(() => !alive(child))
  await mount.close()
})

// What is read in one thread cannot be closed by another on Windows.
test.skipIf(windows)(
  'a worker that has closed its connections, and is asked to end, has the time for that',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const mark = join(folder, 'mark')
    const { mount, ask } = await openMount({ python: 'slow_end', stopTimeout: 60, env: { MARK: mark } })
    expect((await ask()).body.toString()).toBe('served')
    await mount.close()
    expect(readFileSync(mark, 'utf8')).toBe('finished')
  },
)

test('close kills a worker that does not end', async () => {
  const { mount, ask, start } = await openMount({ ...spec, stopTimeout: 0.3 })
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const { carrier } = start({ path: '/hang' })
  await carrier.until(({ chunks }) => chunks.length > 0)
  await mount.close()
  expect(alive(pid)).toBe(false)
})

test('a gateway that is killed leaves no worker behind, not even one that is busy', async () => {
  const script = fileURLToPath(new URL('./orphans.ts', import.meta.url))
  const gateway = spawn(process.execPath, [script, APPS, INTERPRETER], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void gateway.kill('SIGKILL'))
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
  const pids = line.toString().trim().split(' ').map(Number)
  expect(pids).toHaveLength(2)
  for (const pid of pids) expect(alive(pid)).toBe(true)
  gateway.kill('SIGKILL')
  await until(() => !pids.some(alive))
})

test('a client that is slow to the end does not stop the next request of its worker', async () => {
  const { start } = await openMount({ python: 'spec', processes: 1 })
  // Whether the end of the response comes in the same read as its last bytes is the system's affair: enough turns to have both.
  for (let turn = 0; turn < 30; turn++) {
    const first = start({ path: '/generator', slow: true })
    await first.carrier.until(({ calls }) => calls.length > 0)
    const second = start({ path: '/hello' })
    first.carrier.drain()
    expect((await second.response).body.toString()).toBe('Hello World\n')
    expect((await first.response).cut).toBe(false)
  }
})

test('the end: what an app says until then is in the log, though its client goes away meanwhile', async () => {
  const { start, mount, lines, logged } = await openMount(spec)
  const { hangUp } = start({ path: '/goes_on', method: 'POST', body: 'x' })
  await logged(({ message }) => message === 'goes on')
  const closed = mount.close()
  hangUp()
  await closed
  expect(lines.map(({ message }) => message)).toContain('went on')
})
