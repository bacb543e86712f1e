// The life of workers in Node.js: many requests at a time, clients that go away, what an app does to its process.
import { afterAll, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { alive, until, windows } from '../python/mount.ts'
import type { OpenMount } from '../mount.ts'
import { openWorkers, workers } from './mount.ts'

/** For tests that leave it as it is. */
let common: OpenMount | undefined
afterAll(() => common?.mount.close())

async function shared(): Promise<OpenMount> {
  if (common) return common
  common = workers({}, { kept: true })
  await common.mount.open()
  return common
}

test('many requests at a time; one whose client is gone leaves its place', async () => {
  const { mount, request } = await openWorkers({ requests: 3, queue: 1 })
  const waiting = [1, 2, 3].map(() => request({ path: '/aborts' }))
  await Promise.all(waiting.map(({ carrier }) => carrier.until(({ chunks }) => chunks.length > 0)))
  const next = request({ path: '/hello' })
  expect(() => request({ path: '/hello' })).toThrow(
    expect.objectContaining({ code: 'QUEUE_FULL', message: expect.stringContaining('(processes, requests)') }),
  )
  expect(mount.status!()).toMatchObject({ waiting: 1, workers: [{ busy: 3, places: 3, requests: 3, state: 'ready' }] })
  waiting[0]!.hangUp()
  expect((await next.response).body.toString()).toBe('Hello')
  await until(async () => (await request({ path: '/aborted' }).response).body.toString() === '/aborts')
  for (const { hangUp } of waiting) hangUp()
  await until(() => mount.status!().workers![0]!.busy === 0)
})

test('a head that is flushed leaves ahead of its body', async () => {
  const { request } = await shared()
  const { carrier, hangUp } = request({ path: '/head' })
  await carrier.until(({ head }) => head?.status === 200)
  expect(carrier.calls).toEqual(['start'])
  hangUp()
})

test('two processes share the requests', async () => {
  const { request, mount } = await openWorkers({ processes: 2 })
  const first = request({ path: '/waits' })
  await first.carrier.until(({ chunks }) => chunks.length > 0)
  const other = (await request({ path: '/pid' }).response).body.toString()
  expect(mount.status!().pids).toContain(Number(other))
  expect(first.exchange.pid).not.toBe(Number(other))
  first.hangUp()
})

test('a client that reads nothing stops the app, and nobody else', async () => {
  const { request, mount } = await shared()
  const slow = request({ path: '/endless', slow: true })
  await slow.carrier.until(({ chunks }) => chunks.length > 0)
  expect((await request({ path: '/hello' }).response).body.toString()).toBe('Hello')
  const taken = slow.carrier.bytes.length
  slow.carrier.drain(true)
  await slow.carrier.until(({ bytes }) => bytes.length > taken)
  slow.hangUp()
  await until(() => mount.status!().workers![0]!.busy === 0)
  const said = (await request({ path: '/aborted' }).response).body.toString()
  const [, sent] = /^endless (\d+)$/.exec(said)!
  // The window, what the app hands over beyond it, and the same again once the client had taken some.
  expect(Number(sent)).toBeLessThan(1024 * 1024)
})

test('a body comes as fast as the app takes it, whatever its length', async () => {
  const { request } = await shared()
  const piece = Buffer.alloc(100_000, 'x')
  async function* body() {
    for (let count = 0; count < 50; count++) yield piece
  }
  const chunked = request({ method: 'POST', path: '/big', body: body() })
  expect((await chunked.response).body.toString()).toBe('5000000')
  const known = request({ method: 'POST', path: '/big', body: body(), length: 5_000_000 })
  expect((await known.response).body.toString()).toBe('5000000')
  expect((await request({ method: 'POST', path: '/big', body: 'small' }).response).body.toString()).toBe('5')
})

test('a body that the app does not want is not asked for', async () => {
  const { request } = await shared()
  let asked = false
  async function* body() {
    asked = true
    yield Buffer.alloc(10)
  }
  const { response } = request({ method: 'POST', path: '/refuses', body: body() })
  expect((await response).status).toBe(413)
  expect(asked).toBe(false)
})

test('what an app raises is an error of the app, with its stack', async () => {
  const { request } = await shared()
  const { response, errors } = request({ path: '/raises' })
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code: 'APP_RAISED', blame: 'app', message: 'the app raised: on purpose' }])
  expect(errors[0]!.cause).toMatch(/spec\.ts:\d+/)
})

