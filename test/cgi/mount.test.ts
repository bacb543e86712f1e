// CGI mounts: real scripts, through real doors.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import type { RequestSpec } from '../conformance/case.ts'
import type { Answer } from '../conformance/answer.ts'
import { open, type Live } from '../conformance/client.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { makeMount } from '../mount.ts'
import { environmentOf, isAlive, PRINT_ENVIRONMENT, scriptFolder } from './scripts.ts'

const head = `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n`
const scripts = scriptFolder({
  'bin/env': PRINT_ENVIRONMENT,
  'bin/sub/deep': PRINT_ENVIRONMENT,
  'bin/nph-old': head,
  'bin/.hidden': head,
  'bin/.git/hook': head,
  'bin/plain': `!${head}`,
  'bin/mapped.sh': `!${head}echo "mapped $# $0"`,
  'bin/echo': `${head}cat`,
  'bin/late': `#!/bin/sh\nsleep 60`,
  'bin/late-body': `${head}printf begun; exec sleep 60`,
  'bin/children': `${head}sleep 60 & echo "$$ $!"; wait`,
  'bin/stubborn': `#!/bin/sh\ntrap '' TERM\nprintf 'Content-Type: text/plain\\n\\n'\nsleep 60 & echo "$$ $!"; wait; wait`,
  'bin/spins': `#!/bin/sh\ntrap '' TERM\nprintf 'Content-Type: text/plain\\n\\n'\n(while :; do :; done) & echo "$$ $!"; while :; do :; done`,
  'bin/dies': `#!/bin/sh\necho "Traceback: no luck" >&2\necho "last line" >&2\nexit 3`,
  'bin/silent': '#!/bin/sh\nexit 0',
  'bin/killed': `${head}printf half; kill -SEGV $$`,
  'bin/exit-after': `${head}printf whole; exit 4`,
  'bin/garbage': '#!/bin/sh\necho hello world',
  'bin/no-program': '#!/no/such/program\n',
  'bin/status': `#!/bin/sh\nprintf 'Status: 404 Nothing Here\\r\\nX-One: 1\\r\\nX-One: 2\\r\\nConnection: close\\r\\n\\r\\nnothing'`,
  'bin/empty': `#!/bin/sh\nprintf 'Status: 204 No Content\\n\\n'`,
  'bin/absolute': `#!/bin/sh\nprintf 'Location: http://elsewhere.test/x\\n\\n'`,
  'bin/local': `#!/bin/sh\nprintf 'Location: %s\\n\\n' "$QUERY_STRING"`,
  'bin/cookie': `#!/bin/sh\nprintf 'Set-Cookie: a=b\\nLocation: /other?x=1\\n\\n'`,
  'bin/explicit': `#!/bin/sh\nprintf 'Status: 302 Found\\nLocation: /other?x=1\\n\\n'`,
  'bin/loop': `#!/bin/sh\nprintf 'Location: /bin/loop\\n\\n'`,
  'bin/held': `${head}sleep 60 & printf "$!"`,
  'bin/background': `${head}sleep 60 >/dev/null 2>&1 & printf "$!"`,
  'bin/bytes': `#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\n\\n'; printf '%s' "$PATH_INFO|$HTTP_X_BYTES" | od -An -tx1 | tr -d ' \\n'`,
  'bin/counts': `#!/usr/bin/env python3
import os, sys
data = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or -1))
print("Content-Type: text/plain\\n\\n" + str(len(data)), os.environ.get("CONTENT_LENGTH"), os.environ.get("HTTP_TRANSFER_ENCODING"))
`,
  'bin/big': `#!/usr/bin/env python3
import sys
sys.stdout.buffer.write(b"Content-Type: text/plain\\n\\n" + b"x" * 3000000)
`,
  single: PRINT_ENVIRONMENT,
  'outside/secret': head,
  'app.mjs': `export default (environ, start) => {
    start('200 OK', [['Content-Type', 'text/plain'], ['X-App', 'yes']])
    return [[environ.REQUEST_METHOD, environ.SCRIPT_NAME, environ.PATH_INFO, environ.QUERY_STRING, environ.CONTENT_LENGTH ?? '-'].join('|')]
  }`,
})
symlinkSync('../outside/secret', join(scripts.path, 'bin/link'))
symlinkSync('../outside', join(scripts.path, 'bin/linked'))
symlinkSync('env', join(scripts.path, 'bin/inside'))
mkdirSync(join(scripts.path, 'bin/folder'))
afterAll(scripts.remove)

