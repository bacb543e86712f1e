// `wrap` of an app mount: WSGI middleware in TypeScript.
import { expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { makeMount, openMount } from '../mount.ts'

const folder = new URL('apps/', import.meta.url)
const echo = { app: './wraps.ts#echo' }

test('the first is outermost; a group has settings for it', async () => {
  const wrap = ['./wraps.ts', { './wraps.ts#middleware': { name: 'b' } }, { './wraps.ts': { name: 'c' } }]
  const { request, mount } = await openMount(app, { ...echo, wrap }, folder)
  expect((await request().response).body.toString()).toBe('-bc')
  await mount.check!(false)
  await mount.close()
})

test('in workers too', async () => {
  const { request, mount } = await openMount(app, { ...echo, wrap: ['./wraps.ts'], processes: 1 }, folder)
  expect((await request().response).body.toString()).toBe('-')
  await mount.close()
})

test('what it breaks is its own fault', async () => {
  const { request } = await openMount(app, { ...echo, wrap: ['./wraps.ts#sloppy'], lint: true }, folder)
  const { response, errors } = request()
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code: expect.stringMatching(/^LINT_/) }])
})

test.each([
  ['./wraps.ts#number', 'WRAP_SHAPE', /exports the number 5, not a function \(app\)/, false],
  ['./wraps.ts#nothing', 'WRAP_SHAPE', /gave undefined, not an app \(environ, startResponse\)/, false],
  ['./wraps.ts#refuses', 'WRAP_RAISED', /raised: no such setting/, false],
  ['./wrap.ts', 'TARGET_MISSING', /did you mean \.\/wraps\.ts\?/, true],
  [{ './wraps.ts': {}, './other.ts': {} }, 'WRAP_SHAPE', /a group with the module as its one key/, true],
])('%j is refused', async (wrap, code, message, seen) => {
  const { mount } = makeMount(app, { ...echo, wrap: [wrap] }, folder, '/x')
  const refused = { code, path: 'mounts./x.wrap.0', message: expect.stringMatching(message) }
  await expect(mount.open()).rejects.toMatchObject(refused)
  // Only what can be seen without running anything.
  const checked = await mount.check!(false).catch((error: unknown) => error)
  expect((checked as { code?: string } | undefined)?.code).toBe(seen ? code : undefined)
})
