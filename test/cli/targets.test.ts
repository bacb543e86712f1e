import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTargets } from '../../sidecar/cli/targets.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { temporaryFolder } from '../harness.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

const files: Record<string, string> = {
  'app.ts': 'export const app = () => []',
  'application.mjs': 'export function application() {}',
  'both.ts': 'export const app = () => []\nexport default app',
  'bare.ts': 'export default () => undefined',
  'handler.cjs': 'module.exports = (req, res) => res.end()',
  'express.cjs': 'const app = () => undefined; app.handle = app.use = () => undefined; module.exports = app',
  'fetching.cjs':
    'const app = () => undefined; app.handle = app.use = app.fetch = () => undefined; module.exports = app',
  'named-express.ts': 'export const app: any = () => undefined\napp.handle = app.use = () => undefined',
  'server.mjs': 'import { createServer } from "node:http"\nexport default createServer()',
  'hono.ts': 'class Hono { fetch(): void {} }\nexport default new Hono()',
  'fetch.ts': 'export const fetch = () => new Response()',
  'fastify.ts': 'export default { routing(): void {}, ready(): void {} }',
  'koa.ts': 'export default { callback(): void {}, use(): void {}, listen(): void {}, listeners(): void {} }',
  'object.ts': 'export default {}',
  'raises.ts': 'throw new Error("not today")',
  'two.ts': 'export default {}\nexport const app = () => []',
  'page.html': '',
  'shop.yaml': '',
  'index.php': '',
  'shop.py': '',
  'chat.py': 'from fastapi import FastAPI\napp = FastAPI()\nflask = Flask(__name__)',
  'plain.py': 'async def application(scope, receive, send):\n    pass\n\n\nasync def other(scope):\n    pass',
  'made.py': 'def create_app():\n    return Starlette(routes=[])',
  'django/asgi.py': 'application = get_asgi_application()',
  'shop.wsgi': '',
  'site.wsgi': '',
  'site/wsgi.py': '',
  'other/wsgi.py': '',
  'package/__init__.py': '',
  'public/index.html': '',
}
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder.path, name)), { recursive: true })
  writeFileSync(join(folder.path, name), text)
}

async function read(...words: string[]) {
  const { targets, problems } = await readTargets(words, kinds, folder.path)
  return { taken: targets.map(({ key, kind, value }) => `${key}=${kind}:${value}`), problems }
}

test('a kind that is written out is taken as it is', async () => {
  const written = [
    'app:./nowhere.ts',
    '/shop=python:shop.wsgi:application',
    'a.example=files:./x',
    'b.example/y=respond:204',
  ]
  const { taken, problems } = await read(...written)
  expect(problems).toEqual([])
  expect(taken).toEqual(['/=app:./nowhere.ts', ...written.slice(1)])
})

test.each([
  ['app.ts', 'app:app.ts'],
  ['chat.py', 'asgi:./chat.py'],
  ['chat:app', 'asgi:chat:app'],
  ['chat:flask', 'python:chat:flask'],
  ['./plain.py', 'asgi:./plain.py'],
  ['plain:other', 'python:plain:other'],
  ['made:create_app()', 'asgi:made:create_app()'],
  ['django.asgi', 'asgi:django.asgi'],
  ['./app.ts#app', 'app:./app.ts#app'],
  ['application.mjs', 'app:application.mjs'],
  ['both.ts', 'app:both.ts'],
  ['two.ts#app', 'app:two.ts#app'],
  ['express.cjs', 'node:express.cjs'],
  ['named-express.ts', 'node:named-express.ts'],
  ['server.mjs', 'node:server.mjs'],
  ['fastify.ts', 'node:fastify.ts'],
  ['hono.ts', 'fetch:hono.ts'],
  ['fetch.ts', 'fetch:fetch.ts'],
  ['fetching.cjs', 'fetch:fetching.cjs'],
  ['public', 'files:public'],
  ['./public', 'files:./public'],
  ['shop.py', 'python:./shop.py'],
  ['./shop.py:make()', 'python:./shop.py:make()'],
  ['shop.wsgi', 'python:./shop.wsgi'],
  ['shop.wsgi:application', 'python:./shop.wsgi:application'],
  ['shop:application', 'python:shop:application'],
  ['shop', 'python:shop'],
  ['other.wsgi:application', 'python:other.wsgi:application'],
])('%s is %s', async (word, expected) => {
  const { taken, problems } = await read(`/x=${word}`)
  expect(problems).toEqual([])
  expect(taken).toEqual([`/x=${expected}`])
})

test.each([
  ['bare.ts', 'TARGET_AMBIGUOUS', 'app:bare.ts or node:bare.ts or fetch:bare.ts'],
  ['handler.cjs', 'TARGET_AMBIGUOUS', 'its default export is a plain function'],
  ['site.wsgi', 'TARGET_AMBIGUOUS', 'there are site.wsgi and site/wsgi.py'],
  ['site.wsgi:app', 'TARGET_AMBIGUOUS', 'python:./site.wsgi:app'],
  ['package', 'TARGET_AMBIGUOUS', 'files:package, python:package'],
  ['koa.ts', 'TARGET_UNKNOWN', 'app.callback()'],
  ['object.ts', 'TARGET_UNKNOWN', 'an object that no kind of mount can run'],
  ['two.ts', 'TARGET_UNKNOWN', 'its default export is an object'],
  ['index.php', 'TARGET_UNKNOWN', 'a folder of scripts, not one of them: php:./public'],
  ['page.html', 'TARGET_UNKNOWN', 'no kind of file that is known'],
  ['./shop.yaml', 'TARGET_UNKNOWN', 'where it is a configuration, write --config ./shop.yaml'],
  [
    'nowhere',
    'TARGET_UNKNOWN',
    'kinds are app, node, fetch, jsgi, python, asgi, php, run, cgi, files, respond, upstream',
  ],
  ['pyton:shop:app', 'TARGET_UNKNOWN', 'did you mean python:shop:app?'],
  ['./shop.pi:make()', 'TARGET_UNKNOWN', 'did you mean ./shop.py:make()?'],
  ['./boht.ts#app', 'TARGET_UNKNOWN', 'did you mean ./both.ts#app?'],
  ['./pubilc', 'TARGET_UNKNOWN', 'did you mean ./public?'],
  ['./other/wsgy.py', 'TARGET_UNKNOWN', 'did you mean ./other/wsgi.py?'],
  ['./pag.html', 'TARGET_UNKNOWN', 'Write KIND:VALUE'],
  ['./nowhere/app.ts', 'TARGET_UNKNOWN', 'Write KIND:VALUE'],
  ['raises.ts', 'TARGET_RAISED', 'not today'],
  ['app.ts#nothing', 'TARGET_EXPORT', 'it exports app'],
])('%s is refused: %s', async (word, code, words) => {
  const { taken, problems } = await read(word)
  expect(taken).toEqual([])
  expect(problems).toEqual([expect.objectContaining({ code, path: word, message: expect.stringContaining(words) })])
})

test('each target needs a place of its own; every problem is told', async () => {
  const { taken, problems } = await read('app.ts', 'public', '/a=nowhere', '/b=bare.ts')
  expect(taken).toEqual(['/=app:app.ts'])
  expect(problems.map(({ code, path }) => `${path} ${code}`)).toEqual([
    'public MOUNT_TWICE',
    '/a=nowhere TARGET_UNKNOWN',
    '/b=bare.ts TARGET_AMBIGUOUS',
  ])
})
