// What can be asked of what serves, and ordered: of one gateway alone, and of a supervisor's.
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import * as v from 'valibot'
import { beforeEach, describe, expect, test } from 'vitest'
import { answers } from '../../sidecar/admin/schema.ts'
import type { AdminStatus } from '../../sidecar/admin/status.ts'
import type { RequestReport } from '../../sidecar/request-report.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { ask as askIn } from '../cli/ask.ts'
import type { Ended, Sidegate } from '../cli/sidegate.ts'
import { until } from '../harness.ts'
import { emptyVariables } from '../../sidecar/variables.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'

const folder = commandFolder()
const environment = { XDG_RUNTIME_DIR: join(folder.path, 'runtime') }

/** Waits for as long as a file is there. */
const held = `from os.path import exists
from time import sleep
def application(environ, start_response):
    while exists('hold'):
        sleep(0.01)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'done']
`

beforeEach(() => {
  rmSync(environment.XDG_RUNTIME_DIR, { recursive: true, force: true })
  folder.write('held.py', held)
  folder.write('hello.mjs', "export default (req, res) => res.end('hello')")
  configure({ '/': { respond: 200 }, '/held': { python: './held.py', processes: 2 } })
})

function configure(mounts: object): void {
  const config = { listen: ['http://127.0.0.1:0'], mounts, log: { access: false } }
  folder.write('sidegate.config.json', JSON.stringify(config))
}

const ask = (...words: string[]): Promise<Ended> => askIn(words, folder.path, environment)

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse((await ask(...words, '--json')).out) as T
}

