// A PHP mount with a real php-fpm, and with php-cgi where there is none: what scripts get, its settings, its life.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { userCalled } from '../../sidecar/accounts.ts'
import { Log } from '../../sidecar/log.ts'
import { fpmConfig } from '../../sidecar/mounts/php/fpm-config.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { php as kind } from '../../sidecar/mounts/php/mount.ts'
import { PhpPlan } from '../../sidecar/mounts/php/plan.ts'
import { phpSettings } from '../../sidecar/mounts/php/settings.ts'
import { findPhp } from '../../sidecar/mounts/php/program.ts'
import { isAlive } from '../cgi/scripts.ts'
import { program, temporaryFolder, until } from '../harness.ts'
import { makeMount, type OpenMount, type Place } from '../mount.ts'
import { phpFpm } from '../upstream/php-fpm.ts'
import { writeTree } from './folder.ts'

const php = kind as unknown as MountKind
const isRoot = process.getuid?.() === 0
const folder = temporaryFolder()
const place = pathToFileURL(`${folder.path}/`)
const mounts: OpenMount[] = []

const SHOW = `<?php
header('Content-Type: application/json');
$body = file_get_contents('php://input');
echo json_encode(['server' => $_SERVER, 'env' => getenv('APP_ENV'), 'size' => strlen($body), 'post' => $_POST,
  'files' => array_map(fn ($one) => [$one['name'], $one['size'], $one['error']], $_FILES), 'pid' => getmypid(),
  'ini' => array_map('ini_get', ['m' => 'memory_limit', 'u' => 'upload_max_filesize', 'd' => 'display_errors', 'a' => 'auto_prepend_file']),
  'user' => posix_getuid()]);
`

beforeAll(() => {
  writeTree(join(folder.path, 'site'), {
    'index.php': SHOW,
    'info.php': SHOW,
    'late.php': '<?php $end = microtime(true) + ($_GET["s"] ?? 0.5); while (microtime(true) < $end); echo "done";',
    'after.php':
      '<?php echo getmypid(); fastcgi_finish_request(); $end = microtime(true) + 0.5; while (microtime(true) < $end); file_put_contents($_GET["to"], "after");',
    'says.php': '<?php error_log("to the log"); file_put_contents("php://stderr", "to stderr\\n"); echo "said";',
    'auth.php': '<?php echo $_SERVER["HTTP_AUTHORIZATION"] ?? "nobody", $_SERVER["PHP_AUTH_USER"] ?? "";',
    'own/info.php': SHOW,
    'own/.user.ini': 'upload_max_filesize = 77M\nmemory_limit = 77M\n',
    'style.css': 'body {}',
  })
})

afterEach(async () => {
  await Promise.all(mounts.splice(0).map(({ mount }) => mount.close()))
})
afterAll(() => folder.remove())

function make(settings: object = {}, where?: Place): OpenMount {
  const made = makeMount(php, { php: 'site', stopTimeout: 5, frontController: '/index.php', ...settings }, place, where)
  mounts.push(made)
  return made
}

async function started(settings?: object, where?: Place): Promise<OpenMount> {
  const made = make(settings, where)
  await made.mount.open()
  return made
}

interface Shown {
  server: Record<string, string>
  env: string | false
  size: number
  post: Record<string, string>
  files: Record<string, [string, number, number]>
  pid: number
  ini: Record<string, string>
  user: number
}

async function show(made: OpenMount, request: Parameters<OpenMount['request']>[0]): Promise<Shown> {
  const { status, body } = await made.request(request).response
  expect([status, body.toString().slice(0, 1)]).toEqual([200, '{'])
  return JSON.parse(body.toString()) as Shown
}

const kinds = [
  ['php-fpm', phpFpm()],
  ['php-cgi', program('php-cgi')],
] as const

