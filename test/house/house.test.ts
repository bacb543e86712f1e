// The house is as its plan says, and docs/architecture.md shows it as it is (stale: `npx vitest run test/house/house.test.ts -u`).
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { documentWith, table } from '../document.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { bodyOf, talk, uwsgiRequest } from '../listen/peer.ts'
import { stackHere, stacksOfWrites } from './path.ts'
import { report } from './report.ts'
import { rooms } from './rooms.ts'

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
const backend = createServer((_, response) => response.end('Hello World'))
let gateway: TestGateway
let stackOfApp: string[] = []

beforeAll(async () => {
  await once(backend.listen(0, '127.0.0.1'), 'listening')
  const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
  write('app.mjs', `export default (e, start) => { seen(); start('200 OK', []); return ['Hello World'] }`)
  write('hello.py', `def app(e, start):\n  start('200 OK', [])\n  return [b'Hello World']\n`)
  Object.assign(globalThis, { seen: () => (stackOfApp = stackHere()) })
  const { port } = backend.address() as AddressInfo
  gateway = await startGateway({
    listen: ['127.0.0.1:0'],
    directory: folder.path,
    mounts: [
      { key: '/app', kind: app, settings: { app: './app.mjs', lint: false } },
      { key: '/python', kind: python, settings: { python: 'hello:app' } },
      { key: '/upstream', kind: upstream, settings: { upstream: `http://127.0.0.1:${port}` } },
    ],
  })
})

afterAll(async () => {
  await gateway.stop()
  backend.close()
  folder.remove()
})

// All files are read, which took more than a minute where fifteen processes wanted each processor.
test('imports go where the plan lets them, none in circles, and no file is long', { timeout: 300_000 }, () => {
  const { text, faults } = report(root, rooms)
  expect(faults === 0 ? '' : text).toBe('')
})

test('each room of the plan has files', () => {
  expect(rooms.flatMap(({ files }) => files).filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('docs/architecture.md is up to date', async () => {
  const used = ({ uses }: { uses: readonly string[] }): string => uses.join(', ') || 'nobody'
  const rows = rooms.map((room) => [
    room.name,
    room.files.map((file) => `\`${file}\``).join(' '),
    room.sentence,
    used(room),
  ])
  const { file, text } = documentWith('architecture.md', {
    rooms: table(['room', 'files', 'what is done there', 'uses'], rows),
    paths: await paths(),
  })
  await expect(text).toMatchFileSnapshot(file)
})

test('what docs/architecture.md names is there', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  const files = [...text.matchAll(/`((?:sidecar|plugin|test|docs|configs)\/[\w./-]*)`/g)].map(([, file]) => file!)
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

/** The path of three requests, as lists of functions. */
async function paths(): Promise<string> {
  const [address] = gateway.addresses
  const byUwsgi = uwsgiRequest('/app/')
  const byHttp = 'GET /python/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'
  const variables = { REQUEST_METHOD: 'GET', REQUEST_URI: '/upstream/', PATH_INFO: '/upstream/', QUERY_STRING: '' }
  const byFastcgi = fastcgi.client().request({ ...variables, SERVER_PROTOCOL: 'HTTP/1.1', HTTP_HOST: 'example.com' }, 0)
  // FCGI_KEEP_CONN off (FastCGI 1.0, 5.1): the end of the connection is the end of the answer
  byFastcgi[10] = 0
  const ask = async (bytes: string | Uint8Array): Promise<string[][]> => {
    const once = (): Promise<string[][]> =>
      stacksOfWrites(async () => expect(bodyOf(await talk(address!, bytes))).toContain('Hello World'))
    // The first one loads and connects.
    await once()
    return once()
  }
  const [answered] = await ask(byUwsgi)
  const toApp = stackOfApp
  const [toWorker, fromWorker] = await ask(byHttp)
  const [toServer, fromServer] = await ask(byFastcgi)
  return [
    section('uwsgi → app', toApp, answered!.slice(toApp.length)),
    section('HTTP → Python', toWorker!, fromWorker!),
    section('FastCGI → upstream, by HTTP', toServer!, fromServer!),
  ].join('\n')
}

function section(title: string, there: readonly string[], back: readonly string[]): string {
  const list = (stack: readonly string[]): string =>
    stack.map((step, index) => `${index + 1}. ${step.replace(/^(\S+) (.*)$/, '`$1` $2')}\n`).join('')
  return `### ${title}\n\nThere:\n\n${list(there)}\nAnd back:\n\n${list(back)}`
}
