// A gateway of a program's own: what `createGateway` of the package gives.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigProblems, createGateway, Log, type Config, type OwnGateway } from '../../sidecar/index.ts'

const made: OwnGateway[] = []
let folder = ''
let logged = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  logged = ''
})

afterEach(async () => {
  await Promise.all(made.splice(0).map((gateway) => gateway.close()))
  rmSync(folder, { recursive: true, force: true })
})

const log = new Log('text', { write: () => {} }, { write: (text) => (logged += text) })

async function gateway(config: Config | string, start = true): Promise<OwnGateway> {
  const one = await createGateway(config, { directory: folder, log })
  made.push(one)
  if (start) await one.start()
  return one
}

const url = ({ addresses: [first] }: OwnGateway): string => `http://${first!.text}`

const get = async (from: OwnGateway, path = '/'): Promise<string> => (await fetch(url(from) + path)).text()

const config = (mounts: Config['mounts']): Config => ({ listen: ['127.0.0.1:0'], mounts })

test('serves what a configuration says, and tells of it', async () => {
  const one = await gateway(config({ '/': { respond: 200, body: 'hello' }, '/no': { respond: 404 } }))
  expect(await get(one)).toBe('hello')
  expect(one.addresses).toMatchObject([{ endpoint: { kind: 'tcp', host: '127.0.0.1' } }])
  expect(one.report.mounts).toMatchObject([
    { key: '/', requests: 1, inFlight: 0, failed: 0, durations: { count: 1 } },
    { key: '/no', requests: 0 },
  ])
})

test('a file, and relative paths start where it is', async () => {
  mkdirSync(join(folder, 'site'))
  writeFileSync(
    join(folder, 'site/app.mjs'),
    "export const app = (environ, start) => { start('200 OK', [['Content-Type', 'text/plain']]); return ['app'] }",
  )
  const text = JSON.stringify(config({ '/': { app: './app.mjs' } }))
  writeFileSync(join(folder, 'site/sidegate.config.json'), text)
  expect(await get(await gateway('site/sidegate.config.json'))).toBe('app')
})

test('every problem of a configuration is in its error, with its place', async () => {
  const wrong = { listen: ['127.0.0.1:x'], mounts: { '/': { respnd: 200 } } } as unknown as Config
  const error: unknown = await gateway(wrong).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigProblems)
  expect((error as ConfigProblems).problems).toMatchObject([
    { code: 'ADDRESS_BAD', path: 'listen.0' },
    { code: 'MOUNT_KIND', path: 'mounts./' },
  ])
})

test('an app that does not load is told with its place in the file', async () => {
  writeFileSync(join(folder, 'sidegate.config.yaml'), 'mounts:\n  /:\n    app: ./none.mjs\n')
  const one = await gateway('sidegate.config.yaml', false)
  await expect(one.start()).rejects.toMatchObject({ problems: [{ place: 'sidegate.config.yaml:3' }] })
})

test('drain answers what is under way and accepts nothing more', async () => {
  const app = `export async function app(environ, start) {
  globalThis.sidegateTest()
  await globalThis.sidegateHeld
  start('200 OK', [['Content-Type', 'text/plain']])
  return ['late']
}`
  writeFileSync(join(folder, 'app.mjs'), app)
  const begun = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  Object.assign(globalThis, { sidegateTest: begun.resolve, sidegateHeld: held.promise })
  const one = await gateway(config({ '/': { app: './app.mjs#app' } }))
  const place = url(one)
  const answer = get(one)
  await begun.promise
  const drained = one.drain()
  held.resolve()
  expect(await answer).toBe('late')
  await drained
  await expect(fetch(place)).rejects.toThrow('fetch failed')
})

test('works without a start, and ends twice', async () => {
  const one = await gateway(config({ '/': { respond: 200 } }), false)
  expect(one.report.mounts).toMatchObject([{ key: '/' }])
  await one.close()
  await one.close()
})

test('it starts once, and a second start harms nothing', async () => {
  const one = await gateway(config({ '/': { respond: 200, body: 'hello' } }))
  await expect(one.start()).rejects.toMatchObject({ code: 'START_TWICE' })
  expect(await get(one)).toBe('hello')
  await one.close()
  await one.close()
  await expect(one.start()).rejects.toMatchObject({ code: 'START_TWICE' })
})

test('what is closed while it starts does not serve', async () => {
  const one = await gateway(config({ '/': { respond: 200 } }), false)
  const started = one.start().catch((error: unknown) => error)
  await one.close()
  expect(await started).toMatchObject({ code: 'GATEWAY_CLOSED' })
  await expect(fetch(url(one))).rejects.toThrow('')
})

test.each(['before the start', 'after the end'])('a reload %s starts no process', async (when) => {
  writeFileSync(join(folder, 'app.py'), 'def application(environ, start_response): pass')
  const one = await gateway(config({ '/': { python: './app.py' } }), when === 'after the end')
  if (when === 'after the end') await one.close()
  await expect(one.reload('/')).rejects.toMatchObject({ code: 'RELOAD_FAILED' })
  expect(one.report.mounts[0]!.mount?.pids ?? []).toEqual([])
})
