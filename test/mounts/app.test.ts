// The mount `app`: loading, running, lint.
import { describe, expect, test, vi } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { makeMount, openMount } from '../mount.ts'

const folder = new URL('apps/', import.meta.url)

describe('mount app', () => {
  test('runs the default export, below its prefix', async () => {
    const { request, mount } = await openMount(app, { app: './wsgi.ts' }, folder, '/shop')
    const response = await request({ path: '/shop/a%2Fb', prefix: '/shop' }).response
    expect(response.body.toString()).toBe('/shop|/a/b')
    await mount.close()
    await mount.close()
  })

  test('runs a named export; what it writes to wsgi.errors is logged with its request', async () => {
    const { request, logged } = await openMount(app, { app: './wsgi.ts#named' }, folder)
    const { exchange, response } = request()
    expect(await response).toMatchObject({ status: 201 })
    expect(logged).toMatchObject([{ message: 'from the app', stream: 'errors', request: exchange.id }])
  })

  test.each<[string, string, RegExp]>([
    ['wrong', 'APP_SHAPE', /not a function \(environ, startResponse\).*mount it as fetch/],
    ['number', 'APP_SHAPE', /the number 5/],
    ['missing', 'TARGET_EXPORT', /no export missing/],
  ])('%s does not open', async (name, code, message) => {
    const { mount } = makeMount(app, { app: `./wsgi.ts#${name}` }, folder, '/x')
    const rejected = { code, blame: 'config', path: 'mounts./x.app', message: expect.stringMatching(message) }
    await expect(mount.open()).rejects.toMatchObject(rejected)
    await mount.close()
  })

  test.each<[string, boolean | undefined, number]>([
    ['development', undefined, 500],
    ['test', undefined, 500],
    ['production', undefined, 200],
    ['', undefined, 200],
    ['production', true, 500],
    ['development', false, 200],
  ])('NODE_ENV %s, lint %s: an app that breaks a rule gives %d', async (environment, lint, status) => {
    vi.stubEnv('NODE_ENV', environment)
    const { request } = await openMount(
      app,
      { app: './wsgi.ts#sloppy', ...(lint === undefined ? {} : { lint }) },
      folder,
    )
    vi.unstubAllEnvs()
    const { response, errors } = request()
    expect((await response).status).toBe(status)
    expect(errors.map(({ code }) => code)).toEqual(status === 500 ? ['LINT_BODY'] : [])
  })
})
