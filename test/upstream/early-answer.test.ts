// Servers that answer before they have the upload, and close: the answer is already here when the next write fails.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import type { HeaderPair } from '../../sidecar/wire/head.ts'
import type { TestExchange } from '../exchange.ts'
import { temporaryFolder, until } from '../harness.ts'
import { openMount, type OpenMount } from '../mount.ts'
import { Cleanup } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
afterEach(() => cleanup.run())
afterAll(() => folder.remove())

/** More than a server reads at once, and less than the system takes at once: the next write is not held up. */
const PIECE = Buffer.alloc(100_000)
const UPLOAD = 40 * PIECE.length
/** Fits into the buffers of the system: all of it is sent before the connection is closed. */
const ANSWER = Buffer.alloc(20_000, 'answer ')

/** What an answer is made of. */
interface Answer {
  headers?: HeaderPair[]
  /** Default: yes. */
  whole?: boolean
}

const LENGTH: HeaderPair = ['Content-Length', String(ANSWER.length)]

/** A response as a server sends it that has read only the head of the request. */
function bytesOf(protocol: string, request: Buffer, { headers = [LENGTH], whole = true }: Answer): Buffer {
  if (protocol === 'http') {
    const lines = ['HTTP/1.1 413 Too Large', 'Connection: close', ...headers.map((pair) => pair.join(': '))]
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), ANSWER])
  }
  const codec = protocols.find(({ name }) => name === protocol)!.server({})
  codec.receive(request)
  const id = protocol === 'fastcgi' ? 1 : 0
  return Buffer.from(codec.start(id, { status: 413, reason: 'Too Large', headers }, ANSWER, whole))
}

interface Early {
  made: TestExchange
  open: OpenMount
  /** Connections so far. */
  connections: () => number
}

/**
 * A server that reads once, answers and closes; and an upload to it whose next piece comes in the same moment, before anybody could
 * have read the answer. `slow`: the client takes nothing until `drain`. `taken`: the upload is there before the server is asked.
 */
async function early(
  protocol: string,
  transport: string,
  answer: Answer | undefined,
  { slow = false, taken = false } = {},
): Promise<Early> {
  const more = Promise.withResolvers<void>()
  let connections = 0
  const server: Server = createServer((socket: Socket) => {
    connections++
    socket.on('error', () => {})
    socket.once('data', (request: Buffer) => {
      socket.pause()
      if (answer) socket.write(bytesOf(protocol, request, answer))
      socket.destroy()
      more.resolve()
    })
  })
  cleanup.add(server, (one) => one.close())
  const path = join(folder.path, `${protocol}-${Math.random().toString(36).slice(2)}.sock`)
  if (transport === 'unix') server.listen(path)
  else server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const place = transport === 'unix' ? `unix:${path}` : `127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { upstream: `${protocol}://${place}`, retries: 0, streamBodies: !taken }
  const open = await openMount(upstream as unknown as MountKind, settings, pathToFileURL(`${folder.path}/`))
  cleanup.add(open.mount, (mount) => mount.close())
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield PIECE
    if (!taken) await more.promise
    for (let sent = PIECE.length; sent < UPLOAD; sent += PIECE.length) yield PIECE
  }
  const made = open.request({ method: 'POST', body: body(), length: UPLOAD, slow })
  return { made, open, connections: () => connections }
}

describe.each([
  ['unix', false],
  ['tcp', false],
  ['unix', true],
])('over %s, taken before: %j', (transport, taken) => {
  test.each(['uwsgi', 'scgi', 'fastcgi', 'http'])('%s: the answer to an upload that is not read', async (protocol) => {
    const { made } = await early(protocol, transport, {}, { taken })
    const response = await made.response
    expect(made.errors).toEqual([])
    expect([response.status, response.cut]).toEqual([413, false])
    expect(response.body.equals(ANSWER)).toBe(true)
  })

  test.each(['uwsgi', 'scgi', 'fastcgi', 'http'])('%s: none at all is 502', async (protocol) => {
    const { made } = await early(protocol, transport, undefined, { taken })
    expect((await made.response).status).toBe(502)
    expect(made.errors).toMatchObject([{ code: 'UPSTREAM_RESET' }])
  })

  test.each(['uwsgi', 'scgi', 'fastcgi', 'http'])('%s: half an answer is cut', async (protocol) => {
    const headers: HeaderPair[] = [['Content-Length', String(2 * ANSWER.length)]]
    const { made } = await early(protocol, transport, { headers, whole: false }, { taken })
    const response = await made.response
    expect([response.status, response.cut, response.body.equals(ANSWER)]).toEqual([413, true, true])
    expect(made.errors).toMatchObject([{ code: 'UPSTREAM_CUT' }])
  })

  test.each(['uwsgi', 'scgi', 'http'])('%s: a slow client gets what has come before the failure', async (protocol) => {
    const { made } = await early(protocol, transport, {}, { slow: true, taken })
    await made.carrier.until(({ calls }) => calls.length > 0)
    await until('the server is gone', () => new Promise((resolve) => setImmediate(() => resolve(true))))
    made.carrier.drain()
    const response = await made.response
    expect([made.errors, response.status, response.cut]).toEqual([[], 413, false])
    expect(response.body.equals(ANSWER)).toBe(true)
  })
})

// The end of the connection is the end of the body. Over TCP a reset may have taken the rest along; a Unix socket loses nothing.
test.each([
  ['unix', false],
  ['tcp', true],
])('an answer without Content-Length over %s: cut is %j', async (transport, cut) => {
  for (const protocol of ['uwsgi', 'scgi']) {
    const { made } = await early(protocol, transport, { headers: [] })
    const response = await made.response
    expect([response.status, response.cut]).toEqual([413, cut])
    expect(response.body.equals(ANSWER)).toBe(true)
    expect(made.errors).toMatchObject(cut ? [{ code: 'UPSTREAM_CUT' }] : [])
  }
})

test('a FastCGI connection that took no more is not used again', async () => {
  const { made, open, connections } = await early('fastcgi', 'unix', {})
  expect((await made.response).status).toBe(413)
  expect((await open.request({ method: 'POST', body: 'x'.repeat(70_000) }).response).status).toBe(413)
  expect(connections()).toBe(2)
})
