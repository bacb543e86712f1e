// Gateways of another user than their supervisor's.
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { spawnSync } from 'node:child_process'
import { MAIN } from '../built.ts'
import { freePort, until } from '../harness.ts'

const root = process.platform === 'linux' && process.getuid?.() === 0
const AS = ['--reuid', '33', '--regid', '33', '--clear-groups', 'test', '-r']
const reachable = root && spawnSync('setpriv', [...AS, MAIN]).status === 0
const folder = commandFolder()

/** A port below 1024 where nobody listens. */
async function lowPort(): Promise<number> {
  for (let port = 1023; ; port--) {
    const { status } = spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().once('error', () => process.exit(1)).listen(${port}, '127.0.0.1', () => process.exit(0))`,
    ])
    if (status === 0) return port
  }
}

test.skipIf(!reachable)(
  'nothing of the configuration or the app is root, and ports below 1024 are served all the same',
  async () => {
    folder.write(
      'sidegate.config.mjs',
      `import { writeFileSync } from 'node:fs'
export default { mounts: { '/': { node: './app.mjs' }, '/worker': { node: './app.mjs', processes: 1 }, '/uid': { respond: 200, body: String(process.getuid()) } } }`,
    )
    folder.write(
      'app.mjs',
      `import { readFileSync } from 'node:fs'
export default (request, response) => response.end(readFileSync('/proc/self/status', 'utf8') + process.env.HOME)`,
    )
    const port = await lowPort()
    const one = folder.run(['serve', '--supervise', '--user=www-data', '-l', `127.0.0.1:${port}`])
    await one.port()
    const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await get('/uid')).toBe('33')
    const status = await get('/')
    expect(status).toMatch(/^Uid:\t33\t33\t33\t33$/m)
    expect(status).toMatch(/^Groups:\t33 $/m)
    expect(status).toMatch(/^CapEff:\t0000000000000400$/m)
    expect(status).toMatch(/\/var\/www$/)
    // What listens is the gateway, and no app in a process of its own.
    expect(await get('/worker')).toMatch(/^CapInh:\t0{16}\nCapPrm:\t0{16}\nCapEff:\t0{16}\n[^]*^CapAmb:\t0{16}$/m)
    expect(readFileSync(`/proc/${one.pid}/status`, 'utf8')).toMatch(/^Uid:\t0\t/m)
    one.signal('SIGHUP')
    await one.said(/gateway 1 is over/)
    expect(await get('/uid')).toBe('33')
    expect((await one.stop()).code).toBe(0)
  },
)

test.skipIf(!reachable)(
  'the log file is that of the gateways, also where their supervisor has to make it anew',
  async () => {
    const settings = { listen: ['127.0.0.1:0'], log: { file: 'logs/all.log' }, mounts: { '/': { respond: 204 } } }
    folder.write('logged.json', JSON.stringify(settings))
    const logs = join(folder.path, 'logs')
    const file = join(logs, 'all.log')
    mkdirSync(logs)
    chownSync(logs, 33, 33)
    const one = folder.run(['serve', '--supervise', '--user=www-data', '-c', 'logged.json'])
    const said = (text: RegExp) => until(String(text), () => existsSync(file) && text.test(readFileSync(file, 'utf8')))
    await said(/mounted/)
    // As a rotation does; it is looked for once a second.
    renameSync(file, `${file}.1`)
    const aSecond = performance.now() + 1100
    await until('a second has gone', () => performance.now() > aSecond)
    one.signal('SIGHUP')
    await said(/SIGHUP: gateway 2 comes up/)
    expect(statSync(file).uid).toBe(33)
    await said(/gateway 2 serves/)
    // Nor does it follow, as root, a link that they have made.
    const secret = join(folder.path, 'secret')
    writeFileSync(secret, '', { mode: 0o600 })
    rmSync(file)
    symlinkSync(secret, file)
    const another = performance.now() + 1100
    await until('a second has gone', () => performance.now() > another)
    one.signal('SIGHUP')
    await one.said(/gateway 3 did not come up|LOG_/)
    expect(readFileSync(secret, 'utf8')).toBe('')
  },
)

test.skipIf(!root)('a group for root is taken, and what names nobody is refused', async () => {
  folder.write('gid.mjs', `export default (request, response) => response.end(String(process.getgid()))`)
  const one = folder.run(['serve', '--supervise', '--user', 'root:33', 'node:./gid.mjs', '-l', '127.0.0.1:0'])
  expect(await (await fetch(`http://127.0.0.1:${await one.port()}/`)).text()).toBe('33')
  for (const user of ['', ':33', 'root:']) {
    const { code, err } = await folder.run(['serve', '--supervise', '--user', user, 'respond:204']).ended
    expect([code, err]).toEqual([1, expect.stringContaining('--user: USER or USER:GROUP')])
  }
})

test('a user that is not there is refused, and so is the option without a supervisor', async () => {
  const port = await freePort()
  const words = ['serve', 'respond:204', '-l', `127.0.0.1:${port}`, '--user', 'nobody-of-that-name']
  const one = await folder.run([...words, '--supervise']).ended
  expect(one.code).toBe(1)
  expect(one.err).toContain('sidegate: --user: there is no user called nobody-of-that-name')
  const other = await folder.run(words).ended
  expect(other.code).toBe(2)
  expect(other.err).toContain('--user goes with --supervise')
})
