// The handler: the process between the pipe of IIS and a Sidegate that runs by itself.
import { randomInt } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAIN } from '../built.ts'
import { Locks } from '../../plugin/iis/handler/locks.ts'
import { Sidegate } from '../cli/sidegate.ts'
import { accepts, freePort, temporaryFolder, until } from '../harness.ts'
import { Instance } from './instance.ts'

const HANDLER = join(MAIN, '../../plugin/iis/handler.js')

let folder: ReturnType<typeof temporaryFolder>
let port: number
const instances: Instance[] = []
const gateways: Sidegate[] = []
const servers: Server[] = []

beforeEach(async () => {
  folder = temporaryFolder()
  port = await freePort()
  copyFileSync(join(import.meta.dirname, 'app.mjs'), join(folder.path, 'app.mjs'))
  const config = { host: 'iis', listen: [`127.0.0.1:${port}`], mounts: { '/': { node: './app.mjs' } } }
  writeFileSync(join(folder.path, 'sidegate.config.json'), JSON.stringify(config))
})
afterEach(async () => {
  await Promise.all(instances.splice(0).map((one) => one.end()))
  await Promise.all(gateways.splice(0).map((one) => one.stop()))
  for (const server of servers.splice(0)) server.close()
  const { pid } = started()
  if (pid !== undefined && isAlive(pid)) {
    process.kill(pid)
    await until('the end of the Sidegate that was started', () => !isAlive(pid))
  }
  folder.remove()
})

async function handler(...words: string[]): Promise<Instance> {
  const one = await Instance.start([HANDLER, `127.0.0.1:${port}`, folder.path, ...words], '/', { _FCGI_X_PIPE_: 'x' })
  instances.push(one)
  return one
}

async function gateway(): Promise<Sidegate> {
  const one = new Sidegate(['serve'], folder.path)
  gateways.push(one)
  await one.said(/mounted/)
  return one
}

const log = (): string => readFileSync(join(folder.path, 'logs/sidegate-iis.log'), 'utf8')
const file = (name: string): string => join(folder.path, name)

function locks(): string[] {
  const logs = join(folder.path, 'logs')
  return existsSync(logs) ? readdirSync(logs).filter((name) => name.endsWith('.lock')) : []
}

