// `keepPrefix`: what an app of each kind sees of its prefix, with it and without.
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { createGateway, type OwnGateway } from '../../sidecar/index.ts'
import { temporaryFolder } from '../harness.ts'

const folder = temporaryFolder()
const open: OwnGateway[] = []
afterAll(async () => {
  await Promise.all(open.map((gateway) => gateway.close()))
  folder.remove()
})

const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
write(
  'app.mjs',
  `export default ({ SCRIPT_NAME, PATH_INFO }, start) => {
    start('200 OK', [['Content-Type', 'application/json']])
    return [JSON.stringify([SCRIPT_NAME, PATH_INFO])]
  }`,
)
write('node.mjs', `export default (req, res) => res.end(JSON.stringify([req.url, req.originalUrl ?? null]))`)
write(
  'fetch.mjs',
  `export default (request, { environ }) =>
    Response.json([new URL(request.url).pathname, environ.SCRIPT_NAME, environ.PATH_INFO])`,
)
write(
  'app.py',
  `import json
def application(environ, start_response):
    start_response('200 OK', [])
    return [json.dumps([environ['SCRIPT_NAME'], environ['PATH_INFO']]).encode()]
`,
)

const KINDS = [
  ['app', './app.mjs', ['/shop', '/a b'], ['', '/shop/a b']],
  ['node', './node.mjs', ['/a%20b', '/shop/a%20b'], ['/shop/a%20b', null]],
  ['fetch', './fetch.mjs', ['/shop/a%20b', '/shop', '/a b'], ['/shop/a%20b', '', '/shop/a b']],
] as const

async function seen(mount: Record<string, unknown>, path = '/shop/a%20b'): Promise<unknown> {
  const gateway = await createGateway(
    { listen: ['http://127.0.0.1:0'], log: { access: false }, mounts: { '/shop': mount as never } },
    { directory: folder.path },
  )
  open.push(gateway)
  await gateway.start()
  return (await fetch(`http://${gateway.addresses[0]!.text.replace('http://', '')}${path}`)).json()
}

test.each(KINDS)('%s', async (kind, target, without, kept) => {
  expect(await seen({ [kind]: target })).toEqual(without)
  expect(await seen({ [kind]: target, keepPrefix: true })).toEqual(kept)
  expect(await seen({ [kind]: target, keepPrefix: true, processes: 1 })).toEqual(kept)
})

test('python, whose ready and paths are below the mount all the same', async () => {
  expect(await seen({ python: './app.py' })).toEqual(['/shop', '/a b'])
  const settings = { ready: '/health', paths: { '/a b': { requestTimeout: 5 } } }
  expect(await seen({ python: './app.py', keepPrefix: true, ...settings })).toEqual(['', '/shop/a b'])
})

test.each(['uwsgi', 'scgi', 'fastcgi', 'http'])('a server behind %s', async (protocol) => {
  const server = await createGateway(
    { listen: [`${protocol}://127.0.0.1:0`], log: { access: false }, mounts: { '/': { app: './app.mjs' } } },
    { directory: folder.path },
  )
  open.push(server)
  await server.start()
  const upstream = `${protocol}://${server.addresses[0]!.text.replace(/^.*:\/\//, '')}`
  expect(await seen({ upstream, keepPrefix: true })).toEqual(['', '/shop/a b'])
  expect(await seen({ upstream, keepPrefix: true }, '/shop')).toEqual(['', '/shop'])
})

test('it is refused beside root', async () => {
  await expect(seen({ upstream: 'fastcgi://127.0.0.1:9000', root: '.', keepPrefix: true })).rejects.toMatchObject({
    problems: [
      expect.objectContaining({ code: 'UPSTREAM_ROOT', message: expect.stringContaining('leave keepPrefix out') }),
    ],
  })
})
