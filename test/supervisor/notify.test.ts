// What the service manager is told, and what is done for its watchdog.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { testManager, type TestManager } from './manager.ts'

const folder = commandFolder()
let manager: TestManager
let environment: Record<string, string>
let count = 0

beforeEach(async () => {
  const path = join(folder.path, `notify${++count}`)
  manager = await testManager(path)
  environment = { NOTIFY_SOCKET: path }
})
afterEach(() => manager.stop())

const APP = `import { writeFileSync } from 'node:fs'
export const app = (environ, startResponse) => {
  if (environ.QUERY_STRING) {
    writeFileSync('stuck', '')
    for (;;);
  }
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [JSON.stringify(Object.keys(process.env).filter((name) => /NOTIFY|WATCHDOG/.test(name)))]
}`
const serve = (...words: string[]) =>
  folder.run(['serve', 'app:./app.mjs', '-l', '127.0.0.1:0', '--no-access-log', ...words], environment)

test('a supervisor says when it is ready, reloads and stops, and how a reload came out', async () => {
  folder.write('app.mjs', APP)
  const one = serve('--supervise')
  const port = await one.port()
  await manager.said({ READY: /^1$/, STATUS: /^gateway 1 serves$/ })
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('[]')
  one.signal('SIGHUP')
  const { MONOTONIC_USEC: time } = await manager.said({ RELOADING: /^1$/, STATUS: /^gateway 2 comes up/ })
  expect(Number(time)).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1000n))
  await manager.said({ READY: /^1$/, STATUS: /^gateway 2 serves$/ })
  folder.write('app.mjs', 'throw new Error()')
  one.signal('SIGHUP')
  await manager.said({ RELOADING: /^1$/ })
  await manager.said({ READY: /^1$/, STATUS: /^gateway 2 serves; gateway 3 did not come up \(exit code 1\)$/ })
  await one.stop()
  await manager.said({ STOPPING: /^1$/, STATUS: /^SIGTERM: / })
})

test("without a supervisor the gateway says it, and a watchdog of another process is none of Sidegate's", async () => {
  folder.write('app.mjs', APP)
  Object.assign(environment, { WATCHDOG_USEC: '3000', WATCHDOG_PID: '1' })
  const one = serve()
  await manager.said({ READY: /^1$/ })
  expect((await one.stop()).code).toBe(0)
  await manager.said({ STOPPING: /^1$/ })
  expect(manager.messages.filter(({ WATCHDOG }) => WATCHDOG !== undefined)).toEqual([])
})

test('a watchdog hears of a service that is well, and a gateway that is stuck is replaced before it strikes', async () => {
  folder.write('app.mjs', APP)
  Object.assign(environment, { WATCHDOG_USEC: '1500000' })
  const one = serve('--supervise')
  const port = await one.port()
  for (let count = 0; count < 2; count++) await manager.said({ WATCHDOG: /^1$/ })
  const lost = fetch(`http://127.0.0.1:${port}/?stuck`).catch(() => 'lost')
  await until('it is stuck', () => existsSync(join(folder.path, 'stuck')))
  await one.said(/gateway 1 has not answered for 1\.5 s .*GATEWAY_STUCK/)
  await one.said(/gateway 1 ended \(SIGKILL\)/)
  expect(await lost).toBe('lost')
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  await manager.said({ READY: /^1$/, STATUS: /^gateway 2 serves$/ })
  await manager.said({ WATCHDOG: /^1$/ })
})

test('where systemd-notify is not there, Python says it; where nobody can, that is told, and nothing else follows', async () => {
  folder.write('app.mjs', APP)
  const bin = join(folder.path, 'bin')
  mkdirSync(bin)
  environment.PATH = bin
  const mute = serve()
  await mute.said(/cannot be told how it is: there is neither systemd-notify nor python3 code=NOTIFY_LOST/)
  expect((await mute.stop()).code).toBe(0)
  // What is on the path may be a script of the shell.
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  symlinkSync(python, join(bin, 'python3'))
  const one = serve()
  await manager.said({ READY: /^1$/ })
  await one.stop()
  await manager.said({ STOPPING: /^1$/ })
})

/** As systemd-notify, but that it kills whoever is to be the service, the first time. */
const DEADLY = `#!/bin/sh
for word; do
  case $word in MAINPID=*) [ -e "$0.done" ] || { : >"$0.done"; kill -9 "\${word#MAINPID=}"; } ;; esac
done
exec python3 -I -c '
import os, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.connect(os.environ["NOTIFY_SOCKET"])
manager.sendall("\\n".join(word for word in sys.argv[1:] if "=" in word).encode())' "$@"
`

test('an upgrade whose supervisor dies as the manager is told of it: the one before is the service again', async () => {
  folder.write('app.mjs', APP)
  mkdirSync(join(folder.path, 'deadly'))
  folder.write('deadly/systemd-notify', DEADLY)
  chmodSync(join(folder.path, 'deadly/systemd-notify'), 0o755)
  Object.assign(environment, { WATCHDOG_USEC: '6000000', PATH: `${join(folder.path, 'deadly')}:${process.env.PATH}` })
  const one = serve('--supervise')
  await manager.said({ STATUS: /^gateway 1 serves$/ })
  one.signal('SIGUSR2')
  await manager.said({ MAINPID: /^\d+$/ })
  await manager.said({ MAINPID: new RegExp(`^${one.pid}$`) })
  await manager.said({ READY: /^1$/, STATUS: /^gateway \d serves$/ })
  await manager.said({ WATCHDOG: /^1$/ })
  expect((await one.stop()).code).toBe(0)
})
