// The mount `files`, on a real folder.
import { execFile, execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { files } from '../../sidecar/mounts/files.ts'
import { makeExchange, type TestRequest, type TestResponse } from '../exchange.ts'
import { makeMount, openMount, type OpenMount } from '../mount.ts'

const execute = promisify(execFile)

const root = mkdtempSync(join(tmpdir(), 'sg-'))
const folder = pathToFileURL(`${root}/`)
const BIG = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i & 255))
const at = (...parts: string[]): string => join(root, ...parts)
let mount: OpenMount

beforeAll(async () => {
  for (const name of ['public/sub', 'public/empty', 'public/.git', 'outside', 'releases/1', 'releases/2'])
    mkdirSync(at(name), { recursive: true })
  const write = (name: string, text: string | Buffer = name): void => writeFileSync(at(name), text)
  write('public/index.html', '<h1>root</h1>')
  write('public/a.txt', 'abcdefghij')
  write('public/a b%.txt')
  write('public/café.txt')
  write('public/empty.txt', '')
  write('public/big.bin', BIG)
  write('public/sub/index.html', 'sub')
  write('public/.secret')
  write('public/.git/config')
  write('outside/x.txt')
  write('releases/1/v.txt', 'one')
  write('releases/2/v.txt', 'two')
  symlinkSync('../outside/x.txt', at('public/out.txt'))
  symlinkSync('../outside', at('public/outdir'))
  symlinkSync('a.txt', at('public/in.txt'))
  symlinkSync('releases/1', at('current'))
  if (process.platform !== 'win32') execFileSync('mkfifo', [at('public/fifo')])
  utimesSync(at('public/a.txt'), 1_700_000_000, 1_700_000_000)
  mount = await openMount(files, { files: 'public' }, folder)
})
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))

/** Puts one whole file after the other in the place of `path`, as a deployment does, until `end` settles. */
async function replaceUntil(end: Promise<unknown>, path: string, contents: readonly string[]): Promise<void> {
  let over = false
  const stop = (): void => void (over = true)
  end.then(stop, stop)
  for (let turn = 0; !over; turn++) {
    await writeFile(`${path}.new`, contents[turn % contents.length]!)
    await rename(`${path}.new`, path)
  }
}

const get = (path: string, request: TestRequest = {}, from = mount): Promise<TestResponse> =>
  from.request({ path, ...request }).response

test('a file that is replaced under way is sent as one of the two, and whole', async () => {
  const [one, two] = ['a'.repeat(70_000), 'b'.repeat(90_000)] as const
  writeFileSync(at('public/replaced.txt'), one)
  const ask = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn++) {
      const { status, header, body, cut } = await get('/replaced.txt')
      const text = body.toString()
      expect([status, cut, header('content-length')]).toEqual([200, false, String(text.length)])
      expect(text === one || text === two).toBe(true)
    }
  }
  const asked = Promise.all(Array.from({ length: 4 }, ask))
  await Promise.all([asked, replaceUntil(asked, at('public/replaced.txt'), [one, two])])
})