describe.each<{ how: string; words: string[]; ofReload: Partial<Ended> }>([
  {
    how: 'alone',
    words: [],
    ofReload: { code: 1, err: expect.stringMatching(/--supervise.*reload \/shop/) as string },
  },
  { how: 'below a supervisor', words: ['--supervise'], ofReload: { code: 0, out: 'gateway 2 serves\n' } },
])('$how', ({ words, ofReload }) => {
  async function serve(...more: string[]): Promise<{ one: Sidegate; url: string }> {
    const one = folder.run(['serve', ...words, ...more], environment)
    await one.said(/mounted/)
    const url = `http://127.0.0.1:${await one.port()}`
    await until('it can be asked', async () => (await ask('status')).code === 0)
    return { one, url }
  }

  test(
    'ps lists the requests under way; drain of a mount waits for them, and has it answer 503',
    { timeout: 60_000 },
    async () => {
      const { url } = await serve()
      expect((await ask('ps')).out).toBe('no request is under way\n')
      folder.write('hold', '')
      const slow = fetch(`${url}/held/x?y=1`, { method: 'POST', body: 'four' })
      const requests = await until('the request', async () => {
        const all = await json<RequestReport[]>('ps')
        return all[0]?.pid === undefined ? undefined : all
      })
      const told = await json<AdminStatus>('status')
      expect(() => v.parse(answers.status, told)).not.toThrow()
      expect(() => v.parse(answers.requests, requests)).not.toThrow()
      const { mounts } = told.gateways[0]!.report!
      const pids = mounts[1]!.mount!.pids!
      expect(requests).toMatchObject([
        {
          mount: '/held',
          method: 'POST',
          uri: '/held/x?y=1',
          client: '127.0.0.1',
          protocol: 'http',
          state: 'open',
          received: 4,
        },
      ])
      expect(pids).toContain(requests[0]!.pid)
      expect((await ask('ps')).out).toMatch(
        /^ *AGE +STATE +MOUNT +PID +CLIENT +METHOD +REQUEST +URI\n.* open +\/held +\d+ +127\.0\.0\.1 +POST +\S+ +\/held\/x\?y=1\n$/,
      )
      const drained = ask('drain', '/held')
      // What is sent there before that would be held too.
      await until('it is taken out', async () => /\/held +taken out +\d/.test((await ask('status')).out))
      expect((await fetch(`${url}/held`)).status).toBe(503)
      expect((await fetch(url)).status).toBe(200)
      rmSync(join(folder.path, 'hold'))
      expect(await (await slow).text()).toBe('done')
      expect(await drained).toMatchObject({ code: 0, out: '/held is taken out, and has no request under way\n' })
      expect(await (await fetch(`${url}/held`)).text()).toMatch(/^503 .*\nMOUNT_DRAINED /)
      expect(await ask('drain', '/held', '--back')).toMatchObject({ code: 0, out: '/held is served again\n' })
      expect((await fetch(`${url}/held`)).status).toBe(200)
    },
  )

  test('purge has the caches of a mount, and of all, forget', async () => {
    folder.write(
      'kept.mjs',
      "let n = 0; export default (req, res) => { res.setHeader('Cache-Control', 'max-age=600'); res.end(String(++n)) }",
    )
    const mounts = { '/kept': { node: './kept.mjs', use: ['cache'] }, '/': { node: './kept.mjs' } }
    const config = { listen: ['http://127.0.0.1:0'], use: ['cache'], mounts, log: { access: false } }
    folder.write('sidegate.config.json', JSON.stringify(config))
    const { url } = await serve()
    const got = async (path: string): Promise<string> => (await fetch(url + path)).text()
    expect([await got('/kept/1'), await got('/other'), await got('/kept/1')]).toEqual(['1', '2', '1'])
    expect(await ask('purge', '/kept/*')).toMatchObject({ code: 0, out: '2 stored responses were forgotten\n' })
    expect([await got('/kept/1'), await got('/other')]).toEqual(['3', '2'])
    expect((await ask('purge', 'kept')).err).toMatch(/url begins with http:\/\/, https:\/\/ or a slash, or is \*/)
  })

  test('reload of one mount, and recycle of one worker', { timeout: 60_000 }, async () => {
    const { url } = await serve()
    const pids = async (): Promise<readonly number[]> =>
      (await json<AdminStatus>('status')).gateways[0]!.report!.mounts.find(({ key }) => key === '/held')!.mount!.pids!
    const before = await pids()
    folder.write('held.py', held.replace('done', 'anew'))
    expect(await ask('reload', '/held')).toMatchObject({ code: 0, out: '/held was reloaded\n', err: '' })
    expect(await (await fetch(`${url}/held`)).text()).toBe('anew')
    const after = await pids()
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
    expect(await ask('recycle', String(after[0]))).toMatchObject({ code: 0 })
    const last = await pids()
    expect(last).not.toContain(after[0])
    expect(last).toContain(after[1])
    expect(await ask('recycle', '1')).toMatchObject({ code: 1, err: 'sidegate: no mount has a worker 1\n' })
    expect((await ask('recycle', 'x')).err).toMatch(/pid is the number of a process, not "x"/)

    folder.write('held.py', 'this is no Python')
    const failed = await ask('reload', '/held')
    expect(failed.code).toBe(1)
    expect(failed.err).toMatch(/held\.py[^]*what served before serves on/)
    expect(await (await fetch(`${url}/held`)).text()).toBe('anew')
  })

  test('what cannot be reloaded alone, what there is not, the level of the log; drain ends it, and waits for that', async () => {
    configure({ '/': { node: './hello.mjs' }, '/fixed': { respond: 200 } })
    const { one } = await serve()
    expect((await ask('reload', '/')).err).toMatch(
      /\/ cannot be reloaded alone: .*loads a module once.*\[MOUNT_STAYS\]/,
    )
    for (const command of ['reload', 'drain', 'stacks'])
      expect((await ask(command, '/none')).err).toMatch(/no mount \/none; there are \/, \/fixed.*\[MOUNT_UNKNOWN\]/)
    expect((await ask('drain', '--back')).code).toBe(2)

    expect(await ask('log-level', 'warn')).toMatchObject({ code: 0, out: 'the log begins with warn\n' })
    expect(await ask('reload', '/fixed')).toMatchObject({ code: 0 })
    expect((await json<AdminStatus>('status')).gateways[0]!.report!.logLevel).toBe('warn')
    expect(await ask('log-level', 'info')).toMatchObject({ code: 0 })
    expect(one.err).not.toMatch(/was reloaded/)
    expect(await ask('reload', '/fixed')).toMatchObject({ code: 0 })
    await one.said(/\/fixed was reloaded/)
    expect((await ask('log-level', 'loud')).err).toMatch(/level is one of info, warn, error, not "loud"/)
    expect(await ask('reload')).toMatchObject(ofReload)

    expect(await ask('drain')).toMatchObject({ code: 0, out: 'it has ended\n' })
    expect((await one.ended).code).toBe(0)
  })
})

