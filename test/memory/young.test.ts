// What a request took is garbage when it is answered, and young: V8 forgets it for next to nothing. One reference to it from something old
// is enough to have all requests that follow copied, and kept until the whole heap is collected.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientEvent } from '../../sidecar/wire/codec.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { HttpClient } from '../../sidecar/wire/http-client.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { temporaryFolder } from '../harness.ts'
import { connectTo } from '../listen/peer.ts'
import { MAIN } from '../built.ts'

const folder = temporaryFolder()
const MOUNTS = ['app', 'node', 'fetch', 'python', 'upstream'] as const
type Protocol = 'http' | 'fastcgi' | 'uwsgi'
/** Requests in flight at a time: those are alive when the young objects are collected. */
const CONNECTIONS = 16
/**
 * Until V8 has compiled what is used: before, streams of Node.js leave behind what they belong to. Mostly that is so after the first of
 * these times, and it is looked at after each.
 */
const WARM = 10_000
const WARM_TIMES = 3
const REQUESTS = 4_000
/** So often they are asked, at most, until V8 has collected young objects as often as this. */
const COLLECTIONS = 5
const TIMES_MAX = 20
/** Bytes of each request that may be left over: an object of V8's own now and then. A request takes 6 KB and more. */
const LEFT_MAX = 96

let backend: Server
let server: ChildProcess
let address = ''
let answered = 0
/** What each collection of young objects left on the heap, in bytes, and how many requests were answered by then; since the last of all objects. */
let left: { bytes: number; answered: number }[] = []
/** What V8 thought of making old from the start. */
const thoughts: string[] = []

beforeAll(async () => {
  backend = createServer((_, response) => response.end('Hello')).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text)
    return `./${name}`
  }
  const mounts = {
    '/collect': { app: file('collect.mjs', `export default (e, start) => { gc(); start('200 OK', []); return [] }`) },
    '/app': { app: file('app.mjs', `export default (e, start) => { start('200 OK', []); return ['Hello'] }`) },
    '/node': { node: file('node.mjs', `export default (request, response) => response.end('Hello')`) },
    '/fetch': { fetch: file('fetch.mjs', `export default { fetch: () => new Response('Hello') }`) },
    '/python': { python: file('hello.py', `def app(e, start):\n  start('200 OK', [])\n  return [b'Hello']\n`) },
    '/upstream': { upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}` },
  }
  const config = join(folder.path, 'sidegate.json')
  writeFileSync(config, JSON.stringify({ listen: ['127.0.0.1:0'], mounts, log: { access: false } }))
  const command = [MAIN, 'serve', '--no-supervise', '--config', config]
  server = spawn(process.execPath, ['--trace-gc', '--trace-pretenuring-statistics', '--expose-gc', ...command], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const started = Promise.withResolvers<void>()
  createInterface({ input: server.stderr! }).on('line', (line) => {
    address = /listening +(127\.0\.0\.1:[1-9][0-9]*)/.exec(line)?.[1] ?? address
    if (line.includes('mounted')) started.resolve()
  })
  createInterface({ input: server.stdout! }).on('line', (line) => {
    if (address !== '' && line.includes('pretenuring')) thoughts.push(line)
    const match = /(Scavenge|Mark-Compact).* -> ([0-9.]+) /.exec(line)
    if (!match) return
    if (match[1] === 'Scavenge') left.push({ bytes: Number(match[2]) * 1024 * 1024, answered })
    else left = []
  })
  await started.promise
})

afterAll(async () => {
  server.kill()
  await once(server, 'exit')
  backend.close()
  folder.remove()
})

type Case = [mount: string, protocol: Protocol]
const all: Case[] = MOUNTS.flatMap((mount) => [
  [mount, 'http'],
  [mount, 'fastcgi'],
])
/** Each mount by one door; `npm run memory` has every mount by every door, and connections that end with their request. */
const some: Case[] = [
  ['app', 'http'],
  ['node', 'fastcgi'],
  ['fetch', 'http'],
  ['python', 'fastcgi'],
  ['upstream', 'http'],
]
const cases: Case[] = process.env.MODE === 'all' ? [...all, ['app', 'uwsgi']] : some

test.each(cases)('%s by %s', { timeout: 120_000 }, async (mount, protocol) => {
  let leaves = Infinity
  for (let time = 0; time < WARM_TIMES && leaves >= LEFT_MAX; time++) {
    await load(mount, protocol, WARM)
    leaves = await leftOver(mount, protocol)
  }
  expect(leaves).toBeLessThan(LEFT_MAX)
})

/** Bytes that a request leaves behind. */
async function leftOver(mount: string, protocol: Protocol): Promise<number> {
  const { ask, close } = await client('http', '/collect/')
  expect(await ask()).toBe(200)
  close()
  for (let times = 0; times < TIMES_MAX && left.length < COLLECTIONS; times++) await load(mount, protocol, REQUESTS)
  // The first of them finds the connections, too, and what is in flight: that is there once.
  expect(left.length).toBeGreaterThanOrEqual(COLLECTIONS)
  const first = left[0]!
  const last = left.at(-1)!
  return (last.bytes - first.bytes) / (last.answered - first.answered)
}

test('no kind of object is made old from the start', () => {
  expect(thoughts).toEqual([])
})

/** So many requests, some at a time; throws when an answer is not 200. */
async function load(mount: string, protocol: Protocol, count: number): Promise<void> {
  let toAsk = count
  const run = async (): Promise<void> => {
    const { ask, close } = await client(protocol, `/${mount}/`)
    while (toAsk-- > 0) {
      expect(await ask()).toBe(200)
      answered++
    }
    close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, run))
}

interface Client {
  /** Sends a request, gives the status. */
  ask(): Promise<number>
  close(): void
}

/** A client: uwsgi has a connection for each request, the others one for all. */
async function client(protocol: Protocol, path: string): Promise<Client> {
  if (protocol !== 'uwsgi') return connected(protocol, path)
  return { ask: async () => (await connected(protocol, path)).ask(), close: () => {} }
}

async function connected(protocol: Protocol, path: string): Promise<Client> {
  const socket = await connectTo(address)
  const codec = protocol === 'http' ? new HttpClient() : { fastcgi, uwsgi }[protocol].client()
  const head = (): Uint8Array =>
    codec instanceof HttpClient
      ? codec.ask({ method: 'GET', target: path, fields: ['Host', 'example.com'] }, 0)
      : codec.request({ REQUEST_METHOD: 'GET', PATH_INFO: path, REQUEST_URI: path, QUERY_STRING: '' }, 0)
  let status = 0
  let { promise, resolve, reject } = Promise.withResolvers<number>()
  promise.catch(() => {})
  const take = (events: ClientEvent[]): void => {
    for (const event of events) {
      if (event.type === 'head') status = event.head.status
      else if (event.type === 'end') resolve(status)
    }
  }
  socket.on('data', (bytes) => take(codec.receive(bytes)))
  socket.once('end', () => take(codec.receiveEnd()))
  socket.once('close', () => reject(new Error('the connection was closed')))
  const ask = (): Promise<number> => {
    ;({ promise, resolve, reject } = Promise.withResolvers<number>())
    socket.write(head())
    return promise
  }
  return { ask, close: () => socket.destroy() }
}
