// Requests that take too long: 504 for the client, an exception in the app, the end of a worker that does not stop; and what it was doing.
import { expect, test } from 'vitest'
import { alive, openMount, until, windows } from './mount.ts'

const late = { python: 'late', requestTimeout: 0.3, killTimeout: 0.3, stopTimeout: 0.5 }
/** Stacks are told by a signal where the interpreter is locked, and what waits in the system is interrupted by one. */
const signals = process.platform === 'linux'

test.for([
  ['sleep', 1],
  ['spin', 1],
  ['spin', 2],
  ['drip', 1],
] as const)(
  'the time of a request is over (%s, %i threads): 504, and the app can clean up',
  async ([kind, threads]) => {
    const made = await openMount({ ...late, threads, killTimeout: 30 })
    const [pid] = made.mount.status!().pids!
    // The main thread has one, another thread the other.
    const all = Array.from({ length: threads }, () => made.start({ path: `/report?kind=${kind}` }))
    for (const { response, errors } of all) {
      const { status, cut } = await response
      expect(kind === 'drip' ? cut : status).toBe(kind === 'drip' ? true : 504)
      expect(errors[0]).toMatchObject({ code: 'REQUEST_LATE', blame: 'upstream' })
      expect(errors[0]!.message).toContain(`Python worker ${pid} took longer than 0.3 s`)
      expect(errors[0]!.cause).toMatch(/which runs GET \/report\?kind=\w+:\n/)
      // Between two pieces of its response the app is on no stack.
      expect(errors[0]!.cause).toMatch(kind === 'drip' ? /./ : /late\.py", line \d+, in linger\n/)
    }
    // A generator that is not running is closed.
    const raised =
      kind === 'drip'
        ? /^(?:TimeLimitExceeded|GeneratorExit): drip$/
        : /^TimeLimitExceeded: \w+(?:, TimeLimitExceeded: \w+)*$/
    const ended = async (): Promise<string[]> => (await made.ask()).body.toString().split(', ')
    await until(async () => (await ended()).length === threads)
    expect((await ended()).join(', ')).toMatch(raised)
    // The same worker goes on.
    expect(made.mount.status!().pids).toEqual([pid])
    expect(made.mount.status!().restarts).toEqual({})
  },
)

test('an app that waits for a body that does not come is told, too', async () => {
  const made = await openMount({ ...late, streamBodies: true, requestTimeout: 0.5 })
  async function* nothing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a')
    await new Promise(() => {})
  }
  const { response, hangUp } = made.start({ path: '/?kind=wait', method: 'POST', body: nothing() })
  await made.logged(({ message }) => message === 'began wait')
  // The time in which the client is waited for is not the app's.
  await new Promise((resolve) => setTimeout(resolve, 700))
  hangUp()
  expect((await response).status).toBe(0)
  await until(async () => (await made.ask()).body.toString() === 'Gone: wait')
})