test('the configuration says where', async () => {
  const config = { listen: ['127.0.0.1:0'], admin: 'unix:run/here.sock', mounts: { '/': { respond: 204 } } }
  folder.write('sidegate.config.json', JSON.stringify(config))
  const one = folder.run(['serve'], environment)
  await one.said(/mounted/)
  await until('it can be asked', async () => (await ask('status')).code === 0)
  expect((await ask('status', '--admin', 'unix:run/here.sock')).code).toBe(0)
  folder.write('sidegate.config.json', JSON.stringify({ ...config, admin: false }))
  expect((await ask('status')).err).toMatch(/admin: false.*\[ADMIN_UNREACHABLE\]/)
})

test('what clients send neither steers a terminal nor makes the columns wide', async () => {
  const config = { listen: ['uwsgi://127.0.0.1:0'], mounts: { '/': { python: './held.py' } }, log: { access: false } }
  folder.write('sidegate.config.json', JSON.stringify(config))
  folder.write('hold', '')
  const one = folder.run(['serve'], environment)
  const socket = connect(await one.port(), '127.0.0.1')
  const uri = `/\x1b[2J\x9b31m${'x'.repeat(2000)}`
  const variables = {
    REQUEST_METHOD: 'GET',
    REQUEST_URI: uri,
    PATH_INFO: '/',
    SCRIPT_NAME: '',
    REMOTE_ADDR: 'y'.repeat(999),
  }
  socket.write(uwsgi.client().request({ ...emptyVariables(), ...variables }, 0))
  const { out } = await until('it is under way', async () => {
    const ended = await ask('ps')
    return ended.out.includes('/') ? ended : undefined
  })
  const [head, row] = out.split('\n')
  expect(head!.length).toBeLessThan(120)
  expect(row).toMatch(/ y{44}… .* \/\\x1b\[2J\\x9b31mx+$/)
  const { out: json } = await ask('ps', '--json')
  // oxlint-disable-next-line no-control-regex
  expect(json).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  expect(JSON.parse(json)).toMatchObject([{ uri }])
  rmSync(join(folder.path, 'hold'))
  socket.destroy()
})

test('of two in one folder the one is asked whose configuration is named', async () => {
  configure({ '/': { respond: 204 } })
  const other = { listen: ['127.0.0.1:0'], admin: 'unix:other.sock', mounts: { '/other': { respond: 204 } } }
  folder.write('other.json', JSON.stringify(other))
  const all = [['serve'], ['serve', '--config', 'other.json']].map((words) => folder.run(words, environment))
  await Promise.all(all.map((one) => one.said(/mounted/)))
  await until('one can be asked', async () => (await ask('status')).code === 0)
  await until('the other can be asked', async () => (await ask('status', '--admin', 'other.sock')).code === 0)
  expect((await ask('status', '--config', 'other.json')).out).toContain('/other')
  expect((await ask('status')).out).not.toContain('/other')
  expect((await ask('stop', '--config', 'missing.json')).err).toContain('[CONFIG_MISSING]')
  expect((await ask('drain', '--config', 'other.json')).code).toBe(0)
  expect((await all[1]!.ended).code).toBe(0)
  expect((await ask('status')).code).toBe(0)
})

test('a gateway that an app keeps busy is told of, and does not hold up who asks', async () => {
  folder.write(
    'busy.mjs',
    'export default (req, res) => { for (const end = Date.now() + 6000; Date.now() < end; ); res.end() }',
  )
  configure({ '/': { node: './busy.mjs' } })
  const one = folder.run(['serve', '--supervise'], environment)
  const url = `http://127.0.0.1:${await one.port()}`
  await until('it can be asked', async () => (await ask('status')).code === 0)
  const asked = fetch(url).catch(() => undefined)
  await until('it is busy', async () => (await ask('status')).out.includes('does not answer: an app may keep it busy'))
  const busy = { code: 1, out: '', err: expect.stringMatching(/gateway 1 did not answer.*\[GATEWAY_BUSY\]/) as string }
  expect(await ask('ps')).toMatchObject(busy)
  expect((await ask('log-level', 'warn')).err).toMatch(/gateway 1 did not answer within 1 s.*\[GATEWAY_BUSY\]/)
  await asked
})
