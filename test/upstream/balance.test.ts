// Several upstreams: who gets what, who is left out, what is tried again.
import { connect } from 'node:net'
import { request as httpRequest, type RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { until } from '../harness.ts'
import {
  Cleanup,
  deadUpstream,
  httpUpstream,
  rawUpstream,
  upstreamGateway,
  type DeadUpstream,
  type Upstream,
  type UpstreamGateway,
} from './servers.ts'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const start = async (listener: RequestListener, host?: string, port?: number): Promise<Upstream> =>
  cleanup.add(await httpUpstream(listener, host, port), (upstream) => upstream.close())

const named = (name: string): Promise<Upstream> => start((_, response) => response.end(name))

const gateway = async (settings: Record<string, unknown>, listen?: string[]): Promise<UpstreamGateway> =>
  cleanup.add(await upstreamGateway(settings, listen ? { listen } : {}), (one) => one.stop())

const dead = async (): Promise<DeadUpstream> => cleanup.add(await deadUpstream(), (one) => one.close())

async function ask(url: string, init?: RequestInit): Promise<string> {
  return (await fetch(url, init)).text()
}

async function many(url: string, count: number): Promise<string> {
  let all = ''
  for (let index = 0; index < count; index++) all += await ask(url)
  return all
}

test('round-robin takes turns, weights are shares', async () => {
  const [a, b, c] = [await named('a'), await named('b'), await named('c')]
  const even = await gateway({ upstream: [a.url, b.url, c.url] })
  expect(await many(even.url, 9)).toBe('abcabcabc')
  const uneven = await gateway({
    upstream: [{ url: a.url, weight: 3 }, b.url, { url: c.url, weight: 2 }],
    balance: 'weighted',
  })
  const got = await many(uneven.url, 12)
  expect([...got].toSorted().join('')).toBe('aaaaaabbcccc')
  // Smooth: nobody gets all its turns in a row.
  expect(got).not.toContain('aaa')
})

test('least-busy spares the slow one', async () => {
  const held: (() => void)[] = []
  const slow = await start((_, response) => void held.push(() => response.end('slow')))
  const fast = await named('fast')
  const one = await gateway({ upstream: [slow.url, fast.url], balance: 'least-busy' })
  const first = ask(one.url)
  await until('it has begun', () => slow.requests === 1)
  for (let count = 0; count < 10; count++) expect(await ask(one.url)).toBe('fast')
  held[0]!()
  expect(await first).toBe('slow')
})

test('client-hash keeps a client where it is, and moves only those of a lost upstream', async () => {
  const upstreams = [await named('a'), await named('b'), await named('c')]
  const one = await gateway(
    { upstream: upstreams.map(({ url }) => url), balance: 'client-hash', maxFails: 1, failTimeout: 60 },
    ['0.0.0.0:0'],
  )
  const port = new URL(one.url).port
  const from = (client: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, localAddress: `127.0.0.${client}`, agent: false }
      httpRequest(options, (response) => {
        let text = ''
        response.on('data', (piece) => (text += String(piece))).on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
  const clients = Array.from({ length: 30 }, (_, index) => index + 2)
  const before = await Promise.all(clients.map(from))
  expect(await Promise.all(clients.map(from))).toEqual(before)
  expect(new Set(before).size).toBe(3)
  upstreams[0]!.close()
  const after = await Promise.all(clients.map(from))
  expect(after.includes('a')).toBe(false)
  after.forEach((name, index) => expect(before[index] === 'a' || before[index] === name).toBe(true))
})

test('a failed connection is tried on another upstream, with any method; the log names both', async () => {
  const [down, up] = [await dead(), await named('up')]
  const one = await gateway({ upstream: [down.url, up.url] })
  for (let count = 0; count < 6; count++) expect(await ask(one.url, { method: 'POST', body: 'x' })).toBe('up')
  expect(one.log.text).toMatch(new RegExp(`cannot connect to ${down.url}: .*; trying ${up.url}`))
  // After maxFails it is not asked any more.
  expect(one.log.text.match(/; trying/g)).toHaveLength(3)
  expect(one.log.text).toContain(`${down.url} failed 3 times (maxFails) and is left out for 10 s`)
})

test('retries with one server: it is asked again only where it closed a kept connection', async () => {
  const asked: string[] = []
  const silent = cleanup.add(
    await rawUpstream((socket) => {
      let count = 0
      socket.on('data', (bytes) => {
        asked.push(/ (\S+) /.exec(bytes.toString())![1]!)
        if (asked.at(-1) === '/silent' || count++ > 0) socket.end()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup')
      })
    }),
    (server) => server.close(),
  )
  const one = await gateway({ upstream: `http://127.0.0.1:${silent.port}`, retries: 3, maxFails: 0 })
  expect((await fetch(`${one.url}/silent`)).status).toBe(502)
  expect(asked).toEqual(['/silent'])
  expect(await ask(`${one.url}/kept`)).toBe('up')
  // The connection is closed as the next request comes; a new one answers.
  expect(await ask(`${one.url}/again`)).toBe('up')
  expect(asked).toEqual(['/silent', '/kept', '/again', '/again'])
})

test('retries: 0 tries none', async () => {
  const one = await gateway({ upstream: [(await dead()).url, (await named('up')).url], retries: 0, maxFails: 0 })
  const statuses = [(await fetch(one.url)).status, (await fetch(one.url)).status]
  expect(statuses.toSorted()).toEqual([200, 502])
})

test('a lost connection is tried again only when the method is idempotent', async () => {
  const rude = cleanup.add(await rawUpstream((socket) => socket.once('data', () => socket.destroy())), (server) =>
    server.close(),
  )
  const up = await start((request, response) => {
    request.resume()
    request.on('end', () => response.end('up'))
  })
  const upstream = [`http://127.0.0.1:${rude.port}`, up.url]
  const one = await gateway({ upstream, maxFails: 0 })
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    for (let count = 0; count < 2; count++) {
      expect(await ask(one.url, { method, ...(method === 'PUT' ? { body: 'whole' } : {}) })).toBe('up')
    }
  }
  const answers = [await ask(one.url, { method: 'POST', body: 'x' }), await ask(one.url, { method: 'POST', body: 'x' })]
  expect(answers.filter((answer) => answer.includes('UPSTREAM_RESET'))).toHaveLength(1)
})

test('nothing is tried again once a body has gone, or a response has come', async () => {
  const seen: string[] = []
  let size = 0
  const cutting =
    (name: string): RequestListener =>
    (request, response) => {
      seen.push(name)
      if (request.url === '/half') response.write('half', () => response.destroy())
      else request.on('data', (bytes: Buffer) => (size += bytes.length) > 100_000 && response.destroy())
    }
  const [a, b] = [await start(cutting('a')), await start(cutting('b'))]
  const one = await gateway({ upstream: [a.url, b.url] })
  await expect(ask(`${one.url}/half`)).rejects.toThrow(/./)
  expect(seen).toHaveLength(1)
  const client = httpRequest(one.url, { method: 'PUT' })
  client.write('x'.repeat(200_000))
  const status = await new Promise((resolve) => client.on('response', (response) => resolve(response.statusCode)))
  expect([status, seen.length]).toEqual([502, 2])
  client.destroy()
})

test('one that is left out comes back after failTimeout', async () => {
  const down = await dead()
  const up = await named('up')
  const one = await gateway({ upstream: [down.url, up.url], maxFails: 1, failTimeout: 0.3 })
  await many(one.url, 4)
  expect(one.log.text).toContain('is left out for 0.3 s')
  down.close()
  await start((_, response) => response.end('back'), '127.0.0.1', down.port)
  await until('it is back', async () => (await ask(one.url)) === 'back')
  expect(one.log.text).toContain(`${down.url} answers again`)
})

test('a single upstream is never left out', async () => {
  const down = await dead()
  const one = await gateway({ upstream: down.url, maxFails: 1, failTimeout: 60 })
  for (let count = 0; count < 3; count++) expect((await fetch(one.url)).status).toBe(502)
  down.close()
  await start((_, response) => response.end('back'), '127.0.0.1', down.port)
  expect(await ask(one.url)).toBe('back')
})

test('the health check takes upstreams out of use and back', async () => {
  let well = true
  const asked: string[] = []
  const sick = await start((request, response) => {
    if (request.url === '/health?x=1') {
      asked.push(request.headers['user-agent'] ?? '')
      response.writeHead(well ? 200 : 500)
    }
    response.end('sick')
  })
  const fine = await named('fine')
  const health = { path: '/health?x=1', interval: 0.03, timeout: 1, healthy: 2, unhealthy: 2 }
  const one = await gateway({ upstream: [sick.url, fine.url], health })
  expect((await many(one.url, 4)).includes('sick')).toBe(true)
  well = false
  await until('it is out', () =>
    one.log.text.includes(`${sick.url} is out of use: 2 checks in a row failed: the status was 500`),
  )
  expect(await many(one.url, 6)).toBe('fine'.repeat(6))
  fine.close()
  await until('all are out', () => one.log.text.includes(`${fine.url} is out of use`))
  const response = await fetch(one.url)
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('NO_UPSTREAM')])
  well = true
  await until('it is back', () => one.log.text.includes(`${sick.url} is in use again`))
  expect(await ask(one.url)).toBe('sick')
  expect(asked[0]).toContain('health check')
  // Checks are no requests of clients.
  expect(one.log.text).not.toContain('GET /health')
})

