// Pools of PHP-FPM are imported: what becomes of each line, and that the real php-fpm with the original pool and Sidegate with what was imported
// answer alike behind the same nginx.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { phpFpm as importer } from '../../sidecar/importers/php-fpm.ts'
import type { Directive } from '../../sidecar/importers/php-fpm/directive.ts'
import { globalDirectives } from '../../sidecar/importers/php-fpm/global-directives.ts'
import { poolDirectives } from '../../sidecar/importers/php-fpm/pool-directives.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { documentWith, table } from '../document.ts'
import { accepts, freePort, nginx, stopProcess, until } from '../harness.ts'
import { writeTree } from '../php/folder.ts'
import { phpFpm } from '../upstream/php-fpm.ts'
import { imported, samplesOf } from './samples.ts'

const isRoot = process.getuid?.() === 0
const { path, write, run } = commandFolder()
const words = ['/var/www/html']

test.each([
  ['small.conf', {}],
  ['middle.conf', { HOME: '/home/ann' }],
  ['large.conf', {}],
])('%s: the configuration, and what became of each line', async (file, environment) => {
  const { text } = await imported(importer, file, { words, environment })
  await expect(text).toMatchFileSnapshot(join(samplesOf('php-fpm'), file.replace('.conf', '.expected')))
  for (const secret of ['s3cret', 'auth=hidden']) expect(text.slice(text.indexOf('Carried over'))).not.toContain(secret)
})

test('folders of several pools, each by its name; without one that of chdir', async () => {
  const several = await imported(importer, 'large.conf', { words: ['api=api/public', '/srv/other'] })
  expect(several.result.config.mounts).toMatchObject({
    'blog.example.com': { php: '/srv/other' },
    '/api': { php: join(samplesOf('php-fpm'), 'api/public') },
  })
  const single = await imported(importer, 'middle.conf')
  expect(single.result.config.mounts).toMatchObject({ '/': { php: '/srv/shop' } })
  await expect(imported(importer, 'small.conf')).rejects.toMatchObject({ code: 'IMPORT_WORDS' })
  await expect(imported(importer, 'large.conf', { words: ['ap=/srv'] })).rejects.toThrow(
    /there is no pool ap: is it api\?/,
  )
})

test.each([
  ['listen 9000', ':2', /a line of php-fpm is NAME = VALUE/],
  ['listen = "9000', ':2', /a line of php-fpm is NAME = VALUE/],
  ['listen = 9000', ':1', /the pool www has no pm$/],
  ['listen = 9000\npm = static', ':1', /the pool www has no pm\.max_children/],
  ['include = again.conf', ':2', /files are included 5 deep/],
])('%s is no pool', async (line, place, message) => {
  write('again.conf', `[www]\n${line}\n`)
  const reading = importer.read({ file: 'again.conf', words, cwd: path, environment: {} })
  await expect(reading).rejects.toMatchObject({ code: 'IMPORT_SYNTAX', path: `again.conf${place}` })
  await expect(reading).rejects.toThrow(message)
})

test('of a setting that is there twice the last one counts; two pools at one address are none', async () => {
  const pool = (name: string): string => `[${name}]\nlisten = 127.0.0.1:9000\npm = static\npm.max_children = 2\n`
  write('twice.conf', `${pool('www')}pm.max_requests = 5\npm.max_requests = 6\nphp_value[a] = 1\nphp_value[b] = 2\n`)
  const { config, report } = await importer.read({ file: 'twice.conf', words, cwd: path, environment: {} })
  expect(config.mounts).toMatchObject({ '/': { maxRequests: 6, ini: { a: '1', b: '2' } } })
  expect(report.full()).toMatch(/twice\.conf:5: pm\.max_requests = 5: twice\.conf:6 says otherwise, which counts/)
  write('both.conf', `${pool('a')}${pool('b')}`)
  const both = importer.read({ file: 'both.conf', words, cwd: path, environment: {} })
  await expect(both).rejects.toMatchObject({ code: 'IMPORT_SYNTAX', path: 'both.conf:6' })
})

