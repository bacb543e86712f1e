// The emperor's folder: its files are mounts of one Sidegate, each with what is its own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../../harness.ts'
import { imported, lineFor } from './read.ts'

const { path: cwd, remove } = temporaryFolder()
afterAll(remove)

function write(name: string, text: string): void {
  mkdirSync(dirname(join(cwd, name)), { recursive: true })
  writeFileSync(join(cwd, name), text)
}

test('each vassal has its place, its processes, its layers; all have all addresses', async () => {
  write(
    'one/shop.ini',
    '[uwsgi]\nmodule = shop:app\nmount = /api=api:app\nsocket = %n.sock\nprocesses = 3\nadd-header = X-Shop: yes\n',
  )
  write(
    'one/wiki.yaml',
    'uwsgi:\n  mount: /wiki=wiki:app\n  manage-script-name: true\n  socket: 127.0.0.1:3032\n  logto: wiki.log\n',
  )
  write('one/read.me', 'no vassal')
  write('emperor.ini', '[uwsgi]\nemperor = one\nvassals-set = threads=2\nvassals-include = all.ini\nlogto = all.log\n')
  write('all.ini', '[uwsgi]\nharakiri = 9\n')
  const found = await imported({ cwd, file: 'emperor.ini' })
  const of = { threads: 2, cwd: join(cwd, 'one'), requestTimeout: 9 }
  const use = [{ headers: { response: { add: { 'X-Shop': 'yes' } } } }]
  expect(found.config).toEqual({
    listen: [`uwsgi://unix:${cwd}/one/shop.sock`, 'uwsgi://127.0.0.1:3032'],
    log: { file: join(cwd, 'all.log') },
    mounts: {
      '/': { python: 'shop:app', processes: 3, ...of, use },
      '/api': { python: 'api:app', processes: 3, ...of, use },
      '/wiki': { python: 'wiki:app', ...of },
    },
  })
  expect(lineFor(found, 'emperor = one')).toBe(
    'emperor = one: 2 vassals are mounts of one Sidegate, each on the addresses of all',
  )
  expect(lineFor(found, 'logto = wiki.log')).toBe(
    'logto = wiki.log: there is one for all, and another one has said so before',
  )
  expect(lineFor(found, 'add-header')).toBe('add-header = X-Shop: yes → mounts./.use.0.headers')
})

test('of several that want a place those that are named for a host get it there, and of the others the first', async () => {
  for (const name of ['a.example.com', 'b.example.com', 'blog', 'other'])
    write(`two/${name}.ini`, `[uwsgi]\nmodule = ${name.replaceAll('.', '_')}\nsocket = %n.sock\n`)
  const found = await imported({ cwd, file: 'two' })
  expect(Object.keys(found.config.mounts as object)).toEqual(['a.example.com', 'b.example.com', '/'])
  expect(found.config.listen).toHaveLength(3)
  const text = found.report.full()
  expect(text).toContain(
    `two/b.example.com.ini: / → mounts.b.example.com: several vassals want that place, and this one is for the host that its file is named for`,
  )
  expect(text).toMatch(
    /two\/other\.ini: \/: another vassal is there already: run a Sidegate for each, or give one of them a place or a host/,
  )
  expect(text).toMatch(/two\/other\.ini:3: socket = \S+: nothing of this vassal is served/)
  expect(text).toMatch(/two\/b\.example\.com\.ini:2: module = b_example_com → mounts\.b\.example\.com\.python/)
})

test.runIf(process.getuid?.() === 0)('a tyrant has each vassal run as the owner of its file', async () => {
  write('three/a.ini', '[uwsgi]\nmodule = a\n')
  write('tyrant.ini', '[uwsgi]\nemperor = three/*.ini\nemperor-tyrant = true\n')
  const { config } = await imported({ cwd, file: 'tyrant.ini' })
  expect((config.mounts as Record<string, { process: unknown }>)['/']!.process).toEqual({ user: 0, group: 0 })
})

test('a circle of emperors ends, and a folder that is not there is told', async () => {
  write('four/round.ini', '[uwsgi]\nemperor = %d\n')
  const found = await imported({ cwd, file: 'four' })
  expect(found.report.full()).toContain('emperors over emperors are not followed any further')
  write('none.ini', '[uwsgi]\nemperor = nowhere\n')
  expect(lineFor(await imported({ cwd, file: 'none.ini' }), 'emperor')).toBe(
    'emperor = nowhere: there is no folder with files of uWSGI',
  )
})
