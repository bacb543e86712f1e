// Factories with arguments, WSGI middleware round an app, and files of Paste Deploy.
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ConfigError } from '../../sidecar/errors.ts'
import { temporaryFolder } from '../harness.ts'
import { python as pythonMount } from '../../sidecar/mounts/python/mount.ts'
import { APPS, INTERPRETER, makeMount, makeMountOf, openMount, windows, type Settings } from './mount.ts'

const json = async (settings: Settings, request = {}): Promise<unknown> => {
  const { ask } = await openMount(settings)
  return JSON.parse((await ask(request)).body.toString())
}

/** What `open` says, or, where that is enough, `check`. */
async function failure(settings: Settings, how: 'open' | 'check'): Promise<ConfigError> {
  const { mount } = makeMount(settings)
  const error = await (how === 'open' ? mount.open() : mount.check!(false)).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ name: 'ConfigError' })
  return error as ConfigError
}

test.for([
  ['wrapping:make()', [[], {}]],
  ['wrapping:make("/srv", 5, debug=True)', [['/srv', 5], { debug: true }]],
  [
    `wrapping:make(roots=["/srv", 'a:b(c)'], hosts={"a": None})`,
    [[], { roots: ['/srv', 'a:b(c)'], hosts: { a: null } }],
  ],
  ['./wrapping.py:make("http://h:80/")', [['http://h:80/'], {}]],
] as const)('%s', async ([python, seen]) => {
  expect(await json({ python })).toEqual(seen)
})

test('the first of wrap is outermost, and each is given the app first', async () => {
  const wrap = ['wrapping:trail("a", times=2)', 'wrapping:trail("b")']
  expect(await json({ python: 'wrapping', wrap })).toMatchObject({ trail: 'aab' })
  const { ask } = await openMount({ python: 'wrapping', wrap: ['wrapping:Upper'] })
  expect((await ask()).body.toString()).toMatch(/"PATH_INFO": "\/"/)
})

test.skipIf(windows)('ProxyFix of Werkzeug', async () => {
  const headers = { 'X-Forwarded-For': '192.0.2.99', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/out' }
  const wrap = ['werkzeug.middleware.proxy_fix:ProxyFix(x_for=1, x_proto=1, x_prefix=1)']
  const seen = { SCRIPT_NAME: '/out', REMOTE_ADDR: '192.0.2.99', 'wsgi.url_scheme': 'https' }
  expect(await json({ python: 'wrapping', wrap }, { headers })).toMatchObject(seen)
})

test.for([
  ['wrapping:nothing', /wrapping:nothing gave a NoneType, which is not callable/, 'open'],
  ['wrapping:refuses', /wrapping:refuses raised LookupError: no such setting/, 'open'],
  ['wrapping:trail', /wrapping:trail raised TypeError/, 'open'],
  ['wrapping', /wrapping names no callable: write module:factory/, 'check'],
  ['wrapping:trail(open("x"))', /have to be Python literals/, 'check'],
  ['no_such_module:x', /No module named 'no_such_module'/, 'check'],
] as const)('wrap: %s is refused', async ([wrap, message, how]) => {
  const error = await failure({ python: 'wrapping', wrap: [wrap] }, how)
  expect(error.message).toMatch(message)
  expect(error).toMatchObject({ code: 'PYTHON_WRAP', path: 'mounts./.wrap' })
})

const DEPLOY = existsSync('/usr/lib/python3/dist-packages/paste/deploy')

test.skipIf(windows || !DEPLOY)('a file of Paste Deploy: apps, pipelines, filters, logging', async () => {
  expect(await json({ python: 'production.ini' })).toEqual([['paste', 'yes'], { greeting: 'hello' }])
  expect(await json({ python: './production.ini#piped' })).toMatchObject({ trail: '12' })
  expect(await json({ python: 'wrapping', wrap: ['config:production.ini#second'] })).toMatchObject({ trail: '2' })
  expect(await makeMount({ python: 'production.ini#piped' }).mount.check!(false)).toBeUndefined()
})

test.skipIf(windows || !DEPLOY)('what of such a file is wrong', async () => {
  expect(await failure({ python: 'production.ini#missing' }, 'open')).toMatchObject({
    code: 'PYTHON_PASTE',
    message: expect.stringMatching(/cannot be loaded: LookupError/),
  })
  for (const how of ['open', 'check'] as const) {
    expect(await failure({ python: 'no_such.ini' }, how)).toMatchObject({
      code: 'PYTHON_MODULE_NOT_FOUND',
      message: expect.stringMatching(/no file .*no_such\.ini/),
    })
  }
})

test.skipIf(windows || !DEPLOY)('such a file in a folder of any name', async () => {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const odd = join(folder.path, 'a b#c')
  const percent = join(folder.path, '20%')
  for (const place of [odd, percent])
    for (const name of ['production.ini', 'wrapping.py']) cpSync(join(APPS, name), join(place, name))
  writeFileSync(join(odd, 'wrong.ini'), 'no section')
  const { mount, ask } = makeMountOf(pythonMount, { python: 'production.ini' }, odd)
  await mount.open()
  expect(JSON.parse((await ask()).body.toString())).toEqual([['paste', 'yes'], { greeting: 'hello' }])
  const wrong = makeMountOf(pythonMount, { python: 'wrong.ini' }, odd).mount.open()
  await expect(wrong).rejects.toThrow(/wrong\.ini cannot be read: .*no section headers/)
  // PasteDeploy itself cannot.
  const refused = makeMountOf(pythonMount, { python: 'production.ini' }, percent).mount.open()
  await expect(refused).rejects.toThrow(/20%\/production\.ini cannot be loaded: .*rename the folder/)
})

test.skipIf(windows)('without PasteDeploy it is said what to install', async () => {
  // Nothing but the standard library is on its path.
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const interpreter = join(folder.path, 'python')
  writeFileSync(interpreter, `#!/bin/sh\nexec ${INTERPRETER} -S "$@"\n`, { mode: 0o755 })
  for (const how of ['open', 'check'] as const) {
    expect(await failure({ python: 'production.ini', interpreter }, how)).toMatchObject({
      code: 'PYTHON_PASTE',
      message: expect.stringMatching(/pip install PasteDeploy/),
    })
  }
})
