// Commands of Procfiles as run mounts: what a shell is needed for, where they listen, and which are servers for development.
import { expect, test } from 'vitest'
import { procfile } from '../../sidecar/importers/procfile.ts'
import { commandFolder } from '../cli/command-folder.ts'

const { path, write, run } = commandFolder()

async function web(line: string): Promise<{ mount: Record<string, unknown>; report: string }> {
  write('Procfile', `web: ${line}\n`)
  const { config, report } = await procfile.read({ file: 'Procfile', words: [], cwd: path, environment: {} })
  return { mount: (config.mounts as Record<string, Record<string, unknown>>)['/']!, report: report.full() }
}

const own = { PORT: '$PORT' }
test.each<[string, Record<string, unknown>]>([
  ['uvicorn app:app --port $PORT', { run: 'uvicorn app:app --port $PORT' }],
  ['uvicorn app:app --host=0.0.0.0 --port=${PORT:-5000}', { run: 'uvicorn app:app --host=127.0.0.1 --port=$PORT' }],
  ['exec gunicorn shop.wsgi -b :$PORT', { run: 'gunicorn shop.wsgi -b 127.0.0.1:$PORT' }],
  ['gunicorn shop.wsgi --log-file -', { run: 'gunicorn --bind 127.0.0.1:$PORT shop.wsgi --log-file -' }],
  ['node server.js', { run: 'node server.js', env: own }],
  ['NODE_ENV=production node server.js', { run: 'node server.js', env: { NODE_ENV: 'production', ...own } }],
  ['A=\'a b\' B="c;d" node x.js', { run: 'node x.js', env: { A: 'a b', B: 'c;d', ...own } }],
  ['cd web && npm start', { run: ['sh', '-c', 'cd web && npm start'], env: own }],
  ['java $JAVA_OPTS -jar a.jar --port=$PORT', { run: ['sh', '-c', 'exec java $JAVA_OPTS -jar a.jar --port=$PORT'] }],
  ["sh -c 'a && b' $PORT", { run: "sh -c 'a && b' $PORT" }],
])('%s', async (line, settings) => {
  const { mount } = await web(line)
  expect(mount).toEqual({ speaks: 'http', cwd: path, ...settings })
})

test('servers for development are named, with what to mount', async () => {
  write('manage.py', "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n")
  const django = await web('python manage.py runserver 0.0.0.0:$PORT')
  expect(django.mount.run).toBe('python manage.py runserver 127.0.0.1:$PORT')
  expect(django.report).toContain("{ python: 'shop.wsgi:application' }")
  expect((await web('flask --app shop run -p $PORT')).report).toContain("{ python: 'shop' }")
  expect((await web('php -S 0.0.0.0:$PORT -t public')).report).toContain(`{ php: '${path}/public' }`)
  expect((await web('vendor/bin/heroku-php-apache2 public/')).mount).toEqual({ php: `${path}/public/` })
})

test('values are not shown, and .env is named', async () => {
  write('.env', 'SECRET_KEY=abc\nexport DATABASE_URL="postgres://me:pw@db"\n')
  write('Procfile', 'web: KEY=abc node x.js\nrelease: KEY=abc ./migrate\nweb: other\n')
  const one = run(['import', 'procfile', 'Procfile'])
  expect((await one.ended).code).toBe(0)
  expect(one.err).not.toMatch(/abc|pw/)
  expect(one.err).toMatch(/\.env: SECRET_KEY, DATABASE_URL: its variables are not read/)
  expect(one.err).toMatch(/Procfile:2: release: KEY=… \.\/migrate: it serves nothing: run it with each deployment/)
  expect(one.err).toMatch(/Procfile:3: web: other: there is a process web already/)
})

test('without a process web there is nothing to serve', async () => {
  write('Procfile', 'worker: x\n')
  const reading = procfile.read({ file: 'Procfile', words: [], cwd: path, environment: {} })
  await expect(reading).rejects.toMatchObject({ code: 'IMPORT_SYNTAX' })
})
