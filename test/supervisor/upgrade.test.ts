// SIGUSR2: a supervisor of the version that is installed by then takes over.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { sidegate, type Sidegate } from '../cli/sidegate.ts'
import { bodyOf, connectTo, readAll, talk } from '../listen/peer.ts'
import { testManager } from './manager.ts'

const folder = commandFolder()
const APP = (version: string): string =>
  `export default (request, response) => response.end('${version} ' + process.ppid)`

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const left: number[] = []
afterEach(async () => {
  for (const pid of left.splice(0)) if (alive(pid)) process.kill(pid, 'SIGKILL')
})

const serve = (environment: Record<string, string>, ...words: string[]): Sidegate =>
  folder.run(
    [
      'serve',
      '--supervise',
      'node:./app.mjs',
      '-l',
      '127.0.0.1:0',
      '-l',
      'unix:s.sock',
      '--admin',
      'admin.sock',
      ...words,
    ],
    environment,
  )

const childrenOf = (pid: number): string[] =>
  execFileSync('ps', ['-o', 'args=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((args) => !args.startsWith('ps '))

/** What the app says: its version, and the process of its supervisor. */
async function get(port: number): Promise<[version: string, supervisor: number]> {
  const [version, pid] = bodyOf(await talk(`127.0.0.1:${port}`, 'GET / HTTP/1.0\r\n\r\n')).split(' ')
  return [version!, Number(pid)]
}

test('whoever waits for the process that was started goes on to: it stays, and passes on what it is told', async () => {
  folder.write('app.mjs', APP('first'))
  const one = serve({})
  const port = await one.port()
  expect(await get(port)).toEqual(['first', one.pid])
  const kept = await connectTo(`127.0.0.1:${port}`)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await new Promise((resolve) => kept.once('data', resolve))
  const silent = connect(port, '127.0.0.1')
  const supervisors = [one.pid]
  for (const [version, generation] of [
    ['second', 2],
    ['third', 3],
  ] as const) {
    folder.write('app.mjs', APP(version))
    one.signal('SIGUSR2')
    await one.said(
      new RegExp(`gateway ${generation} comes up with a supervisor of its own beside gateway ${generation - 1}`),
    )
    await one.said(new RegExp(`gateway ${generation - 1} is over`))
    // It has no gateway of its own whose end would have to be seen to.
    await until('it has one child', () => childrenOf(one.pid).length === 1)
    const [now, supervisor] = await get(port)
    expect(now).toBe(version)
    supervisors.push(supervisor)
  }
  expect(new Set(supervisors).size).toBe(3)
  expect(alive(supervisors[1]!)).toBe(false)
  // It has the admin socket, too.
  await until('the admin socket', async () => {
    const { out } = await sidegate(['status', '--admin', 'admin.sock'], folder.path)
    return out.includes(`process ${supervisors[2]},`)
  })
  folder.write('app.mjs', APP('fourth'))
  one.signal('SIGHUP')
  await one.said(/gateway 4 serves, gateway 3 finishes/)
  expect(await get(port)).toEqual(['fourth', supervisors[2]])
  silent.write('GET / HTTP/1.0\r\n\r\n')
  expect(await readAll(silent)).toMatch(/fourth/)
  kept.write('GET / HTTP/1.0\r\n\r\n')
  expect(await readAll(kept)).toMatch(/fourth/)
  // The one that took over dies: the one that stayed goes on.
  process.kill(supervisors[2]!, 'SIGKILL')
  await one.said(/gateway 3 ended \(SIGKILL\); another one is started/)
  await until('its gateway serves', async () => (await get(port))[1] === one.pid)
  expect((await one.stop()).code).toBe(0)
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.sock'))).toEqual([])
})

test('one that is told to stop by its admin socket, or does not come up', async () => {
  folder.write('app.mjs', APP('first'))
  const one = serve({})
  const port = await one.port()
  folder.write('app.mjs', 'throw new Error()')
  one.signal('SIGUSR2')
  await one.said(/gateway 2 did not come up \(exit code 1\): gateway 1 serves on/)
  expect(await get(port)).toEqual(['first', one.pid])
  folder.write('app.mjs', APP('second'))
  one.signal('SIGUSR2')
  await one.said(/gateway 1 is over/)
  await until('the admin socket', async () => {
    const { code } = await sidegate(['stop', '--admin', 'admin.sock'], folder.path)
    return code === 0
  })
  expect((await one.ended).code).toBe(0)
})

test('where the service manager can be told, the new one is the service', async () => {
  const manager = await testManager(join(folder.path, 'notify'))
  folder.write('app.mjs', APP('first'))
  const one = serve({ NOTIFY_SOCKET: join(folder.path, 'notify') })
  const port = await one.port()
  await manager.said({ READY: /^1$/ })
  folder.write('app.mjs', APP('second'))
  one.signal('SIGUSR2')
  await manager.said({ RELOADING: /^1$/ })
  const pid = Number((await manager.said({ MAINPID: /^\d+$/ })).MAINPID)
  left.push(pid)
  expect(await one.exited).toBe(0)
  expect(await get(port)).toEqual(['second', pid])
  process.kill(pid, 'SIGHUP')
  await manager.said({ READY: /^1$/, STATUS: /^gateway 3 serves$/ })
  process.kill(pid, 'SIGUSR2')
  const last = Number((await manager.said({ MAINPID: /^\d+$/ })).MAINPID)
  left.push(last)
  await until('it has ended', () => !alive(pid))
  expect(await get(port)).toEqual(['second', last])
  process.kill(last, 'SIGTERM')
  await until('it has ended', () => !alive(last))
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.sock'))).toEqual([])
  await manager.stop()
})

test('what a symbolic link leads to by then is what comes up', async () => {
  for (const version of ['1', '2']) {
    mkdirSync(join(folder.path, version))
    folder.write(`${version}/app.mjs`, APP(version))
  }
  const current = join(folder.path, 'current')
  symlinkSync('1', current)
  const one = folder.run(['serve', '--supervise', 'node:./app.mjs', '-l', '127.0.0.1:0'], { PWD: current }, current)
  const port = await one.port()
  expect((await get(port))[0]).toBe('1')
  symlinkSync('2', `${current}.new`)
  renameSync(`${current}.new`, current)
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  expect((await get(port))[0]).toBe('2')
})

test('a reload that is asked for while another version comes up is answered, though the admin socket is handed on', async () => {
  folder.write('app.mjs', APP('first'))
  const one = serve({})
  await one.port()
  await until('the admin socket', async () => {
    const { code } = await sidegate(['status', '--admin', 'admin.sock'], folder.path)
    return code === 0
  })
  folder.write('app.mjs', `await new Promise((resolve) => setTimeout(resolve, 500))\n${APP('second')}`)
  one.signal('SIGUSR2')
  await one.said(/gateway 2 comes up with a supervisor of its own/)
  const { code, out, err } = await sidegate(['reload', '--admin', 'admin.sock'], folder.path)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/gateway 3 serves/)
  expect((await one.stop()).code).toBe(0)
})
