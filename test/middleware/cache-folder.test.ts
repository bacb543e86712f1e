// The layer `cache` with a folder.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { cache } from '../../sidecar/middleware/cache.ts'
import type { Middleware } from '../../sidecar/middleware/middleware.ts'
import type { TestExchange, TestRequest } from '../exchange.ts'
import { eventually, temporaryFolder, until } from '../harness.ts'
import { layered, type App, type MadeLayer } from './layer.ts'

let folder: ReturnType<typeof temporaryFolder>
const opened: Middleware[] = []
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(opened.splice(0).map((layer) => layer.close?.()))
  folder.remove()
})

interface Served extends MadeLayer {
  readonly counts: { asked: number }
  got(request?: TestRequest): Promise<string>
}

async function serve(app: App, settings: Record<string, unknown> = {}, mount = '/'): Promise<Served> {
  const counts = { asked: 0 }
  const made = await layered(
    cache,
    { folder: 'stored', ...settings },
    (exchange) => {
      counts.asked++
      return app(exchange)
    },
    { directory: folder.path, mount },
  )
  opened.push(made.layer)
  const got = async (request?: TestRequest): Promise<string> => shown(await made.ask(request).response)
  return { ...made, counts, got }
}

function shown({ status, header, body }: Awaited<TestExchange['response']>): string {
  return `${status} ${header('cache-status')?.replace('sidegate; ', '')} | ${body.length} ${body.subarray(0, 20)}`
}

const files = (): string[] => readdirSync(join(folder.path, 'stored'))
const path = (): string => join(folder.path, 'stored', files()[0]!)
const stored = async (count: number): Promise<void> => {
  await until(`${count} files`, () => files().filter((name) => !name.endsWith('.part')).length === count)
}

/** The files below a folder that this process has open. */
function openBelow(place: string): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith(`${place}/`))
}

const page =
  (body: string | Buffer = 'body', headers: readonly (readonly [string, string])[] = []): App =>
  (exchange) => {
    exchange.respond({ status: 200, reason: 'Fine', headers: [['Cache-Control', 'max-age=60'], ...headers] })
    exchange.write(body.slice(0, 2))
    exchange.end(body.slice(2))
  }

test('what is stored is there after a restart, with its age and all that tells it apart', async () => {
  const first = await serve(
    page('body', [
      ['Vary', 'X-A'],
      ['X-B', 'ä'],
    ]),
  )
  expect(await first.got({ headers: { 'X-A': 'a' } })).toBe('200 fwd=uri-miss; stored | 4 body')
  await stored(1)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
  const second = await serve(page('other'))
  const { header, reason, body } = await second.ask({ headers: { 'X-A': 'a' } }).response
  expect([body.toString(), reason, header('age'), header('x-b')]).toEqual(['body', 'Fine', '10', 'ä'])
  expect(await second.got({ headers: { 'X-A': 'b' } })).toContain('fwd=vary-miss')
  expect(second.counts.asked).toBe(1)
})

test('a large one is written and read piece by piece', async () => {
  const body = Buffer.alloc(1_000_000, 'abcdefghij')
  const { ask, got } = await serve(page(body))
  await got()
  await stored(1)
  expect((await ask().response).body.equals(body)).toBe(true)
  const part = await ask({ headers: { Range: 'bytes=99999-300000' } }).response
  expect([part.status, part.body.equals(body.subarray(99_999, 300_001))]).toEqual([206, true])
  expect(await got({ method: 'HEAD' })).toBe('200 hit; ttl=59 | 0 ')
})

test.each([
  ['is shorter than its name says', () => truncateSync(path(), 100)],
  ['has nothing', () => truncateSync(path(), 0)],
  ['says nothing of its response', () => writeFileSync(path(), `{"version":1}\n${readFileSync(path()).subarray(-4)}`)],
  [
    'has no fields',
    () =>
      writeFileSync(path(), readFileSync(path(), 'latin1').replace(/"headers":\[.*?\]\]/, '"headers":null'), 'latin1'),
  ],
  ['has another form', () => writeFileSync(path(), `{"version":99}\n${readFileSync(path()).subarray(-4)}`)],
])('a file that %s is removed at the start', async (_, spoil) => {
  await (await serve(page())).got()
  await stored(1)
  spoil()
  const { got } = await serve(page('new'))
  expect(files()).toEqual([])
  expect(await got()).toContain('fwd=uri-miss; stored | 3 new')
})

