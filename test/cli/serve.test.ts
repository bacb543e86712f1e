import { createServer, type AddressInfo } from 'node:net'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { temporaryFolder, until } from '../harness.ts'
import { Sidegate, sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)

write(
  'hello.ts',
  `export const app = (environ: any, startResponse: any) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['hello ' + environ.SCRIPT_NAME + '|' + environ.PATH_INFO]
}`,
)
// Answers when the file `go` is there, so that a test decides how long a request is under way.
write(
  'slow.ts',
  `import { existsSync, writeFileSync } from 'node:fs'
export const app = (environ: any, startResponse: any) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return (async function* () {
    yield 'first '
    while (!existsSync(environ.QUERY_STRING)) await new Promise((resolve) => setTimeout(resolve, 5))
    yield 'last'
  })()
}`,
)
mkdirSync(join(folder.path, 'public'))
write('public/page.txt', 'a file')

const running: Sidegate[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
})

function serve(words: readonly string[], cwd: string = folder.path): Sidegate {
  const one = new Sidegate(['serve', ...words], cwd)
  running.push(one)
  return one
}

const oneLine = (words: string): RegExp => new RegExp(`^sidegate: [^\n]*${words}[^\n]*\n$`)

const get = async (port: number, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text()

/** A request whose response has begun; `rest` gives all of it, or why it broke. */
async function begin(port: number, path: string): Promise<{ rest: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let body = ''
      const rest = new Promise<string>((give) => {
        response.on('end', () => give(body))
        response.on('error', (error) => give(`broken: ${error.message}`))
      })
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
        resolve({ rest })
      })
    })
    call.on('error', reject)
    call.end()
  })
}

test('two targets side by side, and what was taken is said', async () => {
  const one = serve(['./hello.ts', '/files=public', '--listen', '127.0.0.1:0', '--listen', 'unix:run/s.sock'])
  const port = await one.port()
  expect(await get(port, '/x')).toBe('hello |/x')
  expect(await get(port, '/files/page.txt')).toBe('a file')
  expect(one.err).toMatch(/listening {2}unix:run\/s\.sock \(http, uwsgi, fastcgi, scgi, ajp\)/)
  expect(one.err).toContain('taken as app, because the export is a function called application or app')
  expect(one.err).toContain('written out: app:./hello.ts')
  expect(one.err).toContain('written out: /files=files:public')
  expect(one.err).toContain(`uwsgi_pass unix:${folder.path}/run/s.sock;`)
  expect(statSync(join(folder.path, 'run/s.sock')).mode & 0o777).toBe(0o660)
  const { code, out } = await one.stop()
  expect(code).toBe(0)
  expect(out).toMatch(/"GET \/x" 200 .* \/ /)
})

write(
  'who.ts',
  `export const app = (environ: any, startResponse: any) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [environ.REMOTE_ADDR + ' ' + environ['wsgi.url_scheme']]
}`,
)
write('listens.yaml', 'mounts:\n  /: { app: ./who.ts }\nlisten: [127.0.0.1:1]\n')

test.each([
  ['nobody unless it is said', ['./who.ts', '-l', '127.0.0.1:0'], '127.0.0.1 http'],
  [
    'on every listener of the command line',
    ['./who.ts', '-l', 'unix:t.sock', '-l', '127.0.0.1:0', '--trust', 'unix', '--trust', '127.0.0.0/8'],
    '192.0.2.7 https',
  ],
  [
    'not on those of a file, which have their own',
    ['-c', 'listens.yaml', '-l', '127.0.0.1:0', '--trust', '127.0.0.1'],
    '192.0.2.7 https',
  ],
])('--trust: whose X-Forwarded-* count, %s', async (_, words, expected) => {
  const one = serve(words)
  const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' }
  expect(await (await fetch(`http://127.0.0.1:${await one.port()}/`, { headers })).text()).toBe(expected)
})

test('--trust is about the addresses of --listen', async () => {
  const alone = await sidegate(['serve', '-c', 'listens.yaml', '--trust', '127.0.0.1'], folder.path)
  expect(alone).toMatchObject({ code: 2, err: expect.stringContaining('--listen') })
})

test('--trust takes addresses', async () => {
  const bad = await sidegate(['serve', './who.ts', '-l', '127.0.0.1:0', '--trust', 'nginx'], folder.path)
  expect(bad).toMatchObject({
    code: 1,
    err: expect.stringMatching(oneLine('command line: listen\\.0\\.trust\\.0: "nginx" is no address.*\\[PEER_BAD\\]')),
  })
})

