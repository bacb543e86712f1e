// As whom the processes of mounts run, and what the system lets them have: what those of each kind see of themselves.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Identity } from '../../sidecar/processes/identity.ts'
import { plainEnvironment } from '../../sidecar/processes/environment.ts'
import { MAIN } from '../built.ts'
import { temporaryFolder } from '../harness.ts'
import { phpFpm } from '../upstream/php-fpm.ts'
import { commandFolder } from '../cli/command-folder.ts'

const root = process.getuid?.() === 0
const AS = ['--reuid', '33', '--regid', '33', '--clear-groups', 'test', '-r']
const reachable = root && spawnSync('setpriv', [...AS, MAIN]).status === 0
const folder = commandFolder()
const { path } = folder

/** All that is asked about, in the words of the system. */
const FILES = ['status', 'limits', 'oom_score_adj', 'stat', 'environ']
const PROCESS = {
  user: 'www-data',
  groups: ['daemon', 12],
  umask: '027',
  nice: 7,
  oomScore: 321,
  limits: { openFiles: 777, coreSize: 0, cpuTime: 3000 },
}
const SETTINGS = { process: PROCESS, clearEnv: true, env: { OWN: 'yes' } }

beforeAll(() => {
  chmodSync(path, 0o755)
  const python = `read = lambda name: open('/proc/self/' + name, errors='replace').read()
text = '\\n----\\n'.join(read(name) for name in ${JSON.stringify(FILES)}).encode()`
  const javascript = `import { readFileSync } from 'node:fs'
const text = ${JSON.stringify(FILES)}.map((name) => readFileSync('/proc/self/' + name, 'utf8')).join('\\n----\\n')`
  folder.write(
    'app.py',
    `def application(environ, start_response):
    ${python.replace('\n', '\n    ')}
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [text]\n`,
  )
  folder.write('app.mjs', `${javascript}\nexport default (request, response) => response.end(text)`)
  folder.write(
    'server.mjs',
    `import { createServer } from 'node:http'\n${javascript}\ncreateServer((request, response) => response.end(text)).listen(process.argv[2])`,
  )
  mkdirSync(join(path, 'cgi'))
  writeFileSync(
    join(path, 'cgi/x.py'),
    `#!/usr/bin/python3\n${python}\nimport sys\nsys.stdout.buffer.write(b'Content-Type: text/plain\\n\\n' + text)\n`,
    { mode: 0o755 },
  )
})