describe.each(kinds)('%s', (_, file) => {
  describe.skipIf(!file)('is there', () => {
    test('a script gets what CGI and PHP want, a file is sent, both below the prefix', async () => {
      const made = await started({ program: file, env: { APP_ENV: 'test' } }, { key: '/shop' })
      const root = join(folder.path, 'site')
      const shown = await show(made, { path: '/shop/info.php/a%20b?x=1', prefix: '/shop', headers: { Proxy: 'evil' } })
      expect(shown.server).toMatchObject({
        SCRIPT_FILENAME: join(root, 'info.php'),
        SCRIPT_NAME: '/shop/info.php',
        PATH_INFO: '/a b',
        DOCUMENT_ROOT: root,
        PHP_SELF: '/shop/info.php/a b',
        REQUEST_URI: '/shop/info.php/a%20b?x=1',
        REMOTE_ADDR: '192.0.2.7',
        SERVER_SOFTWARE: 'nginx (Sidegate)',
      })
      expect(shown.server.HTTP_PROXY).toBe(undefined)
      expect(shown.env).toBe('test')
      const front = await show(made, { path: '/shop/2026/hello/', prefix: '/shop' })
      expect(front.server).toMatchObject({ SCRIPT_NAME: '/shop/index.php', REQUEST_URI: '/shop/2026/hello/' })
      const style = await made.request({ path: '/shop/style.css', prefix: '/shop' }).response
      expect([style.status, style.body.toString()]).toEqual([200, 'body {}'])
    })

    test('settings of PHP, and those of a folder over them; a peer sets none', async () => {
      const made = await started({
        program: file,
        processes: 1,
        ini: { memory_limit: '200M', upload_max_filesize: '11M', display_errors: false, error_append_string: '/a b' },
      })
      const steered = { PHP_ADMIN_VALUE: 'auto_prepend_file=/etc/hostname', PHP_VALUE: 'memory_limit=1M' }
      for (const variables of [{}, steered, {}]) {
        const { ini } = await show(made, { path: '/info.php', variables })
        expect(ini).toMatchObject({ m: '200M', u: '11M', d: expect.stringMatching(/^0?$/) as string, a: '' })
      }
      expect((await show(made, { path: '/own/info.php' })).ini).toMatchObject({ m: '77M', u: '77M' })
    })

    test('forms, uploads, a body without a length, Authorization', async () => {
      const made = await started({ program: file, ini: { upload_max_filesize: '64M', post_max_size: '64M' } })
      const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
      expect((await show(made, { method: 'POST', path: '/', headers: type, body: 'a=1&b=2' })).post).toEqual({
        a: '1',
        b: '2',
      })
      const bytes = randomBytes(file === phpFpm() ? 20 * 1024 * 1024 : 100_000)
      const form = new Response(
        (() => {
          const data = new FormData()
          data.set('file', new Blob([bytes]), 'a b.bin')
          return data
        })(),
      )
      const headers = { 'Content-Type': form.headers.get('content-type')! }
      const body = Buffer.from(await form.arrayBuffer())
      expect((await show(made, { method: 'POST', path: '/', headers, body })).files).toEqual({
        file: ['a b.bin', bytes.length, 0],
      })
      const pieces = (async function* () {
        yield Buffer.from('a=')
        yield Buffer.from('chunks')
      })()
      expect((await show(made, { method: 'POST', path: '/', headers: type, body: pieces })).post).toEqual({
        a: 'chunks',
      })
      const authorization = { Authorization: `Basic ${Buffer.from('jo:pw').toString('base64')}` }
      const said = (await made.request({ path: '/auth.php', headers: authorization }).response).body.toString()
      expect(said).toBe(`${authorization.Authorization}jo`)
    })

    test('as many requests at a time as there are processes; the others wait, and more are refused', async () => {
      const made = await started({ program: file, processes: 2, queue: 2, queueTimeout: 30 })
      const requests = Array.from({ length: 7 }, () => made.request({ path: '/late.php?s=0.3' }).response)
      const statuses = (await Promise.all(requests)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(4)
      expect(statuses.filter((status) => status === 503)).toHaveLength(3)
    })

    test('a reload under load costs no request, and what is under way is whole', async () => {
      const made = await started({ program: file, processes: 3 })
      const before = made.mount.status!().pids![0]!
      const slow = made.request({ path: '/late.php?s=1' }).response
      let over = false
      const statuses = new Set<number>()
      const client = async (): Promise<void> => {
        while (!over) statuses.add((await made.request({ path: '/info.php' }).response).status)
      }
      const load = Promise.all([client(), client()])
      await made.mount.reload!()
      await made.mount.reload!()
      expect((await slow).body.toString()).toBe('done')
      over = true
      await load
      expect([...statuses]).toEqual([200])
      expect(made.mount.status!().pids).not.toEqual([before])
      await until('the first is gone', () => !isAlive(before))
    })

    test('one that was killed is started anew', async () => {
      const made = await started({ program: file })
      const { pid } = await show(made, { path: '/info.php' })
      const [master] = made.mount.status!().pids!
      process.kill(master!, 'SIGKILL')
      await until('its processes are gone', () => !isAlive(pid))
      expect((await show(made, { path: '/info.php' })).pid).not.toBe(pid)
    })

    test.runIf(isRoot)('it does not run as root', async () => {
      const made = await started({ program: file })
      expect((await show(made, { path: '/info.php' })).user).toBe(userCalled('www-data', '').uid)
      expect(
        made.logged.some(({ message }) => message?.endsWith(`PHP is ${file!.split('/').at(-1)} as www-data`)),
      ).toBe(true)
    })

    // php-cgi is started in the same way.
    if (file !== phpFpm()) return
    test('a gateway that is killed leaves nobody behind', async () => {
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL('orphans.ts', import.meta.url)), folder.path, file!],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      onTestFinished(() => void child.kill('SIGKILL'))
      let said = ''
      child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
      const [master, worker, its] = await until('it serves', () => /^(\d+) (\d+) (\S+)\n/.exec(said)?.slice(1))
      child.kill('SIGKILL')
      await until('PHP is gone', () => !isAlive(Number(master)) && !isAlive(Number(worker)))
      await until('its folder is gone', () => !existsSync(its!))
      expect(existsSync(its!)).toBe(false)
    })
  })
})

