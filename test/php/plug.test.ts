// What `plug` has web servers send of a folder of PHP by themselves, with the real servers: files that are there, and nothing that Sidegate
// would not send either.
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Host, PlugInput } from '../../plugin/host.ts'
import { apache } from '../../plugin/apache/host.ts'
import { nginx } from '../../plugin/nginx/host.ts'
import { plugInput } from '../../sidecar/cli/announce.ts'
import { fromCommandLine } from '../../sidecar/config/source.ts'
import { validateConfig } from '../../sidecar/config/validate.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { php } from '../../sidecar/mounts/php/mount.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { startServer, type Server } from '../hosts/servers.ts'
import { phpFpm } from '../upstream/php-fpm.ts'
import { writeTree } from './folder.ts'

const SECRET = '<?php $password = "hunter2";'
const SHOW =
  '<?php echo "runs ", $_SERVER["SCRIPT_NAME"], "|", $_SERVER["PATH_INFO"] ?? "", "|", $_SERVER["REQUEST_URI"];'
const folder = temporaryFolder()
afterAll(() => folder.remove())

/** The configuration as `plug` has it. */
async function inputOf(data: object, directory: string = folder.path): Promise<PlugInput> {
  const { config, problems } = await validateConfig(fromCommandLine(data, directory), kinds, directory)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return plugInput(config, config.listen)
}

describe('what a web server is told', () => {
  const mounts = { '/blog': { php: '.' }, '/up': { upstream: 'fastcgi://127.0.0.1:1', root: '.', static: true } }
  const shared = async (data: object): Promise<unknown[]> =>
    (await inputOf(data)).mounts.map((mount) => mount.shared?.path)

  test('the folders of PHP that are there', async () => {
    expect(await shared({ mounts })).toEqual([folder.path, folder.path])
    expect(await shared({ mounts: { '/': { php: '.', static: false } } })).toEqual([undefined])
    expect(await shared({ mounts: { '/': { php: '.', followSymlinks: true } } })).toEqual([undefined])
    const up = { upstream: 'fastcgi://127.0.0.1:1', root: '.', static: true, followSymlinks: true }
    expect(await shared({ mounts: { '/': up } })).toEqual([undefined])
    expect(await shared({ mounts: { '/': { php: './nowhere' } } })).toEqual([undefined])
    expect(await shared({ mounts: { '/': { upstream: 'fastcgi://127.0.0.1:1', root: '.' } } })).toEqual([undefined])
  })

  test('nothing behind layers, as they may let nobody in: neither these nor files', async () => {
    const use = ['request-id']
    expect(await shared({ use, mounts })).toEqual([undefined, undefined])
    expect(await shared({ mounts: { '/': { php: '.', use } } })).toEqual([undefined])
    const folders = async (data: object): Promise<unknown[]> =>
      (await inputOf(data)).mounts.map((mount) => mount.folder?.path)
    expect(await folders({ mounts: { '/': { files: '.' } } })).toEqual([folder.path])
    expect(await folders({ mounts: { '/': { files: '.', use } } })).toEqual([undefined])
    expect(await folders({ use, mounts: { '/': { files: '.' } } })).toEqual([undefined])
  })
})

/** A host under test, and what it may write into its error log. */
interface Front {
  readonly host: Host
  readonly protocol: string
  readonly allowed: readonly RegExp[]
}

const fronts: readonly Front[] = [
  // Both have a line for each request for a link.
  { host: nginx, protocol: 'uwsgi', allowed: [/Too many levels of symbolic links/] },
  { host: apache, protocol: 'http', allowed: [/AH00037: Symbolic link/, /Unescaped URL path matched ProxyPass/] },
]

