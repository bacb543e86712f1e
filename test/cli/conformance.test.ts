// sidegate conformance, the real command: against Sidegate, against servers that are not, and with every test app.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { accepts, freePort, program, stopProcess, temporaryFolder, until } from '../harness.ts'
import { Sidegate, sidegate } from './sidegate.ts'

const folder = temporaryFolder()
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) await stopProcess(child, 'SIGINT')
  folder.remove()
})

/** Suites take their time: that for ASGI five seconds of a processor, and more than a minute where fifteen others want it. */
const LONG = 300_000

interface Line {
  name: string
  result: string
  reason?: string
}

async function ask(...words: string[]): Promise<{ code: number | null; lines: Line[]; err: string }> {
  const { code, out, err } = await sidegate(['conformance', ...words, '--json'], folder.path)
  const lines =
    out.trim() === ''
      ? []
      : out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Line)
  return { code, lines, err }
}

const named = (lines: readonly Line[], result: string): string[] =>
  lines.filter((line) => line.result === result).map(({ name }) => name)

/** The command speaks each of them; which app answers is another matter: test/conformance/ has all of both, and so has `npm run conformance`. */
const EVERY = ['http', 'uwsgi', 'fastcgi', 'scgi', 'ajp']
const all = process.env.MODE === 'all'

describe.each([
  ['app', 'app', 'app.ts', EVERY],
  ['node', 'node', 'node.ts', all ? EVERY : ['http']],
  ['fetch', 'fetch', 'fetch.ts', all ? EVERY : ['fastcgi']],
  ['python', 'python', 'app.py', all ? EVERY : ['scgi']],
  ['asgi', 'asgi', 'asgi.py', ['http', 'uwsgi']],
])('the printed test app for %s', (kind, mount, file, protocols) => {
  test('is served from anywhere, and passes', { timeout: LONG }, async () => {
    const { code, out } = await sidegate(['conformance', '--print-app', kind], folder.path)
    expect(code).toBe(0)
    writeFileSync(join(folder.path, file), out)
    // The apps of the suite break rules on purpose; one process answers, so that what it keeps is there for the next request.
    const config = join(folder.path, `${kind}.json`)
    const settings = { app: { lint: false }, python: { processes: 1, threads: 4 }, asgi: { processes: 1 } }[kind] ?? {}
    const target = file.endsWith('.py') ? `./${file}:application` : `./${file}`
    writeFileSync(
      config,
      JSON.stringify({ listen: ['127.0.0.1:0'], mounts: { '/': { [mount]: target, ...settings } } }),
    )
    const server = new Sidegate(['serve', '-c', config, '--no-access-log'], folder.path)
    const address = `127.0.0.1:${await server.port()}`
    for (const protocol of protocols) {
      const { code: ended, lines, err } = await ask(`${protocol}://${address}`, '--app', kind)
      expect(named(lines, 'failed')).toEqual([])
      expect(ended).toBe(0)
      expect(err).toMatch(/^[0-9]{2,} passed, 0 failed, [0-9]+ not applicable\n$/)
    }
    await server.stop()
  })
})

test('a server with differences: each is told, with where it is written, and the exit code is 1', async () => {
  const server = createServer((_, response) => response.end('always the same')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { code, out } = await sidegate(
    ['conformance', address, '--app', 'node', '--case', 'hello', '--case', 'path-root', '--case', 'body-readline'],
    folder.path,
  )
  expect(code).toBe(1)
  expect(out).toMatch(/^FAILED {10}hello {2}\(.+\)\n {4}\S/m)
  expect(out).toMatch(/^not applicable {2}body-readline\n {4}a stream has no lines$/m)
  expect(out).toMatch(/\n0 passed, 2 failed, 1 not applicable\n$/)
  server.close()
})

/** A server of a few lines that takes the app for what it is not: it answers, and knows nothing of ASGI. */
const DEAF = `
import os, socket, sys
if os.environ["CONFORMANCE_LIFESPAN"] == "failed":
    print("lifespan-failed, on purpose")
    sys.exit(3)
open(os.environ["CONFORMANCE_RECORD"], "w").write("first request\\n")
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client = server.accept()[0]
    if client.recv(65536):
        client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\nHello World\\n")
    client.close()
`

test('the test app for ASGI, and a server that the suite starts', { timeout: LONG }, async () => {
  const { out } = await sidegate(['conformance', '--print-app', 'asgi'], folder.path)
  expect(out).toMatch(/^async def app\(scope, receive, send\):$/m)
  const port = await freePort()
  writeFileSync(join(folder.path, 'deaf.py'), DEAF)
  const names = ['hello', 'lifespan-startup-failed', 'lifespan-startup-waited-for', 'websocket-text', 'wsgi-keys']
  const words = [`http://127.0.0.1:${port}`, '--app', 'asgi', ...names.slice(0, 4).flatMap((name) => ['--case', name])]
  const started = await ask(...words, '--start', `python3 deaf.py ${port}`)
  expect(named(started.lines, 'passed')).toEqual(['lifespan-startup-failed'])
  // It has no head that is right, no lifespan, and no WebSocket.
  expect(named(started.lines, 'failed')).toEqual(['hello', 'websocket-text', 'lifespan-startup-waited-for'])
  expect(await ask(...words, '--start', 'exit 3')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/the server ended before it served.*\[CONFORMANCE_SERVER\]/s),
  })
  expect((await ask(`http://127.0.0.1:${port}`, '--app', 'asgi', '--case', names[4]!)).code).toBe(2)
})

