// The life of a command: its start and what can be wrong with it, its place and environment, its death, its end.
import { spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { splitWords } from '../../sidecar/processes/words.ts'
import { program, temporaryFolder, until } from '../harness.ts'
import { isAlive } from '../cgi/scripts.ts'
import { makeMount, type OpenMount } from '../mount.ts'
import { apps } from './programs.ts'

const place = pathToFileURL(apps)
const node = process.execPath
const mounts: OpenMount[] = []
afterEach(async () => {
  await Promise.all(mounts.splice(0).map(({ mount }) => mount.close()))
})

function make(settings: object): OpenMount {
  const made = makeMount(run, { speaks: 'http', stopTimeout: 1, ...settings }, place)
  mounts.push(made)
  return made
}

async function started(settings: object): Promise<OpenMount> {
  const made = make(settings)
  await made.mount.open()
  return made
}

interface Shown {
  pid: number
  child: number
  [name: string]: unknown
}

async function show(made: OpenMount, path = '/'): Promise<Shown> {
  return JSON.parse((await made.request({ path }).response).body.toString()) as Shown
}

describe('words', () => {
  test.each<[string, string[] | undefined]>([
    ['a  b\tc', ['a', 'b', 'c']],
    [`a 'b c' "d e"f`, ['a', 'b c', 'd ef']],
    [`a ''`, ['a', '']],
    [String.raw`a\ b "c\"d\\e\n" 'f\g'`, ['a b', String.raw`c"d\e\n`, String.raw`f\g`]],
    ['$HOME * | > ;', ['$HOME', '*', '|', '>', ';']],
    ['', []],
    [`a 'b`, undefined],
    [`a "b`, undefined],
    ['a\\', undefined],
  ])('%j', (line, words) => {
    expect(splitWords(line)).toEqual(words)
  })
})

describe('its place and environment', () => {
  test('$SOCKET: a Unix socket in a folder for this user alone', async () => {
    vi.stubEnv('LISTEN_FDS', '1')
    vi.stubEnv('PWD', '/root/private')
    const made = await started({ run: `'${node}' server.mjs $SOCKET "a b" x=$SOCKET`, env: { SET: 'by hand' } })
    vi.unstubAllEnvs()
    const shown = await show(made)
    const { SOCKET: socket } = shown as unknown as { SOCKET: string }
    expect(shown).toMatchObject({
      place: socket,
      mode: '700',
      SET: 'by hand',
      PATH: process.env.PATH,
      argv: ['a b', `x=${socket}`],
    })
    const folder = apps.replace(/\/$/, '')
    expect([shown.PORT, shown.LISTEN_FDS, shown.cwd, shown.PWD]).toEqual([undefined, undefined, folder, folder])
    await made.mount.close()
    expect(existsSync(dirname(socket))).toBe(false)
  })

  test('a folder that somebody has cleared away is made anew, for this user alone', async () => {
    const made = await started({ run: `'${node}' server.mjs $SOCKET` })
    const before = await show(made)
    const { SOCKET: socket } = before as unknown as { SOCKET: string }
    rmSync(dirname(socket), { recursive: true })
    process.kill(before.pid, 'SIGKILL')
    await until('it is back', async () => (await made.request().response).status === 200)
    const after = await show(made)
    expect([after.pid === before.pid, after.mode]).toEqual([false, '700'])
    const { SOCKET: other } = after as unknown as { SOCKET: string }
    await made.mount.close()
    expect(existsSync(dirname(other))).toBe(false)
  })

  test('$PORT: a free port on loopback', async () => {
    const shown = await show(await started({ run: [node, 'server.mjs', 'at:$PORT'] }))
    expect(shown.place).toBe(`at:${String(shown.PORT)}`)
    expect(shown.SOCKET).toBe(undefined)
  })

  test('a command that reads its environment alone: $PORT in env', async () => {
    const env = { PORT: '$PORT', SET: '127.0.0.1:$PORT' }
    const shown = await show(await started({ run: [node, 'server.mjs'], env }))
    expect(shown.PORT).toMatch(/^[0-9]+$/)
    expect(shown.SET).toBe(`127.0.0.1:${String(shown.PORT)}`)
  })

  test('what it prints is in the log', async () => {
    const made = await started({ run: [node, 'server.mjs', '$SOCKET'] })
    const { pid } = await show(made)
    const said = (stream: string) => made.logged.find((record) => record.stream === stream)
    expect(said('stdout')).toMatchObject({ message: 'starting up', mount: '/', pid })
    expect(said('stderr')).toMatchObject({ message: 'a word of warning', mount: '/', pid })
  })
})

describe('a start that fails', () => {
  const folder = temporaryFolder()
  const flag = join(folder.path, 'flag')
  test.each([
    [{ run: 'server' }, 'RUN_PLACE', 'put one of $SOCKET', /^$/],
    [{ run: 'server $SOCKETS' }, 'RUN_PLACE', 'put one of', /^$/],
    [{ run: 'server $SOCKET $PORT' }, 'RUN_PLACE', 'has $SOCKET and $PORT', /^$/],
    [{ run: 'server $SOCKET', env: { PORT: '$PORT' } }, 'RUN_PLACE', 'has $SOCKET and $PORT', /^$/],
    [{ run: `server '$SOCKET` }, 'RUN_COMMAND', 'not closed', /^$/],
    [{ run: 'server $SOCKET', cwd: 'nowhere' }, 'RUN_CWD', 'not there', /^$/],
    [{ run: 'no-such-program $SOCKET' }, 'RUN_SPAWN', 'installed', /^$/],
    [{ run: `sh -c 'exit 0' $SOCKET` }, 'RUN_START_DIED', 'stay in the foreground', /^$/],
    [{ run: `sh -c 'echo one; echo two >&2; exit 4' $SOCKET` }, 'RUN_START_DIED', 'exited with code 4', /one|two/],
    [
      { run: `sh -c 'echo still busy >&2; sleep 60' $SOCKET`, startTimeout: 0.3 },
      'RUN_START_TIMEOUT',
      'startTimeout',
      /still busy/,
    ],
  ])('%j: %s', async (settings, code, words, cause) => {
    const setting = 'cwd' in settings ? 'mounts./.cwd' : 'mounts./.run'
    const error = await (async () => make(settings).mount.open())().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, path: setting, message: expect.stringContaining(words) })
    expect((error as Error).cause ?? '').toMatch(cause)
  })

  test('after it had served: requests wait, get 503 at last, and the log says why', async () => {
    const made = await started({
      run: [node, 'server.mjs', '$SOCKET'],
      env: { FAIL_FILE: flag },
      queue: 1,
      queueTimeout: 0.5,
    })
    const { pid } = await show(made)
    writeFileSync(flag, '')
    process.kill(pid, 'SIGKILL')
    await until('the second death', () => made.logged.some(({ code }) => code === 'RUN_START_DIED'))
    const first = made.request()
    const second = made.request()
    expect([(await second.response).status, second.errors[0]?.code]).toEqual([503, 'QUEUE_FULL'])
    expect([(await first.response).status, first.errors[0]?.code]).toEqual([503, 'QUEUE_TIMEOUT'])
    expect(first.errors[0]!.message).toContain('does not run')
    expect(made.logged.find(({ code }) => code === 'RUN_START_DIED')).toMatchObject({
      message: expect.stringContaining('the next try is in'),
      detail: expect.stringContaining('there is something wrong with the database'),
    })
    rmSync(flag)
    await until('it is back', async () => (await made.request().response).status === 200)
    folder.remove()
  })
})