describe('what is there', () => {
  test.each([
    ['/a.txt', 'text/plain; charset=utf-8', 'abcdefghij'],
    ['/', 'text/html; charset=utf-8', '<h1>root</h1>'],
    ['/index.html?x', 'text/html; charset=utf-8', '<h1>root</h1>'],
    ['/sub/', 'text/html; charset=utf-8', 'sub'],
    ['/a%20b%25.txt', 'text/plain; charset=utf-8', 'public/a b%.txt'],
    ['/caf%C3%A9.txt', 'text/plain; charset=utf-8', 'public/café.txt'],
    ['/in.txt', 'text/plain; charset=utf-8', 'abcdefghij'],
    ['/empty.txt', 'text/plain; charset=utf-8', ''],
    ['//a.txt', 'text/plain; charset=utf-8', 'abcdefghij'],
  ])('%s', async (path, type, body) => {
    const response = await get(path)
    expect([response.status, response.header('content-type'), response.body.toString()]).toEqual([200, type, body])
    expect(response.header('content-length')).toBe(String(Buffer.byteLength(body)))
    expect(response.header('cache-control')).toBe('public, max-age=0')
    expect(response.cut).toBe(false)
  })

  test("a small one leaves in one piece, a big one at the client's speed", async () => {
    const small = mount.request({ path: '/a.txt' })
    await small.response
    expect(small.carrier.calls).toEqual(['start+last'])
    const { carrier, response } = mount.request({ path: '/big.bin', slow: true })
    await carrier.until(({ calls }) => calls.length === 1)
    carrier.drain()
    expect((await response).body.equals(BIG)).toBe(true)
  })

  test('HEAD: the same head, no body', async () => {
    const response = await get('/big.bin', { method: 'HEAD' })
    expect([response.status, response.header('content-length'), response.body.length]).toEqual([200, '300000', 0])
  })

  test('below a prefix', async () => {
    expect((await get('/static/a.txt', { prefix: '/static' })).body.toString()).toBe('abcdefghij')
  })
})