test('what cannot be asked is one line', { timeout: LONG }, async () => {
  const port = await freePort()
  expect(await ask(`uwsgi://127.0.0.1:${port}`)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/nobody answers there.*\[CONFORMANCE_SERVER\]/),
  })
  for (const words of [
    [],
    ['127.0.0.1:80'],
    ['http://127.0.0.1:80', '--app', 'ruby'],
    ['http://127.0.0.1:80', '--case', 'none'],
    ['http://127.0.0.1:80', '--prefix', 'shop'],
    ['--print-app', 'ruby'],
    ['http://127.0.0.1:80', '--print-app', 'app'],
  ]) {
    expect({ words, code: (await ask(...words)).code }).toEqual({ words, code: 2 })
  }
})

/** Starts a server that is none of ours with the test app. */
async function start(name: string, words: string[], address: string): Promise<void> {
  const { out } = await sidegate(['conformance', '--print-app', 'python'], folder.path)
  writeFileSync(join(folder.path, 'app.py'), out)
  children.push(spawn(program(name)!, words, { cwd: folder.path, stdio: 'ignore' }))
  await until(`${name} listens`, () => accepts(address))
}

describe.skipIf(!program('uwsgi'))('uWSGI', () => {
  test('in each of its protocols: the differences that docs/conformance.md names', { timeout: LONG }, async () => {
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()]
    const [uwsgi, http, fastcgi, scgi] = ports.map((port) => `127.0.0.1:${port}`) as [string, string, string, string]
    const sockets = ['--socket', uwsgi, '--http-socket', http, '--fastcgi-socket', fastcgi, '--scgi-socket', scgi]
    const words = [
      '--plugin',
      'python3',
      ...sockets,
      '--wsgi-file',
      'app.py',
      '--threads',
      '8',
      '--master',
      '--die-on-term',
    ]
    await start('uwsgi', words, http)
    const cases = ['hello', 'path-utf8', 'body-megabyte', 'stream-first-chunk', 'wsgi-no-start', 'wsgi-exc-info-before']
    for (const address of [`uwsgi://${uwsgi}`, `http://${http}`, `fastcgi://${fastcgi}`, `scgi://${scgi}`]) {
      const { code, lines } = await ask(address, ...cases.flatMap((name) => ['--case', name]))
      expect(code).toBe(1)
      expect(named(lines, 'passed').toSorted()).toEqual(cases.slice(0, 4).toSorted())
      expect(named(lines, 'failed').toSorted()).toEqual(cases.slice(4).toSorted())
    }
  })
})

describe.skipIf(!program('gunicorn'))('Gunicorn', () => {
  test('the differences that docs/conformance.md names', { timeout: LONG }, async () => {
    const address = `127.0.0.1:${await freePort()}`
    await start('gunicorn', ['-b', address, '--threads', '8', 'app:application'], address)
    const cases = ['hello', 'path-utf8', 'body-megabyte', 'wsgi-no-start', 'wsgi-exc-info-before']
    const { lines } = await ask(`http://${address}`, ...cases.flatMap((name) => ['--case', name]))
    expect(named(lines, 'passed').toSorted()).toEqual(cases.slice(0, 3).toSorted())
    expect(named(lines, 'failed').toSorted()).toEqual(cases.slice(3).toSorted())
  })
})
