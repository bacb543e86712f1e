// What is the same for workers of every language, of those in Node.js: limits of time, and recycling.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { alive, until } from '../python/mount.ts'
import { openWorkers } from './mount.ts'

test('a request that takes too long is ended, the app is told, and its worker goes on', async () => {
  const { mount, request } = await openWorkers({ requestTimeout: 0.3, killTimeout: 30 })
  const [pid] = mount.status!().pids!
  const { response, errors } = request({ path: '/aborts' })
  await response
  expect(errors[0]).toMatchObject({ code: 'REQUEST_LATE', blame: 'upstream' })
  await until(async () => (await request({ path: '/aborted' }).response).body.toString() === '/aborts')
  expect(mount.status!().pids).toEqual([pid])
})

test('time in which the client is waited for, for its body, is not the time of the app', async () => {
  const { request } = await openWorkers({ requestTimeout: 0.5 })
  async function* body() {
    for (let count = 0; count < 4; count++) {
      await sleep(300)
      yield Buffer.alloc(1000)
    }
  }
  const { response } = request({ method: 'POST', path: '/big', body: body() })
  expect((await response).body.toString()).toBe('4000')
})

test('a slow request is told of', async () => {
  const { request, logged } = await openWorkers({ slow: 0.2, paths: { '/waits': { slow: 100 } } })
  const all = ['/aborts', '/waits'].map((path) => request({ path }))
  await until(() => logged.length > 0)
  for (const { hangUp } of all) hangUp()
  const detail = expect.stringContaining('it runs no JavaScript at this moment')
  expect(logged).toMatchObject([{ code: 'REQUEST_SLOW', uri: '/aborts', request: all[0]!.exchange.id, detail }])
})

test('a worker that does not stop is killed, and what else it had is run anew', async () => {
  const paths = { '/spins': { requestTimeout: 0.5 } }
  const { mount, request, logged } = await openWorkers({ paths, killTimeout: 0.3, stopTimeout: 0.5 })
  const [pid] = mount.status!().pids!
  const stuck = request({ path: '/spins' })
  const other = request({ path: '/pid' })
  const post = request({ path: '/pid', method: 'POST', body: 'a' })
  const { status } = await stuck.response
  expect(status).toBe(504)
  const answers = await Promise.all([other.response, post.response])
  expect(answers.map((answer) => answer.status)).toEqual([200, 502])
  expect(answers[0]!.body.toString()).not.toBe(String(pid))
  await until(() => !alive(pid!))
  expect(logged.some(({ code }) => code === 'REQUEST_STUCK')).toBe(true)
  expect(mount.status!().restarts).toEqual({ time: 1 })
})

test('workers are recycled, and what they have goes on', async () => {
  const { mount, request } = await openWorkers({ recycle: { requests: 2 } })
  const [pid] = mount.status!().pids!
  const slow = request({ path: '/aborts' })
  await slow.carrier.until(({ chunks }) => chunks.length > 0)
  expect((await request({ path: '/pid' }).response).body.toString()).toBe(String(pid))
  await until(() => mount.status!().restarts!.requests === 1)
  expect((await request({ path: '/pid' }).response).body.toString()).not.toBe(String(pid))
  expect(alive(pid!)).toBe(true)
  slow.hangUp()
  await until(() => !alive(pid!))
})