describe.skipIf(!root || process.platform !== 'linux')('as root', () => {
  test('each kind of mount has processes as its settings say', async () => {
    const { env: _, clearEnv: _clear, ...bare } = SETTINGS
    const mounts = {
      '/python': { python: 'app:application', ...SETTINGS },
      '/run': { run: ['/usr/bin/env', 'node', 'server.mjs', '$SOCKET'], speaks: 'http', ...SETTINGS },
      '/node': { node: './app.mjs', processes: 1, ...SETTINGS },
      '/cgi': { cgi: './cgi', ...bare, env: { OWN: 'yes' } },
    }
    // Where this repository lies, that user may not look.
    if (!reachable)
      for (const place of ['/python', '/run', '/node'] as const) delete (mounts as Partial<typeof mounts>)[place]
    folder.write('sidegate.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts, log: { access: false } }))
    const one = folder.run(['serve', '-c', 'sidegate.json'], { SECRET: 'of the gateway', HOME: '/root' })
    const port = await one.port()
    for (const place of [...(reachable ? ['/python', '/run', '/node'] : []), '/cgi/x.py']) {
      const response = await fetch(`http://127.0.0.1:${port}${place}`)
      const text = await response.text()
      expect(response.status, `${place} ${text} ${one.err}`).toBe(200)
      const [status, limits, oom, stat, environ] = text.split('\n----\n') as [string, string, string, string, string]
      const field = (name: string): string => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)![1]!
      expect([place, field('Uid'), field('Gid'), field('Groups'), field('Umask')]).toEqual([
        place,
        '33\t33\t33\t33',
        '33\t33\t33\t33',
        '1 12',
        '0027',
      ])
      expect(limits).toMatch(/^Max open files +777 +777 /m)
      expect(limits).toMatch(/^Max core file size +0 +0 /m)
      expect(limits).toMatch(/^Max cpu time +3000 +3000 /m)
      expect(oom.trim()).toBe('321')
      expect(stat.slice(stat.lastIndexOf(')')).split(' ')[17]).toBe('7')
      const variables = Object.fromEntries(environ.split('\0').map((line) => line.split(/=(.*)/s)))
      expect(variables).toMatchObject({ OWN: 'yes', USER: 'www-data', LOGNAME: 'www-data', HOME: '/var/www' })
      expect(variables.SECRET).toBeUndefined()
    }
    expect((await one.stop()).code).toBe(0)
  })

  test('scripts that their user cannot reach stop the start', async () => {
    const mounts: Record<string, object> = { '/cgi': { cgi: './closed/cgi', process: { user: 'www-data' } } }
    // PHP is www-data by itself.
    if (phpFpm()) mounts['/php'] = { php: './closed/cgi' }
    mkdirSync(join(path, 'closed/cgi'), { recursive: true })
    chmodSync(join(path, 'closed'), 0o700)
    folder.write('closed.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts }))
    const { code, err } = await folder.run(['serve', '-c', 'closed.json']).ended
    expect(code).toBe(1)
    for (const place of Object.keys(mounts))
      expect(err).toMatch(
        new RegExp(`mounts\\.${place}\\.\\w+: www-data, as whom .*, may not enter ${path}/closed: .*PROCESS_FOLDER`),
      )
  })

  test('a limit that the system refuses is told as the reason of the failed start', async () => {
    const mounts = { '/': { python: 'app:application', process: { limits: { openFiles: 2 ** 40 } } } }
    folder.write('far.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts }))
    const { code, err } = await folder.run(['serve', '-c', 'far.json']).ended
    expect(code).toBe(1)
    expect(err).toMatch(/prlimit: failed to set the NOFILE resource limit/)
  })
})

test.each([
  [{ user: 'nobody-of-that-name' }, 0, 'linux', 'OWNER_UNKNOWN', 'mounts./.process.user'],
  [{ user: 4_000_000 }, 0, 'linux', 'OWNER_UNKNOWN', 'mounts./.process.user'],
  [{ group: 'nobody-of-that-name' }, 0, 'linux', 'OWNER_UNKNOWN', 'mounts./.process.group'],
  [{ user: 'daemon' }, 1000, 'linux', 'PROCESS_DENIED', 'mounts./.process.user'],
  [{ groups: [1] }, 1000, 'linux', 'PROCESS_DENIED', 'mounts./.process.groups'],
  [{ nice: -1 }, 1000, 'linux', 'PROCESS_DENIED', 'mounts./.process.nice'],
  [{ umask: '022' }, 0, 'win32', 'PROCESS_SYSTEM', 'mounts./.process'],
] as const)('%j as user %i on %s is refused', (settings, own, platform, code, path) => {
  const make = (): Identity => new Identity({ process: { ...settings } as never }, 'mounts./', platform, own)
  expect(make).toThrow(expect.objectContaining({ code, path }))
})

test('a program that sets it and is not there is named', () => {
  const { path: PATH, remove } = temporaryFolder()
  const make = (): Identity => new Identity({ process: { nice: 1 } }, 'mounts./', 'linux', 0, PATH)
  expect(make).toThrow(expect.objectContaining({ code: 'PROCESS_PROGRAM' }))
  remove()
})

test('what is left of an environment on Windows is what Windows needs', () => {
  const own = { Path: 'p', SystemRoot: 'C:\\Windows', SECRET: 's', LANG: 'de' }
  expect(plainEnvironment(own, 'win32')).toEqual({ Path: 'p', SystemRoot: 'C:\\Windows', LANG: 'de' })
  expect(plainEnvironment(own, 'linux')).toEqual({ LANG: 'de' })
})
