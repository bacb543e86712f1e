// The table of docs/migrate-unit.md is true of the importer: every member that Unit takes is in a row of it, and becomes what the row says.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { optionRows, type OptionRow } from '../../sidecar/importers/unit/options.ts'
import { unit } from '../../sidecar/importers/unit/unit.ts'
import { written } from '../../sidecar/importers/written.ts'
import { documentWith, table } from '../document.ts'
import { temporaryFolder } from '../harness.ts'

type Json = Readonly<Record<string, unknown>>

const folder = temporaryFolder()
const socket = join(folder.path, 'control.sock')
let answer = '{}'
const control = createServer((_, response) => response.end(answer))
beforeAll(() => new Promise<void>((resolve) => control.listen(socket, resolve)))
afterAll(() => {
  control.close()
  folder.remove()
})

const action = { return: 204 }
const route = (...steps: Json[]): Json => ({ listeners: { '*:80': { pass: 'routes' } }, routes: steps })
const app = (settings: Json): Json => ({
  listeners: { '*:80': { pass: 'applications/it' } },
  applications: { it: settings },
})
const common = {
  working_directory: '/srv/it',
  environment: { NAME: 'value' },
  user: 'www-data',
  group: 'www-data',
  limits: { timeout: 10, start_timeout: 20, requests: 100, shm: 1000, reschedule_timeout: 3 },
  isolation: {
    namespaces: { credential: true, pid: true, network: true, mount: true, uname: true, cgroup: true },
    uidmap: [{ container: 0, host: 1, size: 1 }],
    gidmap: [{ container: 0, host: 1, size: 1 }],
    rootfs: '/srv',
    automount: { language_deps: true, tmpfs: true, procfs: true },
    new_privs: false,
    cgroup: { path: 'it' },
  },
  stdout: '/var/log/out',
  stderr: '/var/log/err',
}