test.for(['swallow', 'hold'])(
  'a worker that does not stop (%s) is replaced and killed, its other requests are run',
  async (kind) => {
    const made = await openMount({ ...late, threads: 2, paths: { '/long': { requestTimeout: 20 } } })
    const [pid] = made.mount.status!().pids!
    const stuck = made.start({ path: `/?kind=${kind}` })
    await made.logged(({ message }) => message === `began ${kind}`)
    const other = made.start({ path: '/long?kind=sleep' })
    expect((await stuck.response).status).toBe(504)
    const line = await made.logged(({ code }) => code === 'REQUEST_STUCK')
    expect(line).toMatchObject({ pid, method: 'GET', uri: `/?kind=${kind}`, mount: '/', level: 'warn' })
    expect(line.message).toContain(`Python worker ${pid} is replaced: a request took too long`)
    expect(line.detail).toMatch(signals ? /late\.py", line \d+,? in (?:linger|application)/ : /./)
    await until(async () => (await made.ask()).header('X-Pid') !== String(pid))
    other.hangUp()
    await until(() => !alive(pid!))
    expect(made.mount.status!().restarts).toEqual({ time: 1 })
  },
)

test('requests of a worker that is killed for another one are run anew, where that does no harm', async () => {
  const made = await openMount({ ...late, threads: 3, paths: { '/long': { requestTimeout: 20 } } })
  const stuck = made.start({ path: '/?kind=swallow' })
  const again = made.start({ path: '/long?kind=sleep' })
  const harm = made.start({ path: '/long?kind=sleep', method: 'POST', body: 'a' })
  expect((await stuck.response).status).toBe(504)
  expect((await harm.response).status).toBe(502)
  expect(harm.errors[0]!.message).toContain(
    'did not end within 0.3 s after that (killTimeout) while it ran this request',
  )
  await until(() => made.lines.filter(({ message }) => message === 'began sleep').length === 3)
  expect(again.exchange.over).toBe(false)
  again.hangUp()
})

test.skipIf(windows)(
  'what waits in a thread that is not the main one is not woken: its worker is replaced',
  async () => {
    const made = await openMount({ ...late, threads: 2 })
    const both = [1, 2].map(() => made.start({ path: '/?kind=sleep' }))
    for (const { response } of both) expect((await response).status).toBe(504)
    expect(await made.logged(({ code }) => code === 'REQUEST_STUCK')).toMatchObject({ code: 'REQUEST_STUCK' })
  },
)

test('a slow request is told of once, with what the app is doing; paths have limits of their own', async () => {
  const made = await openMount({
    python: 'late',
    stopTimeout: 0.5,
    slow: 0.2,
    paths: { '/quick': { slow: 0.05, requestTimeout: 0.5 }, '/quick/not': {} },
  })
  const slow = made.start({ path: '/quickest?kind=sleep' })
  const line = await made.logged(({ code }) => code === 'REQUEST_SLOW')
  expect(line).toMatchObject({
    level: 'warn',
    method: 'GET',
    uri: '/quickest?kind=sleep',
    pid: made.mount.status!().pids![0],
  })
  expect(line.message).toMatch(/^a request takes longer than usual: [\d.]+ s so far \(slow\)$/)
  expect(line.detail).toMatch(/in linger\n +time\.sleep\(60\)/)
  slow.hangUp()
  const timed = await openMount({ python: 'late', paths: { '/quick/': { requestTimeout: 0.2 } } })
  expect((await timed.ask({ path: '/quick/one?kind=sleep' })).status).toBe(504)
  expect(made.lines.filter(({ code }) => code === 'REQUEST_SLOW')).toHaveLength(1)
})

test('an app may ask whether its client is gone', async () => {
  const made = await openMount({ python: 'late', threads: 2 })
  const both = [1, 2].map(() => made.start({ path: '/?kind=ask' }))
  await until(() => made.lines.filter(({ message }) => message === 'began ask').length === 2)
  both[0]!.hangUp()
  expect((await made.ask()).body.toString()).toBe('gone')
  both[1]!.hangUp()
  await until(async () => (await made.ask()).body.toString() === 'gone, gone')
})

test('the stacks of all workers, by hand', async () => {
  const made = await openMount({ python: 'late', stopTimeout: 0.5, processes: 2, threads: 2 })
  const busy = made.start({ path: '/here?kind=sleep' })
  await made.logged(({ message }) => message === 'began sleep')
  const stacks = await made.mount.stacks!()
  expect(stacks.map(({ pid }) => pid).toSorted()).toEqual([...made.mount.status!().pids!].toSorted())
  const text = stacks.map((stack) => stack.text).join('\n')
  expect(text).toMatch(/(?:MainThread|sidegate-1), which runs GET \/here\?kind=sleep:\n/)
  expect(text.match(/(?:MainThread|sidegate-1):\n {2}waits for a request/g)).toHaveLength(3)
  busy.hangUp()
})

test.runIf(signals)('the stack of a worker that a thread has locked is told all the same', async () => {
  const made = await openMount({ python: 'late', abortTimeout: 0.1, stopTimeout: 0.1 })
  const busy = made.start({ path: '/?kind=hold' })
  await made.logged(({ message }) => message === 'began hold')
  const ask = async (): Promise<string> => (await made.mount.stacks!())[0]!.text
  await until(async () => (await ask()).startsWith('it does not answer: a thread keeps the interpreter to itself\n'))
  expect(await ask()).toMatch(/late\.py", line \d+ in linger/)
  busy.hangUp()
})