describe.skipIf(!phpFpm()).each(fronts)('$host.name by $protocol', ({ host, protocol, allowed }) => {
  let gateway: TestGateway
  let front: Server
  const at = join(folder.path, `${host.name}-${protocol}`)

  beforeAll(async () => {
    mkdirSync(at)
    writeTree(join(at, 'wp'), {
      'index.php': SHOW,
      'wp-load.php': '',
      'wp-includes/version.php': '',
      'wp-admin/index.php': SHOW,
      'wp-config.php.bak': SECRET,
      'WP.PHP': SECRET,
      'style.css': 'body {}',
      'img/a b.png': 'png',
      'readme.html': SECRET,
      'dump.SQL': SECRET,
      '.env': SECRET,
      '.git/config': SECRET,
      '.well-known/security.txt': 'Contact',
      'composer.json': SECRET,
      'wp-content/uploads/page.html': '<script>',
      'wp-content/uploads/x.php': SECRET,
      'private/a.css': SECRET,
      'lib/b.css': 'b {}',
      'a+b.css': 'plus',
      '100%.css': 'percent',
      'link.css': '->style.css',
      linked: '->lib',
      'disguise.css': '->.env',
      'shut.css': '->private/a.css',
      'out.css': '->../out.css',
    })
    writeTree(at, { 'out.css': SECRET })
    // Of a file that is new, tags of Apache are weak too.
    for (const name of ['style.css', 'img/a b.png']) utimesSync(join(at, 'wp', name), 1e9, 1e9)
    // Apache is another user, whoever has started it.
    const listen = { address: `unix:${join(at, 's')}`, mode: '0666', ...(protocol === 'http' && { trust: ['unix'] }) }
    const settings = { php: 'wp', closed: ['/private/'] }
    gateway = await startGateway({
      listen: [listen],
      host: host.name,
      directory: at,
      mounts: ['/', '/blog'].map((key) => ({
        key,
        kind: php as unknown as MountKind,
        settings: { ...settings, processes: 1 },
      })),
    })
    const input = await inputOf({ listen: [listen], mounts: { '/': settings, '/blog': settings } }, at)
    front = await startServer(host.name, { config: host.render(input, { protocol, full: true }) })
  })

  afterAll(async () => {
    await front?.stop(allowed)
    await gateway?.stop()
  })

  /** Tags of files are weak where Sidegate sends them. */
  const ask = async (path: string): Promise<{ text: string; own: boolean; type: string | null; status: number }> => {
    const response = await fetch(`http://${front.address}${path}`, { redirect: 'manual' })
    const tag = response.headers.get('etag')
    const text = await response.text()
    return {
      status: response.status,
      text,
      own: tag !== null && !tag.startsWith('W/'),
      type: response.headers.get('content-type'),
    }
  }

  test.each(['', '/blog'])('%s: it sends files that are there itself', async (prefix) => {
    for (const [path, text] of [
      ['/style.css', 'body {}'],
      ['/img/a%20b.png', 'png'],
    ] as const) {
      expect(await ask(prefix + path)).toMatchObject({ status: 200, text, own: true })
    }
    const head = await fetch(`http://${front.address}${prefix}/style.css`, { method: 'HEAD' })
    expect(['content-type', 'cache-control', 'content-length'].map((name) => head.headers.get(name))).toEqual([
      expect.stringMatching(/^text\/css/),
      'public, max-age=0',
      '7',
    ])
    const post = await fetch(`http://${front.address}${prefix}/style.css`, { method: 'POST', body: 'x' })
    expect(post.status).toBe(405)
  })

  test.each(['', '/blog'])('%s: links are asked of Sidegate, which sees where they lead', async (prefix) => {
    for (const [path, text] of [
      ['/link.css', 'body {}'],
      ['/linked/b.css', 'b {}'],
      ['/100%25.css', 'percent'],
      ['/a+b.css', 'plus'],
    ])
      expect(await ask(prefix + path)).toMatchObject({ status: 200, text })
    for (const path of ['/disguise.css', '/shut.css', '/out.css'])
      expect((await ask(prefix + path)).text).not.toContain('hunter2')
    for (const path of ['/link.css', '/linked/b.css']) expect((await ask(prefix + path)).own).toBe(false)
  })

  test.each(['', '/blog'])('%s: scripts run, and the front controller where no file is', async (prefix) => {
    for (const [path, script, info] of [
      ['/', '/index.php', ''],
      ['/index.php/2026/x', '/index.php', '/2026/x'],
      ['/2026/h%C3%A9llo/?p=1', '/index.php', ''],
      ['/wp-admin/', '/wp-admin/index.php', ''],
      ['/none.css', '/index.php', ''],
    ]) {
      expect((await ask(prefix + path)).text).toBe(`runs ${prefix}${script}|${info}|${prefix}${path}`)
    }
    expect(await ask(`${prefix}/wp-admin`)).toMatchObject({ status: 301 })
  })

  test.each(['', '/blog'])('%s: what is not handed out is asked of Sidegate, which does not either', async (prefix) => {
    const paths =
      '/wp-config.php.bak /WP.PHP /dump.SQL /.env /.git/config /composer.json /readme.html /README.HTML /wp-content/uploads/x.php ' +
      '/private/a.css /PRIVATE/a.css /%2egit/config //.env /private//a.css'
    for (const path of paths.split(' ')) {
      const { status, text } = await ask(prefix + path)
      expect([path, status === 404 || text.startsWith('runs'), text.includes('hunter2')]).toEqual([path, true, false])
    }
    expect(await ask(`${prefix}/wp-content/uploads/page.html`)).toMatchObject({
      status: 200,
      type: 'text/plain; charset=utf-8',
    })
    expect(await ask(`${prefix}/.well-known/security.txt`)).toMatchObject({ status: 200, text: 'Contact' })
  })
})