let gateway: TestGateway
const mount = (key: string, settings: object) => ({ key, kind: cgi, settings: { cgi: 'bin', ...settings } })

beforeAll(async () => {
  // What a careless operator has in the environment of the gateway.
  process.env.DATABASE_PASSWORD = 'secret'
  gateway = await startGateway({
    listen: ['127.0.0.1:0'],
    directory: scripts.path,
    mounts: [
      mount('/bin', { interpreters: { '.sh': '/bin/sh -e' }, env: { SET: 'by hand', SERVER_NAME: 'forged' } }),
      mount('/quick', { timeout: 0.2, stopTimeout: 0.2, maxSpool: 0 }),
      mount('/one-at-a-time', { processes: 1, queue: 1, queueTimeout: 0.3 }),
      mount('/trusted', { authorization: true, documentRoot: 'outside', maxSpool: 100_000 }),
      mount('/single', { cgi: 'single' }),
      mount('/anywhere', { followSymlinks: true }),
      { key: '/other', kind: app, settings: { app: './app.mjs' } },
    ],
  })
})
afterAll(async () => {
  delete process.env.DATABASE_PASSWORD
  await gateway?.stop()
})

function ask(target: string, more: Partial<RequestSpec> = {}, transport: 'http' | 'uwsgi' = 'http'): Live {
  return open({ address: gateway.addresses[0]!, transport }, { target, ...more })
}
const get = (target: string, more?: Partial<RequestSpec>, transport?: 'http' | 'uwsgi'): Promise<Answer> =>
  ask(target, more, transport).whole()

/** The error log's lines of one code so far. */
const told = (code: string): string[] =>
  gateway.log.text.split('\n').filter((line) => new RegExp(` code=${code}( |$)`).test(line))

describe('what a script is given', () => {
  test('the variables of RFC 3875, a PATH, the setting env, and nothing else', async () => {
    const answer = await get('/bin/env/a%20b/c?x=1&y=%20', {
      method: 'POST',
      body: 'abc',
      headers: [
        ['X-Odd', 'value'],
        ['Content-Type', 'text/x'],
        ['Proxy', 'http://evil.test'],
        ['Authorization', 'Basic secret'],
        ['X.Dotted', 'no name for a variable'],
      ],
    })
    const { PWD, cwd, REMOTE_PORT, REQUEST_URI, SERVER_PORT, ...rest } = environmentOf(answer.text)
    // Some shells set these themselves.
    for (const name of ['_', 'SHLVL', 'OLDPWD']) delete rest[name]
    expect([PWD, REQUEST_URI]).toEqual([join(scripts.path, 'bin'), '/bin/env/a%20b/c?x=1&y=%20'])
    expect([Number(REMOTE_PORT) > 0, Number(SERVER_PORT) > 0]).toEqual([true, true])
    expect(cwd).toBe(`${join(scripts.path, 'bin')} argc=0`)
    expect(rest).toEqual({
      CONTENT_LENGTH: '3',
      CONTENT_TYPE: 'text/x',
      GATEWAY_INTERFACE: 'CGI/1.1',
      HTTP_CONNECTION: 'close',
      HTTP_HOST: 'localhost',
      HTTP_X_ODD: 'value',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      PATH_INFO: '/a b/c',
      QUERY_STRING: 'x=1&y=%20',
      REDIRECT_STATUS: '200',
      REMOTE_ADDR: '127.0.0.1',
      REQUEST_METHOD: 'POST',
      SCRIPT_FILENAME: join(scripts.path, 'bin/env'),
      SCRIPT_NAME: '/bin/env',
      SERVER_NAME: 'localhost',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_SOFTWARE: 'sidegate',
      SET: 'by hand',
    })
  })

  test('credentials and a document root where the settings say so', async () => {
    const found = environmentOf((await get('/trusted/env/x', { headers: [['Authorization', 'Basic x']] })).text)
    const root = join(scripts.path, 'outside')
    expect(found).toMatchObject({ HTTP_AUTHORIZATION: 'Basic x', DOCUMENT_ROOT: root, PATH_TRANSLATED: `${root}/x` })
  })

  test.each([
    ['/bin/env', '/bin/env', ''],
    ['/bin/env/', '/bin/env', '/'],
    ['/bin/sub/deep/x//y', '/bin/sub/deep', '/x//y'],
    ['/bin//env/x', '/bin//env', '/x'],
    ['/bin/inside', '/bin/inside', ''],
    ['/single', '/single', ''],
    ['/single/x/y', '/single', '/x/y'],
  ])('%s', async (target, name, info) => {
    const found = environmentOf((await get(target)).text)
    expect([found.SCRIPT_NAME, found.PATH_INFO]).toEqual([name, info])
  })

  test.each(['http', 'uwsgi'] as const)('bytes of every kind arrive as they are, over %s', async (transport) => {
    const answer = await get('/bin/bytes/%C3%A9%FF%25%0A', { headers: [['X-Bytes', 'a\xff%41\\101']] }, transport)
    expect(Buffer.from(answer.text, 'hex').toString('latin1')).toBe('/\xc3\xa9\xff%\n|a\xff%41\\101')
  })

  test('a program by extension, with its words', async () => {
    expect((await get('/bin/mapped.sh')).text).toBe(`mapped 0 ${join(scripts.path, 'bin/mapped.sh')}\n`)
  })
})

