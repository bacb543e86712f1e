// Signals to the real command: what stops it, what does not, and that none opens Node.js' debugger.
import { existsSync, readFileSync, readdirSync, readlinkSync, truncateSync, openSync, closeSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { commandFolder } from './command-folder.ts'
import type { Sidegate } from './sidegate.ts'
import { MAIN } from '../built.ts'

const folder = commandFolder()
const { write } = folder

function serve(words: readonly string[], environment: Record<string, string> = {}): Sidegate {
  const one = folder.run(['serve', ...words], environment)
  return one
}

/** The TCP ports of this machine on which a process listens. */
function portsOf(pid: number): number[] {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      // Closed since the folder was read.
      return []
    }
  })
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && links.includes(`socket:[${inode}]`))
      .map(([, local = '']) => Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)),
  )
}

// Answers when the file that the query names is there, so that a test decides how long a request is under way.
write(
  'slow.ts',
  `import { existsSync } from 'node:fs'
export const app = (environ: any, startResponse: any) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return (async function* () {
    yield 'first '
    while (!existsSync(environ.QUERY_STRING)) await new Promise((resolve) => setTimeout(resolve, 5))
    yield 'last'
  })()
}`,
)

// Node.js tells so of Ctrl-Break and of a console that is closed.
test.each(['SIGBREAK', 'SIGHUP'])('%s of Windows stops it', async (signal) => {
  const preload = join(folder.path, `${signal}.mjs`)
  write(`${signal}.mjs`, `process.on('SIGUSR2', () => process.emit('${signal}', '${signal}'))`)
  const one = serve(['/=respond:204', '-l', '127.0.0.1:0'], { NODE_OPTIONS: `--import=${preload}` })
  await one.port()
  one.signal('SIGUSR2')
  expect(await one.ended).toMatchObject({ code: 0, err: expect.stringContaining(`${signal}: no new requests`) })
})

test.each([
  ['SIGUSR1', /SIGUSR1: nothing is done; there are no log files to open anew/],
  [
    'SIGUSR2',
    /SIGUSR2: nothing is done; with --supervise it would .* take over; SIGTERM, SIGINT, SIGHUP and SIGQUIT stop Sidegate/,
  ],
] as const)('%s neither ends it nor opens a debugger, and is logged', async (signal, said) => {
  const one = serve(['/=respond:204', '-l', '127.0.0.1:0'])
  const port = await one.port()
  one.signal(signal)
  await one.said(said)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(204)
  expect(portsOf(one.pid)).toEqual([port])
  const { code, err } = await one.stop()
  expect(code).toBe(0)
  expect(err).not.toContain('Debugger')
})

test('SIGUSR1 while the configuration is loaded opens no debugger', async () => {
  write(
    'signalled.config.mjs',
    `process.kill(process.pid, 'SIGUSR1')
process.kill(process.pid, 'SIGUSR2')
await new Promise((resolve) => setTimeout(resolve, 50))
export default { listen: ['127.0.0.1:0'], mounts: { '/': { respond: 204 } } }`,
  )
  const one = serve(['-c', 'signalled.config.mjs'])
  const port = await one.port()
  expect(portsOf(one.pid)).toEqual([port])
  expect((await one.stop()).err).not.toContain('Debugger')
})

test('a debugger that SIGUSR1 opened before anybody could listen to it is closed', async () => {
  // Ignored until Node.js has a handler for it, so that the first signals do not end the process.
  const shell = `trap '' USR1; echo ignored >&2; exec "$0" "$@"`
  const words = [process.execPath, MAIN, 'serve', '/=respond:204', '-l', '127.0.0.1:0']
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn('/bin/sh', ['-c', shell, ...words], {
    cwd: folder.path,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  try {
    await until('the signal is ignored', () => err.includes('ignored'))
    const serving = await until('it serves', () => {
      child.kill('SIGUSR1')
      return /listening {2}\S*:([0-9]+) \(/.exec(err)
    })
    expect(err).toContain('Debugger listening')
    expect(portsOf(child.pid!)).toEqual([Number(serving[1])])
  } finally {
    child.kill('SIGTERM')
  }
  expect(await exited).toEqual([0, null])
})

test('a debugger that was asked for stays', async () => {
  const one = serve(['/=respond:204', '-l', '127.0.0.1:0'], { NODE_OPTIONS: '--inspect=127.0.0.1:0' })
  await one.said(/Debugger listening/)
  const port = await one.port()
  const ports = portsOf(one.pid)
  expect(ports).toContain(port)
  expect(ports).toHaveLength(2)
})

test.each(['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGINT'] as const)(
  '%s lets a request under way finish, and the Unix socket is removed',
  async (signal) => {
    const one = serve(['./slow.ts', '-l', '127.0.0.1:0', '-l', `unix:${signal}.sock`])
    const port = await one.port()
    const go = join(folder.path, `go-${signal}`)
    const response = await fetch(`http://127.0.0.1:${port}/?${go}`)
    one.signal(signal)
    await one.said(new RegExp(`${signal}: no new requests`))
    write(`go-${signal}`, '')
    expect(await response.text()).toBe('first last')
    expect(await one.ended).toMatchObject({ code: 0, err: expect.stringMatching(/stopped\n$/) })
    expect(existsSync(join(folder.path, `${signal}.sock`))).toBe(false)
  },
)

test('a log that is written to a file goes on at its start when it is truncated', async () => {
  const file = join(folder.path, 'access.log')
  const out = openSync(file, 'a')
  const words = [MAIN, 'serve', '/=respond:204', '-l', '127.0.0.1:0']
  const child = spawn(process.execPath, words, { cwd: folder.path, stdio: ['ignore', out, 'pipe'] })
  closeSync(out)
  const exited = once(child, 'exit')
  let err = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text))
  try {
    const [, port] = await until('it serves', () => /listening {2}\S*:([0-9]+) \(/.exec(err))
    await fetch(`http://127.0.0.1:${port}/before`)
    await until('the line', () => readFileSync(file, 'utf8').includes('/before'))
    truncateSync(file)
    await fetch(`http://127.0.0.1:${port}/after`)
    await until('the line', () => readFileSync(file, 'utf8').includes('/after'))
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9T:Z-]+ .*"GET \/after" 204 .*\n$/)
  } finally {
    child.kill('SIGTERM')
  }
  await exited
})

test('a signal behind the end changes nothing of it', async () => {
  const one = serve(['respond:204', '--listen', '127.0.0.1:0'])
  const port = await one.port()
  // The end waits for the access log to be read, for a moment.
  one.pause('stdout')
  const agent = new Agent({ keepAlive: true })
  for (let count = 0; count < 100; count++) {
    const call = request({ port, host: '127.0.0.1', path: `/${'x'.repeat(16_000)}`, agent }).end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
  }
  agent.destroy()
  one.signal('SIGTERM')
  await one.said(/info stopped/)
  one.signal('SIGINT')
  one.signal('SIGHUP')
  expect(await one.exited).toBe(0)
  one.resume('stdout')
})
