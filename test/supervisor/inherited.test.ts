// Sockets that the supervisor was started with: fd:N and systemd's, through reloads and deaths.
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { portOf, socketOn, start } from '../listen/activated.ts'
import { freshFolder } from '../listen/gateway.ts'
import { bodyOf, talk, uwsgiRequest } from '../listen/peer.ts'

const http = 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const APP = `export default (request, response) => response.end(String(process.pid))`

const said = (run: { said(): string }, pattern: RegExp): Promise<unknown> =>
  until(String(pattern), () => pattern.test(run.said()))

test('fd:N means what it means to the process that was started, in every gateway', async () => {
  const app = join(freshFolder(), 'app.mjs')
  writeFileSync(app, APP)
  const path = join(freshFolder(), 's.sock')
  const sockets = [await socketOn('127.0.0.1'), await socketOn('127.0.0.1'), await socketOn(path)]
  const [first, second] = sockets.slice(0, 2).map(portOf) as [string, string]
  const words = ['--supervise', `node:${app}`, '-l', 'fd:5', '-l', 'uwsgi://fd:4', '-l', 'fd:3']
  const run = start(words, sockets)
  await run.serving()
  expect(run.said()).toContain(`listening  ${first} (http, uwsgi`)
  expect(run.said()).toContain(`listening  uwsgi://${second} (uwsgi)`)
  expect(run.said()).toContain(`listening  unix:${path} (http, uwsgi`)
  const pids = new Set([bodyOf(await talk(first, http))])
  run.signal('SIGHUP')
  await said(run, /gateway 1 is over/)
  pids.add(bodyOf(await talk(`unix:${path}`, http)))
  process.kill(Number([...pids].at(-1)), 'SIGKILL')
  await said(run, /GATEWAY_DIED/)
  pids.add(bodyOf(await talk(second, uwsgiRequest('/'))))
  expect(pids.size).toBe(3)
  await run.finish()
  expect(statSync(path).isSocket()).toBe(true)
})

test('a socket of systemd that the configuration has no more can come back', async () => {
  const sockets = [await socketOn('127.0.0.1'), await socketOn('127.0.0.1')]
  const [web, app] = sockets.map(portOf) as [string, string]
  const config = join(freshFolder(), 'sidegate.json')
  const write = (...listen: string[]): void =>
    writeFileSync(config, JSON.stringify({ listen, mounts: { '/': { respond: 204 } } }))
  write('systemd:')
  const run = start(['--supervise', '-c', config], sockets, { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:app' })
  await run.serving()
  for (const address of [web, app]) expect(await talk(address, http)).toMatch(/^HTTP\/1\.1 204/)
  write('systemd:app')
  run.signal('SIGHUP')
  await said(run, /gateway 1 is over/)
  expect(await talk(app, http)).toMatch(/^HTTP\/1\.1 204/)
  write('http://systemd:web')
  run.signal('SIGHUP')
  await said(run, /gateway 2 is over/)
  expect(await talk(web, http)).toMatch(/^HTTP\/1\.1 204/)
})

test.each([
  ['fd:7', /fd:7 is no listening socket.*\[ADDRESS_UNAVAILABLE\]/],
  ['fd:4', /fd:4 is no listening socket.*\[ADDRESS_UNAVAILABLE\]/],
  ['systemd:', /LISTEN_FDS is not set.*\[INHERITED_NONE\]/],
  [
    'stdin:',
    /stdin: is a connection of the process that was started.*start it with --no-supervise.*\[ADDRESS_SUPERVISED\]/,
  ],
])('%s that is not there is one clear error', async (address, message) => {
  const run = start(['--supervise', 'respond:204', '-l', address], [await socketOn('127.0.0.1')])
  const { code, said: text } = await run.ended()
  expect(text).toMatch(message)
  expect(code).toBe(1)
})
