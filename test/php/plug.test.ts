// What `plug` has web servers send of a folder of PHP by themselves, with the real servers: files that are there, and nothing that Sidegate
// would not send either.
import { mkdirSync, utimesSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Host, PlugInput } from '../../plugin/host.ts'
import { apache } from '../../plugin/apache/host.ts'
import { caddy } from '../../plugin/caddy/host.ts'
import { haproxy } from '../../plugin/haproxy/host.ts'
import { lighttpd } from '../../plugin/lighttpd/host.ts'
import { nginx } from '../../plugin/nginx/host.ts'
import { plugInput } from '../../sidecar/cli/announce.ts'
import { fromCommandLine } from '../../sidecar/config/source.ts'
import { validateConfig } from '../../sidecar/config/validate.ts'
import { files } from '../../sidecar/mounts/files.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { php } from '../../sidecar/mounts/php/mount.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import { startGateway, temporaryFolder, type TestGateway, type TestMount } from '../harness.ts'
import { startServer, type Server } from '../hosts/servers.ts'
import { phpFpm } from '../upstream/php-fpm.ts'
import { ATTACKS } from './attacks.ts'
import { writeTree } from './folder.ts'

const SECRET = '<?php $password = "hunter2";'
const SHOW =
  '<?php if (isset($_GET["who"])) exit("user " . ($_SERVER["REMOTE_USER"] ?? "nobody")); echo "runs ", $_SERVER["SCRIPT_NAME"], "|", $_SERVER["PATH_INFO"] ?? "", "|", $_SERVER["REQUEST_URI"];'
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

/** A prefix in which every host finds something that it might take for its own. */
const ODD = '/b.g (é)+[b]{1}$^|*'
const PREFIXES = ['', ODD]
const WAYS = PREFIXES.map((prefix) => encodeURI(prefix))

const mounted = (key: string, kind: unknown, settings: Record<string, unknown>): TestMount => ({
  key,
  kind: kind as MountKind,
  settings,
})

test('a host that sends none of these files says so in what is printed', async () => {
  const input = await inputOf({ listen: ['127.0.0.1:1'], mounts: { '/blog': { php: '.' } } })
  expect(haproxy.render(input)).toContain(
    '# /blog: php, whose static files Sidegate sends too: HAProxy serves no files\n',
  )
})

test('folders with more links than can be named are left to Sidegate', async () => {
  const links = join(folder.path, 'links')
  writeTree(links, Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`${index}.css`, '->a.css'])))
  const input = await inputOf({ listen: ['127.0.0.1:1'], mounts: { '/blog': { php: 'links' } } })
  for (const host of [lighttpd, caddy]) {
    const config = host.render(input)
    expect(config).toContain('could not be told of all links in the folder\n')
    expect(config).not.toContain(links)
  }
})

/** A host under test, and what it may write into its error log. */
interface Front {
  readonly host: Host
  readonly protocol: string
  readonly allowed: readonly RegExp[]
  /** It sends none of these files itself. */
  readonly idle?: boolean
  /** With the lines of the config that are written as comments. */
  readonly opened?: boolean
  /** As it sends it. Default: what Sidegate does. */
  readonly cacheControl?: string
}

const fronts: readonly Front[] = [
  // Both have a line for each request for a link, and Apache for each path that leads above the root.
  { host: nginx, protocol: 'uwsgi', allowed: [/Too many levels of symbolic links/] },
  {
    host: apache,
    protocol: 'http',
    allowed: [/AH00037: Symbolic link/, /Unescaped URL path matched ProxyPass|AH10244: invalid URI path/],
  },
  { host: lighttpd, protocol: 'uwsgi', allowed: [], cacheControl: 'max-age=0' },
  { host: lighttpd, protocol: 'http', allowed: [], cacheControl: 'max-age=0' },
  { host: caddy, protocol: 'http', allowed: [], idle: true },
  { host: caddy, protocol: 'http', allowed: [], opened: true },
  { host: haproxy, protocol: 'http', allowed: [], idle: true },
]

/** With the path as it stands there. */
function askRaw(address: string, path: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const [host, port] = address.split(':')
  request({ host, port, path, agent: false }, (response) => {
    const pieces: Buffer[] = []
    response.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject)
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }))
  })
    .on('error', reject)
    .end()
  return promise
}