/** Together they have every member that the validation of Unit's configuration knows: 1.35, older names of it, and what FreeUnit has added. */
const CONFIGURATIONS: readonly Json[] = [
  {
    ...route({ action }),
    listeners: {
      '*:443': {
        pass: 'routes',
        backlog: 100,
        tls: {
          certificate: ['bundle'],
          conf_commands: { MinProtocol: 'TLSv1.3' },
          session: { cache_size: 1, timeout: 2, tickets: true },
        },
        forwarded: {
          source: '10.0.0.0/8',
          client_ip: 'X-Forwarded-For',
          protocol: 'X-Forwarded-Proto',
          recursive: true,
        },
      },
    },
  },
  {
    ...app({ type: 'python 3.11', module: 'shop', processes: 2 }),
    listeners: {
      '*:80': { application: 'it', client_ip: { source: '10.0.0.1', header: 'X-Forwarded-For', recursive: true } },
    },
  },
  route(
    { match: { uri: '/a/*', host: 'a.test' }, action },
    { match: { method: 'POST', headers: { 'X-A': 'b' }, arguments: { a: 'b' }, cookies: { a: 'b' } }, action },
    { match: { query: 'a', scheme: 'https', source: '10.0.0.1' }, action },
    { match: { destination: '*:80', uri: '/d' }, action },
    { match: { if: '$uri', uri: '/e' }, action },
    { match: { uri: '/proxy' }, action: { proxy: 'http://127.0.0.1:1' } },
    { match: { uri: '/away' }, action: { return: 301, location: '/there' } },
    { match: { uri: '/old' }, action: { return: 204, rewrite: '/new', response_headers: { 'X-A': 'b', 'X-B': null } } },
    { match: { uri: '/linked/*' }, action: { share: '/srv$uri', follow_symlinks: true } },
    { match: { uri: '/css/*' }, action: { share: '/srv$uri', types: ['text/css'] } },
    {
      match: { uri: '/share/*' },
      action: {
        share: ['/srv/a$uri', '/srv/b$uri'],
        index: 'home.html',
        fallback: { return: 410 },
        chroot: '/srv',
        follow_symlinks: false,
        traverse_mounts: false,
      },
    },
  ),
  {
    listeners: { '*:80': { pass: 'upstreams/all' } },
    upstreams: { all: { servers: { '127.0.0.1:1': { weight: 2 }, '127.0.0.1:2': {} } } },
    access_log: { path: '/var/log/unit', format: '$uri', if: '$uri' },
    settings: {
      listen_threads: 2,
      js_module: 'own',
      telemetry: { endpoint: 'http://127.0.0.1:1', batch_size: 1, protocol: 'http', sampling_ratio: 1 },
      http: {
        header_read_timeout: 1,
        body_read_timeout: 2,
        send_timeout: 3,
        body_min_rate: 4,
        send_min_rate: 5,
        idle_timeout: 6,
        large_header_buffer_size: 7,
        large_header_buffers: 8,
        body_buffer_size: 9,
        max_body_size: 10,
        body_temp_path: '/tmp',
        discard_unsafe_fields: false,
        websocket: { read_timeout: 1, keepalive_interval: 2, max_frame_size: 3 },
        static: { mime_types: { 'text/x': '.x' } },
        log_route: true,
        server_version: false,
        chunked_transform: true,
        compression: { types: ['text/*'], compressors: [{ encoding: 'gzip', level: 5, min_length: 100 }] },
      },
    },
  },
  {
    listeners: { '*:80': { pass: 'routes/own' } },
    routes: { own: [{ action: { pass: 'applications/it' } }] },
    applications: { it: { type: 'python 3', module: 'it' } },
  },
  app({
    type: 'python 3',
    ...common,
    processes: { max: 4, spare: 2, idle_timeout: 10 },
    home: 'venv',
    path: ['lib', 'more'],
    protocol: 'wsgi',
    threads: 2,
    thread_stack_size: 65_536,
    module: 'shop',
    callable: 'make',
    factory: true,
    prefix: '/shop',
  }),
  {
    listeners: { '*:80': { pass: 'applications/it/one' } },
    applications: {
      it: { type: 'python 3', targets: { one: { module: 'shop', callable: 'make', factory: true, prefix: '/shop' } } },
    },
  },
  app({
    type: 'php',
    ...common,
    root: '/srv/www',
    script: 'index.php',
    index: 'home.php',
    options: { file: '/etc/php.ini', admin: { memory_limit: '1G' }, user: { display_errors: '0' } },
  }),
  {
    listeners: { '*:80': { pass: 'applications/it/one' } },
    applications: {
      it: { type: 'php', targets: { one: { root: '/srv/www', script: 'index.php', index: 'home.php' } } },
    },
  },
  app({ type: 'external', ...common, executable: '/usr/bin/node', arguments: ['app.mjs'] }),
  app({ type: 'perl', script: 'app.psgi', threads: 2, thread_stack_size: 1 }),
  app({ type: 'ruby', script: 'config.ru', threads: 2, hooks: 'hooks.rb' }),
  app({
    type: 'java',
    classpath: ['a.jar'],
    webapp: 'a.war',
    options: ['-Xmx1g'],
    unit_jars: '/usr/share/unit',
    threads: 2,
    thread_stack_size: 1,
  }),
  app({
    type: 'wasm',
    module: 'a.wasm',
    request_handler: 'a',
    malloc_handler: 'b',
    free_handler: 'c',
    module_init_handler: 'd',
    module_end_handler: 'e',
    request_init_handler: 'f',
    request_end_handler: 'g',
    response_end_handler: 'h',
    access: { filesystem: ['/srv'] },
  }),
  app({ type: 'wasm-wasi-component', component: 'a.wasm', access: { filesystem: ['/srv'] }, execution_timeout: 3 }),
]

/** `a.b, c` → `a.b`, `a.c`. */
function pathsOf([options]: OptionRow): string[] {
  const [first = '', ...others] = options.split(', ')
  const group = first.replace(/\.?[^.]*$/, '')
  return [first, ...others.map((name) => `${group}.${name}`)]
}

const rows = new Map(optionRows.flatMap((row) => pathsOf(row).map((path) => [path, row] as const)))

interface Member {
  /** As a row has it. */
  readonly option: string
  /** As the report has it. */
  readonly place: string
}

/** Every member below a value, lists of routes as `routes[]`, names of one's own as `*`. */
function membersOf(value: unknown, path: readonly (string | number)[] = []): Member[] {
  if (typeof value !== 'object' || value === null) return []
  // Texts in a list are no members.
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, key]
    return [{ option: optionAt(at), place: `/config/${at.join('/')}` }, ...membersOf(item, at)]
  })
}

