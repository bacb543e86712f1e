// The units of configs/systemd/ in a real systemd.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder, until } from '../harness.ts'
import { bodyOf, talk } from '../listen/peer.ts'
import { hasSystemd, testSystemd, type TestSystemd } from './systemd.ts'

const CONFIGS = join(import.meta.dirname, '../../configs/systemd')
const { path: folder, remove } = temporaryFolder()
let systemd: TestSystemd | undefined
afterAll(() => {
  systemd?.stop()
  remove()
})

/** What administrators would change. */
const CHANGES: Readonly<Record<string, string>> = {
  '/usr/local/bin/sidegate': '/run/bin/node /run/src/dist/sidecar/main.js',
  '/srv/app': '/run/app',
  'User=sidegate': 'User=www-data',
}

function unit(name: string): string {
  let text = readFileSync(join(CONFIGS, name), 'utf8')
  for (const [from, to] of Object.entries(CHANGES)) text = text.replaceAll(from, to)
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const app = (text: string): void =>
  writeFileSync(join(folder, 'app.mjs'), `export default (request, response) => response.end(${JSON.stringify(text)})`)

test.skipIf(!hasSystemd)(
  'the service starts with its socket, reloads, is started anew and ends, and refuses nobody',
  async () => {
    writeFileSync(join(folder, 'sidegate.config.json'), JSON.stringify({ mounts: { '/': { node: './app.mjs' } } }))
    app('first')
    const units = ['sidegate.socket', 'sidegate.service'].map(unit)
    const verified = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
    // It reads the units of the machine as well, and has its opinion of those.
    const said = verified.stderr.split('\n').filter((line) => line.includes('sidegate'))
    expect(said.filter((line) => !line.endsWith('is not executable: No such file or directory'))).toEqual([])
    systemd = await testSystemd(folder)
    const { run, path } = systemd
    const show = async (name: string): Promise<string> =>
      (await run('systemctl', 'show', '--value', '-p', name, 'sidegate.service')).trim()
    const get = async (): Promise<string> =>
      bodyOf(await talk(`unix:${path('/run/sidegate.sock')}`, 'GET / HTTP/1.0\r\n\r\n'))

    await run('systemctl', 'start', 'sidegate.socket')
    // Nobody has started the service: the first connection does.
    expect(await get()).toBe('first')
    // It may answer before systemd has read that it serves.
    await until('it is active', async () => (await show('ActiveState')) === 'active')
    await until('the status', async () => (await show('StatusText')) === 'gateway 1 serves')

    app('second')
    await run('systemctl', 'reload', 'sidegate')
    expect(await get()).toBe('second')
    writeFileSync(join(folder, 'app.mjs'), 'throw new Error("no")')
    await expect(run('systemctl', 'reload', 'sidegate')).rejects.toThrow(/Job for sidegate\.service failed|reload/)
    expect(await get()).toBe('second')
    expect(await run('systemctl', 'is-active', 'sidegate')).toBe('active\n')
    await until('why', async () => (await show('StatusText')).startsWith('gateway 2 serves; gateway 3 did not come up'))

    app('upgraded')
    const first = await show('MainPID')
    await run('systemctl', 'kill', '-s', 'USR2', '--kill-whom=main', 'sidegate')
    await until('another main process', async () => (await show('MainPID')) !== first)
    expect(await get()).toBe('upgraded')
    app('reloaded')
    await run('systemctl', 'reload', 'sidegate')
    expect(await get()).toBe('reloaded')

    app('third')
    const main = await show('MainPID')
    const [answer] = await Promise.all([get(), run('systemctl', 'restart', 'sidegate')])
    expect(answer).toMatch(/reloaded|third/)
    expect(await get()).toBe('third')
    expect(await show('MainPID')).not.toBe(main)
    await run('systemctl', 'stop', 'sidegate.socket', 'sidegate.service')
    expect([await show('Result'), await show('ExecMainStatus'), await show('ActiveState')]).toEqual([
      'success',
      '0',
      'inactive',
    ])
  },
)
