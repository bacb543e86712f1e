// The supervisor and its gateways: what each of them does when another one ends, fails, or is told to stop.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort, until } from '../harness.ts'
import { connectTo, readAll } from '../listen/peer.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()
const { write } = folder

const APP = (version: string): string => `import { once } from 'node:events'
import { existsSync } from 'node:fs'
export const app = async (environ, startResponse) => {
  while (environ.QUERY_STRING && !existsSync(environ.QUERY_STRING)) await new Promise((resolve) => setTimeout(resolve, 5))
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['${version} ' + process.pid]
}`

function serve(...words: string[]): Sidegate {
  return folder.run(['serve', '--supervise', '--no-access-log', ...words])
}

/** The gateways that one has started. */
const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    // Not the shell that sees to their end.
    .filter((line) => !line.trim().endsWith(' sh'))
    .map((line) => Number.parseInt(line, 10))

/** The one that serves, when no other is there. */
const gatewayOf = (one: Sidegate): number => childrenOf(one.pid)[0]!

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const get = async (port: number, query = ''): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}/${query && `?${query}`}`)).text()

test('a reload reads the app anew, and what is under way ends in the process where it began', async () => {
  write('app.mjs', APP('first'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const old = await get(port)
  const slow = get(port, 'answer')
  // Nothing is sent to one that has not begun: the next answer says that it has.
  expect(await get(port)).toBe(old)
  write('app.mjs', APP('second'))
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves, gateway 1 finishes what it has/)
  expect(await get(port)).toMatch(/^second /)
  write('answer', '')
  expect(await slow).toBe(old)
  await one.said(/gateway 1 is over/)
  expect((await one.stop()).code).toBe(0)
})

test('one that does not come up changes nothing, and its reason is there', async () => {
  write('app.mjs', APP('right'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const right = await get(port)
  write('app.mjs', 'export const app = ')
  one.signal('SIGHUP')
  await one.said(/RELOAD_FAILED/)
  expect(one.err).toMatch(/app\.mjs.*\[TARGET_SYNTAX|SyntaxError|cannot be loaded/s)
  expect(one.err).toContain('gateway 2 did not come up (exit code 1): gateway 1 serves on, nothing has changed')
  expect(await get(port)).toBe(right)
  write('app.mjs', APP('mended'))
  one.signal('SIGHUP')
  await one.said(/gateway 3 serves/)
  expect(await get(port)).toMatch(/^mended /)
})

test('a second reload gives up the one that is coming up', async () => {
  write('app.mjs', APP('first'))
  write('hang.mjs', `import './app.mjs'\nexport { app } from './app.mjs'`)
  const one = serve('app:./hang.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  write('hang.mjs', `await new Promise((resolve) => setTimeout(resolve, 1e9))\nexport { app } from './app.mjs'`)
  one.signal('SIGHUP')
  await one.said(/gateway 2 comes up/)
  write('hang.mjs', `export { app } from './app.mjs'`)
  write('app.mjs', APP('second'))
  one.signal('SIGHUP')
  await one.said(/gateway 2 was coming up, and is given up/)
  await one.said(/gateway 3 serves, gateway 1 finishes/)
  expect(await get(port)).toMatch(/^second /)
})

test('however many reloads are asked for, one gateway comes up at a time, and the last one counts', async () => {
  write('app.mjs', APP('first'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  write('app.mjs', 'for (;;);')
  one.signal('SIGHUP')
  await one.said(/gateway 2 comes up/)
  write(
    'app.mjs',
    `${APP('second')}
