import { createServer } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../harness.ts'
import { Sidegate, sidegate } from './sidegate.ts'

const folder = temporaryFolder()
let server: Sidegate
let tcp = ''
const socket = `unix:${folder.path}/s.sock`

// Says what it was asked, and how many bytes came with which sum.
writeFileSync(
  join(folder.path, 'mirror.ts'),
  `export const app = async (environ: any, startResponse: any) => {
  if (environ.PATH_INFO === '/missing') {
    startResponse('404 Not Found', [['Content-Type', 'text/plain']])
    return ['nothing here']
  }
  let length = 0
  let sum = 0
  for await (const bytes of environ['wsgi.input']) for (const byte of bytes) { length++; sum = (sum * 31 + byte) % 65521 }
  startResponse('200 OK', [['Content-Type', 'application/json'], ['X-Kind', 'mirror']])
  const names = ['REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'CONTENT_TYPE', 'HTTP_A', 'HTTP_HOST', 'REMOTE_USER']
  return [JSON.stringify({ length, sum, ...Object.fromEntries(names.map((name) => [name, environ[name]])) })]
}`,
)
const big = Buffer.alloc(300_000, 'sidegate ')
const sum = big.reduce((total, byte) => (total * 31 + byte) % 65521, 0)
writeFileSync(join(folder.path, 'big.txt'), big)

