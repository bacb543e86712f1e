// A request body means the same to every framework, by every door and in whatever pieces it comes, as on a server of node:http.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { fetch as fetchMount } from '../../sidecar/mounts/fetch.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { http } from '../../sidecar/wire/http.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import { startGateway } from '../listen/gateway.ts'
import { connectTo } from '../listen/peer.ts'
import { openMount, type OpenMount } from '../mount.ts'
import * as uploads from './apps/uploads.ts'

const folder = new URL('apps/', import.meta.url)
const DOORS = ['http', 'fastcgi', 'ajp', 'uwsgi', 'scgi'] as const
type Door = (typeof DOORS)[number]

interface Upload {
  readonly method: string
  readonly body: string
  readonly chunked: boolean
}

const UPLOADS: readonly (readonly [name: string, upload: Upload])[] = [
  ['chunked', { method: 'POST', body: '{"a":1}', chunked: true }],
  ['chunked and empty', { method: 'POST', body: '', chunked: true }],
  ['with a length', { method: 'POST', body: '{"a":1}', chunked: false }],
  ['chunked by DELETE', { method: 'DELETE', body: '{"a":1}', chunked: true }],
  ['GET without a body', { method: 'GET', body: '', chunked: false }],
]

/** A request as a client, or a web server that does not collect bodies, writes it: up to the first byte of its body, and from there. */
function requestBytes(door: Door, { method, body, chunked }: Upload) {
  const codec = [http, ...protocols].find(({ name }) => name === door)!.client()
  const type = body || chunked ? 'application/json' : ''
  const variables = {
    REQUEST_METHOD: method,
    REQUEST_URI: '/',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'a',
    SERVER_PORT: '80',
    REMOTE_ADDR: '127.0.0.1',
    HTTP_HOST: 'a',
    CONTENT_TYPE: type,
    CONTENT_LENGTH: body && !chunked ? String(body.length) : '',
    ...(chunked && door !== 'http' ? { HTTP_TRANSFER_ENCODING: 'chunked' } : {}),
  }
  const head = codec.request(variables, chunked ? undefined : body.length)
  const bytes = (from: number, to?: number): Uint8Array[] =>
    body === '' ? [] : codec.data(Buffer.from(body).subarray(from, to))
  const first = Buffer.concat([head, ...bytes(0, 1)])
  const rest = Buffer.concat([...bytes(1), codec.finish() ?? Buffer.alloc(0)])
  return { codec, first, rest }
}

/** The body of the answer; `arrived`: the first part has, and the rest may follow. Without it both go in one piece. */
async function ask(address: string, door: Door, upload: Upload, arrived?: Promise<void>): Promise<unknown> {
  const { codec, first, rest } = requestBytes(door, upload)
  const socket = await connectTo(address)
  if (arrived) {
    socket.write(first)
    await arrived
    socket.write(rest)
  } else socket.write(Buffer.concat([first, rest]))
  let text = ''
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    for (const event of codec.receive(bytes)) {
      if (event.type === 'body') text += Buffer.from(event.bytes).toString()
      else if (event.type === 'reply') socket.write(event.bytes)
      else if (event.type === 'end') socket.destroy()
    }
    if (socket.destroyed) break
  }
  for (const event of socket.destroyed ? [] : codec.receiveEnd()) expect(event.type).toBe('end')
  return JSON.parse(text)
}

/** What a server of node:http gives. */
async function overNode(handler: RequestListener, upload: Upload): Promise<unknown> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await ask(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'http', upload)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const handlers: Record<string, RequestListener> = {
  bare: uploads.bare,
  express: uploads.express,
  connectApp: uploads.connectApp,
  koa: uploads.koa,
  fastify: (request, response) => void uploads.fastify.ready().then(() => uploads.fastify.routing(request, response)),
}

describe.each(DOORS)('by %s', (door) => {
  // uwsgi and SCGI have no other end of a body than its length.
  const possible = UPLOADS.filter(([, { chunked }]) => !chunked || !['uwsgi', 'scgi'].includes(door))
  const whole = possible.map(([name, upload]) => ({ name: `${name}, at once`, upload, split: false }))
  // FastCGI hands a request of unknown length over with the first bytes of its body, or with its end.
  const split = possible
    .filter(([, { chunked, body }]) => door !== 'fastcgi' || body !== '' || !chunked)
    .map(([name, upload]) => ({ name: `${name}, in two pieces`, upload, split: true }))

  async function overDoor(open: OpenMount, upload: Upload, inPieces: boolean): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { addresses, errors } = await startGateway([`${door}://127.0.0.1:0`], (exchange) => {
      resolve()
      return open.mount.handle(exchange)
    })
    const answer = await ask(addresses[0]!, door, upload, inPieces ? promise : undefined)
    expect(errors).toEqual([])
    return answer
  }

  describe.each([...whole, ...split])('$name', ({ upload, split: inPieces }) => {
    test.each(Object.keys(handlers))('%s', async (name) => {
      const open = await openMount(node, { node: `./uploads.ts#${name}` }, folder)
      expect(await overDoor(open, upload, inPieces)).toEqual(await overNode(handlers[name]!, upload))
    })

    test.each(['light', 'native'])('fetch, %s', async (request) => {
      const open = await openMount(fetchMount, { fetch: '../../fetch/apps/uploads.ts', request }, folder)
      expect(await overDoor(open, upload, inPieces)).toEqual(await overNode(uploads.bare, upload))
    })
  })
})