test('what it throws outside of requests is logged, and the worker goes on', async () => {
  const { request, logged } = await openWorkers()
  const pid = (await request({ path: '/pid' }).response).body.toString()
  await request({ path: '/stray' }).response
  await until(() => logged.length > 0)
  expect(logged).toMatchObject([{ level: 'error', code: 'APP_STRAY', pid: Number(pid), mount: '/' }])
  expect((await request({ path: '/pid' }).response).body.toString()).toBe(pid)
})

test.each([
  ['/exits', /exited with code 3/, /the app called process\.exit\(3\), in .*spec\.ts:\d+/],
  ['/crashes', /was killed by SIGABRT|exited with code 134/, /./],
])('%s costs the requests of that worker, and another one takes its place', async (path, words, last) => {
  const { mount, request, logged } = await openWorkers()
  const [pid] = mount.status!().pids!
  const { response, errors } = request({ path })
  expect((await response).status).toBe(502)
  expect(errors).toMatchObject([{ code: 'WORKER_DIED', message: expect.stringMatching(words) }])
  expect(errors[0]!.cause).toMatch(last)
  expect(logged.filter(({ code }) => code === 'WORKER_DIED')).toMatchObject([{ pid, mount: '/' }])
  expect((await request({ path: '/hello' }).response).body.toString()).toBe('Hello')
})

test.skipIf(windows)('an app that writes into the connection of its worker breaks that one', async () => {
  const { request, logged } = await openWorkers()
  const { response } = request({ path: '/breaks-in' })
  expect((await response).status).toBe(502)
  expect(logged.find(({ code }) => code === 'WORKER_DIED')!.message).toMatch(/broke its protocol .* and was killed/)
  expect((await request({ path: '/hello' }).response).body.toString()).toBe('Hello')
})

test.skipIf(windows).each(['', '?long'])('one that begins a frame (%s) is found out', async (how) => {
  const { request } = await openWorkers({ stuckTimeout: 3 })
  const { response } = request({ path: `/begins-a-frame${how}` })
  expect((await response).status).toBe(502)
  expect((await request({ path: '/hello' }).response).body.toString()).toBe('Hello')
})

test('what an app prints or raises may be as long as it likes', async () => {
  const { mount, request, logged } = await openWorkers()
  const [pid] = mount.status!().pids!
  expect((await request({ path: '/prints-much' }).response).body.toString()).toBe('printed')
  expect(logged.filter(({ stream }) => stream === 'stdout').length).toBeGreaterThan(0)
  const { response, errors } = request({ path: '/raises-much' })
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code: 'APP_RAISED', blame: 'app', cause: expect.stringMatching(/^Error: yyy/) }])
  expect(mount.status!().pids).toEqual([pid])
})

test('what an app writes without waiting for its client stays in its worker', async () => {
  const { mount, request } = await shared()
  const { carrier, response, hangUp } = request({ path: '/rushes', slow: true })
  await carrier.until(({ chunks }) => chunks.length > 0)
  await request({ path: '/hello' }).response
  expect(carrier.bytes.length).toBeLessThan(512 * 1024)
  carrier.drain()
  const { body } = await response
  expect(body.length).toBe(20 * 1024 * 1024 + 3)
  expect(body.subarray(-4).toString()).toBe('rend')
  // One whose client goes away meanwhile.
  hangUp()
  const gone = request({ path: '/rushes', slow: true })
  await gone.carrier.until(({ chunks }) => chunks.length > 0)
  gone.hangUp()
  const much = request({ path: '/too-much', slow: true })
  await much.carrier.until(({ chunks }) => chunks.length > 0)
  much.carrier.drain()
  expect((await much.response).body.length).toBe(5_000_000)
  expect(much.errors).toMatchObject([{ code: 'BODY_TOO_LONG' }])
  await until(() => mount.status!().workers![0]!.busy === 0)
})

test('a reload takes new processes, and those before answer what they have', async () => {
  const { mount, request } = await openWorkers()
  const [pid] = mount.status!().pids!
  const long = request({ path: '/waits' })
  await long.carrier.until(({ chunks }) => chunks.length > 0)
  await mount.reload!()
  expect((await request({ path: '/pid' }).response).body.toString()).not.toBe(String(pid))
  expect(long.exchange.over).toBe(false)
  long.hangUp()
  await until(() => !alive(pid!))
})

test('closing ends the processes, and lets the app close first', async () => {
  const { mount } = await openWorkers({ app: './spec.ts#multiprocess', processes: 2 }, { kind: app })
  const pids = mount.status!().pids!
  await mount.close()
  expect(pids.filter(alive)).toEqual([])
})