test('a configuration in another folder; JSON logs; options over it', async () => {
  mkdirSync(join(folder.path, 'conf'))
  write(
    'conf/sidegate.config.yaml',
    'mounts:\n  /: { app: ../hello.ts }\n  /none: { respond: 410 }\nlisten: [127.0.0.1:1]\n',
  )
  const one = serve(['-c', 'conf/sidegate.config.yaml', '-l', '127.0.0.1:0', '--log-format', 'json'])
  const [, port] = await one.said(/listening on 127\.0\.0\.1:([0-9]+)/)
  expect(await get(Number(port), '/')).toBe('hello |/')
  expect((await fetch(`http://127.0.0.1:${port}/none`)).status).toBe(410)
  const { out, err } = await one.stop()
  for (const line of `${out}${err}`.trim().split('\n')) JSON.parse(line)
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { status: number }).status),
  ).toEqual([200, 410])
})

test('the configuration of the working directory is found', async () => {
  write(
    'sidegate.config.mjs',
    'export default { listen: ["127.0.0.1:0"], mounts: { "/": { app: "./hello.ts" } }, log: { access: false } }',
  )
  const one = serve([])
  expect(await get(await one.port(), '/')).toBe('hello |/')
  expect((await one.stop()).out).toBe('')
})

test('two configurations in one folder: neither is taken', async () => {
  mkdirSync(join(folder.path, 'two'))
  for (const name of ['two/sidegate.config.json', 'two/sidegate.config.yaml']) write(name, '{}')
  expect(await sidegate(['serve'], join(folder.path, 'two'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('[CONFIG_TWICE]'),
  })
})

test('SIGTERM lets a request in flight finish', async () => {
  const one = serve(['./slow.ts', '-l', '127.0.0.1:0'])
  const port = await one.port()
  const { rest } = await begin(port, `/?${folder.path}/go`)
  one.signal('SIGTERM')
  await one.said(/SIGTERM: no new requests/)
  // What is accepted until then is answered, and is to have nothing to wait for.
  await until('no new connections', () =>
    get(port, `/?${folder.path}`).then(
      () => false,
      () => true,
    ),
  )
  write('go', '')
  expect(await rest).toBe('first last')
  expect(await one.ended).toMatchObject({ code: 0, err: expect.stringMatching(/stopped\n$/) })
})

test('a second signal stops at once', async () => {
  const one = serve(['./slow.ts', '-l', '127.0.0.1:0'])
  const { rest } = await begin(await one.port(), `/?${folder.path}/never`)
  one.signal('SIGTERM')
  await one.said(/SIGTERM: no new requests/)
  one.signal('SIGINT')
  expect(await rest).toMatch(/^broken/)
  expect(await one.ended).toMatchObject({
    code: 3,
    err: expect.stringContaining('SIGINT: stopping at once code=STOPPED'),
  })
})

test('drainTimeout bounds the wait', async () => {
  const one = serve(['./slow.ts', '-l', '127.0.0.1:0', '--drain-timeout', '0.05'])
  const { rest } = await begin(await one.port(), `/?${folder.path}/never`)
  one.signal('SIGINT')
  expect(await rest).toMatch(/^broken/)
  expect(await one.ended).toMatchObject({ code: 0, err: expect.stringContaining('DRAIN_TIMEOUT') })
})

test('an address in use is one line', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { code, err } = await sidegate(['serve', './hello.ts', '-l', `127.0.0.1:${port}`], folder.path)
  server.close()
  expect(err).toMatch(oneLine(`listen\\.0\\.address: 127\\.0\\.0\\.1:${port} is in use: .*\\[ADDRESS_IN_USE\\]`))
  expect(code).toBe(1)
})

test('a socket that may not be made is one line', async () => {
  // Not even root may make one there.
  const { code, err } = await sidegate(['serve', './hello.ts', '-l', 'unix:/proc/s.sock'], folder.path)
  expect(err).toMatch(oneLine('permission denied: .*\\[ADDRESS_DENIED\\]'))
  expect(code).toBe(1)
})

write('python.yaml', 'mounts:\n  /p: { python: a:b, interpreter: /nowhere/python3 }\nlisten: [127.0.0.1:0]\n')

