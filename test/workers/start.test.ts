// Where workers start, and what is said when they do not: the same as where the app runs in the gateway's own process.
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { fetch } from '../../sidecar/mounts/fetch.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { APPS, openWorkers, workers } from './mount.ts'

const LOAD = new URL('../node/apps/load/', import.meta.url)

describe('an app that does not load', () => {
  test.each([
    ['./namd.ts', 'TARGET_MISSING', /^\.\/namd\.ts is not there/],
    ['./none.ts', 'TARGET_EXPORT', /has no export/],
    ['./throws.ts', 'TARGET_RAISED', /^\.\/throws\.ts raised while it was loaded/],
    ['./waits.ts', 'TARGET_TIMEOUT', /did not finish loading within 500 ms/],
  ])('%s', async (target, code, message) => {
    const { mount } = workers({ node: target, loadTimeout: 0.5 }, node, LOAD)
    const rejected = { code, blame: 'config', path: 'mounts./.node', message: expect.stringMatching(message) }
    await expect(mount.open()).rejects.toMatchObject(rejected)
  })

  test('the stack of what it raised is told', async () => {
    const { mount } = workers({ node: './throws.ts' }, node, LOAD)
    await expect(mount.open()).rejects.toMatchObject({ cause: expect.stringContaining('throws.ts:') })
  })

  test.each([
    ['app', app, 'APP_SHAPE'],
    ['node', node, 'NODE_HANDLER'],
    ['fetch', fetch, 'FETCH_HANDLER'],
  ] as const)('as %s: no such thing', async (name, kind, code) => {
    const { mount } = workers({ [name]: './spec.ts#number' }, kind)
    await expect(mount.open()).rejects.toMatchObject({ code, path: `mounts./.${name}` })
  })

  test('one that ends its process', async () => {
    const { mount } = workers({ node: './exits.mjs' })
    const message = './exits.mjs: the JavaScript worker exited with code 4 before it was ready'
    const rejected = { code: 'WORKER_START_DIED', path: 'mounts./.node', message }
    await expect(mount.open()).rejects.toMatchObject({ ...rejected, cause: expect.stringContaining('no database') })
  })
})

test('a setting of workers says that there are none', () => {
  const message = expect.stringMatching(/^queue is about worker processes/)
  expect(() => workers({ processes: undefined, stopTimeout: undefined, queue: 3 })).toThrow(
    expect.objectContaining({ code: 'WORKERS_NONE', path: 'mounts./.queue', message }),
  )
})

test('they have the folder of the configuration, the environment of the gateway and more, and the heap that is set', async () => {
  const { request } = await openWorkers({ env: { SHOP: 'open' }, heap: 100 })
  const ask = async (path: string): Promise<string> => (await request({ path }).response).body.toString()
  expect(await ask('/cwd')).toBe(fileURLToPath(APPS).slice(0, -1))
  expect(await ask('/env')).toBe('open')
  expect(await ask('/options')).toContain('--max-old-space-size=100')
})

test.each([
  [1, 'false'],
  [2, 'true'],
])('%d processes: wsgi.multiprocess is %s', async (processes, expected) => {
  const { request, logged } = await openWorkers({ app: './spec.ts#multiprocess', processes }, app)
  const { exchange, response } = request()
  expect((await response).body.toString()).toBe(expected)
  expect(logged).toMatchObject([{ message: 'to the errors', stream: 'errors', request: exchange.id, mount: '/' }])
})
