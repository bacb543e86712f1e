// What users install: the packed tarball, in an empty directory, with nothing of this repository around it.
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAIN } from '../built.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sidegate-package-'))
const app = join(folder, 'app')
/** Which file the entry point was before the build that packs it. */
const { ino } = statSync(MAIN)

beforeAll(async () => {
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  await run('mkdir', [app])
  writeFileSync(join(app, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', join(folder, tarball!)], { cwd: app })
  writeFileSync(
    join(app, 'hello.ts'),
    `import type { Application } from 'sidegate'
export const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['Hello ' + environ.PATH_INFO + '\\n']
}
`,
  )
}, 180_000)

test('a build puts each file into its place when it is whole: other tests start from dist/ meanwhile', () => {
  expect(statSync(MAIN).ino).not.toBe(ino)
})

/** The programs that were written so far. */
const programs: string[] = []

/** Writes a program of a user's, in the package's types. */
function write(file: string, text: string): void {
  writeFileSync(join(app, file), text)
  programs.push(file)
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Serves a target with what is installed; stops with SIGTERM once `use` is done with its URL. */
async function serve(target: string, use: (url: string) => Promise<void>): Promise<void> {
  const child = spawn('npx', ['--no', 'sidegate', 'serve', target, '--listen', '127.0.0.1:0'], {
    cwd: app,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  try {
    let output = ''
    const port = await new Promise<string>((resolve, reject) => {
      const look = (chunk: Buffer) => {
        output += chunk.toString()
        const match = /127\.0\.0\.1:([1-9][0-9]*)/.exec(output)
        if (match) resolve(match[1]!)
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      void exit.then(() => reject(new Error(`serve ended: ${output}`)))
    })
    await use(`http://127.0.0.1:${port}`)
  } finally {
    process.kill(-child.pid!, 'SIGTERM')
  }
  await exit
}

test('npx sidegate serve runs a TypeScript app, and stops on SIGTERM', { timeout: 60_000 }, () =>
  serve('app:./hello.ts', async (url) => {
    const response = await fetch(`${url}/world`)
    expect(await response.text()).toBe('Hello /world\n')
    expect(response.headers.get('content-length')).toBe('13')
  }),
)

test('a Python app is served by what is packed, and that is the same afterwards', { timeout: 60_000 }, async () => {
  const installed = (): string[] => readdirSync(join(app, 'node_modules/sidegate'), { recursive: true }).map(String)
  const before = installed()
  expect(before.filter((name) => name.includes('__pycache__'))).toEqual([])
  writeFileSync(
    join(app, 'hello.py'),
    `def application(environ, start_response):
    start_response('200 OK', [])
    return [('Hello ' + environ['PATH_INFO']).encode()]
`,
  )
  await serve('python:./hello.py', async (url) => {
    expect(await (await fetch(`${url}/world`)).text()).toBe('Hello /world')
  })
  expect(installed().toSorted()).toEqual(before.toSorted())
})

test('adapters take a log of their own', { timeout: 60_000 }, async () => {
  write(
    'adapters.ts',
    `import { callApplication, Log, makeEnviron, toFetch, toNode, type LogSink, type Surroundings } from 'sidegate'
import type { RequestListener } from 'node:http'
import { app } from './hello.ts'
const lines: string[] = []
const sink: LogSink = { write: (text: string) => lines.push(text) }
const surroundings: Surroundings = { log: new Log('json', sink, sink), multiprocess: false }
const listener: RequestListener = toNode(app, surroundings)
const answer: Response = await toFetch(app, surroundings)(new Request('http://example.com/x'))
const environ = makeEnviron({ path: '/y' }, surroundings)
environ['wsgi.errors'].write('said\\n')
const { status } = await callApplication(app, environ)
surroundings.log.flush()
console.log(JSON.stringify({ listener: typeof listener, text: await answer.text(), status, lines }))
`,
  )
  const { stdout } = await run('node', ['adapters.ts'], { cwd: app })
  const { lines, ...rest } = JSON.parse(stdout) as { lines: string[] }
  expect(rest).toEqual({ listener: 'function', text: 'Hello /x\n', status: 200 })
  expect(lines.join('')).toContain('said')
})

test('types are packed that can be imported, and no others', () => {
  const own = join(app, 'node_modules/sidegate/dist')
  const types = readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))
  const imported = new Set(['sidecar/index.d.ts', 'test/conformance/index.d.ts'])
  for (const file of types) {
    const text = readFileSync(join(own, file), 'utf8')
    for (const [, path] of text.matchAll(/['"](\.\.?\/[^'"]+)\.[jt]s['"]/g))
      imported.add(join(dirname(file), `${path}.d.ts`))
  }
  expect(types.toSorted()).toEqual([...imported].toSorted())
})

test('a layer is written to its types, and used by its file', { timeout: 60_000 }, async () => {
  const page = readFileSync(join(root, 'docs/middleware-own.md'), 'utf8')
  write('guard.ts', /```ts\n([^]*?)```/.exec(page)![1]!)
  write(
    'guarded.ts',
    `import { createGateway, defineConfig } from 'sidegate'
const mounts = { '/': { app: './hello.ts', use: ['request-id' as const, { './guard.ts': { token: 'word' } }] } }
const gateway = await createGateway(defineConfig({ listen: ['http://127.0.0.1:0'], mounts, log: { access: false, level: 'error' } }))
await gateway.start()
const [{ text }] = gateway.addresses
const refused = await fetch(text)
const answered = await fetch(text, { headers: { 'X-Token': 'word' } })
console.log(refused.status, answered.status, answered.headers.get('server-timing')?.slice(0, 8))
await gateway.close()
`,
  )
  const { stdout } = await run('node', ['guarded.ts'], { cwd: app })
  expect(stdout).toBe('403 200 app;dur=\n')
})

test('the types and the exports are there', async () => {
  write(
    'use.ts',
    `import { callApplication, lint, fromFetch, defineConfig, makeEnviron } from 'sidegate'
import { app } from './hello.ts'
const { status, headers } = await callApplication(lint(app), makeEnviron({ path: '/x' }))
const config = defineConfig({ mounts: { '/': { app: './hello.ts' } } })
const fetched = await callApplication(fromFetch(() => new Response('hi')))
console.log(JSON.stringify({ status, headers, keys: Object.keys(config), fetched: fetched.status }))
`,
  )
  const { stdout } = await run('node', ['use.ts'], { cwd: app })
  expect(JSON.parse(stdout)).toMatchObject({ status: 200, keys: ['mounts'], fetched: 200 })
  const { stdout: schema } = await run('node', ['-p', "require('sidegate/schema.json').$schema"], { cwd: app })
  expect(schema).toMatch(/json-schema\.org/)
  const { stdout: ways } = await run('node', ['-p', "Object.keys(require('sidegate/admin.json').paths)"], { cwd: app })
  expect(ways).toContain('/v1/status')
})

test('a program has a gateway of its own', { timeout: 60_000 }, async () => {
  write(
    'own.ts',
    `import { ConfigProblems, createGateway, type OwnGateway } from 'sidegate'
const gateway: OwnGateway = await createGateway({
  listen: ['127.0.0.1:0'],
  mounts: { '/': { app: './hello.ts' }, '/fixed': { respond: 200, body: 'before' } },
  log: { access: false },
})
await gateway.start()
const text: string = await (await fetch(\`http://\${gateway.addresses[0]!.text}/x\`)).text()
await gateway.reload('/fixed')
const [first] = gateway.report.mounts
await gateway.drain()
const wrong = await createGateway({ mounts: {} }).catch((error: unknown) => error)
const codes = wrong instanceof ConfigProblems ? wrong.problems.map(({ code }) => code) : []
console.log(JSON.stringify({ text, requests: first!.requests, codes }))
`,
  )
  const { stdout } = await run('node', ['own.ts'], { cwd: app })
  expect(JSON.parse(stdout)).toEqual({ text: 'Hello /x\n', requests: 1, codes: ['CONFIG_VALUE'] })
})

test("a user's tsc finds nothing in all of them, the package's own types included", { timeout: 60_000 }, async () => {
  expect(programs.length).toBeGreaterThan(0)
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
    'false',
  ]
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  await run(join(root, 'node_modules/.bin/tsc'), [...flags, ...types, ...programs], { cwd: app })
})
