// What of a folder runs, what is served as it is, and what is nobody's: no PHP is needed for that.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apps } from '../../sidecar/mounts/php/apps.ts'
import { publicFolderOf, recognise } from '../../sidecar/mounts/php/recognise.ts'
import { belowPaths, either } from '../../sidecar/mounts/script-rules.ts'
import { openScripts, type FolderOptions, type Scripts } from '../../sidecar/mounts/scripts.ts'
import { files as filesKind } from '../../sidecar/mounts/files.ts'
import { php as phpKind } from '../../sidecar/mounts/php/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { isUnserved } from '../../sidecar/unserved.ts'
import { temporaryFolder } from '../harness.ts'
import { makeExchange, type TestRequest, type TestResponse } from '../exchange.ts'
import { openMount } from '../mount.ts'
import { writeTree } from './folder.ts'

const SECRET = '<?php $password = "hunter2";'
const folder = temporaryFolder()
afterAll(() => folder.remove())

const defaults: FolderOptions = {
  index: ['index.php', 'index.html'],
  split: ['.php'],
  followSymlinks: false,
  rules: {},
  serves: true,
  maxAge: 0,
}

/** Asks a folder; a script that would run is answered with its name and PATH_INFO. */
async function ask(scripts: Scripts, request: TestRequest): Promise<TestResponse> {
  const made = makeExchange(request)
  if (await scripts.aim(made.exchange)) {
    const { SCRIPT_NAME, PATH_INFO, REQUEST_URI, QUERY_STRING } = made.exchange.variables
    made.exchange.respond({ status: 299, reason: 'Runs', headers: [['X-Target', `${REQUEST_URI} ${QUERY_STRING}`]] })
    made.exchange.end(Buffer.from(`runs ${SCRIPT_NAME}|${PATH_INFO}`))
  }
  return made.response
}

async function answer(scripts: Scripts, path: string, request: TestRequest = {}): Promise<string> {
  const { status, body } = await ask(scripts, { path, ...request })
  return status === 299 ? body.toString() : String(status)
}