test('what others have in the folder stays, and what a crash has left goes after a while', async () => {
  const own = join(folder.path, 'stored')
  mkdirSync(own)
  const left = `${'a'.repeat(32)}-${'b'.repeat(16)}.part`
  const coming = `${'c'.repeat(32)}-${'b'.repeat(16)}.part`
  for (const name of [left, coming, 'notes.txt']) writeFileSync(join(own, name), '')
  utimesSync(join(own, left), 1, 1)
  await serve(page())
  expect(files().toSorted()).toEqual([coming, 'notes.txt'])
})

test('what another process has removed is asked for anew', async () => {
  const { got } = await serve(page())
  await got()
  await stored(1)
  rmSync(path())
  expect(await got()).toContain('fwd=uri-miss; stored')
})

test.skipIf(process.platform === 'win32')('what cannot be read now is asked of the app, and stays', async () => {
  const { got } = await serve(page())
  await got()
  await stored(1)
  const [file, whole] = [path(), readFileSync(path())]
  rmSync(file)
  mkdirSync(file)
  expect(await got()).toBe('200 fwd=miss | 4 body')
  rmdirSync(file)
  writeFileSync(file, whole)
  expect(await got()).toContain('hit')
})

test('a file that is cut while it is kept cuts the response, and is not used again', async () => {
  const { ask, got } = await serve(page(Buffer.alloc(200_000)))
  await got()
  await stored(1)
  truncateSync(path(), 100_000)
  const { response, errors } = ask()
  expect([(await response).cut, errors.map(({ code }) => code)]).toEqual([true, ['CACHE_READ']])
  expect(await got()).toContain('fwd=uri-miss')
})

test('the folder is bounded', async () => {
  const { got } = await serve(page(Buffer.alloc(100_000)), { disk: 350_000 })
  for (let i = 1; i <= 5; i++) {
    await got({ path: `/${i}` })
    await stored(Math.min(i, 3))
  }
  expect(await got({ path: '/5' })).toMatch(/hit|collapsed/)
  expect(await got({ path: '/1' })).toContain('fwd=uri-miss')
})

test('what does not become whole leaves nothing', async () => {
  const held: Exchange[] = []
  const { ask, layer } = await serve((exchange) => {
    exchange.respond({ status: 200, reason: '', headers: [['Cache-Control', 'max-age=60']] })
    exchange.write('half')
    held.push(exchange)
  })
  const first = ask()
  await until('a file', () => files().length === 1)
  first.hangUp()
  await until('no file', () => files().length === 0)
  const second = ask({ path: '/2' })
  expect(layer.purge!('/2')).toBe(0)
  held[1]!.end()
  expect(shown(await second.response)).toBe('200 fwd=uri-miss; stored | 4 half')
  await until('no file', () => files().length === 0)
})

test('requests wait until it is in the file', async () => {
  const held: Exchange[] = []
  const { ask, counts } = await serve((exchange) => void held.push(exchange))
  const all = [ask(), ask(), ask()]
  page()(held[0]!)
  const answers = await Promise.all(all.map(({ response }) => response))
  expect(answers.map(shown)).toEqual([
    '200 fwd=uri-miss; stored | 4 body',
    '200 fwd=uri-miss; collapsed | 4 body',
    '200 fwd=uri-miss; collapsed | 4 body',
  ])
  expect(counts.asked).toBe(1)
})

test('a purge removes the files', async () => {
  const { got, layer } = await serve(page())
  await got({ path: '/a' })
  await got({ path: '/b' })
  await stored(2)
  expect(layer.purge!('/a')).toBe(1)
  await stored(1)
})