describe.skipIf(!phpFpm())('php-fpm alone', () => {
  test('what a script writes is in the log once', async () => {
    const made = await started({ program: phpFpm() })
    expect((await made.request({ path: '/says.php' }).response).body.toString()).toBe('said')
    await until('both are there', () => {
      const text = JSON.stringify(made.logged)
      return text.includes('to the log') && text.includes('to stderr')
    })
    expect(made.logged.filter(({ message }) => message?.includes('to the log'))).toHaveLength(1)
  })

  test('a script that takes longer than requestTimeout is ended', async () => {
    const made = await started({ program: phpFpm(), processes: 1, requestTimeout: 1 })
    expect((await made.request({ path: '/late.php?s=20' }).response).status).toBe(502)
    await until('it is told of', () => JSON.stringify(made.logged).includes('execution timed out'))
    expect((await made.request({ path: '/info.php' }).response).status).toBe(200)
  })

  test('what goes on after its response is not cut by a stop', async () => {
    const made = await started({ program: phpFpm() })
    const target = join(folder.path, 'site', `after-${process.pid}`)
    writeFileSync(target, '')
    chmodSync(target, 0o666)
    await made.request({ path: `/after.php?to=${encodeURIComponent(target)}` }).response
    await made.mount.close()
    expect(readFileSync(target, 'utf8')).toBe('after')
  })

  test('processes come as they are needed, and go', async () => {
    const made = await started({ program: phpFpm(), processes: { max: 3, idle: 1 } })
    const [master] = made.mount.status!().pids!
    const children = (): number =>
      readdirSync('/proc').filter((name) => {
        try {
          return (
            /^\d+$/.test(name) &&
            readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(master)
          )
        } catch {
          return false
        }
      }).length
    expect(children()).toBe(0)
    const first = made.request({ path: '/late.php?s=1' }).response
    await until('there is one', () => children() === 1)
    const second = made.request({ path: '/late.php' }).response
    await until('there are two', () => children() === 2)
    await Promise.all([first, second])
    await until('they are gone', () => children() === 0)
  })
})

test('what PHP says when it does not start is told of', async () => {
  const program = join(folder.path, 'php-fpm-broken')
  writeFileSync(program, '#!/bin/sh\necho "ERROR: unable to parse" >&2\nexit 78\n', { mode: 0o755 })
  await expect(started({ program })).rejects.toMatchObject({
    code: 'RUN_START_DIED',
    path: 'mounts./.php',
    cause: expect.stringContaining('unable to parse') as string,
  })
})