describe('the body of the request', () => {
  const megabytes = Buffer.alloc(2_000_000, 'x')

  test('exactly as long as CONTENT_LENGTH', async () => {
    expect((await get('/bin/counts', { method: 'POST', body: megabytes })).text.trim()).toBe('2000000 2000000 None')
  })

  test('a body without a length is taken first, for the script to be told its length', async () => {
    const answer = await get('/bin/counts', { method: 'POST', body: megabytes, chunked: 60_000 })
    expect(answer.text.trim()).toBe('2000000 2000000 None')
  })

  test('a body without a length has a bound', async () => {
    const sent = (target: string) => get(target, { method: 'POST', body: megabytes, chunked: 60_000 })
    expect((await sent('/trusted/counts')).status).toBe(413)
    expect((await sent('/quick/counts')).status).toBe(411)
  })

  test.for([
    ['Content-Length: 200001', 'x'.repeat(100_000), 'x'.repeat(100_001)],
    ['Transfer-Encoding: chunked', '2\r\nxx\r\n', '1\r\nx\r\n0\r\n\r\n'],
  ] as const)('a client that sends slowly keeps no script from others (%s)', async ([how, first, rest]) => {
    const [host, port] = gateway.addresses[0]!.split(':')
    const socket = connect(Number(port), host)
    onTestFinished(() => void socket.destroy())
    const fields = `Host: a\r\nConnection: close\r\nExpect: 100-continue\r\n${how}\r\n\r\n`
    socket.write(`POST /one-at-a-time/echo HTTP/1.1\r\n${fields}`)
    // Now the body is asked for.
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 100 /)
    socket.write(first)
    expect((await get('/one-at-a-time/echo', { method: 'POST', body: 'quick' })).text).toBe('quick')
    let answer = ''
    socket.setEncoding('latin1').on('data', (text) => (answer += text))
    socket.write(rest)
    await once(socket, 'end')
    const [, body = ''] = answer.split('\r\n\r\n')
    expect(body.replaceAll(/[^x]/g, '').length).toBe(how.startsWith('C') ? 200_001 : 3)
  })

  test('comes back while it is still being sent', async () => {
    expect((await get('/bin/echo', { method: 'POST', body: megabytes })).body.equals(megabytes)).toBe(true)
  })

  test('a script that does not read it', async () => {
    expect((await get('/bin/status', { method: 'POST', body: megabytes })).status).toBe(404)
  })
})

