// What an app in a worker prints: in the log, with the request that it was printed for.
import { expect, test } from 'vitest'
import { until } from '../python/mount.ts'
import { openWorkers } from './mount.ts'

test('what is printed while a request is answered has its id', async () => {
  const { request, logged, mount } = await openWorkers()
  const { exchange, response } = request({ path: '/prints' })
  expect((await response).body.toString()).toBe('printed')
  const [pid] = mount.status!().pids!
  const of = { request: exchange.id, mount: '/', pid }
  expect(logged).toMatchObject([
    { ...of, level: 'info', stream: 'stdout', message: 'to stdout' },
    { ...of, level: 'warn', stream: 'stderr', message: 'to stderr', detail: 'in two lines' },
    { ...of, level: 'info', stream: 'stdout', message: 'half a line' },
    { ...of, level: 'info', stream: 'stdout', message: 'no end' },
    { ...of, level: 'info', stream: 'stdout', message: 'after a while' },
  ])
})

test('what comes by the system is in the log without one', async () => {
  const { request, logged } = await openWorkers()
  await request({ path: '/writes-by-itself' }).response
  await until(() => logged.length > 0)
  expect(logged).toMatchObject([{ stream: 'stdout', message: 'by the system' }])
  expect(logged[0]!.request).toBeUndefined()
})

test('what is printed in one turn faster than it can be read is left out, and counted', async () => {
  const { request, logged } = await openWorkers()
  const memory = Number((await request({ path: '/prints-without-end' }).response).body.toString())
  expect(memory).toBeLessThan(60 * 1024 * 1024)
  await until(() => logged.some(({ code }) => code === 'OUTPUT_CUT'))
})

test('what is printed last, as the worker ends, is in the log', async () => {
  const { request, logged, mount } = await openWorkers({ node: './spec.ts#told' })
  const { exchange, response } = request({ path: '/prints-at-its-end' })
  await response
  await mount.close()
  const last = logged.findLast(({ stream }) => stream === 'stdout')!
  expect(last.request).toBe(exchange.id)
  expect(last.detail ?? last.message).toMatch(/last words$/)
})