describe('its settings', () => {
  test.each<[object, RegExp]>([
    [{ php: 'nowhere' }, /PHP_FOLDER.*nowhere is not there/],
    [{ php: 'site/index.php' }, /PHP_FOLDER.*is no folder/],
    [{ program: '/nowhere/php-fpm' }, /PHP_PROGRAM.*there is no program/],
    [{ program: process.execPath }, /PHP_PROGRAM.*neither a php-fpm nor a php-cgi/],
    [{ processes: { min: 3, max: 2 } }, /min that is more than its max/],
    [{ processes: { min: 1, idle: 3 } }, /idle, which is for a min of 0/],
    [{ ini: { a: 'b\nc' } }, /must be one line/],
    [{ ini: { 'a b': 1 } }, /must be the name of a setting of PHP/],
    [{ uploads: ['here'] }, /must be a path below the folder/],
  ])('%j', async (settings, message) => {
    const opened = (async () => started(settings))()
    const said = await opened.then(
      () => 'nothing',
      (error: Error & { code?: string }) => `${error.code} ${error.message}`,
    )
    expect(said).toMatch(message)
  })

  test.skipIf(!program('php-cgi'))('what php-cgi cannot do', () => {
    expect(() => make({ program: 'php-cgi', requestTimeout: 3 })).toThrow(/install php-fpm, or set max_execution_time/)
  })

  test.skipIf(!phpFpm() || process.platform !== 'linux')('a gateway that is root has PHP run as somebody else', () => {
    const context = { key: '/', path: 'mounts./', directory: folder.path, log: new Log('text', process.stderr) }
    const plan = (settings: object): PhpPlan =>
      new PhpPlan(v.parse(phpSettings, { php: 'site', ...settings }), context, folder.path, 0)
    expect(plan({}).user).toBe('www-data')
    expect(plan({ process: { user: 'nobody' } }).user).toBe('nobody')
    expect(() => plan({ process: { user: 'root' } })).toThrow(/PHP does not run as root: name another user/)
  })

  test('there is none on Windows', () => {
    expect(() => make({}, { platform: 'win32' })).toThrow(/there is no php-fpm for Windows/)
  })

  test('the php-fpm that is there, of several the newest, one without a version before all; else php-cgi', () => {
    const tree = temporaryFolder()
    onTestFinished(tree.remove)
    const put = (...names: string[]): void => {
      for (const name of names) writeFileSync(join(tree.path, name), '', { mode: 0o755 })
    }
    const found = (): string => findPhp(undefined, '/', 'php', [tree.path]).file.slice(tree.path.length + 1)
    expect(found).toThrow(/there is no php-fpm and no php-cgi/)
    put('php-cgi')
    expect(found()).toBe('php-cgi')
    put('php-fpm8.2', 'php-fpm8.10', 'php-fpm7.4', 'php-fpm-notes')
    expect(found()).toBe('php-fpm8.10')
    put('php-fpm')
    expect(found()).toBe('php-fpm')
  })

  test.each([
    [4, ['pm = static', 'pm.max_children = 4']],
    [{ min: 0, max: 5 }, ['pm = ondemand', 'pm.max_children = 5', 'pm.process_idle_timeout = 10s']],
    [
      { min: 2, max: 5 },
      [
        'pm = dynamic',
        'pm.max_children = 5',
        'pm.start_servers = 2',
        'pm.min_spare_servers = 1',
        'pm.max_spare_servers = 2',
      ],
    ],
  ])('%j as php-fpm has it', (processes, lines) => {
    const adminIni = { open_basedir: '/srv:/tmp', log_errors: true }
    const slowLog = { after: 2.5, file: '/var/log/"slow"' }
    const settings = { processes, maxRequests: 9, stopTimeout: 3, split: ['.php', '.php7'], adminIni, slowLog }
    const config = fpmConfig(settings, '/run/a "b"/1.sock').split('\n')
    expect(config).toEqual(expect.arrayContaining([...lines, 'process_control_timeout = 3s', 'pm.max_requests = 9']))
    expect(config).toEqual(
      expect.arrayContaining([
        String.raw`listen = "/run/a \"b\"/1.sock"`,
        'security.limit_extensions = .php .php7',
        'request_terminate_timeout = 0',
        'php_admin_value[open_basedir] = /srv:/tmp',
        'php_admin_value[log_errors] = 1',
        'request_slowlog_timeout = 3s',
        String.raw`slowlog = "/var/log/\"slow\""`,
      ]),
    )
  })
})
