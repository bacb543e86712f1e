// The layer `try-files`.
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync, brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tryFiles } from '../../sidecar/middleware/try-files.ts'
import type { TestRequest } from '../exchange.ts'
import { temporaryFolder } from '../harness.ts'
import { layered, type App, type MadeLayer } from './layer.ts'

const folder = temporaryFolder()
const outside = temporaryFolder()
afterAll(() => {
  folder.remove()
  outside.remove()
})

const app: App = (exchange) => {
  exchange.respond({ status: 200, reason: 'OK', headers: [['X-App', '1']] })
  exchange.end('app')
}

let made: MadeLayer
beforeAll(async () => {
  const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder.path, name), content)
  for (const name of ['dir', 'empty', '.git', '.well-known', 'sub']) mkdirSync(join(folder.path, name))
  put('style.css', 'css')
  put('a b ä.txt', 'text')
  put('dir/index.html', '<p>index')
  put('.well-known/security.txt', 'contact')
  for (const name of [
    '.env',
    '.git/config',
    'app.py',
    'app.ts',
    'x.php',
    'x.php.bak',
    'dump.sql',
    'composer.json',
    'key.pem',
    'sub/a.rb',
    'app.py.gz',
    'app.rb.1',
    'a.py (1)',
    'a.py,v',
    'key.pem.zst',
    'config.ru',
    'a.jsp',
    'a.aspx',
    'a.properties',
    'Gemfile',
    'requirements-dev.txt',
    'id_rsa',
  ])
    put(name, 'secret')
  put('Home.vue_type_style-4f2a.js', 'script')
  put('signed.asc', 'signature')
  symlinkSync('app.rb.1', join(folder.path, 'rb.txt'))
  put('big.js', 'plain'.repeat(1000))
  put('big.js.gz', gzipSync('packed'))
  put('big.js.br', brotliCompressSync('packed'))
  put('old.js', 'new')
  put('old.js.gz', gzipSync('old'))
  utimesSync(join(folder.path, 'old.js.gz'), 1, 1)
  put('dir/index.html.gz', gzipSync('<p>index'))
  writeFileSync(join(outside.path, 'secret.txt'), 'secret')
  symlinkSync(join(outside.path, 'secret.txt'), join(folder.path, 'link.txt'))
  made = await layered(tryFiles, { root: '.', precompressed: ['br', 'gzip'], maxAge: 60 }, app, {
    directory: folder.path,
  })
})

async function ask(request: string | TestRequest): Promise<string> {
  const { status, body, header } = await made.ask(typeof request === 'string' ? { path: request } : request).response
  return header('x-app') === undefined ? `${status} ${header('location') ?? body}` : 'app'
}

test.each([
  ['/style.css', '200 css'],
  ['/a%20b%20%C3%A4.txt', '200 text'],
  ['/dir/', '200 <p>index'],
  ['/dir?x=1', '301 /dir/?x=1'],
  ['/.well-known/security.txt', '200 contact'],
  ['/none.css', 'app'],
  ['/', 'app'],
  ['/empty', 'app'],
  ['/empty/', 'app'],
  ['/style.css/more', 'app'],
  ['/.env', 'app'],
  ['/.git', 'app'],
  ['/.git/config', 'app'],
  ['/app.py', 'app'],
  ['/app%2epy', 'app'],
  ['/APP.PY', 'app'],
  ['/app.ts', 'app'],
  ['/x.php', 'app'],
  ['/x.php.bak', 'app'],
  ['/dump.sql', 'app'],
  ['/composer.json', 'app'],
  ['/key.pem', 'app'],
  ['/sub/a.rb', 'app'],
  ['/app.py.gz', 'app'],
  ['/app.rb.1', 'app'],
  ['/a.py%20(1)', 'app'],
  ['/a.py,v', 'app'],
  ['/key.pem.zst', 'app'],
  ['/config.ru', 'app'],
  ['/a.jsp', 'app'],
  ['/a.aspx', 'app'],
  ['/a.properties', 'app'],
  ['/Gemfile', 'app'],
  ['/requirements-dev.txt', 'app'],
  ['/id_rsa', 'app'],
  ['/rb.txt', 'app'],
  ['/Home.vue_type_style-4f2a.js', '200 script'],
  ['/signed.asc', '200 signature'],
  ['/link.txt', 'app'],
  ['/..%2fsecret.txt', 'app'],
  ['/style.css%00.txt', 'app'],
])('%s: %s', async (path, expected) => {
  // What no door lets in is asked for as it would be seen behind one.
  const request: TestRequest = path.includes('%00')
    ? { variables: { PATH_INFO: '/style.css\0.txt' } }
    : path.startsWith('/..')
      ? { variables: { PATH_INFO: '/../secret.txt' } }
      : { path }
  expect(await ask(request)).toBe(expected)
})

test("other methods are the app's", async () => {
  expect(await ask({ method: 'POST', path: '/style.css', body: 'x' })).toBe('app')
  expect(await ask({ method: 'OPTIONS', path: '/style.css' })).toBe('app')
})