describe('a folder as WordPress has it', () => {
  let scripts: Scripts
  let open: Scripts

  beforeAll(async () => {
    const root = join(folder.path, 'wp')
    writeTree(root, {
      'index.php': '',
      'wp-load.php': '',
      'wp-includes/version.php': '',
      'wp-config.php': SECRET,
      'wp-config.php.bak': SECRET,
      'wp-config.php~': SECRET,
      'wp-config.php_old': SECRET,
      '#wp-config.php#': SECRET,
      'wp-admin/index.php': '',
      'wp-content/uploads/x.php': SECRET,
      'wp-content/uploads/x.phtml': SECRET,
      'wp-content/uploads/page.html': '<script>1</script>',
      'wp-content/uploads/a.jpg': 'jpeg',
      'wp-content/uploads/a.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      media: '->wp-content/uploads',
      'linked.php': '->wp-content/uploads/x.php',
      'private/x.php': SECRET,
      'private/a.css': SECRET,
      'shut.php': '->private/x.php',
      'shut.css': '->private/a.css',
      shut: '->private',
      'hidden.php': '->.git/x.php',
      '.git/x.php': SECRET,
      'style.css': 'body {}',
      'img/a b.png': 'png',
      'evil.jpg': SECRET,
      '.env': SECRET,
      '.htaccess': SECRET,
      '.git/config': SECRET,
      '.well-known/security.txt': 'Contact: x',
      '.well-known/x.php': SECRET,
      '.well-known/.secret': SECRET,
      'composer.json': SECRET,
      'composer.lock': SECRET,
      'package.json': SECRET,
      'dump.sql': SECRET,
      'dump.SQL.gz': SECRET,
      'debug.log': SECRET,
      'readme.html': 'Version 6',
      'settings.yml': SECRET,
      'lib.inc': SECRET,
      'X.PHP': SECRET,
      'empty/keep.txt': 'text',
      'static/index.html': '<p>static</p>',
      'disguise.txt': '->wp-config.php',
      'disguise.css': '->.env',
      'inside.css': '->style.css',
      'out.css': `->${join(folder.path, 'out.css')}`,
    })
    writeTree(folder.path, { 'out.css': SECRET })
    const { app: rules, frontController } = recognise(root)
    if (rules?.name !== 'wordpress') throw new Error('it was not recognised')
    const closed = either(rules.closed, belowPaths(['/private']))
    scripts = await openScripts(root, { ...defaults, frontController, rules: { ...rules, closed } }, {})
    open = await openScripts(root, { ...defaults, rules: { ...rules, closed }, followSymlinks: true }, {})
  })

  test.each([
    ['/', 'runs /index.php|'],
    ['/index.php/2026/hello', 'runs /index.php|/2026/hello'],
    ['/2026/hello/?p=1', 'runs /index.php|'],
    ['/wp-config.php', 'runs /wp-config.php|'],
    ['/wp-config%2ephp', 'runs /wp-config.php|'],
    ['/wp-admin/', 'runs /wp-admin/index.php|'],
    ['/wp-admin', '301'],
    ['/empty/', 'runs /index.php|'],
    ['/none.php', 'runs /index.php|'],
    ['/.well-known/nothing', 'runs /index.php|'],
    ['/evil.jpg/x.php', 'runs /index.php|'],
    // Nothing of that name is there.
    ['/INDEX.PHP', 'runs /index.php|'],
    ['/index.php.', 'runs /index.php|'],
    ['/wp-config.php.bak', '404'],
    ['/wp-config.php~', '404'],
    ['/wp-config.php_old', '404'],
    ['/%23wp-config.php%23', '404'],
    ['/.env', '404'],
    ['/.htaccess', '404'],
    ['/.git/config', '404'],
    ['/.git/nothing', '404'],
    ['/.well-known/x.php', '404'],
    ['/.well-known/.secret', '404'],
    ['/composer.json', '404'],
    ['/composer.lock', '404'],
    ['/package.json', '404'],
    ['/dump.sql', '404'],
    ['/dump.SQL.gz', '404'],
    ['/debug.log', '404'],
    ['/readme.html', '404'],
    ['/README.html', '404'],
    ['/settings.yml', '404'],
    ['/lib.inc', '404'],
    ['/X.PHP', '404'],
    ['/wp-content/uploads/x.php', '404'],
    ['/wp-content/uploads/x.php/y', '404'],
    ['//wp-content/uploads/x.php', '404'],
    ['/wp-content//uploads/x.php', '404'],
    ['/wp-content///uploads//x.php/y', '404'],
    ['//readme.html', '404'],
    ['//wp-content/uploads/a.jpg', '200'],
    ['/media/x.php', 'runs /index.php|'],
    ['/linked.php', 'runs /index.php|'],
    ['/shut.php', 'runs /index.php|'],
    ['/shut/x.php', 'runs /index.php|'],
    ['/hidden.php', 'runs /index.php|'],
    ['/private/x.php', '404'],
    ['/shut.css', '404'],
    ['/shut/a.css', '404'],
    ['//wp-admin//index.php//a', 'runs //wp-admin//index.php|//a'],
    ['/WP-CONTENT/uploads/x.php', 'runs /index.php|'],
    ['/wp-content/uploads/x.phtml', '404'],
    ['/disguise.txt', '404'],
    ['/disguise.css', '404'],
    ['/out.css', 'runs /index.php|'],
    ['/style.css', '200'],
    ['/inside.css', '200'],
    ['/img/a%20b.png', '200'],
    ['/evil.jpg', '200'],
    ['/static/', '200'],
    ['/static', '301'],
    ['/.well-known/security.txt', '200'],
    ['/wp-content/uploads/a.jpg', '200'],
  ])('%s: %s', async (path, expected) => {
    expect(await answer(scripts, path)).toBe(expected)
  })

  test('a path with a NUL is nobody’s', async () => {
    for (const info of ['/wp-config.php\0.css', '/style.css\0.php']) {
      expect(await answer(scripts, '/', { variables: { PATH_INFO: info } })).toBe('404')
    }
  })

  test('a file is served as by a files mount: type, tag, ranges, conditions, HEAD', async () => {
    const whole = await ask(scripts, { path: '/style.css' })
    expect([whole.status, whole.header('Content-Type'), whole.body.toString()]).toEqual([
      200,
      'text/css; charset=utf-8',
      'body {}',
    ])
    const tag = whole.header('ETag')!
    const part = await ask(scripts, { path: '/style.css', headers: { Range: 'bytes=0-3' } })
    expect([part.status, part.body.toString()]).toEqual([206, 'body'])
    expect((await ask(scripts, { path: '/style.css', headers: { 'If-None-Match': tag } })).status).toBe(304)
    const head = await ask(scripts, { path: '/style.css', method: 'HEAD' })
    expect([head.status, head.header('Content-Length'), head.body.length]).toEqual([200, '7', 0])
    const post = await ask(scripts, { path: '/style.css', method: 'POST' })
    expect([post.status, post.header('Allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('what clients have uploaded is no page of this site', async () => {
    const page = await ask(scripts, { path: '/wp-content/uploads/page.html' })
    expect([page.status, page.header('Content-Type'), page.header('X-Content-Type-Options')]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'nosniff',
    ])
    for (const path of ['//wp-content/uploads/page.html', '/media/page.html'])
      expect((await ask(scripts, { path })).header('Content-Type')).toBe('text/plain; charset=utf-8')
    const drawing = await ask(scripts, { path: '/wp-content/uploads/a.svg' })
    expect(drawing.header('Content-Security-Policy')).toContain('sandbox')
    const image = await ask(scripts, { path: '/wp-content/uploads/a.jpg' })
    expect([image.header('Content-Type'), image.header('Content-Security-Policy')]).toEqual(['image/jpeg', undefined])
    const own = await ask(scripts, { path: '/static/' })
    expect([own.header('Content-Type'), own.header('X-Content-Type-Options')]).toEqual([
      'text/html; charset=utf-8',
      undefined,
    ])
  })

  test('a folder is redirected with the prefix of its mount and the query; so is the mount itself', async () => {
    const response = await ask(scripts, { path: '/blog/wp-admin?x=1', prefix: '/blog' })
    expect([response.status, response.header('Location')]).toEqual([301, '/blog/wp-admin/?x=1'])
    const root = await ask(scripts, { path: '/blog?x=1', prefix: '/blog' })
    expect([root.status, root.header('Location')]).toEqual([301, '/blog/?x=1'])
  })

  test('the front controller has the target as the client wrote it', async () => {
    const { status, header } = await ask(scripts, { path: '/blog/2026/h%C3%A9llo/?p=1', prefix: '/blog' })
    expect([status, header('X-Target')]).toEqual([299, '/blog/2026/h%C3%A9llo/?p=1 p=1'])
  })

  test('with followSymlinks what is outside is served, and source is not', async () => {
    expect(await answer(open, '/out.css')).toBe('200')
    expect(await answer(open, '/disguise.css')).toBe('404')
    for (const path of ['/shut.php', '/shut/x.php', '/shut.css', '/shut/a.css', '/linked.php', '/hidden.php'])
      expect([path, await answer(open, path)]).toEqual([path, '404'])
  })
})

describe('apps by their own documentation', () => {
  test.each([
    ['mediawiki', '/Main_Page', 'runs /index.php|'],
    ['mediawiki', '/rest.php/v1/page', 'runs /rest.php|/v1/page'],
    ['mediawiki', '/mw-config/', 'runs /mw-config/index.php|'],
    ['mediawiki', '/includes/WebStart.php', '404'],
    ['mediawiki', '/Includes/WebStart.php', '404'],
    ['mediawiki', '/LocalSettings.php', '404'],
    ['mediawiki', '/images/thumb/a/ab/A.png/10px-A.png', 'runs /thumb_handler.php|'],
    ['mediawiki', '/images/a.php', '404'],
    ['mediawiki', '/skins/extra.php', '404'],
    ['mediawiki', '//includes//WebStart.php', '404'],
    ['mediawiki', '//index.php', 'runs //index.php|'],
    ['mediawiki', '/images//thumb/a/ab/A.png/10px-A.png', 'runs /thumb_handler.php|'],
    ['drupal', '/node/1', 'runs /index.php|'],
    ['drupal', '/core/includes/bootstrap.inc', '404'],
    ['drupal', '/core/install.php', 'runs /core/install.php|'],
    ['drupal', '/core/modules/x/x.php', '404'],
    ['drupal', '/core/modules/x/x.module', '404'],
    ['drupal', '/sites/default/files/x.php', '404'],
    ['drupal', '/sites/default/private/a.txt', '404'],
    ['drupal', '/core/misc/a.js', '200'],
    ['nextcloud', '/apps/files/', 'runs /index.php|/apps/files/'],
    ['nextcloud', '/remote.php/dav/', 'runs /remote.php|/dav/'],
    ['nextcloud', '/data/a.txt', '404'],
    ['nextcloud', '/occ', '404'],
    ['nextcloud', '/apps/a/x.php', '404'],
    ['nextcloud', '/core/a.js', '200'],
    ['phpmyadmin', '/', 'runs /index.php|'],
    ['phpmyadmin', '/index.php/route', 'runs /index.php|/route'],
    ['phpmyadmin', '/nothing', '404'],
    ['phpmyadmin', '/libraries/classes/Core.php', '404'],
    ['phpmyadmin', '/config.inc.php', '404'],
    ['phpmyadmin', '/themes/a.css', '200'],
  ])('%s: %s: %s', async (name, path, expected) => {
    const app = apps.find((one) => one.name === name)!
    const root = join(folder.path, name)
    const extra =
      'LocalSettings.php index.php rest.php mw-config/index.php images/a.php skins/extra.php core/install.php core/modules/x/x.php ' +
      'core/modules/x/x.module sites/default/files/x.php sites/default/private/a.txt core/misc/a.js remote.php data/a.txt ' +
      'apps/a/x.php core/a.js config.inc.php themes/a.css thumb_handler.php'
    writeTreeOnce(root, [...app.marks, ...extra.split(' ')])
    const { frontController } = recognise(root)
    const options = { ...defaults, frontController, frontPathInfo: app.frontPathInfo, rules: app }
    expect(await answer(await openScripts(root, options, {}), path)).toBe(expected)
  })

  const written = new Set<string>()
  function writeTreeOnce(root: string, files: readonly string[]): void {
    if (written.has(root)) return
    written.add(root)
    writeTree(root, Object.fromEntries(files.map((file) => [file, ''])))
  }
})

describe('what answers where no file is', () => {
  const rewrite = 'RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]\n'
  test.each<[string, Record<string, string>, string | undefined]>([
    ['pages alone', { 'index.php': '' }, undefined],
    ['an .htaccess with a rule', { 'index.php': '', '.htaccess': rewrite }, '/index.php'],
    ['a rule with a slash', { 'index.php': '', '.htaccess': 'RewriteRule . /blog/index.php [L]' }, '/index.php'],
    ['FallbackResource', { 'index.php': '', '.htaccess': 'FallbackResource /index.php' }, '/index.php'],
    ['a rule for something else', { 'index.php': '', '.htaccess': 'RewriteRule ^a$ b.php' }, undefined],
    ['a rule without index.php', { '.htaccess': rewrite }, undefined],
  ])('%s', async (name, tree, expected) => {
    const root = join(folder.path, 'front', name)
    writeTree(root, tree)
    expect(recognise(root).frontController).toBe(expected)
  })

  test('the public folder of a project; the project itself is not to be mounted', async () => {
    const project = join(folder.path, 'laravel')
    writeTree(project, { artisan: '', 'public/index.php': '', '.env': SECRET })
    expect(recognise(join(project, 'public'))).toMatchObject({ frontController: '/index.php' })
    expect(publicFolderOf(project)).toBe('public')
    expect(publicFolderOf(join(project, 'public'))).toBe(undefined)
    const place = pathToFileURL(`${folder.path}/`)
    await expect(openMount(phpKind as unknown as MountKind, { php: 'laravel' }, place)).rejects.toMatchObject({
      code: 'PHP_FOLDER',
      path: 'mounts./.php',
      message: expect.stringContaining('mount its public folder, laravel/public') as string,
    })
  })
})

test.each([
  ['/a.php', true],
  ['/A.PhP5', true],
  ['/a.phps', true],
  ['/a.phar', true],
  ['/a.php.', true],
  ['/a.php ', true],
  ['/a.php::$DATA', true],
  ['/a.php.txt', true],
  ['/a.php12', true],
  ['/a.php (1)', true],
  ['/a.php copy', true],
  ['/a.php,v', true],
  ['/a.phpold', true],
  ['/a.old', true],
  ['/dump.sql(2)', true],
  ['/web.config', true],
  ['/Dockerfile', true],
  ['/x/package-lock.json', true],
  ['/error_log', true],
  ['/a.swp', true],
  ['/a~', true],
  ['/a.md5', true],
  ['/wp-config.bak.txt', true],
  ['/wp-config.txt', true],
  ['/wp-config-old.html', true],
  ['/settings.old2', true],
  ['/settings.orig.html', true],
  ['/x/LocalSettings.txt', true],
  ['/jquery.old.js', false],
  ['/notes.txt', false],
  ['/localsettings-help/a.css', false],
  ['/.well-known/a', false],
  ['/x/.well-known/a', true],
  ['/phpinfo.html', false],
  ['/a.phpx', false],
  ['/manifest.json', false],
  ['/a.mysql.js', false],
  ['/catalog', false],
  ['/environment', false],
])('%j is never served: %j', (path, expected) => {
  expect(isUnserved(path)).toBe(expected)
})

test('a folder with an index.php is a PHP mount, one without is files', async () => {
  writeTree(folder.path, { 'site/index.php': '', 'pages/index.html': '' })
  const claims = (kind: { claims?: MountKind['claims'] }, name: string): unknown[] => [
    ...kind.claims!({
      text: name,
      path: name,
      callable: undefined,
      cwd: folder.path,
      found: { isDirectory: () => true } as never,
    }),
  ]
  expect(claims(phpKind, 'site')).toMatchObject([{ value: 'site', because: 'it is a folder with an index.php' }])
  expect(claims(filesKind, 'site')).toEqual([])
  expect(claims(phpKind, 'pages')).toEqual([])
  expect(claims(filesKind, 'pages')).toMatchObject([{ value: 'pages', because: 'it is a folder' }])
})
