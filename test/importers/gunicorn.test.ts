// Configurations of gunicorn are imported, and serve as gunicorn serves with them.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { settings } from '../../sidecar/importers/gunicorn/settings.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { documentWith, table } from '../document.ts'
import { accepts, program, stopProcess, until } from '../harness.ts'

const { path, write, run } = commandFolder()
const SAMPLES = join(import.meta.dirname, 'gunicorn')
const GUNICORN = process.env.GUNICORN ?? program('gunicorn')

/** Sets of Python are in the same order in both: Flask writes Allow from one. */
const SEED = { PYTHONHASHSEED: '0' }

interface Asked {
  readonly method?: string
  readonly path: string
  readonly body?: string
  readonly headers?: Record<string, string>
}

interface Answered {
  readonly status: number | undefined
  readonly body: string
  readonly headers: Record<string, unknown>
}

function ask(socketPath: string, { method = 'GET', path: target, body, headers = {} }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const fields = { Host: 'shop.test', ...headers }
    const asking = request({ socketPath, method, path: target, headers: fields, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        const { server: _, date: __, connection: ___, 'transfer-encoding': ____, ...others } = response.headers
        resolve({ status: response.statusCode, body: text, headers: others })
      })
    })
    asking.on('error', reject).end(body)
  })
}

const questions = (prefix: string): readonly Asked[] => [
  { path: `${prefix}/` },
  { path: `${prefix}/env/a%20b/%C3%A9?x=1&y=%2F`, headers: { 'X-One': 'one' } },
  { path: `${prefix}/env/secure`, headers: { 'X-Forwarded-Proto': 'https' } },
  { method: 'POST', path: `${prefix}/post`, body: 'some text' },
  { method: 'HEAD', path: `${prefix}/` },
  { method: 'DELETE', path: `${prefix}/post` },
  { path: `${prefix}/away` },
  { path: `${prefix}/broken` },
  { path: `${prefix}/nothing` },
]

/** What the real gunicorn answers with the original file. */
async function answersOfGunicorn(folder: string, prefix: string): Promise<readonly Answered[]> {
  const child = spawn(
    GUNICORN!,
    ['-c', 'gunicorn.conf.py', '-b', 'unix:real.sock', '--log-level', 'critical', 'shop:app'],
    {
      cwd: folder,
      env: { ...process.env, ...SEED, VIRTUAL_ENV: '' },
      stdio: 'ignore',
    },
  )
  try {
    const socket = join(folder, 'real.sock')
    await until('the socket', () => accepts(`unix:${socket}`))
    return await Promise.all(questions(prefix).map((one) => ask(socket, one)))
  } finally {
    await stopProcess(child)
  }
}

function sample(name: string): string {
  const folder = join(path, name)
  mkdirSync(join(folder, 'lib'), { recursive: true })
  copyFileSync(join(SAMPLES, `${name}.py`), join(folder, 'gunicorn.conf.py'))
  copyFileSync(join(SAMPLES, 'shop.py'), join(folder, 'shop.py'))
  return folder
}

describe.each([
  ['small', ''],
  ['middle', '/shop'],
  ['large', ''],
] as const)('the %s sample', (name, prefix) => {
  test('the report says what became of each setting, and the result serves alike', async () => {
    const folder = sample(name)
    const plain = { ...SEED, VIRTUAL_ENV: '', PATH: `/usr/bin:${process.env.PATH}` }
    const imported = run(['import', 'gunicorn', 'gunicorn.conf.py', '-o', 'sidegate.config.yaml'], plain, folder)
    expect((await imported.ended).code).toBe(0)
    const report = imported.err.replaceAll(folder, 'FOLDER')
    await expect(report).toMatchFileSnapshot(join(SAMPLES, `${name}.report.txt`))
    const text = readFileSync(join(folder, 'sidegate.config.yaml'), 'utf8').replaceAll(folder, 'FOLDER')
    await expect(text).toMatchFileSnapshot(join(SAMPLES, `${name}.config.txt`))
    expect(imported.err).not.toContain('hidden')
    const words = name === 'middle' ? ['--gunicorn', 'gunicorn.conf.py'] : ['-c', 'sidegate.config.yaml']
    const [expected] = await Promise.all([
      answersOfGunicorn(folder, prefix),
      run(['serve', ...words], plain, folder).said(/mounted/),
    ])
    const socket = join(folder, 'app.sock')
    await until('the socket', () => accepts(`unix:${socket}`))
    const answers = await Promise.all(questions(prefix).map((one) => ask(socket, one)))
    expect(answers).toEqual(expected)
  })
})

test('the command line counts more than GUNICORN_CMD_ARGS, and that more than the file', async () => {
  write('order.py', 'workers = 2\nthreads = 2\nbacklog = 20\n')
  const environment = { GUNICORN_CMD_ARGS: '--workers 3 --threads=3' }
  const one = run(['import', 'gunicorn', 'order.py', '--', '-w4', '--pyth', 'lib', 'shop'], environment)
  expect((await one.ended).code).toBe(0)
  expect(one.out).toMatch(/processes: 4\n/)
  expect(one.out).toMatch(/threads: 3\n/)
  expect(one.out).toMatch(/backlog: 20\n/)
  expect(one.out).toContain('python: shop:application\n')
  expect(one.err).toMatch(/order\.py:1: workers = 2: GUNICORN_CMD_ARGS says otherwise, which counts/)
  expect(one.err).toMatch(/GUNICORN_CMD_ARGS: --workers 3: command line says otherwise, which counts/)
})

