import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { nearest, nearestFile } from '../../sidecar/nearest.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { readConfig } from './read.ts'

const yaml = (text: string, environment?: Record<string, string>) => readConfig('c.yaml', text, environment)

test('a small configuration gets its defaults', async () => {
  const { config, problems } = await yaml('mounts:\n  /: { app: ./hello.ts }\n')
  expect(problems).toEqual([])
  expect(config).toMatchObject({
    host: 'nginx',
    drainTimeout: 30,
    log: { format: 'text', access: true },
    listen: [{ address: '127.0.0.1:8000', backlog: 511, allow: [] }],
    mounts: [{ key: '/', path: 'mounts./', settings: { app: './hello.ts', loadTimeout: 10 } }],
  })
  expect(config.mounts[0]!.kind.kind).toBe('app')
})

test('the same configuration in every format', async () => {
  const object = `{
    "listen": ["127.0.0.1:0", { "address": "uwsgi://0.0.0.0:3031", "allow": ["10.0.0.0/8"] }],
    "mounts": { "/": { "app": "./hello.ts" }, "a.example/x": { "files": "./public" } },
    "log": { "format": "json" }
  }`
  const written = {
    'c.json': object,
    'c.yaml': object,
    'c.yml':
      'listen: ["127.0.0.1:0", {address: uwsgi://0.0.0.0:3031, allow: [10.0.0.0/8]}]\nmounts:\n  /: {app: ./hello.ts}\n  a.example/x: {files: ./public}\nlog: {format: json}\n',
    'c.ts': `export default ${object} as const`,
    'c.mts': `const config: object = ${object}\nexport default config`,
    'c.js': `module.exports = ${object}`,
    'c.mjs': `export default ${object}`,
  }
  for (const [name, text] of Object.entries(written)) {
    const { config, problems } = await readConfig(name, text)
    expect({
      name,
      problems,
      listen: config.listen.map(({ address }) => address),
      mounts: config.mounts.map(({ key, kind }) => `${key} ${kind.kind}`),
      log: config.log,
    }).toEqual({
      name,
      problems: [],
      listen: ['127.0.0.1:0', 'uwsgi://0.0.0.0:3031'],
      mounts: ['/ app', 'a.example/x files'],
      log: { format: 'json', level: 'info', access: true },
    })
  }
})

test('every problem is told in one go, with its line and path', async () => {
  const { problems } = await yaml(`listn: []
listen:
  - 127.0.0.1:80a
  - address: 127.0.0.1:1
    alow: [10.0.0.1]
mounts:
  /: { app: ./hello.ts, lnt: true }
  /a:
    python: x:y
    proceses: 4
    threads: "4"
  /b: { app: ./a.ts, node: ./b.ts }
  /c: { pyhton: x }
  /d: ./d.ts
  /e/: { respond: 200 }
  /e: { respond: 200 }
  example.com:80/x: { respond: 200 }
  /f/../g: { respond: 200 }
log: { format: jsn }
drainTimeout: soon
`)
  expect(problems.toSorted()).toEqual(
    [
      'c.yaml:1: listn: there is no setting listn; did you mean listen? [CONFIG_KEY]',
      'c.yaml:3: listen.0: "127.0.0.1:80a" is no address: a port is a number up to 65535 [ADDRESS_BAD]',
      'c.yaml:5: listen.1.alow: there is no setting alow; did you mean allow? [CONFIG_KEY]',
      'c.yaml:7: mounts./.lnt: there is no setting lnt; did you mean lint? [CONFIG_KEY]',
      'c.yaml:10: mounts./a.proceses: there is no setting proceses; did you mean processes? [CONFIG_KEY]',
      'c.yaml:11: mounts./a.threads: is "4", must be a number [CONFIG_VALUE]',
      'c.yaml:12: mounts./b: app and node stand side by side: a mount is of one kind [MOUNT_KIND]',
      'c.yaml:13: mounts./c: there is no kind of mount called pyhton; did you mean python? [MOUNT_KIND]',
      `c.yaml:14: mounts./d: a mount is a group of settings with its kind as a key, such as { app: "./d.ts" }; kinds are ${kinds.map(({ kind }) => kind).join(', ')} [MOUNT_KIND]`,
      'c.yaml:16: mounts./e: /e and /e/ are the same place [MOUNT_TWICE]',
      'c.yaml:17: mounts.example.com:80/x: "example.com:80" is no host name; a prefix begins with /, a host name has no port [MOUNT_KEY]',
      'c.yaml:18: mounts./f/../g: the prefix /f/../g has an empty, . or .. segment and would never match [MOUNT_KEY]',
      'c.yaml:19: log.format: is "jsn"; did you mean json? [CONFIG_VALUE]',
      'c.yaml:20: drainTimeout: is "soon", must be a number [CONFIG_VALUE]',
    ].toSorted(),
  )
})

