// The importer reads what uWSGI reads: each file is given to both, and the options that come out are the same (`uwsgi --show-config`).
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { logicNames } from '../../../sidecar/importers/uwsgi/logic.ts'
import { readerNames, UwsgiReader } from '../../../sidecar/importers/uwsgi/reader.ts'
import { program, temporaryFolder } from '../../harness.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

const environment = { PATH: process.env.PATH!, HOME: '/home/somebody', PORT: '3031', EMPTY: '' }
/** What uWSGI lists of itself, and what the importer does as it reads. */
const OF_READING = new Set([...logicNames, ...readerNames, 'show-config', 'no-server'])

const FILES: Readonly<Record<string, string>> = {
  'text.txt': 'from a file\n',
  'lines.txt': 'one\ntwo words\n',
  'vassals/b.ini': '',
  'vassals/a.ini': '',
  'deep/inner.ini': '[uwsgi]\nname = %n\nfolder = %d\nfirst = %N %D\nrelative = %(base)\n[other]\nsection = %x\n',
  'deep/inherited.ini': '[uwsgi]\nlate = %n %(base) $(HOME)\n',
  'plain.ini':
    '# a comment\n; another\n[uwsgi]\n  master = true  \nvacuum\nempty =\nquoted = "a b"\nequals = a = b = c\nhash = a # b\nprocesses=4\nprocesses = 5\n\ttabbed\t=\tx\t\n[other]\nnever = 1\n[uwsgi]\nagain = 1\n',
  'no-end.ini': '[uwsgi]\na = 1\nb = 2',
  'dos.ini': '[uwsgi]\r\na = 1\r\nb = two words\r\n',
  'magic.ini':
    '[uwsgi]\nd = %d\nn = %n\np = %p\ns = %s\ne = %e\nc = %c\no = %o\nx = [%x]\nparts = %0 %1 %2 %9\ncapitals = %D %N %P %S %E %C %O\nmachine = %v %h %k %u %U %g\npercent = 100%% a%zb %%n\n',
  'no.ending.ini': '[uwsgi]\nn = %n %e\n',
  'names.ini':
    '[uwsgi]\nbase = /srv/%n\nname = %(base)/x\ntwice = %(name)%(name)\nnone = %(nobody)\nbare = %()\nopen = %(base\nprocesses = 2\ncores = 8\ncalc = %(processes cores + 2)\nless = %(cores - 3 * 2)\nquarter = %(cores / 4)\nzero = %(cores / 0)\nnext = %(cores ++)\nlater = %(behind)\nbehind = there\n',
  'environment.ini':
    '[uwsgi]\nhome = $(HOME)/v\nport = 127.0.0.1:$(PORT)\nempty = [$(EMPTY)]\nboth = %(home)$(PORT)\nnested = $(HOME)$(PORT)\n',
  'files.ini': '[uwsgi]\ntext = <@(text.txt)>\nboth = @(text.txt) $(PORT)\n',
  'blocks.ini':
    '[uwsgi]\nfor = a b  c\nmap = /%(_)=/srv/%(_)\nother = %(_)\nendfor =\nfor-times = 2\nnumber = %(_)\nend-for =\nfor-glob = vassals/*.ini\nfound = %(_)\nendfor =\nfor-glob = none*\nfound = %(_)\nendfor =\nfor-readline = lines.txt\nline = <%(_)>\nendfor =\nif-env = HOME\nhome = %(_)\nendif =\nif-env = PORT=3031\nport = %(_)\nendif =\nif-env = PORT=1\nwrong = 1\nendif =\nif-not-env = NOBODY\nnobody = 1\nendif =\nif-exists = text.txt\nthere = %(_)\nendif =\nif-not-exists = text.txt\nwrong = 1\nendif =\nif-file = vassals\nwrong = 1\nendif =\nif-dir = vassals\nis = %(_)\nend-if =\nif-opt = home\nopt = %(_)\nendif =\nif-opt = port=1\nwrong = 1\nendif =\nif-not-opt = nothing\nopt = none\nend =\nif-not-reload =\nfresh = 1\nendif =\nif-reload =\nwrong = 1\nendif =\nrest = 1\n',
  'include.ini':
    '[uwsgi]\nbase = /srv\nini = :third\ninclude = deep/inner.ini\nini = deep/inner.ini:other\nset = port=1\nset-ph = ours=2\nboth = %(port) %(ours)\nname = %n\ninherit = deep/inherited.ini\nlast = 1\n[third]\nthird = %n %x\n',
  'plain.yaml':
    '# a comment\nother:\n  never: 1\nuwsgi:\n  socket: 127.0.0.1:3031   # behind\n  master: true\n  vacuum: "1"\n  name: %n\n  base: "/x/%(name)"\n  single: \'a b\'\n  many: [a, b]\n  list:\n    - one\n    - two\n  socket: /tmp/b\n  number: 012\n  nothing:\n',
  'plain.json':
    '{ "x": {}, "uwsgi": { "socket": ["a", "b"], "master": true, "off": false, "nothing": null, "number": 4, "name": "x%n", "letter": "\\u00e9" } }',
  'plain.xml':
    '<?xml version="1.0"?>\n<!-- a comment -->\n<uwsgi>\n  <socket>127.0.0.1:3031</socket>\n  <master/>\n  <name>%n</name>\n  <amp>a &amp; b</amp>\n  <blanks> a </blanks>\n</uwsgi>\n',
}

for (const [name, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(folder.path, name)), { recursive: true })
  writeFileSync(join(folder.path, name), text)
}
symlinkSync('deep/inner.ini', join(folder.path, 'link.ini'))

