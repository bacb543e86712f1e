// Sockets that the process was started with: fd:N, and systemd's socket activation, through the real command.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { handedDown } from '../../sidecar/listen/inherited.ts'
import { portOf, socketOn, start } from './activated.ts'
import { freshFolder, listener } from './gateway.ts'
import { bodyOf, talk, uwsgiRequest } from './peer.ts'
import { MAIN } from '../built.ts'

const http = 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
test('fd:N takes TCP and Unix sockets, with and without a protocol', async () => {
  const path = join(freshFolder(), 's.sock')
  const sockets = [await socketOn('127.0.0.1'), await socketOn('127.0.0.1'), await socketOn(path)]
  const addresses = sockets.slice(0, 2).map(portOf)
  const run = start(['respond:204', '-l', 'fd:3', '-l', 'uwsgi://fd:4', '-l', 'fd:5'], sockets)
  await run.serving()
  expect(run.said()).toContain(`${addresses[0]} (http, uwsgi`)
  expect(run.said()).toContain(`uwsgi://${addresses[1]} (uwsgi)`)
  expect(run.said()).toContain(`unix:${path} (http, uwsgi`)
  for (const address of [addresses[0]!, `unix:${path}`]) {
    expect(await talk(address, http)).toMatch(/^HTTP\/1\.1 204/)
    expect(await talk(address, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 204/)
  }
  expect(await talk(addresses[1]!, http)).toMatch(/WRONG_PROTOCOL/)
  await run.finish()
  // The file belongs to whoever made it.
  expect(statSync(path).isSocket()).toBe(true)
})

test('fd:N has the backlog of its settings', async () => {
  const path = join(freshFolder(), 's.sock')
  const config = join(freshFolder(), 'sidegate.json')
  writeFileSync(
    config,
    JSON.stringify({ listen: [{ address: 'fd:3', backlog: 2 }], mounts: { '/': { respond: 204 } } }),
  )
  const run = start(['-c', config], [await socketOn(path)])
  await run.serving()
  run.signal('SIGSTOP')
  const waiting: Socket[] = []
  const fill = async (): Promise<void> => {
    while (waiting.length < 10) {
      const socket = connect(path)
      waiting.push(socket)
      await once(socket, 'connect')
    }
  }
  await expect(fill()).rejects.toMatchObject({ code: 'EAGAIN' })
  for (const socket of waiting) socket.destroy()
  run.signal('SIGCONT')
})

test('systemd: takes all sockets, systemd:NAME those of that name', async () => {
  const sockets = [await socketOn('127.0.0.1'), await socketOn('127.0.0.1'), await socketOn('127.0.0.1')]
  const addresses = sockets.map(portOf)
  const environment = { LISTEN_FDS: '3', LISTEN_FDNAMES: 'web:app:web' }
  const all = start(['respond:204', '-l', 'systemd:'], sockets, environment)
  await all.serving()
  for (const address of addresses) expect(await talk(address, http)).toMatch(/^HTTP\/1\.1 204/)
  await all.finish()
})

test('one by its name, restricted to a protocol', async () => {
  const sockets = [await socketOn('127.0.0.1'), await socketOn('127.0.0.1')]
  const addresses = sockets.map(portOf)
  const environment = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:app' }
  const run = start(['respond:204', '-l', 'uwsgi://systemd:app'], sockets, environment)
  await run.serving()
  expect(run.said()).toContain(`uwsgi://${addresses[1]} (uwsgi)`)
  expect(run.said()).not.toContain(addresses[0])
  expect(bodyOf(await talk(addresses[1]!, http))).toMatch(/WRONG_PROTOCOL/)
})

describe('what cannot be taken is one clear error', () => {
  test.each<[string, string[], Record<string, string>, string | undefined, RegExp]>([
    ['no number of an open file', ['fd:77'], {}, undefined, /fd:77 is no listening socket .*\[ADDRESS_UNAVAILABLE\]/],
    ['a file', ['fd:1'], {}, undefined, /fd:1 is no listening socket .*\[ADDRESS_UNAVAILABLE\]/],
    ['nothing handed down', ['systemd:'], {}, undefined, /LISTEN_FDS is not set.*\[INHERITED_NONE\]/],
    [
      'for another process',
      ['systemd:'],
      { LISTEN_FDS: '1', LISTEN_PID: '1' },
      'exec "$@"',
      /for process 1, and this is [0-9]+: .*npm/,
    ],
    [
      'no such name',
      ['systemd:app'],
      { LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
      undefined,
      /no socket called app .*there are web/,
    ],
    ['a number that is none', ['systemd:'], { LISTEN_FDS: 'x' }, undefined, /LISTEN_FDS is "x"/],
    ['no number', ['fd:x'], {}, undefined, /has no number after fd:.*\[ADDRESS_BAD\]/],
  ])('%s', async (_, addresses, environment, shell, message) => {
    const run = start(['respond:204', ...addresses.flatMap((one) => ['-l', one])], [], environment, shell)
    const { code, said } = await run.ended()
    expect(said).toMatch(message)
    expect(code).toBe(1)
  })

  test('a socket that others can reach takes HTTP only, and a gateway protocol only with its peers', async () => {
    const open = await socketOn('0.0.0.0')
    const port = portOf(open)
    const run = start(['respond:204', '-l', 'fd:3'], [open])
    await run.serving()
    expect(await talk(port, http)).toMatch(/^HTTP\/1\.1 204/)
    expect(await talk(port, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 400/)
    await run.finish()
    const again = start(['respond:204', '-l', 'uwsgi://fd:3'], [await socketOn('0.0.0.0')])
    expect((await again.ended()).said).toMatch(/\[ALLOW_REQUIRED\]/)
  })
})

test('the settings of a listener hold for every socket it stands for', () => {
  const settings = listener({ address: 'http://systemd:web', trust: ['10.0.0.1'] })
  const environment = { LISTEN_PID: String(process.pid), LISTEN_FDS: '3', LISTEN_FDNAMES: 'web:other:web' }
  expect(handedDown(settings, 'listen.0', environment)).toEqual([
    { ...settings, address: 'http://fd:3' },
    { ...settings, address: 'http://fd:5' },
  ])
  expect(handedDown(listener('127.0.0.1:1'), 'listen.0', {})).toEqual([listener('127.0.0.1:1')])
})

test('check does not ask for sockets that only serve gets', async () => {
  const folder = freshFolder()
  writeFileSync(
    join(folder, 'c.json'),
    JSON.stringify({ listen: ['systemd:', 'uwsgi://fd:9'], mounts: { '/': { respond: 204 } } }),
  )
  const child = spawn(process.execPath, [MAIN, 'check', '-c', 'c.json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(0)
})