test('a file comes with its head, in parts, or not at all when the client has it', async () => {
  const { headers, header } = await made.ask({ path: '/style.css' }).response
  expect(Object.fromEntries(headers)).toMatchObject({
    'Content-Type': 'text/css; charset=utf-8',
    'Content-Length': '3',
    'Cache-Control': 'public, max-age=60',
    ETag: expect.anything(),
    Vary: 'Accept-Encoding',
  })
  const again = await made.ask({ path: '/style.css', headers: { 'If-None-Match': header('etag')! } }).response
  expect(again.status).toBe(304)
  const part = await made.ask({ path: '/style.css', headers: { Range: 'bytes=1-' } }).response
  expect([part.status, String(part.body)]).toEqual([206, 'ss'])
  expect((await made.ask({ path: '/style.css', headers: { Range: 'bytes=9-' } }).response).status).toBe(416)
  const head = await made.ask({ path: '/style.css', method: 'HEAD' }).response
  expect([head.header('content-length'), head.body.byteLength]).toEqual(['3', 0])
})

test.each([
  ['gzip, br', 'br'],
  ['gzip', 'gzip'],
  ['zstd', undefined],
  ['br;q=0', undefined],
  [undefined, undefined],
])('a file that was compressed before, for %s: %s', async (accept, coding) => {
  const headers: Record<string, string> = accept === undefined ? {} : { 'Accept-Encoding': accept }
  const { header, body } = await made.ask({ path: '/big.js', headers }).response
  expect(header('content-encoding')).toBe(coding)
  expect(header('content-type')).toBe('application/javascript; charset=utf-8')
  expect(header('vary')).toBe('Accept-Encoding')
  expect(header('content-length')).toBe(String(body.byteLength))
})

test('of a folder too, but never one that is older than the file', async () => {
  const headers = { 'Accept-Encoding': 'gzip' }
  const index = await made.ask({ path: '/dir/', headers }).response
  expect([String(gunzipSync(index.body)), index.header('content-type')]).toEqual([
    '<p>index',
    'text/html; charset=utf-8',
  ])
  const old = await made.ask({ path: '/old.js', headers }).response
  expect([String(old.body), old.header('content-encoding')]).toEqual(['new', undefined])
})

test('conditions and ranges are about the file that is sent', async () => {
  writeFileSync(join(folder.path, 'small.js'), 'plain')
  const packed = gzipSync('plain')
  writeFileSync(join(folder.path, 'small.js.gz'), packed)
  utimesSync(join(folder.path, 'small.js'), 1_700_000_000, 1_700_000_000)
  utimesSync(join(folder.path, 'small.js.gz'), 1_700_000_100, 1_700_000_100)
  const get = (field: string, value: string) =>
    made.ask({ path: '/small.js', headers: { 'Accept-Encoding': 'gzip', [field]: value } }).response
  const between = new Date(1_700_000_050_000).toUTCString()
  const newer = await get('If-Modified-Since', between)
  expect([newer.status, newer.header('content-type'), newer.header('content-encoding')]).toEqual([
    200,
    'application/javascript; charset=utf-8',
    'gzip',
  ])
  expect((await get('If-Unmodified-Since', between)).status).toBe(412)
  expect((await get('If-Unmodified-Since', new Date(1_700_000_150_000).toUTCString())).status).toBe(200)
  expect((await get('If-None-Match', newer.header('etag')!)).status).toBe(304)
  const part = await get('Range', 'bytes=10-12')
  expect([part.status, part.body, part.header('content-range')]).toEqual([
    206,
    packed.subarray(10, 13),
    `bytes 10-12/${packed.byteLength}`,
  ])
})

test("a WebSocket is the app's, where a file is, too", async () => {
  const headers = { Connection: 'Upgrade', Upgrade: 'WebSocket', 'Sec-WebSocket-Version': '13' }
  expect(await ask({ path: '/dir/', headers })).toBe('app')
  expect(await ask({ path: '/dir/', headers: { Connection: 'Upgrade', Upgrade: 'h2c' } })).toBe('200 <p>index')
})

test('below a mount its folder is found from there on', async () => {
  expect(await ask({ path: '/shop/dir', prefix: '/shop' })).toBe('301 /shop/dir/')
  expect(await ask({ path: '/shop', prefix: '/shop' })).toBe('app')
})

test('a folder that is not there is told of', async () => {
  const opened = layered(tryFiles, { root: './none' }, app, { directory: folder.path })
  await expect(opened).rejects.toMatchObject({ code: 'FILES_MISSING', path: 'use.0.try-files.root' })
})

test('on Windows a file has no other names', async () => {
  const { ask: asked } = await layered(tryFiles, { root: '.' }, app, { directory: folder.path, platform: 'win32' })
  const body = async (path: string): Promise<string> => String((await asked({ path }).response).body)
  expect(await body('/style.css')).toBe('css')
  expect(await body('/app.py::$DATA')).toBe('app')
  expect(await body('/app.py.')).toBe('app')
})