describe('what a script answers', () => {
  test('status and fields; what is about the connection is left out', async () => {
    const answer = await get('/bin/status')
    expect([answer.status, answer.head.reason, answer.all('x-one'), answer.text]).toEqual([
      404,
      'Nothing Here',
      ['1', '2'],
      'nothing',
    ])
    expect(answer.all('connection')).toEqual(['close'])
    expect((await get('/bin/empty')).status).toBe(204)
  })

  test('HEAD has the head of it', async () => {
    const answer = await get('/bin/big', { method: 'HEAD' })
    expect([answer.status, answer.extra]).toEqual([200, 0])
  })

  test('a big one whole, at the speed of a slow client too', async () => {
    expect((await get('/bin/big')).body.length).toBe(3_000_000)
    // The time limit is for the script, not for the client that keeps it waiting.
    const made = makeMount(cgi, { cgi: 'bin', timeout: 0.5 }, pathToFileURL(`${scripts.path}/`))
    await made.mount.open()
    const { carrier, response } = made.request({ path: '/big', slow: true })
    let drains = 0
    const timer = setInterval(() => {
      carrier.drain(drains++ < 10)
    }, 60)
    expect((await response).body.length).toBe(3_000_000)
    clearInterval(timer)
    expect(drains).toBeGreaterThan(9)
  })

  test('as it comes', async () => {
    const fifo = join(scripts.path, 'gate')
    writeFileSync(
      join(scripts.path, 'bin/streams'),
      `#!/bin/sh\nmkfifo ${fifo}\nprintf 'Content-Type: text/plain\\n\\none'; read l < ${fifo}; printf two`,
      { mode: 0o755 },
    )
    const live = ask('/bin/streams')
    await live.until(({ text }) => text === 'one')
    writeFileSync(fifo, 'go\n')
    expect((await live.whole()).text).toBe('onetwo')
  })

  test('an absolute Location goes to the client', async () => {
    const answer = await get('/bin/absolute')
    expect([answer.status, answer.header('location')]).toEqual([302, 'http://elsewhere.test/x'])
  })

  test('a local Location is answered here, by whatever is mounted there', async () => {
    const answer = await get('/bin/local?/other/a%20b?x=1', { method: 'POST', body: 'abc' })
    expect([answer.status, answer.header('x-app'), answer.text]).toEqual([200, 'yes', 'GET|/other|/a b|x=1|-'])
    const script = environmentOf((await get('/bin/local?/bin/env/info?q')).text)
    expect([script.SCRIPT_NAME, script.PATH_INFO, script.QUERY_STRING]).toEqual(['/bin/env', '/info', 'q'])
    expect((await get('/bin/local?/nowhere')).status).toBe(404)
    expect((await get('/bin/local?/other/x', { method: 'HEAD' })).header('x-app')).toBe('yes')
  })

  test.each(['/bin/cookie', '/bin/explicit'])('%s: with a cookie or a status it goes to the client', async (target) => {
    const answer = await get(target)
    expect([answer.status, answer.header('location')]).toEqual([302, '/other?x=1'])
  })

  test('below a prefix of the host, only what is below it is answered here', async () => {
    const made = makeMount(cgi, { cgi: 'bin' }, pathToFileURL(`${scripts.path}/`), '/bin')
    await made.mount.open()
    const local = made.request({ path: '/site/bin/local?/elsewhere', prefix: '/site/bin' })
    const { status, header } = await local.response
    expect([status, header('location')]).toEqual([302, '/elsewhere'])
  })

  test.each(['%zz', '..%2fetc', 'a%00'])(
    'a local Location that is no path (/%s) is the fault of its script',
    async (path) => {
      expect((await get(`/bin/local?/${path}`)).status).toBe(502)
      expect(told('CGI_LOCATION').at(-1)).toContain('blame=upstream')
    },
  )

  test('not for ever', async () => {
    const answer = await get('/bin/loop')
    expect([answer.status, told('CGI_REDIRECTS').length]).toEqual([502, 1])
  })
})

