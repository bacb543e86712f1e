// sidegate status, reload and stop, and the interface that they ask.
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { until } from '../harness.ts'
import type { AdminStatus } from '../../sidecar/admin/status.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { ask as askIn } from '../cli/ask.ts'
import type { Ended, Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()
const runtime = join(folder.path, 'runtime')
const environment = { XDG_RUNTIME_DIR: runtime }

beforeEach(() => {
  rmSync(runtime, { recursive: true, force: true })
  config('respond', 204)
})

function config(kind: string, value: unknown): void {
  const settings = { listen: ['127.0.0.1:0'], mounts: { '/': { [kind]: value } }, log: { access: false } }
  folder.write('sidegate.config.json', JSON.stringify(settings))
}

async function serve(...words: string[]): Promise<Sidegate> {
  const one = folder.run(['serve', '--supervise', ...words], environment)
  await one.said(/mounted/)
  return one
}

const ask = (...words: string[]): Promise<Ended> => askIn(words, folder.path, environment)

/** The socket, once it is there. */
const socketIn = (place: string): Promise<string> =>
  until('the admin socket', () => {
    const [name] = existsSync(place) ? readdirSync(place).filter((file) => /^[0-9a-f]+\.sock$/.test(file)) : []
    return name && join(place, name)
  })

interface Told {
  readonly status: number
  readonly body: unknown
  readonly allow: string | undefined
}

function curl(socketPath: string, method: string, path: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, body: JSON.parse(text) as unknown, allow: headers.allow })
      })
    })
    sent.on('error', reject).end()
  })
}

test('status says what runs and what it has done', async () => {
  const one = await serve()
  const port = await one.port()
  await socketIn(join(runtime, 'sidegate'))
  for (let count = 0; count < 3; count++) await fetch(`http://127.0.0.1:${port}/`)
  const { code, out } = await ask('status')
  expect(code).toBe(0)
  expect(out).toMatch(
    new RegExp(
      `^sidegate \\S+, process ${one.pid}, a supervisor\ngateway 1, process \\d+: serves, for \\d+.*, \\d+ MB\n`,
    ),
  )
  expect(out).toMatch(
    / {2}MOUNTED +REQUESTS +IN FLIGHT +FAILED +GIVEN UP +P50 +P99\n {2}\/ +3 +0 +0 +0 +\d.* m?s +\d.* m?s\n/,
  )
  const json = JSON.parse((await ask('status', '--json')).out) as AdminStatus
  expect(json).toMatchObject({
    pid: one.pid,
    supervised: true,
    gateways: [
      {
        generation: 1,
        state: 'serves',
        report: { listeners: [{ address: `127.0.0.1:${port}` }], mounts: [{ key: '/', requests: 3 }] },
      },
    ],
  })
})

test('reload waits until the next one serves', async () => {
  const one = await serve()
  const port = await one.port()
  await socketIn(join(runtime, 'sidegate'))
  config('respond', 418)
  expect(await ask('reload')).toMatchObject({ code: 0, out: 'gateway 2 serves\n', err: '' })
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(418)
})

test('reload says why the next one did not come up', async () => {
  const one = await serve()
  const port = await one.port()
  await socketIn(join(runtime, 'sidegate'))
  config('respnd', 418)
  const { code, err } = await ask('reload')
  expect(code).toBe(1)
  expect(err).toMatch(/respnd.*respond[^]*what served before serves on \[RELOAD_FAILED\]/)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(204)
})

test('stop ends it, and takes the socket away', async () => {
  const one = await serve()
  const socket = await socketIn(join(runtime, 'sidegate'))
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  expect(await ask('stop')).toMatchObject({ code: 0, err: '' })
  expect((await one.ended).code).toBe(0)
  expect(existsSync(socket)).toBe(false)
})

test('where nobody is, that is said', async () => {
  for (const command of ['status', 'ps', 'stacks', 'reload', 'drain', 'stop']) {
    const { code, err } = await ask(command)
    expect(code).toBe(1)
    expect(err).toMatch(/ENOENT.*--config.*\[ADMIN_UNREACHABLE\]/)
  }
})

test('--admin names the socket', async () => {
  await serve('--admin', 'here.sock')
  await until('the socket', () => existsSync(join(folder.path, 'here.sock')))
  expect((await ask('status', '--admin', 'here.sock')).out).toMatch(/gateway 1/)
  expect((await ask('status')).code).toBe(1)
})

