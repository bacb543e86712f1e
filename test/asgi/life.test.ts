// The life of an ASGI app in its worker: what is an app, its lifespan, limits of time, the end.
import { expect, test } from 'vitest'
import type { ConfigError } from '../../sidecar/errors.ts'
import { windows } from '../python/mount.ts'
import { makeMount, openMount, type Settings } from './mount.ts'

async function failure(settings: Settings): Promise<ConfigError> {
  const error = (await makeMount(settings)
    .mount.open()
    .catch((thrown: unknown) => thrown)) as ConfigError
  expect(error).toMatchObject({ name: 'ConfigError' })
  return error
}

test.for(['no_lifespan', 'returns', 'Twice', 'instance', 'partial', 'plain', 'factory()', 'factory("instance")'])(
  'starts:%s is an app, without lifespan',
  async (name) => {
    const { ask, mount } = await openMount({ asgi: `starts:${name}` })
    expect((await ask()).body.toString()).toBe('no state')
    await mount.close()
  },
)

test('an app without lifespan is told of with what it raised, and one that has to have it does not start', async () => {
  const { logged } = await openMount({ asgi: 'starts:no_lifespan' })
  const line = await logged(({ message }) => /no lifespan: it raised AssertionError: no lifespan here/.test(message))
  expect(line).toMatchObject({ level: 'info', detail: expect.stringMatching(/starts\.py/) })
  for (const name of ['no_lifespan', 'returns'])
    expect(await failure({ asgi: `starts:${name}`, lifespan: 'on' })).toMatchObject({
      code: 'ASGI_LIFESPAN',
      path: 'mounts./.lifespan',
    })
})

test('lifespan off: the app is not asked', async () => {
  const { ask } = await openMount({ asgi: 'starts:says_failed', lifespan: 'off' })
  expect(await ask()).toMatchObject({ status: 500 })
})

test('a startup that failed stops the start, with the message and what was raised', async () => {
  const error = await failure({ asgi: 'starts:says_failed' })
  expect(error).toMatchObject({ code: 'ASGI_STARTUP_FAILED', path: 'mounts./.asgi' })
  expect(error.message).toMatch(/: no database$/)
  expect(String(error.cause)).toMatch(/OSError: connection refused/)
})

test.for([
  ['starts:wsgi', 'PYTHON_NOT_ASGI', /Mount a WSGI app as python:starts:wsgi/],
  ['starts:factory2', 'PYTHON_NO_CALLABLE', /factory/],
  ['nowhere', 'PYTHON_MODULE_NOT_FOUND', /nowhere/],
] as const)('%s: %s', async ([asgi, code, message]) => {
  const error = await failure({ asgi })
  expect(error).toMatchObject({ code, path: 'mounts./.asgi' })
  expect(error.message).toMatch(message)
})

test('a start that never ends has startTimeout', async () => {
  expect(await failure({ asgi: 'starts:never', startTimeout: 1.5 })).toMatchObject({ code: 'PYTHON_START_TIMEOUT' })
})

test('uvloop that is wanted and not there stops the start', async () => {
  expect(await failure({ asgi: 'starts:plain', loop: 'uvloop', env: { PYTHONPATH: 'no-uvloop' } })).toMatchObject({
    code: 'ASGI_LOOP',
    path: 'mounts./.loop',
  })
})

test.for([
  ['auto', 1],
  ['uvloop', 1],
  ['asyncio', 0],
] as const)('uvloop that is there, loop %s', async ([loop, times]) => {
  const { ask, mount, lines } = await openMount({ asgi: 'starts:plain', loop, env: { PYTHONPATH: 'with-uvloop' } })
  expect(await ask()).toMatchObject({ status: 200 })
  await mount.close()
  expect(lines.filter(({ message }) => message === 'the loop of uvloop')).toHaveLength(times)
})

test('middleware goes round the app', async () => {
  const { ask } = await openMount({ asgi: 'starts:plain', wrap: ['starts:shout(suffix=b"?")'] })
  expect((await ask()).body.toString()).toBe('NO STATE?')
})

test('keepPrefix: no root_path', async () => {
  const { ask } = await openMount({ asgi: 'spec', keepPrefix: true })
  expect(await ask({ path: '/shop/hello', prefix: '/shop' })).toMatchObject({ status: 500 })
})

test('the end: work behind responses is waited for, then lifespan.shutdown comes', async () => {
  const { ask, mount, lines } = await openMount({ asgi: 'spec' })
  await ask({ path: '/after?0.3' })
  await mount.close()
  const said = lines.map(({ message }) => message)
  expect(said.filter((line) => /lifespan|behind/.test(line))).toEqual([
    'lifespan.startup',
    'behind the response',
    'lifespan.shutdown',
  ])
})

test('the end: what takes too long is cancelled, within stopTimeout', async () => {
  const { ask, mount, lines } = await openMount({ asgi: 'spec', stopTimeout: 2 })
  await ask({ path: '/after?600' })
  const before = performance.now()
  await mount.close()
  expect(performance.now() - before).toBeLessThan(10_000)
  expect(lines.map(({ message }) => message)).toContain('lifespan.shutdown')
})

test('the end: what the app says until then is in the log, also for clients that go away meanwhile', async () => {
  const { start, mount, lines, logged } = await openMount({ asgi: 'spec' })
  // The second goes on for longer than it takes until a worker that has requests is asked whether it is there.
  const started = [0.1, 2.2].map((seconds) => start({ path: `/goes_on?${seconds}` }))
  for (const { exchange } of started)
    await logged(({ message, request }) => message === 'goes on' && request === exchange.id)
  const closed = mount.close()
  for (const { hangUp } of started) hangUp()
  await closed
  const said = lines.filter(({ message }) => /went on|Error/.test(message))
  expect(said).toMatchObject(started.map(({ exchange }) => ({ message: 'went on', request: exchange.id })))
})