describe.skipIf(!phpFpm()).each(fronts)(
  '$host.name by $protocol, opened: $opened',
  ({ host, protocol, allowed, idle, opened = false, cacheControl = 'public, max-age=0' }) => {
    let gateway: TestGateway
    let front: Server
    const at = join(folder.path, `${host.name}-${protocol}${opened ? '-opened' : ''}`)

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
        'api/x.css': SECRET,
        'files/x.css': SECRET,
        'copy.css.bak': SECRET,
        'wp-config.css': SECRET,
        'old.php~': SECRET,
        'h\u00e9.css': 'accent',
      })
      writeTree(join(at, 'public'), { 'x.css': 'public', '.env': SECRET })
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
        mounts: [
          ...PREFIXES.map((prefix) => mounted(prefix || '/', php, { ...settings, processes: 1 })),
          mounted('/api', respond, { respond: 200, body: 'the API' }),
          mounted(`${ODD}/files`, files, { files: 'public' }),
        ],
      })
      const mounts = {
        ...Object.fromEntries(PREFIXES.map((prefix) => [prefix || '/', settings])),
        '/api': { respond: 200, body: 'the API' },
        [`${ODD}/files`]: { files: 'public' },
      }
      const input = await inputOf({ listen: [listen], mounts }, at)
      const written = host.render(input, { protocol, full: true })
      const config = opened ? written.replace(/^(\t*)#(?! )/gm, '$1') : written
      front = await startServer(host.name, { config })
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

    test.each(WAYS)('%s: it sends files that are there itself', async (prefix) => {
      for (const [path, text] of [
        ['/style.css', 'body {}'],
        ['/img/a%20b.png', 'png'],
      ] as const) {
        expect(await ask(prefix + path)).toMatchObject({ status: 200, text, own: !idle })
      }
      const head = await fetch(`http://${front.address}${prefix}/style.css`, { method: 'HEAD' })
      expect(['content-type', 'cache-control', 'content-length'].map((name) => head.headers.get(name))).toEqual([
        expect.stringMatching(/^text\/css/),
        cacheControl,
        '7',
      ])
      const post = await fetch(`http://${front.address}${prefix}/style.css`, { method: 'POST', body: 'x' })
      expect(post.status).toBe(405)
    })

    test.each(WAYS)('%s: links are asked of Sidegate, which sees where they lead', async (prefix) => {
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

    test.each(WAYS)('%s: scripts run, and the front controller where no file is', async (prefix) => {
      for (const [path, script, info] of [
        ['/', '/index.php', ''],
        ['/index.php/2026/x', '/index.php', '/2026/x'],
        ['/2026/h%C3%A9llo/?p=1', '/index.php', ''],
        ['/wp-admin/', '/wp-admin/index.php', ''],
        ['/none.css', '/index.php', ''],
      ]) {
        expect((await ask(prefix + path)).text).toBe(`runs ${decodeURI(prefix)}${script}|${info}|${prefix}${path}`)
      }
      expect(await ask(`${prefix}/wp-admin`)).toMatchObject({ status: 301 })
    })

    test.each(WAYS)('%s: what is not handed out is asked of Sidegate, which does not either', async (prefix) => {
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

    test.each(WAYS)('%s: no way of writing a path leads to a source', async (prefix) => {
      for (const path of ATTACKS) {
        const { status, text } = await askRaw(front.address, prefix + path)
        expect([path, text.includes('hunter2')]).toEqual([path, false])
        expect([path, status >= 200 && status < 500]).toEqual([path, true])
      }
    })

    test.each(WAYS)('%s: nobody is somebody by saying so, where no file is', async (prefix) => {
      const headers = { 'X-Remote-User': 'admin', 'X-Forwarded-User': 'admin', 'Remote-User': 'admin' }
      const response = await fetch(`http://${front.address}${prefix}/none.css?who`, { headers })
      expect(await response.text()).toBe('user nobody')
    })

    test('what is mounted below has its own answers, whatever lies in the folder there', async () => {
      expect((await ask('/api/x.css')).text).toBe('the API')
      expect((await ask(`${WAYS[1]!}/files/x.css`)).text).toBe('public')
      for (const path of ['/api/../api/x.css', '//api/x.css', '/%61pi/x.css', `${WAYS[1]!}//files/x.css`])
        expect([path, (await askRaw(front.address, path)).text.includes('hunter2')]).toEqual([path, false])
    })
  },
)