test('a second one in the folder serves without, until the first one has gone', async () => {
  const first = await serve()
  const socket = await socketIn(join(runtime, 'sidegate'))
  const { ino } = statSync(socket)
  const second = await serve()
  await second.said(/no admin socket at .*in use.*ADMIN_OFF/)
  expect((await fetch(`http://127.0.0.1:${await second.port()}/`)).status).toBe(204)
  expect(statSync(socket).ino).toBe(ino)
  expect((await ask('status')).out).toContain(`process ${first.pid},`)
  // As one that was killed: its socket stays.
  first.signal('SIGKILL')
  await second.said(/the admin socket at .* is this one's now/)
  expect((await ask('status')).out).toContain(`process ${second.pid},`)
})

test('what those have left that were killed is cleared away', async () => {
  const one = await serve()
  const place = join(runtime, 'sidegate')
  const left = join(place, '0123456789ab.sock')
  renameSync(await socketIn(place), left)
  one.signal('SIGKILL')
  await one.exited
  writeFileSync(join(place, 'notes.sock'), 'of somebody else')
  await until('nobody answers', async () => {
    const other = folder.run(['status', '--admin', left], environment)
    return (await other.ended).code !== 0
  })
  await serve()
  await until('it is gone', () => !existsSync(left))
  expect(existsSync(join(place, 'notes.sock'))).toBe(true)
})

test.skipIf(process.getuid?.() !== 0)('a folder of another user is not used', async () => {
  mkdirSync(join(runtime, 'sidegate'), { recursive: true })
  chownSync(join(runtime, 'sidegate'), 65_534, 65_534)
  const one = await serve()
  await one.said(/belongs to another user.*ADMIN_OFF/)
  expect((await ask('status')).err).toMatch(/belongs to another user \[ADMIN_UNREACHABLE\]/)
})

test('what there is not is 404, and the wrong method 405', async () => {
  await serve()
  const socket = await socketIn(join(runtime, 'sidegate'))
  expect(await curl(socket, 'GET', '/')).toMatchObject({
    status: 404,
    body: { message: expect.stringContaining('/v1/status') },
  })
  expect(await curl(socket, 'GET', '/v1/stop')).toMatchObject({ status: 405, allow: 'POST' })
  expect(await curl(socket, 'GET', 'http://localhost/v1/requests')).toMatchObject({ status: 200 })
  expect(await curl(socket, 'GET', '/constructor')).toMatchObject({ status: 404 })
  for (const [query, message] of [
    ['mount=/&back=yes', /back is 1, or left out/],
    ['mount=/&mount=/nope', /takes one mount/],
    ['mount=/?x', /there is no mount \/\?x/],
  ] as const) {
    const { body } = await curl(socket, 'POST', `/v1/drain?${query}`)
    expect((body as { message: string }).message).toMatch(message)
  }
  expect(await curl(socket, 'POST', '/v1/reload')).toMatchObject({ status: 200, body: { message: 'gateway 2 serves' } })
})

test('connections that ask for nothing keep nobody out', async () => {
  await serve()
  const path = await socketIn(join(runtime, 'sidegate'))
  const idle: Socket[] = []
  /** Refused while more wait to be accepted than may. */
  const open = async (): Promise<boolean> => {
    const socket = connect({ path })
    const opened = await once(socket, 'connect').catch(() => undefined)
    idle.push(socket.on('error', () => {}))
    return opened !== undefined
  }
  for (let count = 0; count < 100; count++) await until('a connection', open)
  expect((await ask('status')).out).toMatch(/gateway 1/)
  for (const socket of idle) socket.destroy()
})

test('a gateway that gets the signal for its supervisor says so', async () => {
  const one = await serve()
  await socketIn(join(runtime, 'sidegate'))
  const { gateways } = JSON.parse((await ask('status', '--json')).out) as AdminStatus
  process.kill(gateways[0]!.pid, 'SIGUSR2')
  const [said] = await one.said(/SIGUSR2: nothing is done; .*/)
  expect(said).toContain(`it is for the supervisor, process ${one.pid}`)
})

test('another server at the socket is no Sidegate', async () => {
  const path = join(folder.path, 'another.sock')
  const another = createServer((_, response) => response.end('null'))
  await new Promise<void>((resolve) => another.listen(path, resolve))
  for (const word of ['status', 'ps', 'stacks', 'reload', 'stop', 'drain'])
    expect((await ask(word, '--admin', path)).err).toMatch(/no Sidegate.*\[ADMIN_UNREACHABLE\]/)
  another.close()
})
