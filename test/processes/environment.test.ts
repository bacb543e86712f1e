// Environments that the system does not take: told as a mistake of the configuration, or of the request, and never as a fault of the gateway.
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { asgi } from '../../sidecar/mounts/asgi/mount.ts'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { php } from '../../sidecar/mounts/php/mount.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { environmentOf, PRINT_ENVIRONMENT, scriptFolder } from '../cgi/scripts.ts'
import { readConfig } from '../config/read.ts'
import { makeMount, type OpenMount } from '../mount.ts'

const folder = scriptFolder({
  'bin/env': PRINT_ENVIRONMENT,
  'app.mjs': 'export default (request, response) => response.end()',
  'hello.py': 'def application(environ, start_response): pass\nasync def asgi(scope, receive, send): pass',
  'index.php': '<?php',
})
afterAll(folder.remove)

const KINDS: Readonly<Record<string, object>> = {
  python: { python: 'hello:application' },
  asgi: { asgi: 'hello:asgi' },
  node: { node: './app.mjs', processes: 1 },
  run: { run: ['sleep', '60', '$PORT'], speaks: 'http' },
  php: { php: '.' },
  cgi: { cgi: 'bin' },
}

function made(kind: MountKind, settings: object): OpenMount {
  const one = makeMount(kind, settings, pathToFileURL(`${folder.path}/`))
  onTestFinished(() => one.mount.close())
  return one
}

describe('the setting env', () => {
  /** Linux takes 128 KB of one variable, with its name and the NUL byte behind it. */
  const most = 'x'.repeat(128 * 1024 - 'A=\0'.length)
  const wrong: readonly (readonly [what: string, name: string, value: string, message: string])[] = [
    [
      'longer than the system takes',
      'A',
      `${most}x`,
      'takes 131073 bytes with its name: 131072 are the most that a system takes',
    ],
    [
      'in bytes, not in characters',
      'A',
      'ü'.repeat(70_000),
      'takes 140003 bytes with its name: 131072 are the most that a system takes',
    ],
    ['NUL', 'A', 'a\0b', 'has a NUL byte, which ends a text for every program'],
    ['a name with NUL', 'A\0', 'b', 'is no name of a variable: it has a NUL byte or an equals sign, or is empty'],
    ['a name with =', 'A=B', 'c', 'is no name of a variable: it has a NUL byte or an equals sign, or is empty'],
    ['no name', '', 'c', 'is no name of a variable: it has a NUL byte or an equals sign, or is empty'],
  ]
  describe.each(Object.entries(KINDS))('of %s', (_, settings) => {
    const read = (env: object): ReturnType<typeof readConfig> =>
      readConfig('sidegate.json', JSON.stringify({ mounts: { '/x': { ...settings, env } } }))
    test.each(wrong)('%s', async (_what, name, value, message) => {
      const { problems } = await read({ [name]: value, B: 'kept' })
      // And nothing of the value, which may be a secret.
      expect(problems).toEqual([expect.stringMatching(new RegExp(`env.*: ${message} \\[CONFIG_VALUE\\]$`))])
    })
    test('the longest', async () => {
      expect((await read({ A: most })).problems).toEqual([])
    })
  })
})

describe.runIf(process.platform !== 'win32')('variables that are more together than the system takes', () => {
  // A quarter of the stack that a process may have, and 6 MB at most (execve(2)).
  const env = Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`PART_${at}`, 'x'.repeat(100_000 + at)]))
  const rejected = {
    code: 'PROCESS_ENVIRONMENT',
    blame: 'config',
    path: 'mounts./.env',
    message: expect.stringMatching(/6\d\d\d KB.*: the longest are PART_69, PART_68, PART_67/),
  }
  const cases: [string, MountKind][] = [
    ['python', python],
    ['asgi', asgi],
    ['node', node],
    ['run', run],
    ['php', php as unknown as MountKind],
  ]
  test.each(cases)('%s', async (name, kind) => {
    await expect(made(kind, { ...KINDS[name], env }).mount.open()).rejects.toMatchObject(rejected)
  })
  test.each([
    ['python', python],
    ['asgi', asgi],
  ])('%s, by check', async (name, kind) => {
    await expect(made(kind as MountKind, { ...KINDS[name], env }).mount.check!(false)).rejects.toMatchObject(rejected)
  })
  test('a script', async () => {
    const { mount, request } = made(cgi as MountKind, { cgi: 'bin', env })
    await mount.open()
    const { response, errors } = request({ path: '/env' })
    expect((await response).status).toBe(502)
    expect(errors).toMatchObject([{ code: 'CGI_SPAWN', message: expect.stringContaining('PART_69, PART_68, PART_67') }])
  })
})

describe.runIf(process.platform !== 'win32')('a request for a script', () => {
  const opened = async (): Promise<OpenMount> => {
    const one = made(cgi as MountKind, { cgi: 'bin' })
    await one.mount.open()
    return one
  }
  test.each([
    ['of text', 'x'.repeat(140_000)],
    ['of bytes', '\xff'.repeat(140_000)],
  ])('with a longer variable than the system takes, %s', async (_, value) => {
    const { request } = await opened()
    const { response, errors } = request({ path: '/env', variables: { HTTP_X_LONG: value } })
    expect((await response).status).toBe(431)
    expect(errors).toMatchObject([
      { code: 'CGI_VARIABLE', blame: 'peer', message: expect.stringContaining('HTTP_X_LONG') },
    ])
  })
  test('with a long one of bytes that are no UTF-8', async () => {
    const { request } = await opened()
    const bytes = `\xff${'\\%\xfe'.repeat(40_000)}\xff`
    const { response } = request({ path: '/env', variables: { HTTP_X_LONG: bytes } })
    expect(environmentOf((await response).body.toString('latin1')).HTTP_X_LONG).toBe(bytes)
  })
})