test('a word that names a kind may be a setting of another one', async () => {
  const { problems } = await yaml(
    'mounts:\n  /: { php: ./site, app: none }\n  /b: { php: ./site, app: none, node: ./b.ts }\n',
  )
  expect(problems).toEqual([
    'c.yaml:3: mounts./b: app and node and php stand side by side: a mount is of one kind [MOUNT_KIND]',
  ])
})

test('a place of one word is a prefix without its slash, or a host name: which one has to be said', async () => {
  const text = (key: string): string => `mounts:\n  ${key}: { respond: 204 }\n`
  expect((await yaml(text('wiki'))).problems).toEqual([
    'c.yaml:2: mounts.wiki: wiki would be a host name: write /wiki for the path, or wiki/ for a host that is called so [MOUNT_KEY]',
  ])
  for (const key of ['wiki/', '/wiki', 'localhost', 'wiki.example', '127.0.0.1']) {
    expect((await yaml(text(`"${key}"`))).problems).toEqual([])
  }
})

test('words that mean a kind of mount lead to it', async () => {
  const { problems } = await yaml('mounts:\n  /: { rack: ./config.ru }\n  /a: { static: ./public }\n')
  expect(problems).toEqual([
    expect.stringMatching(
      /^c\.yaml:2: mounts\.\/: there is no kind of mount called rack: a Rack app runs in a server of its own.* \[MOUNT_KIND\]$/,
    ),
    'c.yaml:3: mounts./a: there is no kind of mount called static: a folder is of the kind files [MOUNT_KIND]',
  ])
})

test.each([
  ['mounts:\n\t/: { respond: 204 }\n', 2, 'a tab at the beginning of a line: YAML is indented with spaces'],
  ['a: [1, 2\n', 2, 'a ] is missing that closes what was opened before'],
  ['mounts:\n  /: { respond: 204\n  /b: { respond: 204 }\n', 3, 'a } is missing that closes what was opened before'],
  ['a: "x\n', 2, 'a " is missing that closes what was opened before'],
  ['host: nginx\nhost: nginx\n', 2, 'the key host is there already'],
  ['listen: @x\n', 1, 'no plain text begins with this character: put the text in quotes'],
  ['a: 1\n---\nb: 2\n', 2, 'a second document begins here with ---: a configuration is one'],
  ['a: b: c\n', 1, 'a second key on the line, or a line that is indented more than the one that it belongs to'],
  ['a:\n  b: 1\n c: 2\n', 3, 'keys of one group begin in one column'],
  ['key\nother: 3\n', 1, 'a line without a ":" behind its key'],
  ['- a\nb: 1\n', 2, 'this does not belong here: is the line indented as its neighbours are'],
])('%j is told in plain words', async (text, line, words) => {
  const { problems } = await yaml(text)
  expect(problems[0]).toMatch(new RegExp(`^c\\.yaml:${line}: .*\\[CONFIG_SYNTAX\\]$`))
  expect(problems[0]).toContain(words)
  expect(new Set(problems.map((problem) => problem.split(': ')[0])).size).toBe(problems.length)
})

test('what is right beside a mistake can still be used', async () => {
  const { config, problems } = await yaml('mounts:\n  /: { app: ./hello.ts, lnt: true }\n  /x: { respond: 204 }\n')
  expect(problems).toHaveLength(1)
  expect(config.mounts.map(({ key }) => key)).toEqual(['/', '/x'])
})

test('nothing mounted, no list, no group', async () => {
  expect((await yaml('listen: 127.0.0.1:1\n')).problems).toEqual([
    'c.yaml:1: listen: must be a list of addresses, such as ["127.0.0.1:8000"] [CONFIG_VALUE]',
    expect.stringMatching(/^c\.yaml:1: mounts: nothing is mounted: .*\[CONFIG_VALUE\]$/),
  ])
  const told = 'a configuration is a group of settings: listen, mounts, … [CONFIG_VALUE]'
  expect((await yaml('hello')).problems).toEqual([`c.yaml:1: it is "hello"; ${told}`])
  expect((await yaml('- a')).problems).toEqual([`c.yaml:1: it is a list; ${told}`])
  expect((await yaml('# to do\n')).problems).toEqual([`c.yaml: nothing is in it; ${told}`])
  expect((await readConfig('c.mjs', 'export default () => ({})')).problems).toEqual([
    `c.mjs: it is a function; ${told}`,
  ])
})

