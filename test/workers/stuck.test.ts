// Workers in Node.js that do not answer: loops, stopped processes, memory, and a gateway that is gone.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { alive, until, windows } from '../python/mount.ts'
import { APPS, openWorkers } from './mount.ts'

const folder = commandFolder()

test('an endless loop: the log says where, no other request gets there, and what it had is answered by another worker', async () => {
  const { mount, request, logged } = await openWorkers({ processes: 2, stuckTimeout: 3 })
  const stuck = request({ path: '/spins?x' })
  const { pid, id } = stuck.exchange
  const beside = Array.from({ length: 4 }, () => request({ path: '/late' }))
  expect(beside.map(({ exchange }) => exchange.pid)).toContain(pid)
  await until(() => mount.status!().workers!.some(({ state }) => state === 'stuck'))
  const others = Array.from({ length: 10 }, () => request({ path: '/pid' }))
  for (const { response } of others) expect((await response).body.toString()).not.toBe(String(pid))
  await until(() => logged.some(({ code }) => code === 'WORKER_STUCK'))
  const told = logged.find(({ code }) => code === 'WORKER_STUCK')!
  expect(told).toMatchObject({ pid, mount: '/', request: id, method: 'GET', uri: '/spins?x' })
  expect(told.detail).toMatch(/^at loopForever \(file:.*spec\.ts:\d+:\d+\)/)
  const message = expect.stringMatching(/did not answer for \d s and was killed while it ran this/)
  // It is tried nowhere else.
  expect((await stuck.response).status).toBe(502)
  expect(stuck.errors).toMatchObject([{ code: 'WORKER_DIED', message }])
  for (const { response } of beside) expect((await response).body.toString()).toBe('late')
  await until(() => mount.status!().pids!.length === 2)
  expect(mount.status!()).toMatchObject({ restarts: { crash: 1 } })
})

test('a worker that is busy for a while answers what it has, and gets requests again', async () => {
  const { mount, request, logged } = await openWorkers({ env: { FREE: join(folder.path, 'free') } })
  const busy = request({ path: '/busy' })
  await until(() => mount.status!().workers![0]!.state === 'stuck')
  const late = request({ path: '/hello' })
  expect(mount.status!().waiting).toBe(1)
  await until(() => logged.length > 0)
  folder.write('free', '')
  expect((await busy.response).body.toString()).toBe('done')
  expect((await late.response).body.toString()).toBe('Hello')
  expect(logged.map(({ code }) => code)).toEqual(['WORKER_STUCK'])
})

test('where a worker is can be asked at any time', async () => {
  const { mount, request } = await openWorkers()
  const [pid] = mount.status!().pids!
  expect(await mount.stacks!()).toEqual([
    { pid, text: expect.stringContaining('it runs no JavaScript at this moment') },
  ])
  request({ path: '/spins' })
  await until(async () => (await mount.stacks!())[0]!.text.includes('loopForever'))
  process.kill(pid!, 'SIGKILL')
})

test.skipIf(windows)('a stopped process is as one that is stuck', async () => {
  const { mount, request } = await openWorkers({ processes: 2, stuckTimeout: 2 })
  const waiting = request({ path: '/waits' })
  await waiting.carrier.until(({ chunks }) => chunks.length > 0)
  process.kill(waiting.exchange.pid!, 'SIGSTOP')
  expect((await waiting.response).cut).toBe(true)
  expect(waiting.errors).toMatchObject([{ code: 'WORKER_DIED' }])
  await until(() => mount.status!().pids!.length === 2)
})

test('a full heap ends the worker alone, and the log says what it was', async () => {
  const { request, logged } = await openWorkers({ heap: 32 })
  const { response, errors } = request({ path: '/hoards' })
  expect((await response).status).toBe(502)
  const message = expect.stringMatching(/ran out of memory for JavaScript objects \(the setting heap/)
  expect(errors).toMatchObject([{ code: 'WORKER_DIED', message }])
  expect(logged.filter(({ code }) => code === 'WORKER_DIED')).toMatchObject([{ message }])
  expect((await request({ path: '/hello' }).response).body.toString()).toBe('Hello')
})

test.skipIf(windows).each(['/hello', '/loops'])(
  'a gateway that is killed leaves no worker behind: %s',
  async (path) => {
    const config = {
      listen: ['127.0.0.1:0'],
      mounts: { '/': { node: `${fileURLToPath(APPS)}spec.ts#node`, processes: 1 } },
    }
    folder.write('c.json', JSON.stringify(config))
    const gateway = folder.run(['serve', '--config', 'c.json'])
    const address = `http://127.0.0.1:${await gateway.port()}`
    const pid = Number(await (await fetch(`${address}/pid`)).text())
    await fetch(`${address}${path}`)
    expect(alive(pid)).toBe(true)
    const killed = performance.now()
    process.kill(gateway.pid, 'SIGKILL')
    await until(() => !alive(pid))
    expect(performance.now() - killed).toBeLessThan(10_000)
  },
)