while (!existsSync('all-asked')) await new Promise((resolve) => setTimeout(resolve, 5))`,
  )
  for (let count = 0; count < 20; count++) {
    one.signal('SIGHUP')
    expect(await get(port)).toMatch(/^first /)
    expect(childrenOf(one.pid).length).toBeLessThan(4)
  }
  write('all-asked', '')
  await one.said(/gateway \d+ serves, gateway 1 finishes/)
  expect(await get(port)).toMatch(/^second /)
})

test('one that comes up while the supervisor ends does not stay', async () => {
  write('hang.mjs', APP('first'))
  const one = serve('app:./hang.mjs', '-l', '127.0.0.1:0')
  await one.port()
  write('hang.mjs', `process.stdout.write('it hangs')\nawait new Promise((resolve) => setTimeout(resolve, 1e9))`)
  one.signal('SIGHUP')
  await one.said(/it hangs/)
  const gateways = childrenOf(one.pid)
  expect(gateways).toHaveLength(2)
  one.signal('SIGKILL')
  await until('both have ended', () => !gateways.some(alive))
})

test('a gateway that is killed is replaced, and who comes meanwhile waits', async () => {
  write('app.mjs', APP('app'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const before = gatewayOf(one)
  process.kill(before, 'SIGKILL')
  await until('it is gone', () => !alive(before))
  const answer = await get(port)
  expect(answer).toMatch(/^app \d+$/)
  expect(answer).not.toContain(String(before))
  expect(one.err).toMatch(/gateway 1 ended \(SIGKILL\); another one is started code=GATEWAY_DIED/)
})

test('without a supervisor a gateway answers what it has, and ends', async () => {
  write('app.mjs', APP('app'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0', '-l', 'unix:s.sock')
  const port = await one.port()
  const gateway = gatewayOf(one)
  const slow = get(port, 'orphan')
  await get(port)
  one.signal('SIGKILL')
  await one.said(/the supervisor is gone: no new requests/)
  await until('it listens no more', () => !existsSync(join(folder.path, 's.sock')))
  write('orphan', '')
  expect(await slow).toMatch(/^app /)
  await until('it has ended', () => !alive(gateway))
})

test('a configuration with other addresses: new ones are made, and those that are in it no more are gone', async () => {
  const config = (listen: string[]): void =>
    write('sidegate.json', JSON.stringify({ listen, mounts: { '/': { respond: 204 } }, log: { access: false } }))
  config(['127.0.0.1:0', 'unix:old.sock'])
  const one = serve('-c', 'sidegate.json')
  const port = await one.port()
  config(['127.0.0.1:0', 'unix:new.sock'])
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  expect(existsSync(join(folder.path, 'old.sock'))).toBe(false)
  const socket = await connectTo(`unix:${join(folder.path, 'new.sock')}`)
  socket.end('GET / HTTP/1.0\r\n\r\n')
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 204/)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(204)
  await one.stop()
  expect(existsSync(join(folder.path, 'new.sock'))).toBe(false)
})

test('a WebSocket is told to end, and its client finds the next one', async () => {
  write(
    'socket.mjs',
    `import { WebSocketServer } from ${JSON.stringify(import.meta.resolve('ws'))}
const server = new WebSocketServer({ noServer: true })
export default (request, response) => response.end()
export const upgrade = (request, socket, head) =>
  server.handleUpgrade(request, socket, head, (client) => client.send(String(process.pid)))`,
  )
  const one = serve('node:./socket.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const open = async (): Promise<{ pid: string; client: WebSocket }> => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/`)
    const [message] = (await once(client, 'message')) as [Buffer]
    return { pid: String(message), client }
  }
  const { pid, client } = await open()
  one.signal('SIGHUP')
  const [code] = (await once(client, 'close')) as [number]
  expect(code).toBe(1001)
  const second = await open()
  expect(second.pid).not.toBe(pid)
  second.client.terminate()
})

test('connections on which nothing was sent go to the next one, too', async () => {
  write('app.mjs', APP('app'))
  const one = serve('app:./app.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const silent = connect(port, '127.0.0.1')
  const answer = readAll(silent)
  const kept = await connectTo(`127.0.0.1:${port}`)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const first = await new Promise<string>((resolve) => kept.once('data', (bytes) => resolve(String(bytes))))
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  silent.write('GET / HTTP/1.0\r\n\r\n')
  const pid = /app (\d+)$/.exec(await answer)?.[1]
  kept.write('GET / HTTP/1.0\r\n\r\n')
  const second = await readAll(kept)
  expect(second).toMatch(new RegExp(`app ${pid}$`))
  expect(first).not.toContain(`app ${pid}`)
})

test('an app does not speak with the supervisor', async () => {
  write(
    'ready.mjs',
    `process.send?.('ready')
process.send?.(null)
export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [JSON.stringify([typeof process.send, Object.keys(process.env).filter((name) => name.startsWith('SIDEGATE'))])]
}`,
  )
  const one = serve('app:./ready.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  expect(await get(port)).toBe('["undefined",[]]')
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves/)
})

test('what an app writes into the channel of its gateway does nothing to the supervisor', async () => {
  write(
    'channel.mjs',
    `import { writeSync } from 'node:fs'
for (const text of ['garbage', 'null', '{"type":"answer"}', '7']) writeSync(3, text + '\\n')
export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  writeSync(3, 'garbage\\nnull\\n')
  return [String(process.pid)]
}`,
  )
  const one = serve('app:./channel.mjs', '-l', '127.0.0.1:0')
  const port = await one.port()
  const first = await get(port)
  await one.said(/garbage.*SUPERVISOR_FAULT/s)
  expect(await get(port)).toBe(first)
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves/)
  await one.said(/gateway 1 is over/)
  const second = await get(port)
  expect(second).not.toBe(first)
  process.kill(Number(second), 'SIGKILL')
  await one.said(/gateway 2 ended \(SIGKILL\)/)
  expect(await get(port)).toMatch(/^\d+$/)
  expect((await one.stop()).code).toBe(0)
})

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => (socket.destroy(), resolve(true))).on('error', () => resolve(false))
  })