test('an app in the place of its module', async () => {
  const text = "export default { mounts: { '/': { app: () => [] } } }"
  expect((await readConfig('c.mjs', text)).problems).toEqual([
    'c.mjs: mounts./.app: is a function: a configuration has the names of modules, such as "./hello.ts#app" [CONFIG_VALUE]',
  ])
})

test.each([
  ['c.yaml', 'mounts:\n  /: {app: x\n', 3],
  ['d.yaml', 'a: 1\na: 2\n', 2],
  ['c.json', '{\n "a": 1,\n}', 3],
  ['d.json', '{"a": 1,\n"a": 2}', 2],
])('text that cannot be parsed is told with its line: %s', async (name, text, line) => {
  const { problems } = await readConfig(name, text)
  expect(problems[0]).toMatch(/\[CONFIG_SYNTAX\]$/)
  expect(problems[0]!.split(': ')[0]).toBe(`${name}:${line}`)
})

test('variables of the environment in JSON and YAML', async () => {
  const text = `listen: ["\${HOST:-127.0.0.1}:\${PORT}"]
mounts:
  /: { python: "a:b", processes: "\${N:-3}", env: { COUNT: "\${N:-3}", SHELL: $HOME, PLAIN: "$\${X}" } }
log: { access: "\${ACCESS:-false}" }
`
  const { config, problems } = await yaml(text, { PORT: '81', N: '' })
  expect(problems).toEqual([])
  expect(config.listen[0]!.address).toBe('127.0.0.1:81')
  expect(config.log.access).toBe(false)
  expect(config.mounts[0]!.settings).toMatchObject({ processes: 3, env: { COUNT: '3', SHELL: '$HOME', PLAIN: '${X}' } })
  const wrong = await yaml(text, { N: 'many' })
  expect(wrong.problems.map((line) => line.replace(/ is ".*", must/, ' must'))).toEqual([
    'c.yaml:1: listen.0: the environment variable PORT is not set; set it, or write ${PORT:-default} [CONFIG_ENV]',
    'c.yaml:3: mounts./.processes: must be a number or a group of settings [CONFIG_VALUE]',
  ])
})

test('a variable of the request among those of the environment', async () => {
  const text = (user: string): string =>
    `mounts: { /: { respond: 204, use: [{ variables: { set: { A: "${user}" } } }] } }\n`
  const { config } = await yaml(text('$${REMOTE_USER}'), {})
  expect(config.mounts[0]!.use[0]!.settings).toMatchObject({ set: { A: '${REMOTE_USER}' } })
  expect((await yaml(text('${REMOTE_USER}'), {})).problems[0]).toContain(
    'a variable of the request is written $${REMOTE_USER}',
  )
})

test('a module that raises, or exports nothing, or is not there', async () => {
  await expect(readConfig('c.ts', 'throw new Error("no such luck")')).rejects.toMatchObject({
    code: 'CONFIG_RAISED',
    path: 'c.ts',
    message: 'it raised while it was loaded: no such luck',
  })
  await expect(readConfig('c.ts', 'export const config = {}')).rejects.toMatchObject({ code: 'CONFIG_EXPORT' })
  await expect(readConfig('c.toml', '')).rejects.toMatchObject({ code: 'CONFIG_FORMAT' })
})

test('a module that never finishes loading', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const thrown = readConfig('c.ts', 'await new Promise(() => {})\nexport default {}').catch((error: unknown) => error)
  // The file is looked at first.
  while (vi.getTimerCount() === 0) await new Promise(setImmediate)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await thrown).toMatchObject({
    code: 'CONFIG_LATE',
    path: 'c.ts',
    message: 'it did not finish loading within 10 s: does a top-level await never settle?',
  })
})

test('relative socket paths start at the folder of the configuration', async () => {
  const text = 'listen: ["unix:run/s.sock", "uwsgi://unix:/abs/s.sock"]\nmounts: { /: { respond: 204 } }\n'
  const here = await yaml(text)
  expect(here.config.listen.map(({ address }) => address)).toEqual(['unix:run/s.sock', 'uwsgi://unix:/abs/s.sock'])
  const elsewhere = await readConfig('c.yaml', text, {}, '/')
  expect(elsewhere.config.listen[0]!.address).toBe(`unix:${join(elsewhere.config.directory, 'run/s.sock')}`)
})