function optionAt(path: readonly (string | number)[]): string {
  return path
    .join('.')
    .replace(/^routes\.(?:own(?:\.0)?|\d+)/, 'routes[]')
    .replace(/^(listeners)\.\*:\d+/, '$1.*')
    .replace(/^(applications)\.it(?:\.targets\.one(?=\.))?/, '$1.*')
    .replace(/^(upstreams)\.all\.servers\.127\.0\.0\.1:\d/, '$1.*.servers.*')
    .replace(/^(upstreams)\.all/, '$1.*')
}

/** The row of a member, or of the nearest group that has one. */
function rowOf(option: string): OptionRow | undefined {
  const own = rows.get(option)
  const above = option.replace(/\.[^.]+$/, '')
  return own ?? (above === option ? undefined : rowOf(above))
}

interface Told {
  readonly outcome: string
  readonly line: string
}

/** What the report says of each place. */
function toldIn(report: string): Map<string, Told[]> {
  const told = new Map<string, Told[]>()
  let outcome = ''
  for (const line of report.split('\n')) {
    if (/^\S/.test(line)) outcome = line
    const place = /^ {2}(\/config\/\S*): /.exec(line)?.[1]
    if (place !== undefined) told.set(place, [...(told.get(place) ?? []), { outcome, line }])
  }
  return told
}

test('every member of Unit has a row, and every row a member', () => {
  const members = CONFIGURATIONS.flatMap((one) => membersOf(one)).map(({ option }) => option)
  const groups = ['listeners', 'applications', 'upstreams', 'routes', 'settings']
  const isGroup = (option: string): boolean =>
    groups.includes(option.replace(/[.[].*/, '')) &&
    members.some((one) => one.startsWith(`${option}.`) || one.startsWith(`${option}[`))
  expect([...new Set(members.filter((option) => !rowOf(option) && !isGroup(option)))]).toEqual([])
  expect([...rows.keys()].filter((path) => !members.includes(path))).toEqual([])
})

test.each(CONFIGURATIONS.map((one) => [JSON.stringify(one).slice(0, 200), one] as const))(
  '%s becomes what the table says',
  async (_, data) => {
    answer = JSON.stringify(data)
    const { config, report } = await unit.read({ file: socket, words: [], cwd: folder.path, environment: {} })
    expect(report.full()).not.toContain('nothing is known of it here')
    const told = toldIn(report.full())
    const text = await written(config, 'yaml', [])
    const wrong = membersOf(data).flatMap(({ option, place }) => {
      const row = rows.get(option)
      if (!row || isSo(row, nearestTold(told, place), text)) return []
      return [`${option} is to be ${row[1]}: ${nearestTold(told, place)[0]?.line}`]
    })
    expect(wrong).toEqual([])
  },
)

/** Whether it is left out where the row has nothing for it, and else is in the configuration, or told why not. */
function isSo([, here]: OptionRow, told: readonly Told[], config: string): boolean {
  const isLeft = told.some(({ outcome }) => outcome === 'Not carried over')
  if (here === 'none' || isLeft) return isLeft
  const names = [...here.matchAll(/`([\w.]+)/g)].map(([, name]) => name!.split('.').at(-1)!)
  return names.length === 0 || names.some((name) => new RegExp(`\\b${name}:`).test(config))
}

/** Of a member that nothing is said of by itself, what is said of the group that it is in. */
function nearestTold(told: ReadonlyMap<string, Told[]>, place: string): readonly Told[] {
  const below = [...told].filter(([one]) => one.startsWith(`${place}/`)).flatMap(([, entries]) => entries)
  const own = told.get(place)
  if (own) return own
  if (below.length > 0) return below
  const above = place.replace(/\/[^/]+$/, '')
  return above === '/config' || above === place ? [] : nearestTold(told, above)
}

test('docs/migrate-unit.md has every option', async () => {
  const cells = optionRows.map(([option, here, note]) => [`\`${option}\``, here, note])
  const { file, text } = documentWith('migrate-unit.md', { options: table(['Unit', 'here', 'to know'], cells) })
  await expect(text).toMatchFileSnapshot(file)
})