test('the syntax of php.ini', async () => {
  const lines = [
    '; a comment',
    '[www] ; the pool',
    'listen = "/run/$pool.sock" ; where',
    'pm = static',
    'pm.max_children = ${CHILDREN}',
    "env[A] = 'single; quotes \\'",
    'env[B] = "double; \\"quotes\\""',
    'env[C] = yes',
    "env[D] = it's so",
    'env[E] =',
    'clear_env = Off',
    'php_value[date.timezone] = ${ZONE}',
  ]
  write('syntax.conf', `${lines.join('\r\n')}\n`)
  const environment = { CHILDREN: '3', ZONE: 'Europe/"Rome"' }
  const { config } = await importer.read({ file: 'syntax.conf', words, cwd: path, environment })
  expect(config.mounts).toEqual({
    '/': {
      php: '/var/www/html',
      processes: 3,
      env: { A: 'single; quotes \\', B: 'double; "quotes"', C: '1', D: "it's so", E: '' },
      clearEnv: false,
      maxRequests: 0,
      ini: { 'date.timezone': '"Europe/\\"Rome\\""' },
    },
  })
  expect(config.listen).toEqual([{ address: 'fastcgi://unix:/run/www.sock' }])
})

describe.skipIf(!isRoot || !phpFpm())('beside the real one', () => {
  const SHOW = `<?php header('Content-Type: application/json'); header('X-Own: 1'); http_response_code((int) ($_GET['status'] ?? 200));
echo json_encode(['server' => array_filter(array_intersect_key($_SERVER, array_flip(['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'PHP_SELF', 'DOCUMENT_ROOT',
  'QUERY_STRING', 'REQUEST_URI', 'REQUEST_METHOD', 'CONTENT_TYPE', 'REMOTE_ADDR', 'HTTPS', 'SERVER_PROTOCOL']))),
  'env' => array_map('getenv', ['APP_ENV', 'DB_PASSWORD', 'HOME_OF_CI', 'OF_THE_GATEWAY']), 'post' => $_POST, 'body' => strlen(file_get_contents('php://input')),
  'ini' => array_map('ini_get', ['memory_limit', 'error_reporting', 'display_errors', 'session.save_path', 'disable_functions', 'log_errors', 'open_basedir']),
  'may' => ini_set('log_errors', '0') === false, 'user' => posix_getuid(), 'folder' => getcwd(), 'nofile' => posix_getrlimit()['soft openfiles']]);`

  /** Header fields that are no business of the script. */
  const OF_THE_WAY = ['date', 'server', 'connection', 'content-length', 'transfer-encoding']

  /** One nginx for both, with the line that php-fpm's own documentation has for it. */
  const server = (to: string, port: number, host: string): string => `server { listen ${port}; root ${path}/site;
    location / { try_files $uri $uri/ =404; index index.php; }
    location ~ [.]php(/|$) { fastcgi_split_path_info ^(.+?[.]php)(/.*)$; fastcgi_param HTTP_HOST ${host};
      fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param PATH_INFO $fastcgi_path_info; fastcgi_param DOCUMENT_URI $document_uri; fastcgi_param DOCUMENT_ROOT $document_root;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param REMOTE_ADDR $remote_addr; fastcgi_param SERVER_NAME $server_name; fastcgi_param SERVER_PORT $server_port;
      fastcgi_param REDIRECT_STATUS 200; fastcgi_pass ${to}; } }`

  const asked: [path: string, init?: RequestInit][] = [
    ['/info.php?x=1&y=%20'],
    ['/info.php/a%20b/c?x'],
    ['/sub/'],
    ['/sub/index.php?status=418'],
    ['/info.php', { method: 'POST', body: new URLSearchParams({ a: '1', b: 'é' }) }],
    ['/info.php', { method: 'PUT', body: 'x'.repeat(100_000), headers: { 'Content-Type': 'text/plain' } }],
    ['/info.php', { method: 'HEAD' }],
    ['/none.php'],
  ]

  test.each(['small.conf', 'middle.conf', 'large.conf'])('%s: the same answers', async (file) => {
    mkdirSync(join(path, 'pools'), { recursive: true })
    mkdirSync(join(path, 'logs'), { recursive: true })
    chmodSync(join(path, 'logs'), 0o777)
    writeTree(join(path, 'site'), { 'info.php': SHOW, 'sub/index.php': SHOW })
    // The places where it may listen here, and nothing else of it.
    const [one, two] = [await freePort(), await freePort()]
    const placed = (name: string): string =>
      readFileSync(join(samplesOf('php-fpm'), name), 'utf8')
        .replaceAll('= /tmp/', `= ${path}/logs/`)
        .replaceAll('/run/php/', `${path}/`)
        .replace('127.0.0.1:9000', `127.0.0.1:${one}`)
        .replace('listen = 9001', `listen = 127.0.0.1:${two}`)
        .replaceAll('/srv/pools', path)
        .replaceAll('listen = run/', 'listen = ')
        // Of what php-fpm itself would refuse here.
        .replaceAll('/srv/blog', `${path}/site`)
        .replace(/^(?:chroot|listen\.acl_users|chdir|access\.log|error_log|syslog\.|pm\.max_childs).*$/gm, '')
    const main = file === 'large.conf' ? `${placed(file)}` : `[global]\ndaemonize = no\n${placed(file)}`
    write(file, main.replace('pools/*.conf', `${path}/pools/*.conf`))
    if (file === 'large.conf') {
      for (const name of ['10-blog.conf', '20-api.conf']) write(`pools/${name}`, placed(`pools/${name}`))
    }
    const words = ['import', 'php-fpm', file, 'site', '-o', `${file}.yaml`]
    const environment = { HOME: '/home/ann', OF_THE_GATEWAY: '1' }
    const importing = run(words, environment)
    expect(await importing.ended).toMatchObject({ code: 0 })

    const original = spawn(phpFpm()!, ['-F', '-y', join(path, file)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    })
    onTestFinished(() => stopProcess(original, 'SIGKILL'))
    let said = ''
    original.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    // Where a pool has no name of a host its place is chosen by whoever reads the report.
    const yaml = readFileSync(join(path, `${file}.yaml`), 'utf8').replace(/^ {2}\/api:$/m, '  api.example.com:')
    write(`${file}.yaml`, yaml)
    const addresses = [...yaml.matchAll(/fastcgi:\/\/(\S+)/g)].map(([, address]) => address!)
    const hosts = file === 'large.conf' ? ['blog.example.com', 'api.example.com'] : ['localhost']
    const servers = addresses.map((address, index) => server(address, 8081 + index, hosts[index]!))
    const answers = async (): Promise<unknown[]> => {
      const web = await nginx({ config: `events {}\nhttp {\n${servers.join('\n')}\n}\n` })
      try {
        for (const [index] of addresses.entries()) {
          const first = `http://127.0.0.1:${web.port(8081 + index)}/info.php`
          await until('its PHP answers', async () => (await fetch(first)).status === 200)
        }
        return await Promise.all(
          addresses.flatMap((_, index) =>
            asked.map(async ([target, init]) => {
              const answer = await fetch(`http://127.0.0.1:${web.port(8081 + index)}${target}`, init)
              const { status, headers } = answer
              // Whose error page it is shows.
              if (status === 404) return { target, status }
              const kept = [...headers].filter(([name]) => !OF_THE_WAY.includes(name))
              return { target, status, headers: kept, body: await answer.text() }
            }),
          ),
        )
      } finally {
        await web.stop([/.*/])
      }
    }
    const listen = async (): Promise<boolean> =>
      (await Promise.all(addresses.map((address) => accepts(address)))).every(Boolean)
    await until('php-fpm listens', () => {
      if (original.exitCode !== null) throw new Error(`php-fpm ended at once:\n${said}`)
      return listen()
    })
    const before = await answers()
    await stopProcess(original, 'SIGTERM')
    // As the report has it: PHP's own user opens it now.
    rmSync(join(path, 'logs/shop.slow.log'), { force: true })
    const checking = run(['check', '-c', `${file}.yaml`], environment)
    expect(await checking.ended).toMatchObject({ code: 0 })
    const gateway = run(['serve', '-c', `${file}.yaml`], environment)
    await until('Sidegate listens', listen)
    expect(await answers()).toEqual(before)
    await gateway.stop()
  })
})

test('every setting of php-fpm is in the table of docs/migrate-php-fpm.md', async () => {
  const rows = (list: readonly Directive[]): string =>
    table(
      ['php-fpm', 'here', 'to know'],
      list.map(({ name, here, note }) => [`\`${name}\``, here, note]),
    )
  const { file, text } = documentWith('migrate-php-fpm.md', {
    pool: rows(poolDirectives),
    global: rows(globalDirectives),
  })
  await expect(text).toMatchFileSnapshot(file)
})