test('what a gateway says is heard although an app has written before it, and no line end', async () => {
  write(
    'before.mjs',
    `import { existsSync, writeFileSync, writeSync } from 'node:fs'
writeFileSync('waits', '')
while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
writeSync(3, 'garbage\\n{"type":"ready"}\\nhalf a line')
export const app = (environ, startResponse) => (startResponse('204 No Content', []), [])`,
  )
  const port = await freePort()
  const one = serve('app:./before.mjs', '-l', `127.0.0.1:${port}`)
  await until('the gateway', () => existsSync(join(folder.path, 'waits')))
  // All of it comes in one read.
  process.kill(one.pid, 'SIGSTOP')
  write('go', '')
  await until('it serves', () => listens(port))
  await one.said(/mounted/)
  process.kill(one.pid, 'SIGCONT')
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves, gateway 1 finishes/)
  expect(one.err).toMatch(/"garbage".*SUPERVISOR_FAULT/)
})

test('a gateway whose sockets do not arrive, because of what an app has written, does not serve, and says why', async () => {
  const garbage = "import { writeSync } from 'node:fs'\nwriteSync(process.channel.fd, 'half a line')"
  write('channel.mjs', `${garbage}\n${APP('app')}`)
  const one = serve('app:./channel.mjs', '-l', '127.0.0.1:0')
  const { code, err } = await one.ended
  expect(code).toBe(1)
  expect(err).toMatch(
    /its listening sockets do not arrive: an app has written into the channel of its gateway.*SUPERVISOR_FAULT/,
  )
})

test('what an app writes into the first descriptors costs no connection that is handed over', async () => {
  write(
    'first.mjs',
    `import { writeSync } from 'node:fs'
export const app = (environ, startResponse) => {
  for (const number of [3, 4])
    try {
      writeSync(number, 'half a line')
    } catch {
      // a socket that listens, or nothing
    }
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [String(process.pid)]
}`,
  )
  const one = serve('app:./first.mjs', '-l', '127.0.0.1:0')
  const kept = await connectTo(`127.0.0.1:${await one.port()}`)
  const ask = async (): Promise<string> => {
    kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    return /\d+$/.exec(String((await once(kept, 'data'))[0]))![0]
  }
  const pids = [await ask()]
  for (const generation of [2, 3]) {
    one.signal('SIGHUP')
    await one.said(new RegExp(`gateway ${generation} serves`))
    await one.said(new RegExp(`gateway ${generation - 1} is over`))
    pids.push(await ask())
  }
  expect(new Set(pids).size).toBe(3)
})

test('a start that fails is told as without a supervisor', async () => {
  const { code, err } = await serve('app:./none.mjs', '-l', '127.0.0.1:0').ended
  expect(code).toBe(1)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).toMatch(/none\.mjs/)
})

test('a mistake in the command line is told as without a supervisor', async () => {
  const { code, err } = await serve('--lisen', '127.0.0.1:0').ended
  expect(code).toBe(2)
  expect(err).toMatch(/--lisen.*--listen/s)
})

test('a gateway that does not end is ended, soon after a second signal', async () => {
  write(
    'busy.mjs',
    `import { writeFileSync } from 'node:fs'
export const app = (environ, startResponse) => {
  if (environ.QUERY_STRING) {
    writeFileSync('busy', '')
    for (;;);
  }
  startResponse('200 OK', [])
  return []
}`,
  )
  const one = serve('app:./busy.mjs', '-l', '127.0.0.1:0', '--drain-timeout', '0')
  const port = await one.port()
  const socket = await connectTo(`127.0.0.1:${port}`)
  socket.write('GET /?busy HTTP/1.1\r\nHost: h\r\n\r\n')
  const gateway = gatewayOf(one)
  await until('it is busy', () => existsSync(join(folder.path, 'busy')))
  one.signal('SIGTERM')
  one.signal('SIGINT')
  const { code } = await one.ended
  expect(alive(gateway)).toBe(false)
  expect(code).toBe(1)
})

test('a gateway that an app keeps busy does not outlive its supervisor for long', { timeout: 60_000 }, async () => {
  write(
    'loop.mjs',
    `import { writeFileSync } from 'node:fs'
export const app = () => {
  writeFileSync('loops', '')
  for (;;);
}`,
  )
  const one = serve('app:./loop.mjs', '-l', '127.0.0.1:0', '--drain-timeout', '0')
  const port = await one.port()
  const gateway = gatewayOf(one)
  const socket = await connectTo(`127.0.0.1:${port}`)
  socket.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await until('it is busy', () => existsSync(join(folder.path, 'loops')))
  expect(alive(gateway)).toBe(true)
  one.signal('SIGKILL')
  await one.said(/process \d+ is a gateway without a supervisor that does not end/)
  await until('its end', () => !alive(gateway))
})