async function ours(file: string): Promise<string[]> {
  const reader = new UwsgiReader({ cwd: folder.path, environment })
  await reader.file(file)
  return (await reader.end()).map(({ key, value }) => `${key} = ${value}`)
}

function theirs(file: string): string[] {
  const words = [`--${/\.([a-z]+)$/.exec(file)![1]}`, file, '--show-config', '--no-server']
  const { stderr } = spawnSync(program('uwsgi')!, words, { cwd: folder.path, env: environment, encoding: 'utf8' })
  const [, shown] = /\[uwsgi\]\n([^]*?);end of configuration/.exec(stderr) ?? []
  if (shown === undefined) throw new Error(stderr)
  return shown.split('\n').filter((line) => line !== '' && !OF_READING.has(line.split(' = ')[0]!))
}

const files = [
  ...Object.keys(FILES).filter((name) => !name.includes('/') && /\.(?:ini|yaml|json|xml)$/.test(name)),
  'link.ini',
]

describe.skipIf(!program('uwsgi'))('as the real uWSGI', () => {
  // Its Debian has all four formats.
  test.each(files)('%s', async (file) => {
    const read = (await ours(file)).filter((line) => !line.startsWith('inherit ='))
    expect(read).toEqual(theirs(file))
  })
})

async function failure(name: string, text: string): Promise<string> {
  writeFileSync(join(folder.path, name), text)
  const error = await ours(name).then(
    () => undefined,
    (thrown: { code: string; path: string; message: string }) => thrown,
  )
  return error === undefined ? 'none' : `${error.path}: ${error.message} [${error.code}]`
}

test.each([
  [
    'circle.ini',
    '[uwsgi]\ninclude = circle.ini\n',
    /^circle\.ini:2: circle\.ini is included within 50 others: it includes itself \[IMPORT_SYNTAX\]$/,
  ],
  [
    'blocks-in.ini',
    '[uwsgi]\nfor = a\nif-env = HOME\nendif =\n',
    /^blocks-in\.ini:3: if-env stands between for and its end: .* \[IMPORT_SYNTAX\]$/,
  ],
  ['else.ini', '[uwsgi]\nif-env = HOME\nelse =\nendif =\n', /^else\.ini:3: no uWSGI that was released knows else/],
  ['gone.ini', '[uwsgi]\ninclude = none.ini\n', /^gone\.ini:2: none\.ini: there is no such file \[IMPORT_MISSING\]$/],
  [
    'far.ini',
    '[uwsgi]\ninclude = http://example.com/a.ini\n',
    /^far\.ini:2: http:\/\/example\.com\/a\.ini is asked for by uWSGI itself/,
  ],
  ['other.ini', '[uwsgi]\ninclude = a.conf\n', /^other\.ini:2: a\.conf does not end in \.ini/],
  ['empty.ini', '[other]\na = 1\n', /^empty\.ini: empty\.ini has no section uwsgi \[IMPORT_SYNTAX\]$/],
  ['bad.xml', '<uwsgi>\n<a></b>\n</uwsgi>', /^bad\.xml:2: <\/b> stands where <\/a> belongs \[IMPORT_SYNTAX\]$/],
  ['bad.json', '{ "uwsgi": { "a": } }', /^bad\.json:1: it is no JSON: .* \[IMPORT_SYNTAX\]$/],
  ['deep.json', '{ "uwsgi": { "a": { "b": 1 } } }', /^deep\.json:1: an option of uWSGI is a text/],
  ['set.ini', '[uwsgi]\nset = a\n', /^set\.ini:2: set is NAME=VALUE/],
])('%s is told', async (name, text, message) => {
  expect(await failure(name, text)).toMatch(message)
})

test('what is not known before uWSGI runs is a doubt, and no text', async () => {
  writeFileSync(
    join(folder.path, 'doubts.ini'),
    '[uwsgi]\nstart = %t\nnone = $(NOBODY)\nrun = @(exec://date)\ngone = @(none.txt)\nby = %(none)\nround = %(round)\n',
  )
  const reader = new UwsgiReader({ cwd: folder.path, environment })
  await reader.file('doubts.ini')
  const doubts = (await reader.end()).map(({ key, doubt }) => `${key}: ${doubt}`)
  expect(doubts).toEqual([
    'start: %t is the time of the start, which is known only when uWSGI runs: write what it should be',
    'none: the variable NOBODY is not set where this was imported: set it and import it again',
    'run: @(exec://…) is asked for by uWSGI itself: write what it gives',
    'gone: @(none.txt) cannot be read (ENOENT), and would be empty',
    'by: the variable NOBODY is not set where this was imported: set it and import it again',
    'round: what it stands for never ends',
  ])
})

test('YAML with places that uWSGI takes where it has no libyaml', async () => {
  const text = 'uwsgi:\n  name: x\n  plain: %(name)/a # not behind\n  list:\n    - @(text.txt)\n'
  writeFileSync(join(folder.path, 'places.yaml'), text)
  expect(await ours('places.yaml')).toEqual(['name = x', 'plain = x/a', 'list = from a file'])
})

test('options that a file declares are those of their template', async () => {
  writeFileSync(
    join(folder.path, 'declared.ini'),
    '[uwsgi]\ndeclare-option = site=env=NAME=$1;socket=/run/$1-$2.sock\nsite = shop 2\n',
  )
  expect(await ours('declared.ini')).toEqual(['env = NAME=shop', 'socket = /run/shop-2.sock'])
})
