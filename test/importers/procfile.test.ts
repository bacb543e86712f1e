// A Procfile is imported, and run as it is.
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'

const { path, write, run } = commandFolder()

test('the process web is carried over, the others are named, and what is there is kept', async () => {
  write('Procfile', '# processes\nweb: python3 -m http.server --bind 127.0.0.1 $PORT\nworker: python3 jobs.py ${A}\n')
  const one = run(['import', 'procfile', 'Procfile', '-o', 'sidegate.config.yaml'])
  expect((await one.ended).code).toBe(0)
  expect(one.err).toBe(
    [
      'Carried over',
      '  Procfile:2: web: python3 -m http.server --bind 127.0.0.1 $PORT → mounts./.run',
      '',
      'Not carried over',
      '  Procfile:3: worker: python3 jobs.py ${A}: it serves nothing: have a service manager run it',
      '',
      '1 carried over, 0 changed, 1 not carried over',
      '',
    ].join('\n'),
  )
  const written = readFileSync(join(path, 'sidegate.config.yaml'), 'utf8')
  const again = run(['import', 'procfile', 'Procfile', '--output', 'sidegate.config.yaml'])
  expect((await again.ended).code).toBe(2)
  expect(again.err).toMatch(/sidegate\.config\.yaml is there already: it is kept/)
  expect(readFileSync(join(path, 'sidegate.config.yaml'), 'utf8')).toBe(written)
  const check = run(['check', '-c', 'sidegate.config.yaml', '--no-listen'])
  expect((await check.ended).code).toBe(0)
})

test('it is run as it is', async () => {
  write('Procfile', 'web: python3 -m http.server --bind 127.0.0.1 $PORT\nrelease: true\n')
  write('seen.txt', 'seen')
  const one = run(['serve', '--procfile', 'Procfile', '-l', '127.0.0.1:0'])
  const port = await one.port()
  expect(await (await fetch(`http://127.0.0.1:${port}/seen.txt`)).text()).toBe('seen')
  expect(one.err).toMatch(/Procfile:2: release: true: not carried over: it serves nothing/)
  await one.said(/sidegate plug nginx --procfile Procfile\)/)
})

test('what cannot be read says why', async () => {
  write('bad', 'web\n')
  const bad = run(['import', 'procfile', 'bad'])
  expect((await bad.ended).code).toBe(1)
  expect(bad.err).toMatch(/bad:1: a line of a Procfile is NAME: COMMAND \[IMPORT_SYNTAX\]/)
  const missing = run(['import', 'procfile', 'none'])
  expect((await missing.ended).code).toBe(1)
  expect(missing.err).toMatch(/none: there is no such file \[IMPORT_MISSING\]/)
  const unknown = run(['import', 'procfil', 'none'])
  expect((await unknown.ended).code).toBe(2)
  expect(unknown.err).toMatch(/nothing is known of "procfil": is it procfile\?/)
})

test('a report that cannot be written is told, and none takes the place of the configuration', async () => {
  write('Procfile', 'web: python3 -m http.server --bind 127.0.0.1 $PORT\n')
  const nowhere = run(['import', 'procfile', 'Procfile', '--report', 'none/report.txt'])
  expect((await nowhere.ended).code).toBe(2)
  expect(nowhere.err).toMatch(/--report \S+none\/report\.txt cannot be written: ENOENT/)
  const same = run(['import', 'procfile', 'Procfile', '-o', 'both.yaml', '--report', './both.yaml'])
  expect((await same.ended).code).toBe(2)
  expect(same.err).toMatch(/--output and --report name the same file/)
  expect(existsSync(join(path, 'both.yaml'))).toBe(false)
})

test('what is written may be read by those who may read the file', async () => {
  write('Procfile', 'web: KEY=secret node x.js\n')
  chmodSync(join(path, 'Procfile'), 0o600)
  expect((await run(['import', 'procfile', 'Procfile', '-o', 'private.yaml']).ended).code).toBe(0)
  expect(statSync(join(path, 'private.yaml')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(path, 'private.yaml'), 'utf8')).toContain('secret')
})
