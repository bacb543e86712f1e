// PHP by FastCGI: a real PHP-FPM, and which script a path runs.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder, until } from '../harness.ts'
import { talk, uwsgiRequest } from '../listen/peer.ts'
import { phpFpm, startPhpFpm, type PhpFpm } from './php-fpm.ts'
import { Cleanup, upstreamGateway, type UpstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
const root = join(folder.path, 'site')
let fpm: PhpFpm

const SHOW = `<?php
$body = file_get_contents('php://input');
header('Content-Type: application/json');
$names = ['SCRIPT_FILENAME', 'SCRIPT_NAME', 'PATH_INFO', 'PATH_TRANSLATED', 'DOCUMENT_ROOT', 'PHP_SELF', 'QUERY_STRING',
  'REQUEST_URI', 'REDIRECT_STATUS', 'REMOTE_ADDR', 'HTTP_PROXY'];
$found = ['file' => basename(__FILE__), 'pid' => getmypid(), 'size' => strlen($body), 'hash' => hash('sha256', $body), 'post' => $_POST];
foreach ($names as $name) if (isset($_SERVER[$name])) $found[$name] = $_SERVER[$name];
echo json_encode($found);
`

describe.skipIf(!phpFpm())('PHP-FPM', () => {
  beforeAll(async () => {
    const files: Record<string, string> = {
      'index.php': SHOW,
      'info.php': SHOW,
      'blog/index.php': SHOW,
      'upload/evil.jpg': SHOW,
      'upload/readme.txt': 'text',
      '.hidden.php': SHOW,
      '.git/x.php': SHOW,
      'dir.php/inner.php': SHOW,
      'caf\u00e9 x.php': SHOW,
      'late.php': '<?php sleep(1); echo "late";',
      'after.php':
        '<?php echo getmypid(); fastcgi_finish_request(); while (!file_exists(__DIR__ . "/go")) { usleep(10000); clearstatcache(); }',
      'slow.php': '<?php for ($i = 0; $i < 3; $i++) { echo $i; flush(); usleep(200000); }',
      'status.php':
        '<?php http_response_code(418); header("X-A: 1"); header("Set-Cookie: a=1"); header("Set-Cookie: b=2", false);',
      'away.php': '<?php header("Location: /there");',
      'broken.php': '<?php error_log("it broke"); throw new Exception("broken");',
      'big.php': '<?php ini_set("memory_limit", "64M"); for ($i = 0; $i < 400; $i++) echo str_repeat("x", 65536);',
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, name, '..'), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    mkdirSync(join(root, 'empty'))
    writeFileSync(join(folder.path, 'secret.php'), SHOW)
    symlinkSync(join(folder.path, 'secret.php'), join(root, 'out.php'))
    symlinkSync(join(root, 'upload/evil.jpg'), join(root, 'disguised.php'))
    symlinkSync(join(root, 'info.php'), join(root, 'alias.php'))
    fpm = await startPhpFpm(folder.path, 3)
  })

  afterEach(() => cleanup.run())

  afterAll(async () => {
    await fpm.stop()
    folder.remove()
  })

  const gateway = async (settings: Record<string, unknown> = {}, key = '/'): Promise<UpstreamGateway> =>
    cleanup.add(
      await upstreamGateway({ upstream: fpm.url, root: 'site', ...settings }, { key, directory: folder.path }),
      (one) => one.stop(),
    )

  type Shown = Record<string, string | number>

  const show = async (url: string, init?: RequestInit): Promise<Shown> =>
    (await (await fetch(url, init)).json()) as Shown

  test('a script gets what CGI and PHP want', async () => {
    const { url } = await gateway({}, '/shop')
    expect(await show(`${url}/info.php/a%20b/c?x=1`, { headers: { Proxy: 'evil' } })).toMatchObject({
      SCRIPT_FILENAME: join(root, 'info.php'),
      SCRIPT_NAME: '/shop/info.php',
      PATH_INFO: '/a b/c',
      PATH_TRANSLATED: join(root, '/a b/c'),
      DOCUMENT_ROOT: root,
      PHP_SELF: '/shop/info.php/a b/c',
      QUERY_STRING: 'x=1',
      REQUEST_URI: '/shop/info.php/a%20b/c?x=1',
      REDIRECT_STATUS: '200',
      REMOTE_ADDR: '127.0.0.1',
    })
  })

  test.each([
    ['/', 'index.php', '/index.php'],
    ['/blog/', 'index.php', '/blog/index.php'],
    ['/dir.php/inner.php/x', 'inner.php', '/dir.php/inner.php'],
    ['/caf%C3%A9%20x.php', 'caf\u00e9 x.php', '/caf\u00e9 x.php'],
    ['/alias.php', 'info.php', '/alias.php'],
  ])('%s runs %s', async (path, file, script) => {
    const { url } = await gateway()
    expect(await show(url + path)).toMatchObject({ file, SCRIPT_NAME: script })
  })

  test.each([
    '/upload/evil.jpg',
    '/upload/evil.jpg/x.php',
    '/upload/evil.jpg%00.php',
    '/upload/readme.txt/.php',
    '/.hidden.php',
    '/.git/x.php',
    '/out.php',
    '/disguised.php',
    '/empty/',
    '/none',
    '/none.php',
    '/none.php/x',
    '/INFO.PHP',
    '/..%2fsecret.php',
    '/%2e%2e/secret.php',
    '/upload/..%2f..%2fsecret.php',
    '/info.php%2f..%2f..%2fsecret.php',
  ])('%s runs nothing', async (path) => {
    const { url } = await gateway()
    const response = await fetch(url + path)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(await response.text()).not.toContain('{')
  })

  test('a folder without its slash is redirected', async () => {
    const { url } = await gateway({}, '/shop')
    const response = await fetch(`${url}/blog?x=1`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([301, '/shop/blog/?x=1'])
  })

  test('the front controller runs where nothing is, as WordPress has it', async () => {
    const { url } = await gateway({ frontController: '/index.php' }, '/wp')
    for (const path of ['/2026/05/hello-world/?p=1', '/none.php/x', '/empty/']) {
      expect(await show(url + path)).toMatchObject({
        SCRIPT_NAME: '/wp/index.php',
        SCRIPT_FILENAME: join(root, 'index.php'),
        REQUEST_URI: `/wp${path}`,
      })
    }
    // Not in place of files that are there.
    expect((await fetch(`${url}/upload/readme.txt`)).status).toBe(404)
    expect((await fetch(`${url}/upload/evil.jpg/x.php`)).headers.get('content-type')).toBe('application/json')
    expect(await show(`${url}/upload/evil.jpg/x.php`)).toMatchObject({ file: 'index.php' })
  })

  test('static: true serves what is beside the scripts, and no source', async () => {
    const { url } = await gateway({ static: true, maxAge: 60, closed: ['/blog/'], uploads: ['/upload/'] }, '/wp')
    const text = await fetch(`${url}/upload/readme.txt`)
    expect([text.status, await text.text(), text.headers.get('cache-control')]).toEqual([
      200,
      'text',
      'public, max-age=60',
    ])
    expect((await fetch(`${url}/upload/evil.jpg`)).headers.get('content-type')).toBe('image/jpeg')
    for (const path of ['/.git/x.php', '/.hidden.php', '/disguised.php', '/blog/', '/out.php', '/none']) {
      expect((await fetch(url + path)).status).toBe(404)
    }
    expect(await show(`${url}/info.php`)).toMatchObject({ file: 'info.php' })
  })

  test('followSymlinks lets scripts be elsewhere', async () => {
    const { url } = await gateway({ followSymlinks: true })
    expect(await show(`${url}/out.php`)).toMatchObject({ file: 'secret.php' })
  })

  test('bodies: forms, big ones, ones without a length', async () => {
    const { url } = await gateway()
    const form = await show(`${url}/info.php`, { method: 'POST', body: new URLSearchParams({ a: '1', b: '\u00e9' }) })
    expect(form.post).toEqual({ a: '1', b: '\u00e9' })
    const bytes = randomBytes(3 * 1024 * 1024)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const pieces = Array.from({ length: 48 }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536))
    for (const body of [bytes, ReadableStream.from(pieces)]) {
      expect(await show(`${url}/info.php`, { method: 'PUT', body, duplex: 'half' } as RequestInit)).toMatchObject({
        size: bytes.length,
        hash,
      })
    }
    expect((await (await fetch(`${url}/big.php`)).arrayBuffer()).byteLength).toBe(400 * 65536)
  })

  test('status, fields, redirects, pieces', async () => {
    const { url } = await gateway()
    const status = await fetch(`${url}/status.php`)
    expect([status.status, status.headers.get('x-a'), status.headers.getSetCookie()]).toEqual([
      418,
      '1',
      ['a=1', 'b=2'],
    ])
    const away = await fetch(`${url}/away.php`, { redirect: 'manual' })
    expect([away.status, away.headers.get('location')]).toEqual([302, '/there'])
    const pieces: string[] = []
    for await (const piece of (await fetch(`${url}/slow.php`)).body!) pieces.push(Buffer.from(piece).toString())
    expect(pieces.join('')).toBe('012')
  })

  test('what a script writes to its log is in ours', async () => {
    const one = await gateway()
    expect((await fetch(`${one.url}/broken.php`)).status).toBe(500)
    await until('the log has it', () => one.log.text.includes('it broke'))
    expect(one.log.text).toContain('Uncaught Exception: broken')
    expect(one.log.text).toContain(`upstream=${fpm.url}`)
  })

  test.each([
    ['no SCRIPT_FILENAME', {}, {}, 'the request has no SCRIPT_FILENAME. Set root'],
    ['a file that is not there', {}, { SCRIPT_FILENAME: '/nonexist/x.php' }, 'sees no file /nonexist/x.php'],
    ['another path to root', { root: 'site', scriptRoot: '/elsewhere' }, {}, 'sees no file /elsewhere/index.php'],
  ])('%s: 404, and the log says what to do', async (_, settings, more, message) => {
    const one = await gateway({ root: undefined, ...settings })
    expect(await talk(one.addresses[0]!, uwsgiRequest('/index.php', more))).toContain(' 404 ')
    await expect.poll(() => one.log.text).toContain(message)
    expect(one.log.text).toContain('code=PHP_SCRIPT')
  })

  test('connections are kept; one process that is held by an idle one is not waited for', async () => {
    const one = await gateway({ keepAlive: 30 })
    const pids = new Set<unknown>()
    for (let count = 0; count < 20; count++) pids.add((await show(`${one.url}/info.php`)).pid)
    expect(pids.size).toBe(1)
    // Three processes, nine requests at once: all are answered long before an idle connection is closed.
    const began = performance.now()
    const statuses = await Promise.all(
      Array.from({ length: 9 }, async () => (await fetch(`${one.url}/slow.php`)).text()),
    )
    expect(statuses).toEqual(Array(9).fill('012'))
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('a process that goes on after its response is not waited for', async () => {
    const one = await gateway()
    try {
      const busy = await (await fetch(`${one.url}/after.php`)).text()
      for (let count = 0; count < 5; count++) {
        expect((await show(`${one.url}/info.php`, { signal: AbortSignal.timeout(10_000) })).pid).not.toBe(Number(busy))
      }
    } finally {
      writeFileSync(join(root, 'go'), '')
    }
  })

  test.each([0, 30])('PHP-FPM may end a process after each request (keepAlive %i)', async (keepAlive) => {
    const inner = cleanup.add(temporaryFolder(), ({ remove }) => remove())
    const short = cleanup.add(await startPhpFpm(inner.path, 2, 'pm.max_requests = 1'), (server) => server.stop())
    const one = await gateway({ upstream: short.url, keepAlive })
    const pids = new Set<unknown>()
    for (let count = 0; count < 30; count++) {
      pids.add((await show(`${one.url}/info.php`, { method: 'POST', body: 'x' })).pid)
    }
    expect(pids.size).toBeGreaterThan(10)
    expect(one.log.text).not.toContain('UPSTREAM')
  })

  test('a late script is 504, and a client that goes away frees its process', async () => {
    const one = await gateway({ firstByteTimeout: 0.2, retries: 0 })
    expect((await fetch(`${one.url}/late.php`)).status).toBe(504)
    const controller = new AbortController()
    const gone = fetch(`${one.url}/late.php`, { signal: controller.signal }).catch(() => 'gone')
    controller.abort()
    expect(await gone).toBe('gone')
  })

  test('the health check asks PHP-FPM itself by ping.path', async () => {
    const one = await gateway({ health: { path: '/ping', interval: 0.05, unhealthy: 1 } })
    await show(`${one.url}/info.php`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(one.log.text).not.toContain('out of use')
    const bad = await gateway({ health: { path: '/nothing', interval: 0.05, unhealthy: 1 } })
    await until('it is out', () => bad.log.text.includes('the status was 404'))
  })

  test.each([
    [{ root: 'nowhere' }, 'is not there'],
    [{ root: 'site/index.php' }, 'is no folder'],
    [{ upstream: 'http://127.0.0.1:1' }, 'finds its own files'],
    [{ root: undefined, frontController: '/index.php' }, 'needs root'],
    [{ root: undefined, static: true }, 'static needs root'],
    [{ root: undefined, uploads: ['/up/'] }, 'uploads needs root'],
  ])('%j is an error of the settings', async (settings, message) => {
    await expect(gateway(settings)).rejects.toMatchObject({
      code: 'UPSTREAM_ROOT',
      message: expect.stringContaining(message),
    })
  })
})