test('slowStart: one that is back begins with a small share', async () => {
  let well = false
  const back = await start((request, response) => {
    if (request.url === '/health' && !well) response.writeHead(503)
    response.end('b')
  })
  const other = await named('o')
  const one = await gateway({
    upstream: [back.url, other.url],
    slowStart: 1000,
    health: { path: '/health', interval: 0.02, healthy: 1, unhealthy: 1 },
  })
  await until('it is out', () => one.log.text.includes('is out of use'))
  well = true
  await until('it is back', () => one.log.text.includes('is in use again'))
  const got = await many(one.url, 42)
  expect([...got].filter((name) => name === 'b').length).toBeLessThanOrEqual(3)
})

test('connections bounds each upstream; the rest waits, and the queue is bounded too', async () => {
  const held: (() => void)[] = []
  const upstream = await start((_, response) => void held.push(() => response.end('done')))
  const one = await gateway({ upstream: upstream.url, connections: 2, queue: 2, queueTimeout: 0.4 })
  const running = [ask(one.url), ask(one.url)]
  await until('both run', () => held.length === 2)
  const waiting = [ask(one.url), ask(one.url)]
  // They wait as soon as the gateway has read them: the next is one too many.
  const full = await until('the queue is full', async () => {
    const answer = await Promise.race([ask(one.url), new Promise<string>((resolve) => setTimeout(resolve, 20, ''))])
    return answer.includes('QUEUE_FULL')
  })
  expect([full, held.length]).toEqual([true, 2])
  const server = { name: upstream.url, usable: true }
  expect(one.gateway.mounts).toMatchObject([{ mount: { servers: [{ ...server, busy: 2 }], waiting: 2 } }])
  held[0]!()
  await until('the first that waited runs', () => held.length === 3)
  held[1]!()
  await until('the second runs', () => held.length === 4)
  for (const end of held) end()
  expect(await Promise.all([...running, ...waiting])).toEqual(['done', 'done', 'done', 'done'])
  expect(one.gateway.mounts).toMatchObject([{ mount: { servers: [{ ...server, busy: 0 }], waiting: 0 } }])
  const blocked = [ask(one.url), ask(one.url)]
  await until('both run', () => held.length >= 6)
  expect(await ask(one.url)).toContain('QUEUE_TIMEOUT')
  for (const end of held) end()
  await Promise.all(blocked)
})

