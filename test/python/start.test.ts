// How an app is found and loaded, and what is said when it is not.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ConfigError } from '../../sidecar/errors.ts'
import { Log } from '../../sidecar/log.ts'
import { demandThreads } from '../../sidecar/mounts/python/interpreter.ts'
import { APPS, INTERPRETER, makeMount, openMount, windows, type Settings } from './mount.ts'

async function failure(settings: Settings): Promise<ConfigError> {
  const { mount } = makeMount(settings)
  const error = (await mount.open().catch((thrown: unknown) => thrown)) as ConfigError
  expect(error).toMatchObject({ name: 'ConfigError' })
  return error
}

test.for([
  ['spec:hello', 'Hello World\n'],
  ['spec', 'Hello World\n'],
  ['app_only', 'app'],
  ['p:application', 'one letter'],
  ['names:create_app()', 'made by a factory'],
  ['names:Inner.handler', 'made by a factory'],
  ['script.wsgi', 'from a file'],
  ['./script.wsgi:application', 'from a file'],
  [`${APPS}/app_only.py`, 'app'],
  ['app_only.py:app', 'app'],
  ['./both.wsgi:app', 'app'],
])('%s is loaded', async ([python, text]) => {
  const { ask } = await openMount({ python: python! })
  expect((await ask()).body.toString()).toBe(text)
})

test('path, env and cwd', async () => {
  const settings = { python: 'uses_path', path: ['folder', '.'], env: { GREETING: 'hi' }, cwd: 'folder' }
  const { ask } = await openMount(settings)
  expect((await ask()).body.toString()).toBe(`from the folder hi ${join(APPS, 'folder')}`)
})