test('the end: what threads of the app print when the loop has ended is in the log', async () => {
  const { ask, mount, lines } = await openMount({ asgi: 'spec' })
  await ask({ path: '/in_threads' })
  await mount.close()
  const said = lines.map(({ message }) => message)
  expect(said).toEqual(expect.arrayContaining(['said by a thread', 'said by the executor']))
})

test.skipIf(windows)('what an app prints when the connection of its worker is cut comes by the system', async () => {
  const { start, logged, lines } = await openMount({ asgi: 'spec' })
  const { response } = start({ path: '/cut_off' })
  expect(await logged(({ message }) => message === 'still 19')).toMatchObject({ stream: 'stdout' })
  expect(await response).toMatchObject({ status: 502 })
  expect(lines.filter(({ message }) => /Error|raised/.test(message))).toEqual([])
})

test('the end: tasks that the app leaves are cancelled behind lifespan.shutdown', async () => {
  const { ask, mount, lines } = await openMount({ asgi: 'spec' })
  await ask({ path: '/leaves_task' })
  await mount.close()
  const said = lines.map(({ message }) => message)
  expect(said).not.toContainEqual(expect.stringMatching(/was destroyed/))
  expect(said.filter((line) => /lifespan.shutdown|cleaned up/.test(line))).toEqual([
    'lifespan.shutdown',
    'the task has cleaned up',
  ])
})

test('a shutdown that failed is in the log', async () => {
  const { ask, mount, lines } = await openMount({ asgi: 'starts:end_failed' })
  await ask()
  await mount.close()
  expect(lines).toContainEqual(
    expect.objectContaining({ code: 'ASGI_SHUTDOWN', message: expect.stringMatching(/could not flush/) }),
  )
})

test('a lifespan that breaks while the app serves is in the log at once, and once', async () => {
  const { ask, mount, logged, lines } = await openMount({ asgi: 'starts:breaks_while_serving' })
  const line = await logged(({ code }) => code === 'ASGI_LIFESPAN_LOST')
  expect(line).toMatchObject({
    level: 'error',
    blame: 'app',
    detail: expect.stringMatching(/in breaks_while_serving\n/),
  })
  expect(line.message).toMatch(/RuntimeError: the pool broke/)
  expect(await ask()).toMatchObject({ status: 200 })
  await mount.close()
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('a client that is gone: an app that does not look is cancelled after abortTimeout', async () => {
  const { start, logged } = await openMount({ asgi: 'spec', abortTimeout: 0.2 })
  const { hangUp } = start({ path: '/deaf' })
  await logged(({ message }) => message === 'deaf')
  hangUp()
  expect(await logged(({ message }) => message === 'cancelled')).toMatchObject({ request: expect.any(String) })
})

test.for([
  ['sleeps', /CancelledError/, /in inner\n/],
  ['blocks', /TimeLimitExceeded/, /in blocks\n/],
  ['blocks_in_c', /TimeLimitExceeded/, /in blocks_in_c\n/],
  ['blocks_in_task', /TimeLimitExceeded/, /in blocks\n/],
] as const)('requestTimeout ends a request that %s', async ([name, interrupted, stack]) => {
  const { start, logged, ask } = await openMount({ asgi: 'spec', requestTimeout: 0.5, slow: 0.2 })
  const { response, errors } = start({ path: `/${name}?600` })
  expect(await response).toMatchObject({ status: 504 })
  expect(errors).toMatchObject([{ code: 'REQUEST_LATE' }])
  expect(String(errors[0]!.cause)).toMatch(stack)
  expect(String(errors[0]!.cause)).toMatch(new RegExp(`GET /${name}`))
  await logged(({ message }) => interrupted.test(message))
  const slow = await logged(({ code }) => code === 'REQUEST_SLOW')
  expect(slow.detail).toMatch(stack)
  expect((await ask({ path: '/hello' })).body.toString()).toBe('Hello World\n')
})

test('where threads cannot signal each other, requestTimeout answers for code that keeps the loop to itself, and lets it run on', async () => {
  const { start, ask, lines } = await openMount({
    asgi: 'spec',
    requestTimeout: 2,
    env: { PYTHONPATH: 'no-signals' },
  })
  for (const name of ['blocks', 'sleeps']) {
    // What comes meanwhile has the same time, and waits for the rest of it.
    expect(await start({ path: `/${name}?2.2` }).response).toMatchObject({ status: 504 })
    expect((await ask({ path: '/hello' })).body.toString()).toBe('Hello World\n')
  }
  expect(lines.filter(({ message }) => /TimeLimitExceeded/.test(message))).toEqual([])
})

test('a worker whose app keeps the loop to itself gets no more requests, and is replaced', async () => {
  const { start, logged, ask } = await openMount({ asgi: 'spec', stuckTimeout: 2.5 })
  const { response } = start({ path: '/blocks?600', method: 'POST', body: 'x' })
  const line = await logged(({ code }) => code === 'WORKER_STUCK')
  expect(line.detail).toMatch(/in blocks\n/)
  expect(await response).toMatchObject({ status: 502 })
  expect((await ask({ path: '/hello' })).body.toString()).toBe('Hello World\n')
})

test('a reload loses no request, and two processes share them', async () => {
  const { ask, mount } = await openMount({ asgi: 'spec', processes: 2 })
  const asked = Array.from({ length: 40 }, () => ask({ path: '/after?0.01' }))
  await Promise.all([mount.reload!(), ...asked])
  for (const answer of asked) expect(await answer).toMatchObject({ status: 200, cut: false })
})