test('a client that waits and goes away leaves the queue', async () => {
  const held: (() => void)[] = []
  const upstream = await start((_, response) => void held.push(() => response.end('done')))
  const one = await gateway({ upstream: upstream.url, connections: 1, queue: 1 })
  const running = ask(one.url)
  await until('it runs', () => held.length === 1)
  const { hostname, port } = new URL(one.url)
  const socket = connect(Number(port), hostname)
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await until('the queue is full', async () => {
    const answer = await Promise.race([ask(one.url), new Promise<string>((resolve) => setTimeout(resolve, 20, ''))])
    return answer.includes('QUEUE_FULL')
  })
  socket.destroy()
  await until('its client is gone', () => one.log.text.includes('CLIENT_GONE'))
  held[0]!()
  expect(await running).toBe('done')
  expect(one.log.text).not.toContain('QUEUE_TIMEOUT')
})

test.each([
  ['127.0.0.1:80', 'ADDRESS_BAD', 'write http://127.0.0.1:80'],
  ['ftp://127.0.0.1:21', 'ADDRESS_BAD', 'names the protocol ftp'],
  ['http://127.0.0.1:80/path?x', 'ADDRESS_BAD', 'has a query or a fragment: an address ends with a path'],
  ['http://127.0.0.1:80/caf\u00e9', 'ADDRESS_BAD', 'has a path that no URL can have: write /caf%C3%A9'],
  ['http://127.0.0.1:80/a/../b', 'ADDRESS_BAD', 'has a path with . or .. in it'],
  [
    ['http://127.0.0.1:80/a/', 'http://127.0.0.2:80/b'],
    'ADDRESS_BAD',
    'the servers of a mount are one app, with one path',
  ],
  ['uwsgi://127.0.0.1', 'ADDRESS_BAD', 'is no address'],
  [['http://127.0.0.1:80', 'http://127.0.0.1'], 'ADDRESS_BAD', 'in the list already'],
  process.platform === 'win32'
    ? ['http://unix:/run/s.sock', 'ADDRESS_SYSTEM', 'write pipe:s or HOST:PORT']
    : ['http://pipe:sidegate', 'ADDRESS_SYSTEM', 'write unix:PATH or HOST:PORT'],
])('the address %j is refused', async (upstream, code, message) => {
  await expect(upstreamGateway({ upstream })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
    path: expect.stringContaining('mounts./.upstream'),
  })
})