function started(): { readonly pid?: number | undefined; readonly served?: boolean | undefined } {
  return new Locks(join(folder.path, 'logs')).newest()?.started ?? {}
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('requests in a row on one connection, bodies both ways, and the end of the pipe', async () => {
  await gateway()
  const one = await handler()
  for (let count = 0; count < 50; count++) expect((await one.ask({ path: `/${count}` })).body).toBe(`/${count} 0`)
  // More than any buffer holds, and both ways at once.
  const echoed = await one.ask({ path: '/echo', method: 'POST', body: Buffer.alloc(5_000_003, 1) })
  expect(echoed.status).toBe(200)
  expect(echoed.body.length).toBe(5_000_003)
  expect((await one.ask({ path: '/after' })).body).toBe('/after 0')
  expect(await one.end()).toBe(0)
})

test('without a Sidegate the answer is 502, and the next request is answered once there is one', async () => {
  const one = await handler()
  const refused = await one.ask({ path: '/early', variables: { UNENCODED_URL: '/early?x=%20' } })
  expect(refused).toMatchObject({ status: 502, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  expect(refused.body).toMatch(/^502 Bad Gateway\nIIS_NO_GATEWAY \(request \d+-1\)\n$/)
  expect(log()).toMatch(
    new RegExp(`nobody answers at 127.0.0.1:${port}.* code=IIS_NO_GATEWAY .*method=GET uri="?/early\\?x=%20`),
  )
  await gateway()
  expect((await one.ask({ path: '/late' })).body).toBe('/late 0')
})

test('a restart of Sidegate: the request in hand gets 502, the next one the new Sidegate', async () => {
  const first = await gateway()
  const one = await handler()
  expect((await one.ask({ path: '/pid' })).body).toBe(String(first.pid))
  const answer = one.ask({
    path: '/wait',
    variables: { QUERY_STRING: `file=${file('go')}`, REQUEST_URI: `/wait?file=${file('go')}` },
  })
  await until('the request is under way', () => existsSync(file('go.begun')))
  first.signal('SIGKILL')
  expect((await answer).body).toMatch(/^502 Bad Gateway\nIIS_GATEWAY_LOST/)
  await first.ended
  const second = await gateway()
  expect((await one.ask({ path: '/pid' })).body).toBe(String(second.pid))
  expect(log()).toMatch(/Sidegate closed the connection of a request.*code=IIS_GATEWAY_LOST/)
})

test('a response that has begun is cut: the pipe ends, and no part is taken for the whole', async () => {
  const first = await gateway()
  const one = await handler()
  const uri = `/begin?file=${file('go')}`
  const answer = one.ask({ path: '/begin', variables: { QUERY_STRING: uri.slice(7), REQUEST_URI: uri } })
  await until('the response has begun', () => existsSync(file('go.begun')) && one.pipe.bytesRead > 0)
  first.signal('SIGKILL')
  await expect(answer).rejects.toThrow('the pipe has ended')
  expect(await one.exited).toBe(1)
  expect(log()).toMatch(/in the middle of the response: the pipe is closed.*code=IIS_GATEWAY_LOST/)
})

test('an abort goes on to the app, in the middle of a body too, and the next request is answered in order', async () => {
  await gateway()
  const one = await handler()
  const uri = `/abort?file=${file('gone')}`
  const variables = { QUERY_STRING: uri.slice(7), REQUEST_URI: uri }
  // Its END_REQUEST, and no response.
  const ended = one.answer().catch((error: Error) => error.message)
  one.send({ path: '/abort', method: 'POST', body: Buffer.alloc(100_000), variables }, true)
  await until('the app has it', () => existsSync(file('gone.begun')))
  one.abort()
  await until('the app hears of it', () => existsSync(file('gone')))
  expect(await ended).toBe('the response ended before its head did')
  expect((await one.ask({ path: '/next' })).body).toBe('/next 0')
})

test('--start: the first instance starts a Sidegate, the others find it, and all of them survive its end', async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => handler('--start')))
  const pids = await Promise.all(all.map(async (one) => (await one.ask({ path: '/pid' })).body))
  expect(new Set(pids).size).toBe(1)
  expect(locks()).toEqual(['sidegate-iis.1.lock'])
  expect(started().pid).toBe(Number(pids[0]))
  // What IIS does to the one that has started it.
  await all[0]!.kill()
  expect((await all[1]!.ask({ path: '/pid' })).body).toBe(pids[0])
  process.kill(Number(pids[0]), 'SIGKILL')
  await until('its end', () => !isAlive(Number(pids[0])))
  const next = await Promise.all(all.slice(1).map(async (one) => (await one.ask({ path: '/pid' })).body))
  expect(new Set(next).size).toBe(1)
  expect(next[0]).not.toBe(pids[0])
  expect(locks()).toEqual(['sidegate-iis.2.lock'])
  expect(log()).toMatch(/the Sidegate of \S+sidegate-iis\.1\.lock \(process \d+\) is gone.*code=IIS_LOCK_STALE/)
  expect(log().match(/Sidegate was started/g)).toHaveLength(2)
})

test('--start: one that is about to end is waited for, as it has the address still, and then another is started', async () => {
  const one = await handler('--start')
  const pid = Number((await one.ask({ path: '/pid' })).body)
  const other = await handler()
  const uri = `/begin?file=${file('go')}`
  const variables = { QUERY_STRING: uri.slice(7), REQUEST_URI: uri }
  const last = other.ask({ path: '/begin', variables })
  await until('the response has begun', () => existsSync(file('go.begun')) && other.pipe.bytesRead > 0)
  process.kill(pid, 'SIGTERM')
  await until('it takes no more', async () => !(await accepts(`127.0.0.1:${port}`)))
  let answered = false
  // A connection that was kept may serve once more.
  const next = until('another one answers', async () => {
    const { status, body } = await one.ask({ path: '/pid' })
    return status === 200 && body !== String(pid) ? body : undefined
  }).finally(() => (answered = true))
  expect(isAlive(pid)).toBe(true)
  expect(answered).toBe(false)
  writeFileSync(file('go'), '')
  expect((await last).body).toBe('first last')
  expect(await next).toBe(String(started().pid))
  expect(log().match(/Sidegate was started/g)).toHaveLength(2)
})

test('--start: a lock that nobody holds is told and overcome', async () => {
  mkdirSync(join(folder.path, 'logs'))
  // The number of a process that lives, and is somebody else's by now: this one.
  const gone = {
    line: `unix:${file('nobody')}`,
    pid: process.pid,
    served: true,
    ended: 'the machine was switched off',
  }
  writeFileSync(join(folder.path, 'logs/sidegate-iis.7.lock'), `${JSON.stringify(gone)}\n`)
  const one = await handler('--start')
  expect((await one.ask()).status).toBe(200)
  expect(locks()).toEqual(['sidegate-iis.8.lock'])
  expect(log()).toMatch(/sidegate-iis\.7\.lock \(process \d+\) is gone: the machine was switched off/)
})