describe('what is not served', () => {
  test.each([
    '/missing',
    '/a.txt/',
    '/empty/',
    '/.secret',
    '/.git/config',
    '/.git/',
    '/sub/../.secret',
    '/out.txt',
    '/outdir/x.txt',
    '/outdir',
    ...(process.platform === 'win32' ? [] : ['/fifo']),
    '/%FF.txt',
  ])('%s', async (path) => {
    const { response, errors } = mount.request({ path })
    const { status, body } = await response
    expect([status, body.toString()]).toEqual([404, '404 Not Found\n'])
    expect(errors).toEqual([])
  })

  test.each(['/../outside/x.txt', '/sub/../../outside/x.txt', '/..', '/a.txt\0'])(
    'PATH_INFO %j, if a host lets it through',
    async (info) => {
      const { response, errors } = mount.request({ variables: { PATH_INFO: info } })
      expect((await response).status).toBe(404)
      expect(errors).toEqual([])
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const response = await get('/a.txt', { method })
    expect([response.status, response.header('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('folders without their slash', () => {
  test.each<[string, string, string]>([
    ['/sub', '', '/sub/'],
    ['/sub?x=1&y', '', '/sub/?x=1&y'],
    ['/shop/sub?x', '/shop', '/shop/sub/?x'],
    ['/shop', '/shop', '/shop/'],
    ['/shop?x', '/shop', '/shop/?x'],
    ['//sub', '', '/sub/'],
    ['/%5Csub', '', ''],
  ])('%s below %j goes to %s', async (path, prefix, location) => {
    const response = await get(path, { prefix })
    expect([response.status, response.header('location')]).toEqual(location === '' ? [404, undefined] : [301, location])
  })
})

describe('conditions', () => {
  test('the entity tag and the date of a first answer give 304 without a body', async () => {
    const first = await get('/a.txt')
    const etag = first.header('etag')!
    const modified = first.header('last-modified')!
    expect(modified).toBe('Tue, 14 Nov 2023 22:13:20 GMT')
    const fresh: Record<string, string>[] = [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"x", ${etag}` },
      { 'If-Modified-Since': modified },
    ]
    for (const headers of fresh) {
      const again = await get('/a.txt', { headers })
      expect([again.status, again.body.length, again.header('etag'), again.header('content-length')]).toEqual([
        304,
        0,
        etag,
        undefined,
      ])
    }
    const stale: Record<string, string>[] = [
      { 'If-None-Match': '"x"', 'If-Modified-Since': modified },
      { 'If-Modified-Since': 'Tue, 14 Nov 2023 22:13:19 GMT' },
      { 'If-None-Match': etag, 'Cache-Control': 'no-cache' },
    ]
    for (const headers of stale) expect((await get('/a.txt', { headers })).status).toBe(200)
  })

  test('If-Match that does not fit: 412', async () => {
    const response = await get('/a.txt', { headers: { 'If-Match': '"x"' } })
    expect([response.status, response.body.toString()]).toEqual([412, '412 Precondition Failed\n'])
  })
})

describe('ranges', () => {
  test.each<[string, number, string | undefined, string]>([
    ['bytes=0-2', 206, 'bytes 0-2/10', 'abc'],
    ['bytes=7-', 206, 'bytes 7-9/10', 'hij'],
    ['bytes=-4', 206, 'bytes 6-9/10', 'ghij'],
    ['bytes=8-99', 206, 'bytes 8-9/10', 'ij'],
    ['bytes=10-', 416, 'bytes */10', '416 Range Not Satisfiable\n'],
    ['bytes=0-1,4-5', 200, undefined, 'abcdefghij'],
    ['lines=1-2', 200, undefined, 'abcdefghij'],
  ])('%s', async (range, status, contentRange, body) => {
    const response = await get('/a.txt', { headers: { Range: range } })
    expect([response.status, response.header('content-range'), response.body.toString()]).toEqual([
      status,
      contentRange,
      body,
    ])
    expect(response.cut).toBe(false)
  })

  test('of a big file', async () => {
    const response = await get('/big.bin', { headers: { Range: 'bytes=100000-299998' } })
    expect(response.body.equals(BIG.subarray(100_000, 299_999))).toBe(true)
  })

  test('If-Range: the very date gives the part; another date, and an entity tag, which is weak here, the whole file', async () => {
    const first = await get('/a.txt')
    const etag = first.header('etag')!
    expect(etag).toMatch(/^W\//)
    for (const [condition, status] of [
      [first.header('last-modified')!, 206],
      ['Tue, 14 Nov 2034 22:13:20 GMT', 200],
      [etag, 200],
      [etag.slice(2), 200],
      ['nonsense', 200],
    ] as const) {
      const response = await get('/a.txt', { headers: { Range: 'bytes=0-2', 'If-Range': condition } })
      expect([condition, response.status]).toEqual([condition, status])
    }
  })

  test('the last bytes of an empty file are none; any other range of it is not there', async () => {
    const ask = async (Range: string): Promise<number> => (await get('/empty.txt', { headers: { Range } })).status
    expect(await Promise.all(['bytes=-5', 'bytes=0-', 'bytes=0-0', 'bytes=-0'].map(ask))).toEqual([200, 416, 416, 416])
  })

  test('HEAD takes no notice of a range', async () => {
    const response = await get('/a.txt', { method: 'HEAD', headers: { Range: 'bytes=0-2' } })
    expect([response.status, response.header('content-length')]).toEqual([200, '10'])
    expect((await get('/a.txt', { method: 'HEAD', headers: { Range: 'bytes=99-' } })).status).toBe(200)
  })

  test('If-Range with a date that is older: the whole file', async () => {
    const headers = { Range: 'bytes=0-2', 'If-Range': 'Tue, 14 Nov 2023 22:13:19 GMT' }
    expect((await get('/a.txt', { headers })).status).toBe(200)
  })
})

describe('settings', () => {
  const open = (settings: object) => openMount(files, { files: 'public', ...settings }, folder)

  test('index, maxAge', async () => {
    const from = await open({ index: ['none', 'a.txt'], maxAge: 3600 })
    const response = await get('/', {}, from)
    expect([response.body.toString(), response.header('cache-control')]).toEqual(['abcdefghij', 'public, max-age=3600'])
    expect((await get('/', {}, await open({ index: [] }))).status).toBe(404)
  })

  test('dotfiles', async () => {
    expect((await get('/.secret', {}, await open({ dotfiles: true }))).body.toString()).toBe('public/.secret')
  })

  test('followSymlinks', async () => {
    const from = await open({ followSymlinks: true })
    expect((await get('/out.txt', {}, from)).body.toString()).toBe('outside/x.txt')
    expect((await get('/outdir/x.txt', {}, from)).body.toString()).toBe('outside/x.txt')
  })

  test('fallback', async () => {
    const from = await open({ fallback: 'index.html' })
    expect(await get('/some/route', {}, from)).toMatchObject({ status: 200, body: Buffer.from('<h1>root</h1>') })
    expect((await get('/some/route', { method: 'POST' }, from)).status).toBe(405)
    expect((await get('/.secret', {}, from)).body.toString()).toBe('<h1>root</h1>')
    expect((await get('/x', {}, await open({ fallback: 'missing.html' }))).status).toBe(404)
  })

  test('a folder that is a link may be set anew', async () => {
    const from = await openMount(files, { files: 'current' }, folder)
    expect((await get('/v.txt', {}, from)).body.toString()).toBe('one')
    symlinkSync('releases/2', at('next'))
    renameSync(at('next'), at('current'))
    expect((await get('/v.txt', {}, from)).body.toString()).toBe('two')
  })

  test.each([
    ['nowhere', /is not there/],
    ['public/a.txt', /is no folder/],
  ])('%s does not open', async (name, message) => {
    const made = makeMount(files, { files: name }, folder, '/x')
    const rejected = { code: 'FILES_MISSING', path: 'mounts./x.files', message: expect.stringMatching(message) }
    await expect(made.mount.open()).rejects.toMatchObject(rejected)
    await made.mount.close()
  })
})

test('a file that becomes shorter while it is sent is cut, and a client that goes away ends the reading', async () => {
  writeFileSync(at('public/shrinks.bin'), BIG)
  const { carrier, response } = mount.request({ path: '/shrinks.bin', slow: true })
  await carrier.until(({ calls }) => calls.length === 1)
  truncateSync(at('public/shrinks.bin'), 70_000)
  carrier.drain()
  expect((await response).cut).toBe(true)
  const gone = mount.request({ path: '/big.bin', slow: true })
  await gone.carrier.until(({ calls }) => calls.length === 1)
  gone.hangUp()
  expect((await gone.response).cut).toBe(true)
  expect(gone.errors).toEqual([])
})

test('a file that is there is not said to be missing when file descriptors run out', async () => {
  const script = join(import.meta.dirname, 'short-of-files.ts')
  const command = `ulimit -n 100; exec "$0" "$@"`
  const { stdout } = await execute('/bin/sh', ['-c', command, process.execPath, script, at('public')])
  expect(JSON.parse(stdout)).toEqual({
    before: [200, 404],
    short: [503, 404],
    errors: [['FILE_UNREADABLE', 'gateway']],
    after: [200, 404],
  })
})

describe('the scripts of other mounts', () => {
  const place = (name: string, suffixes?: string[]) => ({ mount: 'mounts./x', root: at(name), suffixes })
  const open = async (scripts: object[], settings: object = {}): Promise<OpenMount> => {
    const context = { key: '/', path: 'mounts./', directory: root, log: new Log('text'), scripts }
    const made = files.create(v.parse(files.settings, { files: 'site', ...settings }), context as never)
    await made.open()
    return {
      mount: made,
      logged: [],
      request(request) {
        const one = makeExchange(request)
        void made.handle(one.exchange)
        return one
      },
    }
  }

  test('are not served, whatever leads to them', async () => {
    mkdirSync(at('site/wp/cgi-bin'), { recursive: true })
    for (const name of [
      'wp/version.php',
      'wp/style.css',
      'wp/cgi-bin/tool',
      'free.php',
      'wp/index.php',
      'wp/LARGE.PHP',
    ])
      writeFileSync(at('site', name), name)
    symlinkSync('wp/version.php', at('site/version.txt'))
    symlinkSync('style.css', at('site/wp/link.php'))
    const from = await open([place('site/wp', ['.php']), place('site/wp/cgi-bin')], {
      index: ['index.php'],
      followSymlinks: true,
    })
    const status = async (path: string): Promise<number> => (await get(path, {}, from)).status
    for (const path of ['/wp/version.php', '/wp/LARGE.PHP', '/wp/cgi-bin/tool', '/version.txt', '/wp/link.php', '/wp/'])
      expect([path, await status(path)]).toEqual([path, 404])
    for (const path of ['/wp/style.css', '/free.php']) expect([path, await status(path)]).toEqual([path, 200])
  })
})
