// `use`: where layers stand, in which order, and what is said of those that cannot be.
import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, expect, test } from 'vitest'
import * as v from 'valibot'
import { formatEndpoint } from '../../sidecar/address.ts'
import { statusTable } from '../../sidecar/cli/status-table.ts'
import { Gateway } from '../../sidecar/gateway.ts'
import { createGateway, type Config, type OwnGateway } from '../../sidecar/index.ts'
import { listenerSettings } from '../../sidecar/listen/settings.ts'
import { Log } from '../../sidecar/log.ts'
import { LogText, temporaryFolder, until } from '../harness.ts'

const folder = temporaryFolder()
const open: OwnGateway[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()))
})
afterAll(() => folder.remove())

writeFileSync(
  join(folder.path, 'echo.mjs'),
  `export default (environ, start) => { start('200 OK', [['Content-Type', 'application/json']]); return [JSON.stringify(environ, (_, value) => typeof value === 'string' || value?.constructor === Object || !value?.call ? value : undefined)] }`,
)

async function serve(config: Omit<Config, 'listen'>): Promise<string> {
  const gateway = await createGateway(
    { ...config, listen: ['http://127.0.0.1:0'], log: { access: false } },
    { directory: folder.path },
  )
  open.push(gateway)
  await gateway.start()
  return `http://${gateway.addresses[0]!.text.replace('http://', '')}`
}

test('a layer changes the request of the app, and its response', async () => {
  const address = await serve({ mounts: { '/': { app: './echo.mjs', use: ['request-id'] } } })
  const response = await fetch(address)
  const { HTTP_X_REQUEST_ID: seen } = (await response.json()) as Record<string, string>
  expect(seen).toMatch(/^[0-9a-f-]{36}$/)
  expect(response.headers.get('X-Request-Id')).toBe(seen)
})

test('the first is outermost, those of the gateway before those of a mount', async () => {
  const address = await serve({
    use: [{ 'request-id': 'X-One' }],
    mounts: { '/': { app: './echo.mjs', use: [{ 'request-id': { header: 'X-One', trust: true } }] } },
  })
  const response = await fetch(address)
  const { HTTP_X_ONE: seen } = (await response.json()) as Record<string, string>
  expect(response.headers.get('X-One')).toBe(seen)
})

test('a mount is reloaded with its layers, and requests behind them are counted', async () => {
  writeFileSync(join(folder.path, 'page.txt'), 'page')
  const address = await serve({ mounts: { '/': { files: '.', use: ['request-id'] } } })
  const gateway = open.at(-1)!
  expect((await fetch(`${address}/page.txt`)).headers.get('X-Request-Id')).toBeTruthy()
  await gateway.reload('/')
  const response = await fetch(`${address}/page.txt`)
  expect([await response.text(), response.headers.has('X-Request-Id')]).toEqual(['page', true])
  expect(gateway.report.mounts[0]).toMatchObject({ requests: 2, failed: 0, inFlight: 0 })
})

test('where processes are reloaded, their layers are too: those before end with the last request that they have', async () => {
  const notes: string[] = []
  Object.assign(globalThis, { layerNotes: notes })
  writeFileSync(
    join(folder.path, 'noted.mjs'),
    `let made = 0
     export default () => {
       const name = String.fromCharCode(97 + made++)
       return {
         open() { if (layerNotes.at(-1) === 'refuse') throw new Error('not now'); layerNotes.push('open ' + name) },
         handle(request, next) { layerNotes.push(name + request.variables.PATH_INFO); next(request) },
         close() { layerNotes.push('close ' + name) },
       }
     }`,
  )
  writeFileSync(
    join(folder.path, 'held.mjs'),
    `import { existsSync } from 'node:fs'
     export default async (environ, start) => {
       start('200 OK', [['Content-Type', 'text/plain']])
       while (environ.PATH_INFO === '/held' && !existsSync('go')) await new Promise((next) => setTimeout(next, 10))
       return [String(process.pid)]
     }`,
  )
  const address = await serve({ mounts: { '/': { app: './held.mjs', processes: 1, use: ['./noted.mjs'] } } })
  const gateway = open.at(-1)!
  const held = fetch(`${address}/held`)
  await until('the request', () => notes.includes('a/held'))
  const before = await (await fetch(`${address}/one`)).text()
  await gateway.reload('/')
  const after = await (await fetch(`${address}/two`)).text()
  expect([notes, after === before]).toEqual([['open a', 'a/held', 'a/one', 'open b', 'b/two'], false])
  expect(gateway.report.mounts.map(({ inFlight, retired, mount }) => [inFlight, retired, mount?.pids?.length])).toEqual(
    [
      [0, false, 1],
      [1, true, undefined],
    ],
  )
  writeFileSync(join(folder.path, 'go'), '')
  expect(await (await held).text()).toBe(before)
  await until('the end of the layer', () => notes.at(-1) === 'close a')
  notes.push('refuse')
  await expect(gateway.reload('/')).rejects.toMatchObject({ code: 'LAYER_FAILED' })
  expect(await (await fetch(`${address}/three`)).text()).toBe(after)
  expect(notes.filter((note) => note !== 'close c').at(-1)).toBe('b/three')
})