test('a full disk: requests are passed on, and it is said where there is room', async () => {
  mkdirSync(file('logs'))
  mkdirSync(file('temporary'))
  symlinkSync('/dev/full', file('logs/sidegate-iis.log'))
  await gateway()
  const words = [HANDLER, `127.0.0.1:${port}`, folder.path, '--start']
  const one = await Instance.start(words, '/', { TMPDIR: file('temporary') })
  instances.push(one)
  expect((await one.ask({ path: '/a' })).body).toBe('/a 0')
  await gateways.pop()!.stop()
  writeFileSync(file('sidegate.config.json'), '{')
  expect((await one.ask({ path: '/a' })).status).toBe(503)
  expect(readFileSync(file('temporary/sidegate-iis.log'), 'utf8')).toMatch(
    /logs\/sidegate-iis\.log cannot be written, requests are passed on all the same: ENOSPC/,
  )
})

test('--start: who takes the folder for logs away ends no request, nor the next start', async () => {
  const one = await handler('--start')
  const first = Number((await one.ask({ path: '/pid' })).body)
  rmSync(join(folder.path, 'logs'), { recursive: true })
  process.kill(first)
  await until('its end', () => !isAlive(first))
  const answer = await one.ask({ path: '/pid' })
  expect(answer.status).toBe(200)
  expect(Number(answer.body)).not.toBe(first)
})

test('--start: a Sidegate that cannot start is told, and is not started again and again', async () => {
  rmSync(file('app.mjs'))
  const all = await Promise.all([handler('--start'), handler('--start')])
  const answers = await Promise.all(all.map((one) => one.ask()))
  for (const { status, body } of [...answers, await all[0]!.ask()]) {
    expect(status).toBe(503)
    expect(body).toContain('IIS_START')
  }
  expect(locks()).toEqual(['sidegate-iis.1.lock'])
  expect(log()).toMatch(/Sidegate was started, and it ended with exit code 1: \S+sidegate\.log/)
  expect(readFileSync(join(folder.path, 'logs/sidegate.log'), 'utf8')).toMatch(
    /app\.mjs is not there .*\[TARGET_MISSING\]/,
  )
})

test('what is no FastCGI, on either side', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  servers.push(server.listen(port, '127.0.0.1'))
  const one = await handler()
  expect((await one.ask()).body).toContain('IIS_GATEWAY_LOST')
  expect(log()).toMatch(/a FastCGI record of version 72/)
  one.pipe.write('GET / HTTP/1.1\r\n\r\n')
  expect(await one.exited).toBe(1)
  expect(log()).toMatch(/standard input is not what a web server sends by FastCGI/)
})

test('words that it cannot be called with are told where somebody may look', async () => {
  const temp = join(folder.path, 'temp')
  mkdirSync(temp)
  const one = await Instance.start([HANDLER, 'nowhere'], folder.path, { TMPDIR: temp })
  expect(await one.exited).toBe(1)
  expect(readFileSync(join(temp, 'sidegate-iis.log'), 'utf8')).toMatch(
    /the handler for IIS cannot start: .*an address and the absolute path of the site's folder/,
  )
})

test('restarts under load: every answer is that of its own request', { timeout: 120_000 }, async () => {
  const seed = randomInt(2 ** 31)
  console.log(`seed ${seed}`)
  const all = await Promise.all([handler('--start'), handler('--start')])
  let lost = 0
  const wrong: string[] = []
  let stop = false
  const load = all.map(async (one, which) => {
    for (let count = 0; !stop; count++) {
      const size = (seed + count * 7919) % 60_000
      const body = count % 2 ? Buffer.alloc(size, 1) : undefined
      const path = `/${which}-${count}`
      const answer = await one.ask({ path, ...(body && { method: 'POST', body }) })
      if (answer.status === 502) lost++
      else if (answer.body !== `${path} ${body ? size : 0}`) wrong.push(`${path}: ${answer.status} ${answer.body}`)
    }
  })
  for (let restart = 0; restart < 3; restart++) {
    const before = await until('it serves', () => (started().served ? started().pid : undefined))
    process.kill(before, 'SIGKILL')
    await until('another one', () => started().pid !== before && started().served)
  }
  stop = true
  await Promise.all(load)
  expect(wrong).toEqual([])
  // At most the requests in hand.
  expect(lost).toBeLessThanOrEqual(3 * all.length)
  expect(log().match(/Sidegate was started/g)).toHaveLength(4)
})