beforeAll(async () => {
  server = new Sidegate(['serve', './mirror.ts', '-l', '127.0.0.1:0', '-l', socket], folder.path)
  tcp = `127.0.0.1:${await server.port()}`
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

const ask = (...words: string[]) => sidegate(['request', ...words], folder.path)
const parsed = ({ out }: { out: string }): unknown => JSON.parse(out)

test.each(['http', 'uwsgi', 'fastcgi'])(
  '%s: method, path, headers and body reach the app, the answer comes back',
  async (protocol) => {
    for (const address of [tcp, socket]) {
      const answer = await ask(
        `${protocol}://${address}`,
        '/a%20b/ü?x=1',
        '-X',
        'PUT',
        '-d',
        '@big.txt',
        '-H',
        'A: b',
        '-H',
        'Host: example.org',
      )
      expect(answer).toMatchObject({ code: 0, err: '' })
      expect(parsed(answer)).toMatchObject({
        length: big.length,
        sum,
        REQUEST_METHOD: 'PUT',
        PATH_INFO: `/a b/${Buffer.from('ü').toString('latin1')}`,
        QUERY_STRING: 'x=1',
        HTTP_A: 'b',
        HTTP_HOST: 'example.org',
      })
    }
  },
)

test.each(['http', 'uwsgi', 'fastcgi'])('%s: a form, standard input, no body', async (protocol) => {
  const form = parsed(await ask(`${protocol}://${tcp}`, '-d', 'a=1'))
  expect(form).toMatchObject({
    REQUEST_METHOD: 'POST',
    length: 3,
    CONTENT_TYPE: 'application/x-www-form-urlencoded',
    PATH_INFO: '/',
  })
  const input = await sidegate(['request', `${protocol}://${tcp}`, '/', '-d', '@-'], folder.path, {}, 'from a pipe')
  expect(parsed(input)).toMatchObject({ REQUEST_METHOD: 'POST', length: 11 })
  expect(parsed(await ask(`${protocol}://${tcp}`))).toMatchObject({ REQUEST_METHOD: 'GET', length: 0 })
})

test('-i shows the head, -v what was sent, --var sets variables', async () => {
  const { out, err } = await ask(`uwsgi://${socket}`, '/x', '-iv', '--var', 'REMOTE_USER=kim', '--var', 'PATH_INFO=/y')
  expect(out).toMatch(/^200 OK\r\nContent-Type: application\/json\r\nX-Kind: mirror\r\nContent-Length: \d+\r\n\r\n\{/)
  expect(out).toContain('"PATH_INFO":"/y"')
  expect(out).toContain('"REMOTE_USER":"kim"')
  expect(err).toContain('> REQUEST_URI=/x\n')
  expect(err).toContain('> REMOTE_USER=kim\n')
  const http = await ask(`http://${tcp}`, '/', '-iv')
  expect(http.err).toContain('> GET / HTTP/1.1\n')
  expect(http.out).toMatch(/^200 OK\r\n/)
})

test('-o writes a file, -f makes 404 a failure', async () => {
  expect(await ask(`uwsgi://${tcp}`, '/missing', '-o', 'answer.txt')).toEqual({ code: 0, out: '', err: '' })
  expect(readFileSync(join(folder.path, 'answer.txt'), 'utf8')).toBe('nothing here')
  expect(await ask(`http://${tcp}`, '/missing', '-f')).toMatchObject({ code: 1, out: 'nothing here' })
})

test.each([
  ['/nowhere/file', /^sidegate: cannot write \/nowhere\/file: ENOENT.*\n$/],
  ['/dev/full', /^sidegate: cannot write \/dev\/full: ENOSPC.*\n$/],
])('-o %s: what cannot be written is said, and not blamed on the server', async (file, said) => {
  const { code, err } = await sidegate(['request', `http://${tcp}`, '/', '-o', file], folder.path)
  expect([code, err]).toEqual([1, expect.stringMatching(said)])
})

test('who is not there, is silent or talks nonsense: one line, exit code 1', async () => {
  expect(await ask('uwsgi://unix:none.sock')).toEqual({
    code: 1,
    out: '',
    err: 'sidegate: uwsgi://unix:none.sock: there is no such socket\n',
  })
  const server = createServer((connection) => {
    connection.on('error', () => {})
    connection.once('data', (bytes) => void (bytes.includes('/nonsense') && connection.end('nonsense\r\n\r\n')))
  })
  await new Promise<void>((resolve) => void server.listen(join(folder.path, 'odd.sock'), resolve))
  const odd = `unix:${folder.path}/odd.sock`
  expect(await ask(`uwsgi://${odd}`, '/silent', '--timeout', '0.1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no byte in 0.1 s [REQUEST_TIMEOUT]'),
  })
  expect(await ask(`http://${odd}`, '/silent', '--timeout', '0.1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no byte in 0.1 s [REQUEST_TIMEOUT]'),
  })
  expect(await ask(`uwsgi://${odd}`, '/nonsense')).toMatchObject({
    code: 1,
    err: expect.stringContaining('bad header line'),
  })
  server.close()
})

test.skipIf(process.platform === 'win32')('a named pipe is asked for on Windows only', async () => {
  for (const protocol of ['http', 'fastcgi']) {
    expect(await ask(`${protocol}://pipe:sidegate`)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^sidegate: .*is a named pipe.*write unix:PATH or HOST:PORT \[ADDRESS_SYSTEM\]\n$/),
    })
  }
})

test('what it cannot send is a usage error', async () => {
  expect(await ask('127.0.0.1:80')).toMatchObject({
    code: 2,
    err: expect.stringContaining('does not say the protocol'),
  })
  expect(await ask(`http://${tcp}`, '/', '-H', 'nonsense')).toMatchObject({ code: 2 })
  expect(await ask(`http://${tcp}`, '/', '--var', 'A=b')).toMatchObject({ code: 2 })
  expect(await ask(`uwsgi://${tcp}`, 'path')).toMatchObject({ code: 2 })
  expect(await ask(`uwsgi://${tcp}`, '/', '-d', '@nowhere')).toMatchObject({ code: 2 })
})

test.each(['uwsgi', 'scgi'])('%s: standard input that is too long to be kept', async (protocol) => {
  const input = 'x'.repeat(64 * 1024 * 1024 + 1)
  expect(await sidegate(['request', `${protocol}://${socket}`, '/', '-d', '@-'], folder.path, {}, input)).toMatchObject(
    {
      code: 1,
      out: '',
      err: expect.stringMatching(/^sidegate: .*may have 64 MB here; send a file \[REQUEST_BODY\]\n$/),
    },
  )
})