test('a health check that is late counts as failed; one that is under way ends with the gateway', async () => {
  let asked = 0
  let over = 0
  const stuck = await start((request, response) => {
    if (request.url !== '/health') return void response.end('stuck')
    asked++
    response.on('close', () => over++)
  })
  const health = { path: '/health', interval: 0.01, timeout: 0.05, unhealthy: 2 }
  const one = await gateway({ upstream: stuck.url, health })
  await until('it is out', () => one.log.text.includes(`${stuck.url} is out of use`))
  expect(one.log.text).toMatch(
    /is out of use: 2 checks in a row failed: no whole answer within 0\.05 s .*code=CHECK_LATE/,
  )
  expect(await ask(one.url)).toContain('NO_UPSTREAM')
  await one.stop()
  await until('no check is left', () => over === asked)

  const patient = await gateway({ upstream: stuck.url, health: { path: '/health', timeout: 60 } })
  await until('it is asked', () => asked > over)
  await patient.stop()
  await until('it is over', () => over === asked)
  expect(patient.log.text).not.toContain('out of use')
})

test('a FastCGI server that has too many requests is told as such', async () => {
  // FCGI_END_REQUEST of request 1 with protocolStatus FCGI_OVERLOADED (FastCGI 1.0, 5.5)
  const overloaded = Buffer.from([1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])
  const raw = cleanup.add(await rawUpstream((socket) => socket.once('data', () => socket.end(overloaded))), (server) =>
    server.close(),
  )
  const one = await gateway({ upstream: `fastcgi://127.0.0.1:${raw.port}` })
  const response = await fetch(one.url)
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('UPSTREAM_BUSY')])
  expect(one.log.text).toContain('code=UPSTREAM_BUSY')
})