test('a text with ${ in it stays what it is', async () => {
  write('plain.py', 'wsgi_app = "shop:app"\nraw_env = ["A=${B}"]\n')
  const one = run(['import', 'gunicorn', 'plain.py'])
  expect((await one.ended).code).toBe(0)
  expect(one.out).toContain('A: $${B}\n')
})

test('TLS stays with the web server in front, and an ASGI app is one here, too', async () => {
  write(
    'tls.py',
    'bind = "0.0.0.0:443"\ncertfile = "/etc/a.pem"\nkeyfile = "/etc/a.key"\nworker_class = "uvicorn.workers.UvicornWorker"\nworker_connections = 50\nasgi_lifespan = "on"\nwebsocket_max_message_size = 1000\n',
  )
  const one = run(['import', 'gunicorn', 'tls.py', 'shop:app'])
  expect((await one.ended).code).toBe(0)
  expect(one.out).toContain('address: http://127.0.0.1:10443\n')
  expect(one.out).toContain('asgi: shop:app\n')
  expect(one.out).toContain('requests: 50\n')
  expect(one.err).toMatch(/tls\.py:2: certfile = "\/etc\/a\.pem": TLS is for the web server in front/)
  write('again.yaml', one.out)
  const check = run(['check', '-c', 'again.yaml', '--no-listen'])
  expect((await check.ended).err).not.toMatch(/CONFIG_/)
})

test.each([
  ['import nope_at_all\n', /bad\.py:1: Python says ModuleNotFoundError/],
  ['workers = 1\nworkers = "many"\n', /bad\.py:2: workers is to be a number that is not below 0/],
  ['workers = 1\n', /bad\.py: no app is named: set wsgi_app in it/],
  ['wsgi_app = "a"\nprotocol = "ajp"\n', /bad\.py:2: protocol is http or uwsgi, not ajp/],
])('what cannot be read says why: %j', async (text, message) => {
  write('bad.py', text)
  const one = run(['import', 'gunicorn', 'bad.py'])
  expect((await one.ended).code).toBe(1)
  expect(one.err).toMatch(message)
})

test('an option that gunicorn has not is an error', async () => {
  write('some.py', '')
  const one = run(['import', 'gunicorn', 'some.py', '--', '--wrokers', '3', 'a:b'])
  expect((await one.ended).code).toBe(1)
  expect(one.err).toMatch(/gunicorn has no option --wrokers, or several that begin so; did you mean --workers\?/)
})

test('docs/migrate-gunicorn.md has every setting', async () => {
  const rows = settings.map(({ name, flags, here, note }) => [
    `\`${name}\``,
    flags.map((flag) => `\`${flag}\``).join(', '),
    here ?? 'none',
    note,
  ])
  const { file, text } = documentWith('migrate-gunicorn.md', {
    settings: table(['gunicorn', 'option', 'here', 'to know'], rows),
  })
  await expect(text).toMatchFileSnapshot(file)
  expect(settings.length).toBe(new Set(settings.map(({ name }) => name)).size)
})

test('options of gunicorn in the place of those of import are told where they go', async () => {
  write('words.py', 'workers = 2\n')
  const one = run(['import', 'gunicorn', 'words.py', '-w', '4', 'shop:app'])
  expect((await one.ended).code).toBe(2)
  expect(one.err).toMatch(
    /no option -w; the command line of another server goes behind --: sidegate import gunicorn FILE -- /,
  )
})

test('a configuration that raises is shown with its own lines alone', async () => {
  write('raises.py', 'workers = 2\nraise ValueError("no port")\n')
  const one = run(['import', 'gunicorn', 'raises.py', 'shop:app'])
  expect((await one.ended).code).toBe(1)
  expect(one.err).toMatch(/raises\.py:2: Python says ValueError: no port \[IMPORT_SYNTAX\]/)
  expect(one.err).not.toMatch(/read_conf/)
})

test('what else is on the line of a setting is not shown', async () => {
  write('line.py', 'wsgi_app = "shop:app"\nworkers = 2; raw_env = ["KEY=s3cret"]; token = "s3cret"\n')
  const one = run(['import', 'gunicorn', 'line.py'])
  expect((await one.ended).code).toBe(0)
  expect(one.err).toMatch(/line\.py:2: workers = 2 → mounts\.\/\.processes\n/)
  expect(one.err).not.toContain('s3cret')
})

test('what a configuration has started may live on, and one that is no file is not read', async () => {
  write(
    'child.py',
    'import subprocess\nwsgi_app = "shop:app"\nchild = subprocess.Popen(["sleep", "20"])\nprint(child.pid)\n',
  )
  const one = run(['import', 'gunicorn', 'child.py'])
  expect((await one.ended).code).toBe(0)
  // It is still there.
  process.kill(Number(/what it prints: ([0-9]+)/.exec(one.err)![1]))
  const endless = run(['import', 'gunicorn', '/dev/zero', '--', 'shop:app'])
  expect((await endless.ended).code).toBe(1)
  expect(endless.err).toMatch(/\/dev\/zero: it is no file \[IMPORT_MISSING\]/)
})