test.each([
  ['a missing Python', ['-c', 'python.yaml'], 'python\\.yaml:2: mounts\\./p.*\\[PYTHON_NOT_FOUND\\]'],
  [
    'a missing file',
    ['app:./hallo.ts', '-l', '127.0.0.1:0'],
    'mounts\\./\\.app: .*did you mean \\./hello\\.ts\\? \\[TARGET_MISSING\\]',
  ],
  ['a missing configuration', ['-c', 'nowhere.yaml'], 'nowhere\\.yaml: there is no such file \\[CONFIG_MISSING\\]'],
  ['an open door', ['app:./hello.ts', '-l', 'uwsgi://0.0.0.0:0'], 'listen\\.0\\.allow: .*\\[ALLOW_REQUIRED\\]'],
])('%s is one line', async (_, words, said) => {
  const { code, err } = await sidegate(['serve', ...words], folder.path)
  expect(err).toMatch(oneLine(said))
  expect(code).toBe(1)
})

test('an app that raises while it is loaded shows its stack', async () => {
  write('raises.ts', 'throw new Error("not today")')
  const { code, err } = await sidegate(['serve', 'app:./raises.ts', '-l', '127.0.0.1:0'], folder.path)
  expect(code).toBe(1)
  expect(err).toMatch(
    /^sidegate: mounts\.\/\.app: .*not today \[TARGET_RAISED\]\n {4}Error: not today\n {8}at .*raises\.ts:1/,
  )
})

test.each([
  [['srve'], 'did you mean serve?'],
  [['serve', '--lisen', 'x'], 'did you mean --listen?'],
  [['serve', '--port', '80'], 'did you mean --listen?'],
  [['check', '--bind', 'x'], 'did you mean --listen?'],
  [['serve', '--listen'], '(sidegate serve --help tells more)'],
  [['serve', './hello.ts', '-c', 'x.yaml'], 'cannot be used together'],
  [['serve', './hello.ts', '--drain-timeout', 'soon'], '--drain-timeout is a number from 0 to 1000000'],
  [['serve', './hello.ts', '--drain-timeout', '2592000'], '--drain-timeout is a number'],
  [[], 'Usage: sidegate COMMAND'],
])('what the command line cannot mean has exit code 2: %j', async (words, said) => {
  expect(await sidegate(words, folder.path)).toMatchObject({ code: 2, err: expect.stringContaining(said) })
})

test.each([
  [['--help'], /sidegate help KIND/],
  [['serve', '-h'], /--drain-timeout SECONDS +Seconds that requests under way/],
  [['help', 'python'], /processes +Worker processes: a number,[^]*Default: 1\. \(number or settings\)/],
  [['--version'], /^\d+\.\d+\.\d+\n$/],
])('help comes from the table of commands and the settings: %j', async (words, said) => {
  expect((await sidegate(words, folder.path)).out).toMatch(said)
})

test('what an app throws outside its requests is reported, and the others go on', async () => {
  write(
    'stray.ts',
    `export const app = (environ: any, startResponse: any) => {
  if (environ.PATH_INFO === '/timer') setTimeout(() => { throw new Error('from a timer') })
  if (environ.PATH_INFO === '/promise') void Promise.reject(new Error('from a promise'))
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['still here']
}`,
  )
  const one = serve(['app:./stray.ts', '--listen', '127.0.0.1:0'])
  const port = await one.port()
  for (const [path, message] of [
    ['/timer', 'an app threw outside a request: from a timer code=APP_STRAY'],
    ['/promise', 'a promise that nobody waited for was rejected: from a promise code=APP_STRAY'],
  ] as const) {
    expect(await get(port, path)).toBe('still here')
    await until(message, () => one.err.includes(message))
  }
  expect(one.err).toContain('stray.ts:')
  expect(await get(port, '/')).toBe('still here')
})

test.each([
  ['stdout', /error the access log cannot be written \(stdout: .*EPIPE\).* code=LOG_LOST/],
  ['stderr', /error the error log cannot be written \(stderr: .*EPIPE\).* code=LOG_LOST/],
] as const)('goes on when nobody reads its %s, says so once, and can be stopped', async (output, said) => {
  write('raise.ts', `export const app = () => { throw new Error('in vain') }`)
  const one = serve(['./hello.ts', '/raise=./raise.ts', '--listen', '127.0.0.1:0'])
  const port = await one.port()
  one.lose(output)
  for (let count = 0; count < 3; count++) expect(await get(port, '/raise')).toContain('500')
  await one.said(said)
  expect(await get(port, '/x')).toBe('hello |/x')
  const { code, out, err } = await one.stop()
  expect(code).toBe(0)
  expect(`${out}${err}`.match(/LOG_LOST/g)).toHaveLength(1)
})