test('the nearest known name', () => {
  const known = ['listen', 'mounts', 'drainTimeout', 'host']
  expect(nearest('lisetn', known)).toBe('listen')
  expect(nearest('drain_timeout', known)).toBe('drainTimeout')
  expect(nearest('Mount', known)).toBe('mounts')
  expect(nearest('workers', known)).toBeUndefined()
})

test('the nearest file: its ending counts only between two that are equally near', () => {
  const files = ['a.ts', 'hello.js', 'hello.ts', 'wsgi.py', 'public']
  expect(nearestFile('helo.ts', files)).toBe('hello.ts')
  expect(nearestFile('hello.mts', files)).toBe('hello.js')
  expect(nearestFile('hello', files)).toBe('hello.js')
  expect(nearestFile('pubic', files)).toBe('public')
  // One letter of one.
  expect(nearestFile('b.ts', files)).toBeUndefined()
  expect(nearestFile('nothing.ts', files)).toBeUndefined()
})

test('a mistake in one listener moves the place of no other', async () => {
  const text = 'listen:\n  - 127.0.0.1:99999\n  - 5\n  - 127.0.0.1:8001\nmounts:\n  /: { respond: 204 }\n'
  const { config, problems } = await readConfig('c.yaml', text)
  expect(config.listen.map(({ address, path }) => [address, path])).toEqual([['127.0.0.1:8001', 'listen.2']])
  expect(problems).toEqual([
    expect.stringMatching(/^c\.yaml:2: listen\.0: .*ADDRESS_BAD/),
    'c.yaml:3: listen.1: must be an address, such as "127.0.0.1:8000", or a group of settings with one [CONFIG_VALUE]',
  ])
})

test('control characters are in no place of a mount and no path of a socket', async () => {
  const mounts = String.raw`"/a\nb": { respond: 204 }, "/c\0": { respond: 204 }, "/\u202E": { respond: 204 }`
  const { problems } = await readConfig('c.yaml', `mounts: { ${mounts} }\nlisten: ["unix:a\\0b"]\n`)
  expect(problems.map((line) => line.replace(/^.*\[/s, '['))).toEqual([
    '[ADDRESS_BAD]',
    '[MOUNT_KEY]',
    '[MOUNT_KEY]',
    '[MOUNT_KEY]',
  ])
  expect(problems[1]).toContain('\\n')
})

test('UTF-8, with or without the mark in front, and nothing else', async () => {
  const json = '{ "mounts": { "/\u00e9": { "respond": 204 } } }'
  expect((await readConfig('c.json', `\ufeff${json}`)).config.mounts[0]!.key).toBe('/\u00e9')
  for (const bytes of [Buffer.from(json, 'latin1'), Buffer.from(`\ufeff${json}`, 'utf16le')]) {
    await expect(readConfig('c.json', bytes)).rejects.toMatchObject({
      code: 'CONFIG_SYNTAX',
      message: 'it is no UTF-8 text: save it as UTF-8',
    })
  }
})

test('words for what is no whole number, and for a list with nothing in it', async () => {
  const { problems } = await readConfig(
    'c.yaml',
    'mounts:\n  /a: { python: x, processes: 1.5 }\n  /b: { upstream: [] }\n',
  )
  expect(problems).toEqual([
    'c.yaml:2: mounts./a.processes: is 1.5, must be a whole number [CONFIG_VALUE]',
    'c.yaml:3: mounts./b.upstream: is an empty list, must have one entry or more [CONFIG_VALUE]',
  ])
})

test('two prefixes that differ in their letters alone are one place on Windows', async () => {
  const text = '{ "mounts": { "/shop": { "respond": 204 }, "/Shop": { "respond": 204 } } }'
  expect((await readConfig('c.json', text, {}, undefined, 'linux')).problems).toEqual([])
  expect((await readConfig('c.json', text, {}, undefined, 'win32')).problems).toEqual([
    'c.json:1: mounts./Shop: /Shop and /shop are the same place [MOUNT_TWICE]',
  ])
})

test('what is empty is told as such', async () => {
  const { problems } = await yaml(
    "mounts:\n  /a: { app: ./a.ts, wrap: [''] }\n  /b: { python: x, wrap: [''] }\n  /c: { respond: 200, use: [''] }\n",
  )
  expect(problems).toEqual([
    'c.yaml:2: mounts./a.wrap.0: is empty [CONFIG_VALUE]',
    'c.yaml:3: mounts./b.wrap.0: is empty [CONFIG_VALUE]',
    expect.stringMatching(/^c\.yaml:4: mounts\.\/c\.use\.0: there is no layer called ""; known are /),
  ])
})
