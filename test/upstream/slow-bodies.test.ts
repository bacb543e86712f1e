// Clients that send slowly, before servers that serve a few requests at a time: a body is whole before a connection is taken for it.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { SPOOL_LIMITS } from '../../sidecar/spool.ts'
import type { TestExchange } from '../exchange.ts'
import { temporaryFolder } from '../harness.ts'
import { heldBody } from '../held-body.ts'
import { startGateway } from '../listen/gateway.ts'
import { connectTo, readAll } from '../listen/peer.ts'
import { openMount, type OpenMount } from '../mount.ts'
import { spoolFiles } from '../spool-files.ts'
import { phpFpm, startPhpFpm, type PhpFpm } from './php-fpm.ts'
import { Cleanup, rawUpstream, upstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
afterEach(() => cleanup.run())
afterAll(() => folder.remove())

describe.skipIf(!phpFpm())('a PHP-FPM with two processes', () => {
  let fpm: PhpFpm

  beforeAll(async () => {
    mkdirSync(join(folder.path, 'site'))
    const script = '<?php echo strlen(file_get_contents("php://input")), " ", $_SERVER["CONTENT_LENGTH"] ?? "none";'
    writeFileSync(join(folder.path, 'site/index.php'), script)
    fpm = await startPhpFpm(folder.path, 2)
  })
  afterAll(() => fpm.stop())

  test.for([
    ['with a length', {}, 'Content-Length: 200001', 'x'.repeat(100_000), 'y'.repeat(100_001), '200001 200001'],
    ['in chunks', {}, 'Transfer-Encoding: chunked', '2\r\nab\r\n', '1\r\nc\r\n0\r\n\r\n', '3 3'],
    [
      'in chunks, which FastCGI never streams',
      { streamBodies: true },
      'Transfer-Encoding: chunked',
      '2\r\nab\r\n',
      '1\r\nc\r\n0\r\n\r\n',
      '3 3',
    ],
  ] as const)(
    'is kept from nobody by two clients that send slowly, %s',
    async ([, settings, how, first, rest, answer]) => {
      const one = cleanup.add(
        await upstreamGateway(
          { upstream: fpm.url, root: 'site', connections: 2, ...settings },
          { directory: folder.path },
        ),
        (gateway) => gateway.stop(),
      )
      const slow = await Promise.all(
        [1, 2].map(async () => {
          const socket = await connectTo(one.addresses[0]!)
          onTestFinished(() => void socket.destroy())
          socket.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n${how}\r\n\r\n`)
          // Now the body is asked for.
          expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 100 /)
          socket.write(first)
          return socket
        }),
      )
      for (const init of [{}, { method: 'POST', body: 'quick' }]) {
        const quick = await fetch(one.url, { ...init, signal: AbortSignal.timeout(5000) })
        expect(await quick.text()).toMatch(init.method ? '5 5' : '0 ')
      }
      for (const socket of slow) {
        const all = readAll(socket)
        socket.write(rest)
        expect(await all).toContain(answer)
      }
    },
  )
})

/** A server that tells the length of what it got, and what it was said to be. */
interface Counting {
  readonly url: string
  /** Requests so far. */
  requests: number
  /** Settles when there is one. */
  readonly asked: Promise<void>
}

async function counting(protocol: string): Promise<Counting> {
  const asked = Promise.withResolvers<void>()
  const { addresses } = await startGateway([`${protocol}://127.0.0.1:0`], async (exchange) => {
    made.requests++
    asked.resolve()
    let size = 0
    for await (const bytes of exchange.body) size += bytes.byteLength
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    exchange.end(`${size} ${exchange.variables.CONTENT_LENGTH ?? 'none'}`)
  })
  const made = { url: addresses[0]!, requests: 0, asked: asked.promise }
  return made
}

async function open(settings: Record<string, unknown>): Promise<OpenMount> {
  const made = await openMount(upstream as unknown as MountKind, settings, pathToFileURL(`${folder.path}/`))
  cleanup.add(made.mount, (mount) => mount.close())
  return made
}

const LONG = Buffer.alloc(200_000, 'x')
const textOf = async ({ response }: TestExchange): Promise<string> => (await response).body.toString()

const TAKEN = ['uwsgi', 'scgi', 'fastcgi', 'ajp'].flatMap((protocol) =>
  [5, 200_001, undefined].map((length) => ({ protocol, length, settings: {} })),
)
/** What needs the length first never streams a body without one. */
const UNMEASURED = ['uwsgi', 'scgi', 'fastcgi'].map((protocol) => ({
  protocol,
  length: undefined,
  settings: { streamBodies: true },
}))

/** HTTP servers see to many clients; those that take no body without a length have it taken for them. */
const ASKED_FOR = [5, 200_001, undefined].map((length) => ({
  protocol: 'http',
  length,
  settings: { streamBodies: false },
}))

test.for([...TAKEN, ...UNMEASURED, ...ASKED_FOR])(
  'a client that sends slowly has no connection: %j',
  async ({ protocol, length, settings }) => {
    const server = await counting(protocol)
    const { request } = await open({ upstream: server.url, connections: 1, spoolMemory: 1000, ...settings })
    const { body, asked, end } = heldBody(length === 5 ? 'slow' : LONG)
    const slow = request({ method: 'POST', body, ...(length === undefined ? {} : { length }) })
    await asked
    expect(await textOf(request({ method: 'POST', body: 'quick' }))).toBe('5 5')
    expect(server.requests).toBe(1)
    end()
    expect(await textOf(slow)).toBe(length === 5 ? '5 5' : '200001 200001')
    await expect.poll(spoolFiles).toEqual([])
  },
)

test.for([
  ...['uwsgi', 'scgi', 'fastcgi', 'ajp'].map((protocol) => [protocol, 200_001, { streamBodies: true }] as const),
  ...['uwsgi', 'scgi', 'fastcgi', 'ajp'].map((protocol) => [protocol, 200_001, { maxSpool: 200_000 }] as const),
  ...['uwsgi', 'scgi', 'fastcgi', 'ajp', 'http'].map((protocol) => [protocol, 200_001, { maxSpool: 0 }] as const),
  ['ajp', undefined, { streamBodies: true }] as const,
  ['ajp', undefined, { maxSpool: 0 }] as const,
  ['http', 200_001, {}] as const,
  ['http', undefined, {}] as const,
])('goes to the server as it comes: %j', async ([protocol, length, settings]) => {
  const server = await counting(protocol)
  const { request } = await open({ upstream: server.url, ...settings })
  const { body, asked, end } = heldBody(LONG)
  const slow = request({ method: 'POST', body, ...(length === undefined ? {} : { length }) })
  await asked
  await server.asked
  expect(spoolFiles()).toEqual([])
  end()
  expect(await textOf(slow)).toBe(`200001 ${length ?? 'none'}`)
})

test.for(['uwsgi', 'scgi', 'fastcgi', 'ajp'])('%s: a body without a length has a bound', async (protocol) => {
  const server = await counting(protocol)
  const { request } = await open({ upstream: server.url, maxSpool: 4 })
  const { body, end } = heldBody('four')
  const made = request({ method: 'POST', body })
  end()
  expect([(await made.response).status, made.errors.map(({ code }) => code)]).toEqual([413, ['BODY_TOO_LARGE']])
  expect(server.requests).toBe(0)
})

test('where one of several servers speaks such a protocol, bodies are taken for all', async () => {
  const [web, gate] = [await counting('http'), await counting('uwsgi')]
  const { request } = await open({ upstream: [web.url, gate.url] })
  const bodies = [heldBody('slow'), heldBody('slow')]
  const slow = bodies.map(({ body }) => request({ method: 'POST', body }))
  for (const { asked } of bodies) await asked
  expect([web.requests, gate.requests]).toEqual([0, 0])
  for (const { end } of bodies) end()
  for (const one of slow) expect(await textOf(one)).toBe('5 5')
  expect([web.requests, gate.requests]).toEqual([1, 1])
})

test('a body that was taken is sent again from its beginning, however long it is', async () => {
  const rude = cleanup.add(
    await rawUpstream((socket) => socket.once('data', () => socket.once('data', () => socket.resetAndDestroy()))),
    (server) => server.close(),
  )
  const server = await counting('uwsgi')
  const { request } = await open({ upstream: [`uwsgi://127.0.0.1:${rude.port}`, server.url], spoolMemory: 1000 })
  const bytes = randomBytes(3_000_000)
  for (let count = 0; count < 4; count++) {
    expect(await textOf(request({ method: 'PUT', body: bytes }))).toBe('3000000 3000000')
    const { body, end } = heldBody(bytes)
    const made = request({ method: 'PUT', body, length: 3_000_001 })
    end()
    expect(await textOf(made)).toBe('3000001 3000001')
  }
  await expect.poll(spoolFiles).toEqual([])
})

test('a client that leaves while its body is taken, or waits for a connection, leaves nothing behind', async () => {
  const silent = cleanup.add(await rawUpstream(() => {}), (server) => server.close())
  const settings = { upstream: `scgi://127.0.0.1:${silent.port}`, connections: 1, queue: 1, spoolMemory: 0 }
  const { request } = await open(settings)
  const held = heldBody('some')
  const leaver = request({ method: 'POST', body: held.body })
  await held.asked
  await expect.poll(spoolFiles).toHaveLength(1)
  leaver.hangUp()
  held.end()
  await expect.poll(spoolFiles).toEqual([])
  const busy = request()
  const whole = (): TestExchange => {
    const { body, end } = heldBody('some')
    end()
    return request({ method: 'POST', body })
  }
  const waiting = whole()
  await expect.poll(() => waiting.exchange.upload?.length).toBe(5)
  expect(spoolFiles()).toHaveLength(1)
  const refused = whole()
  expect([(await refused.response).status, refused.errors.map(({ code }) => code)]).toEqual([503, ['QUEUE_FULL']])
  await expect.poll(spoolFiles).toHaveLength(1)
  waiting.hangUp()
  await expect.poll(spoolFiles).toEqual([])
  busy.hangUp()
})

test('a body that becomes whole after the end of the mount is sent to nobody', async () => {
  const server = await counting('fastcgi')
  const { request, mount } = await open({ upstream: server.url })
  const { body, asked, end } = heldBody('late')
  const late = request({ method: 'POST', body })
  await asked
  await mount.close()
  end()
  expect([(await late.response).status, late.errors.map(({ code }) => code)]).toEqual([503, ['POOL_CLOSED']])
  expect(server.requests).toBe(0)
})

test('the bodies of all mounts together have one bound', async () => {
  const { memory, files } = SPOOL_LIMITS
  onTestFinished(() => void Object.assign(SPOOL_LIMITS, { memory, files }))
  Object.assign(SPOOL_LIMITS, { memory: 2, files: 3 })
  const server = await counting('uwsgi')
  const [one, other] = [await open({ upstream: server.url }), await open({ upstream: server.url })]
  const first = heldBody('ab')
  const slow = one.request({ method: 'POST', body: first.body })
  await first.asked
  const second = heldBody('abc')
  const refused = other.request({ method: 'POST', body: second.body })
  second.end()
  expect([(await refused.response).status, refused.errors.map(({ code }) => code)]).toEqual([503, ['SPOOL_FULL']])
  first.end()
  expect(await textOf(slow)).toBe('3 3')
  await expect.poll(spoolFiles).toEqual([])
})