test('what cannot be written is passed on, and told once', async () => {
  const { got, log } = await serve(page())
  rmSync(join(folder.path, 'stored'), { recursive: true })
  expect(await got()).toContain('| 4 body')
  expect(await got()).toContain('| 4 body')
  await until('the log', () => log.text.includes('CACHE_WRITE'))
  await got()
  expect(log.text.match(/CACHE_WRITE/g)).toHaveLength(1)
})

test.runIf(process.platform === 'linux')('what a full disk does not take leaves no file open', async () => {
  const { got, log } = await serve(page())
  const file = await open(join(folder.path, 'any'), 'w')
  await file.close()
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const write = vi.spyOn(Object.getPrototypeOf(file) as typeof file, 'writeFile').mockRejectedValue(full)
  try {
    expect(await got()).toContain('| 4 body')
    await until('the log', () => log.text.includes('ENOSPC') && files().length === 0)
  } finally {
    write.mockRestore()
  }
  expect(openBelow(folder.path)).toEqual([])
})

test('processes with the same folder find what the others have stored, but for what was purged', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const first = await serve(page('first'))
  const second = await serve(page('second'))
  await first.got({ path: '/a' })
  await first.got({ path: '/b' })
  await stored(2)
  expect(second.layer.purge!('/b')).toBe(0)
  vi.advanceTimersByTime(60_000)
  await stored(1)
  await eventually(async () => expect(await second.got({ path: '/a', method: 'HEAD' })).toContain('hit'))
  expect(await second.got({ path: '/a' })).toContain('first')
  // It is gone for both.
  expect(second.layer.purge!('/a')).toBe(1)
  await stored(0)
  expect(await first.got({ path: '/a' })).toContain('fwd=uri-miss')
})

test('a client has no more forgotten than the URL that it has changed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const first = await serve(page('first'))
  const second = await serve(page('second'))
  await first.got({ path: '/a?q=b' })
  await stored(1)
  await second.got({ method: 'POST', path: '/a?q=*' })
  vi.advanceTimersByTime(60_000)
  await eventually(async () => expect(await second.got({ path: '/a?q=b', method: 'HEAD' })).toContain('hit'))
  expect(files()).toHaveLength(1)
})

test('of two that were stored at the same time the later one stays', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
  const first = await serve(page('first'))
  const second = await serve(page('second'))
  await first.got()
  vi.setSystemTime(Date.now() + 1000)
  await second.got()
  await stored(2)
  vi.advanceTimersByTime(60_000)
  await stored(1)
  expect(readFileSync(path(), 'utf8')).toContain('second')
})

test('in front of another mount it is another response', async () => {
  await (await serve(page('first'), {}, '/a')).got()
  await stored(1)
  expect(await (await serve(page('second'), {}, '/b')).got()).toContain('second')
})

test('what comes quicker than a disk writes is passed on', async () => {
  const { ask, got } = await serve(page(Buffer.alloc(5_000_000)), { maxEntry: 10_000_000 })
  expect((await ask().response).body.length).toBe(5_000_000)
  expect(await got()).toContain('fwd=uri-miss')
})

test('a head that is too long for a file is passed on', async () => {
  const { ask, got } = await serve(page('body', [['X-A', 'a'.repeat(70_000)]]))
  await ask().response
  expect(await got()).toContain('fwd=uri-miss')
})

test('a folder that is none is a fault of the configuration, at the start and before', async () => {
  writeFileSync(join(folder.path, 'stored'), '')
  const fault = { code: 'CACHE_FOLDER', path: 'use.0.cache.folder' }
  await expect(serve(page())).rejects.toMatchObject(fault)
  const layer = cache.create({ ...({} as Parameters<typeof cache.create>[0]), folder: 'stored' }, {
    path: 'use.0.cache',
    directory: folder.path,
  } as Parameters<typeof cache.create>[1])
  await expect(layer.check!()).rejects.toMatchObject(fault)
})

test.skipIf(process.platform === 'win32')('others may not look into it', async () => {
  await (await serve(page())).got()
  await stored(1)
  const { stat } = await import('node:fs/promises')
  const modes = [join(folder.path, 'stored'), path()].map(async (one) => (await stat(one)).mode & 0o777)
  expect(await Promise.all(modes)).toEqual([0o700, 0o600])
})
