import { createServer, type AddressInfo } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { program, temporaryFolder } from '../harness.ts'
import { sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
write('hello.ts', 'export const app = () => []')
write('raises.ts', 'throw new Error("not today")')
mkdirSync(join(folder.path, 'public'))

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
  const right = { code: 0, err: '', out: 'good.yaml is right: 2 mounts, every app loads, every address is free\n' }
  expect(await sidegate(['check', '-c', 'good.yaml'], folder.path)).toEqual(right)
  expect(await sidegate(['check', '-c', 'good.yaml'], folder.path)).toEqual(right)
  expect((await sidegate(['check', 'hello.ts', '-l', '127.0.0.1:0'], folder.path)).code).toBe(0)
})

test('plug by HTTP says what trust is to be written, unless it is', async () => {
  const words = ['plug', 'nginx', '-p', 'http', 'files:.', '-l', 'unix:s.sock']
  const without = await sidegate(words, folder.path)
  expect(without.out).toContain('listen: [{ address: "unix:s.sock", trust: ["unix"] }]')
  const trusted = await sidegate([...words, '--trust', 'unix'], folder.path)
  expect(trusted).toMatchObject({ code: 0, out: expect.not.stringContaining('trust: [') })
})

test("plug prints the host's config, and has it checked", async () => {
  const words = ['plug', 'nginx', '-c', 'good.yaml']
  const snippet = await sidegate(words, folder.path)
  expect(snippet).toMatchObject({ code: 0, err: '' })
  expect(snippet.out).toContain(`uwsgi_pass unix:${folder.path}/good.sock;`)
  const http = await sidegate([...words, '--protocol', 'http', '--full', '--port', '8090'], folder.path)
  expect(http.out).toContain('proxy_pass')
  expect(http.out).toContain('listen 8090')
  expect(await sidegate([...words, '-p', 'ajp'], folder.path)).toMatchObject({
    code: 1,
    err: expect.stringContaining('[PLUG_PROTOCOL]'),
  })
  expect(await sidegate(['plug', 'ngnix'], folder.path)).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean nginx?'),
  })
  const checked = await sidegate([...words, '--check'], folder.path)
  expect(checked.out).toBe(snippet.out)
  expect(checked.code).toBe(program('nginx') ? 0 : 1)
})
