// Where workers start, and what is said when they do not: the same as where the app runs in the gateway's own process.
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { APPS, openWorkers, workers } from './mount.ts'

const LOAD = new URL('../node/apps/load/', import.meta.url)

describe('an app that does not load', () => {
  test.each([
    ['./none.ts', 'TARGET_EXPORT', /has no export/, undefined],
    [
      './throws.ts',
      'TARGET_RAISED',
      /^\.\/throws\.ts raised while it was loaded/,
      expect.stringContaining('throws.ts:'),
    ],
    ['./waits.ts', 'TARGET_TIMEOUT', /did not finish loading within 500 ms/, undefined],
  ])('%s', async (target, code, message, cause: unknown) => {
    const { mount } = workers({ node: target, loadTimeout: 0.5 }, { folder: LOAD })
    const rejected = { code, blame: 'config', path: 'mounts./.node', message: expect.stringMatching(message) }
    await expect(mount.open()).rejects.toMatchObject({ ...rejected, ...(cause === undefined ? {} : { cause }) })
  })

  test('as an app: no such thing', async () => {
    const { mount } = workers({ app: './spec.ts#number' }, { kind: app })
    await expect(mount.open()).rejects.toMatchObject({ code: 'APP_SHAPE', path: 'mounts./.app' })
  })

  test('and has much to say about it', async () => {
    const { mount } = workers({ node: './verbose.mjs' })
    const message = expect.stringMatching(
      /^\.\/verbose\.mjs raised while it was loaded: no database x+… \(\d+ more characters\)$/,
    )
    await expect(mount.open()).rejects.toMatchObject({ code: 'TARGET_RAISED', path: 'mounts./.node', message })
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

test('wsgi.multiprocess is true where there are several; what an app writes to wsgi.errors is logged', async () => {
  const { request, logged } = await openWorkers({ app: './spec.ts#multiprocess', processes: 2 }, { kind: app })
  const { exchange, response } = request()
  expect((await response).body.toString()).toBe('true')
  expect(logged).toMatchObject([{ message: 'to the errors', stream: 'errors', request: exchange.id, mount: '/' }])
})