describe('what is refused', () => {
  test.each([
    '/bin',
    '/bin/',
    '/bin/missing',
    '/bin/env.bak',
    '/bin/folder',
    '/bin/folder/',
    '/bin/.hidden',
    '/bin/.git/hook',
    '/bin/sub/../.hidden',
    '/bin/%2e%2e/outside/secret',
    '/bin/..%2foutside/secret',
    '/bin/sub%5C..%5Cenv',
    '/bin/%FF',
    `/bin/${'x'.repeat(300)}`,
  ])('%s is not there', async (target) => {
    const before = gateway.log.text.split('\n').length
    expect((await get(target)).status).toBe(404)
    gateway.gateway.log.flush()
    // An access record and nothing else: whoever tries paths must not fill the log.
    expect(gateway.log.text.split('\n').length - before).toBeLessThanOrEqual(1)
  })

  test.each(['/../outside/secret', '/./env', '/sub/../env', '/env\0'])(
    'PATH_INFO %j, if a host lets it through',
    async (info) => {
      const made = makeMount(cgi, { cgi: 'bin' }, pathToFileURL(`${scripts.path}/`))
      await made.mount.open()
      expect((await made.request({ variables: { PATH_INFO: info } }).response).status).toBe(404)
    },
  )

  test('a variable with a NUL byte', async () => {
    const made = makeMount(cgi, { cgi: 'bin' }, pathToFileURL(`${scripts.path}/`))
    await made.mount.open()
    const { response, errors } = made.request({ variables: { PATH_INFO: '/env/\0' } })
    expect([(await response).status, errors[0]?.code]).toEqual([400, 'VARIABLE_NUL'])
  })

  test.each([
    ['/bin/link', 403, 'CGI_OUTSIDE'],
    ['/bin/linked/secret', 403, 'CGI_OUTSIDE'],
    // Nobody learns what is there.
    ['/bin/linked/missing', 403, 'CGI_OUTSIDE'],
    ['/bin/linked/', 403, 'CGI_OUTSIDE'],
    ['/bin/plain', 403, 'CGI_NOT_EXECUTABLE'],
    ['/bin/nph-old', 501, 'CGI_NPH'],
  ])('%s: %i %s', async (target, status, code) => {
    const answer = await get(target)
    expect([answer.status, answer.text.includes(code)]).toEqual([status, true])
    expect(told(code).at(-1)).toContain(scripts.path)
    expect(answer.text).not.toContain(scripts.path)
  })
})

test('a link that leads out is the fault of the configuration', async () => {
  await get('/bin/link')
  expect(told('CGI_OUTSIDE').at(-1)).toMatch(/ blame=config .*|blame=config$/)
})

test('followSymlinks: links that lead out are scripts, and folders of scripts', async () => {
  for (const target of ['/anywhere/link', '/anywhere/linked/secret']) expect((await get(target)).status).toBe(200)
  expect((await get('/anywhere/linked/missing')).status).toBe(404)
  expect((await get('/anywhere/.hidden')).status).toBe(404)
})