test('the report has what layers say of themselves, and the table of it', async () => {
  const use: Config['use'] = ['request-id', 'circuit', { cache: 60 }]
  const address = await serve({
    use: [{ limit: '100/m' }],
    mounts: { '/a': { respond: 200, use }, '/b': { respond: 200 } },
  })
  await (await fetch(`${address}/a`)).text()
  const { report } = open.at(-1)!
  const first = { layer: 'limit', counts: { passed: 1, refused: 0, waiting: 0, clients: 1 } }
  const second = { layer: 'circuit', state: 'closed', counts: { refused: 0, opened: 0 } }
  expect(report.layers).toEqual([first])
  expect(report.mounts.map(({ mount }) => mount?.layers)).toEqual([
    [second, expect.objectContaining({ layer: 'cache' })],
    undefined,
  ])
  const gateway = { generation: 1, pid: 2, state: 'serves', since: new Date(0).toISOString(), report } as const
  const table = statusTable({ version: '1', pid: 1, supervised: false, gateways: [gateway] }, 0)
  expect(table).toMatch(/LAYERS +NAME +STATE +COUNTS/)
  expect(table).toMatch(/ limit +passed 1, refused 0, waiting 0, clients 1\n/)
  expect(table).toMatch(/\/a +circuit +closed +refused 0, opened 0\n/)
  expect(table).toMatch(/\/a +cache +hits 0, asked 1, /)
})

test('a request that a layer of the gateway has is listed, and a stop that cuts it is not the fault of its client', async () => {
  const layers = [{ handle() {} }]
  const text = new LogText()
  const listen = [v.parse(listenerSettings, { address: 'http://127.0.0.1:0' })]
  const gateway = new Gateway({ listen, mounts: [], layers, log: new Log('text', text, text), drainTimeout: 50 })
  await gateway.start()
  const [{ endpoint }] = gateway.addresses as [(typeof gateway.addresses)[0]]
  const response = fetch(`http://${formatEndpoint(endpoint)}/waits`).catch(() => 'cut')
  await until('the request', () => gateway.requests.length > 0)
  expect(gateway.requests).toMatchObject([{ mount: '', uri: '/waits', state: 'open' }])
  await gateway.drain()
  expect([await response, gateway.requests]).toEqual(['cut', []])
  expect(text.text).toMatch(/1 requests were still running.*DRAIN_TIMEOUT/)
  expect(text.text).toMatch(/"GET \/waits" .* GATEWAY_CLOSED/)
})

test('no path gets past a mount inside a folder that has layers', async () => {
  mkdirSync(join(folder.path, 'private'), { recursive: true })
  for (const name of ['page.txt', 'private/page.txt']) writeFileSync(join(folder.path, name), 'page')
  const address = await serve({
    mounts: {
      '/': { upstream: 'fastcgi://127.0.0.1:9', root: '.', static: true, use: ['request-id'] },
      '/private': { respond: 403 },
    },
  })
  const statuses = ['//page.txt', '/private/page.txt', '//private/page.txt', '/%2Fprivate/page.txt'].map(
    async (path) => (await fetch(address + path)).status,
  )
  expect(await Promise.all(statuses)).toEqual([200, 403, 403, 403])
})

test.each([
  [['reqest-id'], '.0', 'there is no layer called reqest-id; did you mean request-id?'],
  [[{ 'request-id': {}, cors: {} }], '.0', 'is a layer: its name, or a group with its name as the one key'],
  [[{ 'request-id': { heder: 'X' } }], '.0.request-id.heder', 'there is no setting heder; did you mean header?'],
  ['request-id', '', 'must be a list of layers, such as ["request-id"]'],
])('%j is refused by its place', async (use, place, message) => {
  const problem = async (config: unknown): Promise<unknown> =>
    createGateway(config as Config).then(
      () => undefined,
      ({ problems }) => problems,
    )
  const said = (path: string): unknown => [expect.objectContaining({ path, message: expect.stringContaining(message) })]
  expect(await problem({ use, mounts: { '/': { respond: 204 } } })).toEqual(said(`use${place}`))
  expect(await problem({ mounts: { '/': { respond: 204, use } } })).toEqual(said(`mounts./.use${place}`))
})