describe('its end', () => {
  test('a death in the middle of a request costs that request alone', async () => {
    const made = await started({ run: [node, 'server.mjs', '$SOCKET'] })
    const { pid } = await show(made)
    const fatal = made.request({ path: '/die' })
    expect([(await fatal.response).status, fatal.errors[0]?.code]).toEqual([502, 'UPSTREAM_RESET'])
    const next = await show(made)
    expect(next.pid).not.toBe(pid)
    expect(made.logged.find(({ code }) => code === 'RUN_DIED')?.message).toContain('exited with code 3')
  })

  test('what comes while it dies, and was never read, waits for the next one; a request that may not be sent twice does not', async () => {
    const made = await started({ run: [node, 'server.mjs', '$SOCKET'] })
    const { pid } = await show(made)
    const fatal = made.request({ path: '/die-slowly' })
    expect([(await fatal.response).status, fatal.errors[0]?.code]).toEqual([502, 'UPSTREAM_RESET'])
    const post = made.request({ method: 'POST' })
    const next = await show(made)
    expect(next.pid).not.toBe(pid)
    expect([(await post.response).status, post.errors[0]?.code]).toEqual([502, 'UPSTREAM_RESET'])
  })

  test('closing ends it and what it started, even what does not want to', async () => {
    const made = await started({ run: [node, 'server.mjs', '$SOCKET'] })
    const { pid, child } = await show(made)
    const hanging = made.request({ path: '/hang' })
    await hanging.carrier.until(({ bytes }) => bytes.length > 0)
    expect([isAlive(pid), isAlive(child)]).toEqual([true, true])
    await made.mount.close()
    expect(isAlive(pid)).toBe(false)
    await until('the child is gone', () => !isAlive(child))
    expect((await hanging.response).cut).toBe(true)
    const late = made.request()
    expect([(await late.response).status, late.errors[0]?.code]).toEqual([503, 'POOL_CLOSED'])
    await made.mount.close()
  })

  test('a gateway that is killed leaves nothing behind', async () => {
    const gateway = spawn(node, [fileURLToPath(new URL('orphans.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    gateway.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
    await until('it runs', () => said.includes('\n'))
    const { pid, child, SOCKET: socket } = JSON.parse(said) as Shown & { SOCKET: string }
    expect([isAlive(pid), isAlive(child), existsSync(socket)]).toEqual([true, true, true])
    gateway.kill('SIGKILL')
    await until('they are gone', () => !isAlive(pid) && !isAlive(child) && !existsSync(dirname(socket)))
  })
})

test('so many requests at once', async () => {
  const made = await started({ run: [node, 'server.mjs', '$SOCKET'], connections: 1, queue: 1 })
  const hanging = made.request({ path: '/hang' })
  await hanging.carrier.until(({ bytes }) => bytes.length > 0)
  const second = made.request()
  expect(made.mount.status!()).toMatchObject({ pids: [expect.any(Number)], waiting: 1 })
  const third = made.request()
  expect((await third.response).status).toBe(503)
  hanging.hangUp()
  expect((await second.response).status).toBe(200)
  const { pid } = await show(made)
  expect(made.mount.status!()).toEqual({ pids: [pid], waiting: 0, restarts: {} })
  await made.mount.close()
  expect(made.mount.status!().pids).toEqual([])
})

describe.skipIf(!program('plackup') && process.env.CI !== 'true')('a FastCGI program that serves one at a time', () => {
  test.each([
    [undefined, {}],
    [undefined, { streamBodies: true }],
    [5, {}],
    [200_001, {}],
  ])('is kept from nobody by a client that sends slowly (length: %s, %j)', async (length, settings) => {
    const command = 'plackup -s FCGI --listen $SOCKET --no-default-middleware app.psgi'
    const made = await started({ run: command, speaks: 'fastcgi', connections: 1, spoolMemory: 100_000, ...settings })
    const asked = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc((length ?? 5) - 1, 'x')
      asked.resolve()
      await end.promise
      yield Buffer.from('.')
    }
    const slow = made.request({ path: '/a', method: 'POST', body: body(), ...(length !== undefined && { length }) })
    await asked.promise
    expect((await made.request({ path: '/b' }).response).body.toString()).toBe('GET||/b||')
    end.resolve()
    expect((await slow.response).body.toString()).toMatch(/^POST\|\|\/a\|\|x+\.$/)
  })
})

describe.runIf(process.platform === 'linux')('the first connection that a program gets', () => {
  test.each([
    ['$SOCKET', []],
    ['$PORT', ['127.0.0.1']],
    ['$PORT', ['0.0.0.0']],
    ['$PORT', ['::ffff:127.0.0.1']],
  ])('is a request: %s %j', async (where, more) => {
    const made = await started({ run: [node, 'strict.mjs', where, ...more] })
    expect((await made.request().response).body.toString()).toBe('connection 1')
  })

  test('is no request where the kernel does not tell that it listens', async () => {
    const made = await started({ run: [node, 'strict.mjs', '$SOCKET', 'renamed'] })
    expect((await made.request().response).body.toString()).toBe('connection 2')
  })
})