describe('what goes wrong', () => {
  test('a script that dies before a head: its exit code and its last lines', async () => {
    const answer = await get('/bin/dies')
    expect(answer.status).toBe(502)
    const [line] = told('CGI_DIED')
    expect(line).toMatch(/exited with code 3 before it gave a response head .*request=\S+ .*uri=\/bin\/dies/)
    expect(gateway.log.text).toMatch(/ {4}Traceback: no luck\n {4}last line\n/)
    // And each line as it came, with its mount, process and request.
    expect(gateway.log.text).toMatch(
      /warn last line request=\S+ mount=\/bin pid=\d+ stream=stderr|warn last line mount=\/bin pid=\d+ request=\S+ stream=stderr/,
    )
  })

  test.each([
    ['/bin/silent', 'CGI_DIED', 'exited with code 0'],
    ['/bin/garbage', 'CGI_DIED', 'before it gave a response head'],
    ['/bin/no-program', 'CGI_SPAWN', 'first line'],
  ])('%s: %s', async (target, code, words) => {
    expect((await get(target)).status).toBe(502)
    expect(told(code).findLast((line) => line.includes(target))).toContain(words)
  })

  test('killed while it answers: the response is cut', async () => {
    expect((await get('/bin/killed').catch(() => undefined))?.complete ?? false).toBe(false)
    expect(told('CGI_DIED').at(-1)).toContain('was killed by SIGSEGV while it answered')
  })

  test('an exit code after the answer is told, and the answer whole', async () => {
    expect((await get('/bin/exit-after')).text).toBe('whole')
    await until('the warning', () => told('CGI_EXIT').length > 0)
  })

  test('what it started holds its output: the answer ends all the same', async () => {
    const pid = Number((await get('/bin/held')).text)
    expect(told('CGI_OUTPUT_HELD')).toHaveLength(1)
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  test('what it leaves in the background goes on', async () => {
    const pid = Number((await get('/bin/background')).text)
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })
})

describe('bounds', () => {
  test('a silent script: 504', async () => {
    const answer = await get('/quick/late')
    expect([answer.status, told('CGI_TIMEOUT').length]).toEqual([504, 1])
  })

  test('a script that falls silent in its answer: cut', async () => {
    expect((await get('/quick/late-body').catch(() => undefined))?.complete ?? false).toBe(false)
  })

  test.each(['children', 'stubborn'])('%s: the time limit ends the whole process group', async (name) => {
    const live = ask(`/quick/${name}`)
    await live.until(({ text }) => text.includes('\n'))
    const pids = live.answer!.text.trim().split(' ').map(Number)
    expect(pids).toHaveLength(2)
    await until('both are gone', () => !pids.some(isAlive))
    await live.whole().catch(() => undefined)
  })

  test('so does a client that goes away', async () => {
    const live = ask('/bin/children')
    await live.until(({ text }) => text.includes('\n'))
    const pids = live.answer!.text.trim().split(' ').map(Number)
    expect(pids.every(isAlive)).toBe(true)
    live.destroy()
    await until('both are gone', () => !pids.some(isAlive))
  })

  test('so many at once, the others wait, and not for ever', async () => {
    const first = ask('/one-at-a-time/children')
    let pid = 0
    await first.until(({ text }) => text.includes('\n') && (pid = Number(text.split(' ')[0])) > 0)
    const { mount: status } = gateway.gateway.mounts.find(({ key }) => key === '/one-at-a-time')!
    expect(status).toEqual({ pids: [pid], waiting: 0 })
    // Of two that come together one waits, until it is too late, and there is no place for the other.
    await until('one waits', async () => {
      const answers = await Promise.all([ask('/one-at-a-time/env').whole(), ask('/one-at-a-time/env').whole()])
      expect(answers.map(({ status }) => status)).toEqual([503, 503])
      const codes = answers.map(({ text }) => /QUEUE_[A-Z]+/.exec(text)?.[0])
      return codes.toSorted().join() === 'QUEUE_FULL,QUEUE_TIMEOUT'
    })
    first.destroy()
    await until('its place is free', async () => (await get('/one-at-a-time/env')).status === 200)
  })

  test('closing ends what runs', async () => {
    const made = makeMount(cgi, { cgi: 'bin', stopTimeout: 0.2 }, pathToFileURL(`${scripts.path}/`))
    await made.mount.open()
    const running = made.request({ path: '/stubborn' })
    await running.carrier.until(({ bytes }) => bytes.includes('\n'))
    const pids = running.carrier.bytes.toString().trim().split(' ').map(Number)
    await made.mount.close()
    expect((await running.response).cut).toBe(true)
    await until('they are gone', () => !pids.some(isAlive))
    await made.mount.close()
  })
})

describe('at the start', () => {
  const place = pathToFileURL(`${scripts.path}/`)

  test.each([
    [{ cgi: 'nowhere' }, 'CGI_MISSING', 'mounts./.cgi'],
    [{ cgi: '/dev/null' }, 'CGI_MISSING', 'mounts./.cgi'],
    [{ cgi: 'bin/plain' }, 'CGI_NOT_EXECUTABLE', 'mounts./.cgi'],
    [{ cgi: 'bin', interpreters: { '.x': 'no-such-program' } }, 'CGI_INTERPRETER', 'mounts./.interpreters..x'],
    [{ cgi: 'bin', interpreters: { '.x': 'sh "-x' } }, 'CGI_INTERPRETER', 'mounts./.interpreters..x'],
  ])('%j', async (settings, code, path) => {
    await expect(makeMount(cgi, settings, place).mount.open()).rejects.toMatchObject({ code, path })
  })
})

test('a gateway that is killed leaves no script behind, but what scripts before have left in the background', async () => {
  const gateway = spawn(process.execPath, [join(import.meta.dirname, 'orphans.ts'), join(scripts.path, 'bin')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  gateway.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
  await until('it runs', () => said.includes('\n'))
  const [script, child, background] = said.trim().split(' ').map(Number) as [number, number, number]
  onTestFinished(() => void process.kill(background, 'SIGKILL'))
  expect([script, child, background].map(isAlive)).toEqual([true, true, true])
  gateway.kill('SIGKILL')
  await until('they are gone', () => !isAlive(script) && !isAlive(child))
  expect(isAlive(background)).toBe(true)
})
