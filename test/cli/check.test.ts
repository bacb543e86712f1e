import { createServer, type AddressInfo } from 'node:net'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { program, temporaryFolder } from '../harness.ts'
import { sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
write('hello.ts', 'export const app = () => []')
write('raises.ts', 'throw new Error("not today"')
mkdirSync(join(folder.path, 'public'))

test('check tells what is wrong with places, kinds, variables and syntax', async () => {
  write(
    'places.yaml',
    `mounts:
  /a/: { app: ./hello.ts }
  /b: {}
  /c: { app: ./hello.ts }
  '*/c': { app: ./hello.ts }
  Example.com: { respond: 204 }
  example.com: { respond: 204 }
  /d: { app: '\${NOT_SET}' }
`,
  )
  const { err } = await sidegate(['check', '-c', 'places.yaml'], folder.path)
  const codes = [...err.matchAll(/^sidegate: places\.yaml.*\[(\w+)\]$/gm)].map(([, code]) => code)
  expect(codes).toEqual(expect.arrayContaining(['MOUNT_KEY', 'MOUNT_KIND', 'MOUNT_TWICE', 'CONFIG_ENV']))
  write('syntax.yaml', 'mounts: { /: [\n')
  expect(await sidegate(['check', '-c', 'syntax.yaml'], folder.path)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^sidegate: syntax\.yaml.*\[CONFIG_SYNTAX\]$/m),
  })
})

test('check tells every problem in one run, each with its place', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  write(
    'bad.yaml',
    `listen:
  - 127.0.0.1:${port}
  - { address: 127.0.0.1:0, alow: [] }
  - unix:s.sock
  - unix:s.sock
  - uwsgi://0.0.0.0:3031
mounts:
  /a: { app: ./hallo.ts }
  /b: { app: ./raises.ts }
  /c: { app: ./hello.ts }
  /d: { files: ./publik, maxage: 4 }
  /e.f: { python: a:b, venv: .venv }
host: ngnix
`,
  )
  const { code, out, err } = await sidegate(['check', '-c', 'bad.yaml'], folder.path)
  server.close()
  expect(code).toBe(1)
  expect(out).toBe('')
  const lines = err.split('\n').filter((line) => line.startsWith('sidegate: '))
  const found = lines.map((line) => line.replace(/^sidegate: ([^ ]+) ([^ ]+:)?.*\[(\w+)\]$/, '$1 $2 $3'))
  expect(found.toSorted()).toEqual(
    [
      'bad.yaml:2: listen.0: ADDRESS_IN_USE',
      'bad.yaml:3: listen.1.alow: CONFIG_KEY',
      'bad.yaml:5: listen.3: ADDRESS_IN_USE',
      'bad.yaml:6: listen.4.allow: ALLOW_REQUIRED',
      'bad.yaml:8: mounts./a.app: TARGET_MISSING',
      'bad.yaml:9: mounts./b.app: TARGET_RAISED',
      'bad.yaml:11: mounts./d.files: FILES_MISSING',
      'bad.yaml:11: mounts./d.maxage: CONFIG_KEY',
      'bad.yaml:12: mounts./e.f.venv: PYTHON_VENV',
      'bad.yaml:13: host: CONFIG_VALUE',
      'sidegate: 10 problems',
    ].toSorted(),
  )
  expect(err).toContain('did you mean maxAge?')
  expect(err).toContain('did you mean nginx?')
})

test('check of what is right says so, and leaves nothing behind', async () => {
  write('good.yaml', 'listen: ["unix:good.sock"]\nmounts:\n  /: { app: ./hello.ts }\n  /f: { files: ./public }\n')
  const text = 'good.yaml is right: 2 mounts, every address is free; no app was loaded (--start does)\n'
  const right = { code: 0, err: '', out: text }
  expect(await sidegate(['check', '-c', 'good.yaml'], folder.path)).toEqual(right)
  expect(existsSync(join(folder.path, 'good.sock'))).toBe(false)
})

test('check --start of what is right says that apps load', async () => {
  write('start.yaml', 'mounts:\n  /: { app: ./hello.ts }\n  /f: { files: ./public }\n')
  expect(await sidegate(['check', '-c', 'start.yaml', '--start', '--no-listen'], folder.path)).toEqual({
    code: 0,
    err: '',
    out: 'start.yaml is right: 2 mounts, every app loads\n',
  })
})

