// Files of other servers are run as they are, by every command that reads a configuration, with the words that stand behind the file.
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { program } from '../harness.ts'
import { phpFpm } from '../upstream/php-fpm.ts'

const { write, run } = commandFolder()

write('shop.py', 'def app(environ, start_response): ...\napplication = app\n')
write('empty.py', 'workers = 2\n')
write('empty.ini', '[uwsgi]\nprocesses = 2\n')
write('Procfile', 'web: python3 -m http.server $PORT\n')
write('pool.conf', '[www]\nlisten = 127.0.0.1:1\npm = static\npm.max_children = 1\n')
write('host.config', '<configuration />')
write(
  'web.config',
  `<configuration><appSettings><add key="WSGI_HANDLER" value="shop.app" /></appSettings><system.webServer><handlers>
    <add scriptProcessor="${program('python3')}|wfastcgi.py" /></handlers></system.webServer></configuration>`,
)
const to = (pass: string): object => ({ pass })
write(
  'unit.json',
  JSON.stringify({
    listeners: { '127.0.0.1:1': to('routes/one'), '127.0.0.1:2': to('routes/two') },
    routes: { one: [{ action: { return: 204 } }], two: [{ action: { return: 410 } }] },
  }),
)

test.each([
  [['--gunicorn', 'empty.py', '--', '-w', '4', 'shop:app'], /^empty\.py is right/],
  [['--ini', 'empty.ini', '--', '--module', 'shop', '--http-socket', ':1'], /^empty\.ini is right/],
  [['--unit', 'unit.json', '127.0.0.1:2'], /^unit\.json is right/],
  [['--wfastcgi', 'web.config', 'host.config', '-l', '127.0.0.1:0'], /^web\.config is right/],
  [['--procfile', 'Procfile'], /^Procfile is right/],
])('sidegate check %j', async (words, said) => {
  const { code, out, err } = await run(['check', '--no-listen', ...words]).ended
  expect(err).not.toMatch(/problem/)
  expect(out).toMatch(said)
  expect(code).toBe(0)
})

test.skipIf(!phpFpm())('sidegate check --php-fpm, with the folder of the scripts', async () => {
  const { code, out } = await run(['check', '--no-listen', '--php-fpm', 'pool.conf', '.']).ended
  expect(out).toMatch(/^pool\.conf is right/)
  expect(code).toBe(0)
})

test('a listener behind the file of Unit is the one that counts', async () => {
  const { out } = await run(['plug', 'nginx', '--unit', 'unit.json', '127.0.0.1:2']).ended
  expect(out).toMatch(/127\.0\.0\.1:2\b/)
})

test.each([
  [['--gunicorn', 'empty.py'], 1, /empty\.py: no app is named: set wsgi_app in it/],
  [['--php-fpm', 'pool.conf'], 1, /pool\.conf: a pool does not say where its scripts are.*\[IMPORT_WORDS\]/],
  [['--unit', 'unit.json', './hello.ts'], 1, /there is no listener \.\/hello\.ts in it/],
  [['--procfile', 'Procfile', 'shop:app'], 1, /shop:app: nothing stands behind a Procfile: .*\[IMPORT_WORDS\]/],
  [
    ['--gunicorn', 'empty.py', '-w', '4', 'shop:app'],
    2,
    /there is no option -w;.* those of the other server go behind --: --gunicorn FILE -- -w 4/,
  ],
  [['--gunicorn', 'empty.py', '--config', 'x.yaml'], 2, /--gunicorn and --config cannot be used together/],
])('what is missing or wrong behind a file is told: %j', async (words, code, said) => {
  const ended = await run(['check', '--no-listen', ...words]).ended
  expect(ended.err).toMatch(said)
  expect(ended.code).toBe(code)
})

test.each(['mts', 'js'])('import writes a configuration that ends in .%s', async (ending) => {
  const file = `written.${ending}`
  expect((await run(['import', 'unit', 'unit.json', '127.0.0.1:2', '--output', file]).ended).code).toBe(0)
  expect(await run(['check', '--no-listen', '-c', file]).ended).toMatchObject({ code: 0, err: '' })
})

test('and no other', async () => {
  const { code, err } = await run(['import', 'unit', 'unit.json', '--output', 'written.toml']).ended
  expect(err).toMatch(/--output FILE ends in \.yaml, \.yml, \.json, \.ts, \.mts, \.js, \.mjs, not "written\.toml"/)
  expect(code).toBe(2)
})

test('serve names the file for the web server, and not what stands behind it', async () => {
  write('own.py', 'bind = "unix:own.sock"\n')
  const gateway = run(['serve', '--gunicorn', 'own.py', '--', '-e', 'KEY=s3cret', 'shop:app'])
  await gateway.said(/sidegate plug nginx --gunicorn own\.py, and the same behind it\)/)
  expect(gateway.err + gateway.out).not.toContain('s3cret')
})