test.for([
  ['no_such_module', 'PYTHON_MODULE_NOT_FOUND', /No module named 'no_such_module'; looked in .*apps/],
  ['spec.inner:app', 'PYTHON_MODULE_NOT_FOUND', /'spec' is not a package/],
  [
    'sidegate_worker:app',
    'PYTHON_MODULE_NOT_FOUND',
    /a package of Sidegate has the name .*: name the file, \.\/sidegate_worker\.py/,
  ],
  ['./no_such.py', 'PYTHON_MODULE_NOT_FOUND', /no file .*no_such\.py/],
  [
    'names',
    'PYTHON_NO_CALLABLE',
    /neither application nor app; write names:NAME .*create_app.*handler.*write create_app\(\)/,
  ],
  ['spec:helo', 'PYTHON_NO_CALLABLE', /spec has no helo \(its callables: hello, /],
  ['names:number', 'PYTHON_NO_CALLABLE', /names:number is a int, which is not callable/],
  ['names:create_nothing()', 'PYTHON_FACTORY_FAILED', /gave a NoneType/],
  ['names:create_app(open("x"))', 'PYTHON_TARGET', /have to be Python literals, such as \("\/srv", debug=True\)/],
  ['names:create_app(**{})', 'PYTHON_TARGET', /\*\* is for programs/],
  ['names:create_app(1)(2)', 'PYTHON_TARGET', /it is no call/],
  [
    'both.wsgi:app',
    'PYTHON_TARGET_AMBIGUOUS',
    /the file \.\/both\.wsgi and the module in .*both[/\\]wsgi\.py: write \.\/both\.wsgi/,
  ],
  ['names:asgi', 'PYTHON_NOT_WSGI', /is an ASGI app/],
] as const)('%s: %s', async ([python, code, message]) => {
  const error = await failure({ python })
  expect(error).toMatchObject({ code, path: 'mounts./.python' })
  expect(error.message).toMatch(message)
})

test.for([
  ['raises', 'PYTHON_IMPORT_FAILED', /importing raises raised RuntimeError: the database/, /raises\.py", line 5/],
  [
    'missing_dependency',
    'PYTHON_IMPORT_FAILED',
    /No module named 'surely_not_installed'/,
    /missing_dependency\.py", line 1/,
  ],
  ['verbose', 'PYTHON_IMPORT_FAILED', /no database x+… \(\d+ more characters\)$/, /verbose\.py", line 1/],
  ['syntax', 'PYTHON_IMPORT_FAILED', /SyntaxError/, /def broken\(/],
  ['names:create_error()', 'PYTHON_FACTORY_FAILED', /LookupError: no such setting/, /in create_error/],
  ['exits', 'PYTHON_START_DIED', /exited with code 3 before it was ready/, /cannot go on/],
] as const)('%s: %s with the traceback', async ([python, code, message, trace]) => {
  const error = await failure({ python, processes: 2 })
  expect(error).toMatchObject({ code, path: 'mounts./.python' })
  expect(error.message).toMatch(message)
  expect(error.cause).toMatch(trace)
  expect(error.cause).not.toContain('worker.py')
})

test('a file that is named like the package it imports', async () => {
  const { ask } = await openMount({ python: './twin.wsgi' })
  expect((await ask()).body.toString()).toMatch(/^twin\.web beside sidegate_file_\w+_twin_wsgi$/)
})

test('a file that its own parts import is loaded once', async () => {
  const { ask } = await openMount({ python: './circle.py' })
  expect((await ask()).body.toString()).toBe('circle 1')
})

test.skipIf(windows)('threads that cannot be started stop the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const interpreter = join(folder, 'python')
  writeFileSync(interpreter, `#!/bin/sh\nulimit -v 1000000\nexec ${INTERPRETER} "$@"\n`, { mode: 0o755 })
  const error = await failure({ python: 'spec', interpreter, threads: 1000 })
  expect(error).toMatchObject({ code: 'PYTHON_THREADS', path: 'mounts./.threads' })
  expect(error.message).toMatch(/^only \d+ of 1000 threads could be started .*ulimit -v/)
})

test.for([
  [125, undefined],
  [126, { code: 'PYTHON_THREADS', path: 'mounts./.threads' }],
] as const)('%i threads on Windows', async ([threads, refused]) => {
  const context = { key: '/', path: 'mounts./', directory: APPS, log: new Log('text'), platform: 'win32' as const }
  let error
  try {
    demandThreads(threads, context)
  } catch (thrown) {
    const { code, path } = thrown as ConfigError
    error = { code, path }
  }
  expect(error).toEqual(refused)
})

test('what service managers tell the gateway alone stays with it', async () => {
  const names = ['LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PID', 'NOTIFY_SOCKET', 'WATCHDOG_USEC']
  for (const name of names) process.env[name] = '1'
  onTestFinished(() => names.forEach((name) => delete process.env[name]))
  const { ask } = await openMount({ python: 'inherited' })
  const got = JSON.parse((await ask()).body.toString()) as Record<string, string>
  expect(got.PATH).toBe(process.env.PATH)
  expect(names.filter((name) => name in got)).toEqual([])
})

test('an app that takes too long', async () => {
  const error = await failure({ python: 'slow_import', startTimeout: 0.5 })
  expect(error).toMatchObject({ code: 'PYTHON_START_TIMEOUT' })
  expect(error.message).toContain('not ready after 0.5 s (startTimeout)')
})

test.skipIf(windows)('a Python that is too old', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const old = join(folder, 'python3.7')
  // Says so of itself, and runs the worker as it would be run.
  const script = `import runpy, sys
sys.version_info, sys.version = (3, 7, 9, 'final', 0), '3.7.9 (default)'
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
`
  writeFileSync(join(folder, 'old.py'), script)
  writeFileSync(old, `#!/bin/sh\nexec ${INTERPRETER} ${folder}/old.py "$@"\n`, { mode: 0o755 })
  const error = await failure({ python: 'spec', interpreter: old })
  expect(error).toMatchObject({ code: 'PYTHON_TOO_OLD', path: 'mounts./.python' })
  expect(error.message).toMatch(/ is Python 3\.7\.9: 3\.8 or newer is needed/)
})

test('no Python', async () => {
  const error = await failure({ python: 'spec', interpreter: 'python-that-is-not-there' })
  expect(error).toMatchObject({ code: 'PYTHON_NOT_FOUND', path: 'mounts./.interpreter' })
  expect(error.message).toMatch(/cannot run python-that-is-not-there .*ENOENT.*install Python 3.8 or newer/)
  expect(error.message).not.toContain('\n')
})

test.for([
  [{ venv: 'no_venv' }, 'PYTHON_VENV', 'mounts./.venv'],
  [{ cwd: 'nowhere' }, 'PYTHON_CWD', 'mounts./.cwd'],
  [{ path: 'nowhere' }, 'PYTHON_PATH', 'mounts./.path'],
  [{ venv: 'v', interpreter: 'python3' }, 'PYTHON_TWICE', 'mounts./.interpreter'],
] as const)('%j: %s', async ([settings, code, path]) => {
  const error = await failure({ python: 'spec', interpreter: undefined, ...settings } as Settings)
  expect(error).toMatchObject({ code, path })
})

test.skipIf(windows)('a virtual environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const venv = join(folder, 'venv')
  const made = spawnSync(INTERPRETER, ['-m', 'venv', '--without-pip', venv], { encoding: 'utf8' })
  expect(made.stderr).toBe('')
  const { ask } = await openMount({ python: 'spec:prefix', venv, interpreter: undefined } as Settings)
  expect((await ask()).body.toString()).toBe(venv)
})

test.skipIf(windows)('a Python that is too old: the way out is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const interpreter = join(folder, 'python')
  const pretend = `import sys; sys.version_info = (2, 7, 18); sys.argv = sys.argv[1:]; exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))`
  writeFileSync(interpreter, `#!/bin/sh\nexec ${INTERPRETER} -c "${pretend}" "$@"\n`, { mode: 0o755 })
  const error = await failure({ python: 'spec', interpreter })
  expect(error).toMatchObject({ code: 'PYTHON_TOO_OLD' })
  expect(error.message).toMatch(/3\.8 or newer is needed; .*run mount.*docs\/python\.md/)
})