test('check of a target on a port that the system chooses', async () => {
  expect((await sidegate(['check', 'hello.ts', '-l', '127.0.0.1:0'], folder.path)).code).toBe(0)
})

describe('check', () => {
  // What an app does when it is loaded: here it leaves a file.
  const mark = (name: string): string => `import { writeFileSync } from 'node:fs'\nwriteFileSync('${name}.ran', '')\n`
  const ran = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.ran'))
  afterEach(() => ran().forEach((name) => rmSync(join(folder.path, name))))
  write('acts.ts', `${mark('app')}export const app = () => []`)
  write('acts.py', `open('python.ran', 'w').close()\ndef application(environ, start_response): return []\n`)
  mkdirSync(join(folder.path, 'shop/deep'), { recursive: true })
  write('shop/__init__.py', `open('package.ran', 'w').close()\n`)
  write('shop/deep/wsgi.py', `open('module.ran', 'w').close()\ndef application(environ, start_response): return []\n`)
  write(
    'acts.yaml',
    `listen: ["unix:acts.sock"]
mounts:
  /a: { app: ./acts.ts }
  /n: { node: ./acts.ts }
  /f: { fetch: ./acts.ts }
  /p: { python: acts }
  /q: { python: "shop.deep.wsgi:application" }
  /r: { run: "sh -c 'touch run.ran; exec sleep 60' $SOCKET", speaks: fastcgi }
`,
  )

  test.each([[['-c', 'acts.yaml']], [['acts.ts', '/p=acts.py', '-l', 'unix:acts.sock']]])(
    'loads and starts nothing: %j',
    async (words) => {
      const { code, err } = await sidegate(['check', ...words], folder.path)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(ran()).toEqual([])
    },
  )

  test('loads and starts everything with --start', async () => {
    const words = [
      'check',
      '--start',
      '-l',
      'unix:acts.sock',
      '/a=app:./acts.ts',
      '/p=python:acts',
      '/q=python:shop.deep.wsgi',
    ]
    expect(await sidegate(words, folder.path)).toMatchObject({ code: 0, err: '' })
    expect(ran().toSorted()).toEqual(['app.ran', 'module.ran', 'package.ran', 'python.ran'])
  })

  test('sees what can be seen without loading', async () => {
    write('syntax.ts', 'export const app = () => []\nconst a: number = ;\n')
    write('syntax.cjs', 'module.exports = (req, res) => {\n')
    write('sloppy.cjs', '#!/usr/bin/env node\nwith (module) exports = () => {}\nreturn\n')
    write('syntax.py', 'application = 3\ndef f(:\n')
    write(
      'wrong.yaml',
      `listen: ["unix:wrong.sock"]
mounts:
  /a: { app: ./syntax.ts }
  /b: { node: ./syntax.cjs }
  /c: { fetch: ./nowhere.ts }
  /d: { node: ./sloppy.cjs }
  /e: { python: ./syntax.py }
  /f: { python: "shop.nowhere:app" }
  /g: { python: a, interpreter: no-such-python }
  /h: { run: no-such-program $SOCKET, speaks: fastcgi }
  /i: { run: ./hello.ts $SOCKET, speaks: fastcgi }
  /j: { cgi: ./nowhere }
`,
    )
    const { code, err } = await sidegate(['check', '-c', 'wrong.yaml'], folder.path)
    expect(code).toBe(1)
    const found = err.split('\n').map((line) => line.replace(/^sidegate: ([^ ]+ [^ ]+):.*\[(\w+)\]$/, '$1 $2'))
    expect(found).toEqual([
      'wrong.yaml:3: mounts./a.app TARGET_RAISED',
      'wrong.yaml:4: mounts./b.node TARGET_RAISED',
      'wrong.yaml:5: mounts./c.fetch TARGET_MISSING',
      'wrong.yaml:7: mounts./e.python PYTHON_IMPORT_FAILED',
      'wrong.yaml:8: mounts./f.python PYTHON_MODULE_NOT_FOUND',
      'wrong.yaml:9: mounts./g.interpreter PYTHON_NOT_FOUND',
      'wrong.yaml:10: mounts./h.run RUN_SPAWN',
      'wrong.yaml:11: mounts./i.run RUN_SPAWN',
      'wrong.yaml:12: mounts./j.cgi CGI_MISSING',
      'sidegate: 9 problems',
      '',
    ])
    expect(err).toContain(', line 2: ')
  })

  test('an interpreter that is too old is said', async () => {
    write(
      'old-python',
      '#!/bin/sh\necho \'{"code": "PYTHON_TOO_OLD", "message": "old-python is Python 3.7.3: 3.8 or newer is needed"}\'\n',
    )
    chmodSync(join(folder.path, 'old-python'), 0o755)
    write('old.yaml', 'mounts:\n  /: { python: acts, interpreter: ./old-python }\n')
    const { code, err } = await sidegate(['check', '-c', 'old.yaml', '--no-listen'], folder.path)
    expect([code, err]).toEqual([1, expect.stringContaining('[PYTHON_TOO_OLD]')])
  })

  test.each([
    ['says nothing', 'exit 0', /cannot run \S+ \(it does not answer as Python does\)/],
    ['is killed', 'kill -9 $$', /Python ended with SIGKILL/],
  ])('an interpreter that %s is told', async (_, script, said) => {
    write('no-python', `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder.path, 'no-python'), 0o755)
    write('none.yaml', 'mounts:\n  /: { python: acts, interpreter: ./no-python }\n')
    const { code, err } = await sidegate(['check', '-c', 'none.yaml', '--no-listen'], folder.path)
    expect([code, err]).toEqual([1, expect.stringMatching(said)])
  })

  test('what a Python prints before the answer is left alone', async () => {
    write('loud-python', `#!/bin/sh\necho welcome\necho '{}'\n`)
    chmodSync(join(folder.path, 'loud-python'), 0o755)
    write('loud.yaml', 'mounts:\n  /: { python: acts, interpreter: ./loud-python }\n')
    expect(await sidegate(['check', '-c', 'loud.yaml', '--no-listen'], folder.path)).toMatchObject({ code: 0, err: '' })
  })

  test('devices are read by nobody', async () => {
    const mounts = '  /a: { upstream: "https://127.0.0.1:1", ca: /dev/zero }\n  /b: { app: /dev/zero }\n'
    write('device.yaml', `mounts:\n${mounts}`)
    const { code, err } = await sidegate(['check', '-c', 'device.yaml', '--no-listen', '--no-connect'], folder.path)
    expect(code).toBe(1)
    expect(err).toMatch(/mounts\.\/a\.ca: cannot read the certificates \/dev\/zero: it is no file \[UPSTREAM_CA\]/)
    expect(err).toMatch(/mounts\.\/b\.app: \/dev\/zero is no file, not a module .*\[TARGET_MISSING\]/)
  })

  test('two ways to write the path of a socket are one address', async () => {
    const words = ['check', 'hello.ts', '-l', 'unix:twice.sock', '-l', 'unix:./twice.sock']
    const { code, err } = await sidegate(words, folder.path)
    expect([code, err]).toEqual([1, expect.stringMatching(/listen\.1: this is the address of listen\.0 too/)])
  })

  test('tries the upstreams', async () => {
    const open = createServer().listen(join(folder.path, 'open.sock'))
    const closed = createServer().listen(0, '127.0.0.1')
    await Promise.all([open, closed].map((server) => new Promise((resolve) => server.once('listening', resolve))))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    write(
      'up.yaml',
      `mounts:
  /a: { upstream: "fastcgi://unix:open.sock" }
  /b: { upstream: ["uwsgi://unix:missing.sock", "http://127.0.0.1:${port}"] }
  /c: { upstream: "http://no.such.name.invalid" }
`,
    )
    const { code, err } = await sidegate(['check', '-c', 'up.yaml', '--no-listen'], folder.path)
    open.close()
    expect(code).toBe(1)
    expect(err.split('\n')).toEqual([
      expect.stringMatching(
        /^sidegate: up.yaml:3: mounts.\/b.upstream.0: cannot connect to uwsgi:\/\/unix:\S+: there is no socket unix:\S+missing.sock: is the server running, and is this its socket\? \[UPSTREAM_CONNECT\]$/,
      ),
      expect.stringMatching(
        /^sidegate: up.yaml:3: mounts.\/b.upstream.1: .*nobody listens on 127.0.0.1:\d+: .* \[UPSTREAM_CONNECT\]$/,
      ),
      expect.stringMatching(
        /^sidegate: up.yaml:4: mounts.\/c.upstream: .*no.such.name.invalid .*has no address.*\[UPSTREAM_NAME\]$/,
      ),
      'sidegate: 3 problems',
      '',
    ])
  })

  test('tries no upstreams with --no-connect', async () => {
    write('away.yaml', 'mounts:\n  /b: { upstream: "uwsgi://unix:missing.sock" }\n')
    expect(await sidegate(['check', '-c', 'away.yaml', '--no-listen', '--no-connect'], folder.path)).toEqual({
      code: 0,
      err: '',
      out: 'away.yaml is right: 1 mount\n',
    })
  })

  test('says that upstreams accept connections', async () => {
    const server = createServer().listen(join(folder.path, 'one.sock'))
    await new Promise((resolve) => server.once('listening', resolve))
    write('one.yaml', 'mounts:\n  /a: { upstream: "fastcgi://unix:one.sock" }\n')
    const right = await sidegate(['check', '-c', 'one.yaml', '--no-listen'], folder.path)
    server.close()
    expect(right).toEqual({ code: 0, err: '', out: 'one.yaml is right: 1 mount, every upstream accepts connections\n' })
  })
})

const PLUG_TRUST = ['plug', 'nginx', '-p', 'http', 'files:.', '-l', 'unix:s.sock']

test('plug by HTTP says what trust is to be written', async () => {
  const { out } = await sidegate(PLUG_TRUST, folder.path)
  expect(out).toContain('listen: [{ address: "unix:s.sock", trust: ["unix"] }]')
})

test('plug by HTTP says nothing of a trust that is there', async () => {
  const trusted = await sidegate([...PLUG_TRUST, '--trust', 'unix'], folder.path)
  expect(trusted).toMatchObject({ code: 0, out: expect.not.stringContaining('trust: [') })
})

test('plug says that the host is to be named, unless it is: the listener counts, then the configuration', async () => {
  const plugged = async (host: string, listener: string): Promise<string> => {
    const listen = `{ address: 'unix:s.sock'${listener && `, host: ${listener}`} }`
    write('named.yaml', `listen: [${listen}]\nhost: ${host}\nmounts: { /: { respond: 200 } }`)
    return (await sidegate(['plug', 'lighttpd', '-c', 'named.yaml'], folder.path)).out
  }
  const note = '#     host: "lighttpd"\n'
  expect(await plugged('nginx', '')).toContain(note)
  expect(await plugged('lighttpd', 'nginx')).toContain(note)
  expect(await plugged('lighttpd', '')).not.toContain(note)
  expect(await plugged('nginx', 'lighttpd')).not.toContain(note)
})

test("plug prints the host's config", async () => {
  const snippet = await sidegate(['plug', 'nginx', '-c', 'good.yaml'], folder.path)
  expect(snippet).toMatchObject({ code: 0, err: '' })
  expect(snippet.out).toContain(`uwsgi_pass unix:${folder.path}/good.sock;`)
})

test('plug has the host check its config', async () => {
  const { code, out } = await sidegate(['plug', 'nginx', '-c', 'good.yaml', '--check'], folder.path)
  expect(out).toContain(`uwsgi_pass unix:${folder.path}/good.sock;`)
  expect(code).toBe(program('nginx') ? 0 : 1)
})

test('plug prints a complete config file, with another protocol', async () => {
  const words = ['plug', 'nginx', '-c', 'good.yaml', '--protocol', 'http', '--full', '--port', '8090']
  const { out } = await sidegate(words, folder.path)
  expect(out).toContain('proxy_pass')
  expect(out).toContain('listen 8090')
})

test.each([
  [['nginx', '-c', 'good.yaml', '-p', 'ajp'], 1, '[PLUG_PROTOCOL]'],
  [['ngnix'], 2, 'did you mean nginx?'],
] as const)('plug %j has exit code %i', async (words, code, said) => {
  expect(await sidegate(['plug', ...words], folder.path)).toMatchObject({ code, err: expect.stringContaining(said) })
})
