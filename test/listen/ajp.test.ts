// AJP and SCGI through a listener that is not told which protocol comes.
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import type { ClientCodec, ClientEvent } from '../../sidecar/wire/codec.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { openMount as openAsgi } from '../asgi/mount.ts'
import { openMount } from '../mount.ts'
import { forward, type Forward } from '../wire/build.ts'
import { startGateway, text } from './gateway.ts'
import { bodyOf, connectTo, talk } from './peer.ts'

const GET = { REQUEST_METHOD: 'GET', REQUEST_URI: '/x', SERVER_NAME: 'example.com', REMOTE_ADDR: '192.0.2.7' }

/** One request on a connection: gives status, body, and whether the connection may be used again. */
async function ask(
  socket: Socket,
  client: ClientCodec,
  variables: Record<string, string>,
  body: Buffer[] = [],
  length: number | undefined = body.reduce((sum, chunk) => sum + chunk.length, 0),
): Promise<{ status: number; text: string; reuse: boolean }> {
  socket.write(client.request(variables, length))
  for (const chunk of body) for (const piece of client.data(chunk)) socket.write(piece)
  const mark = client.finish()
  if (mark) socket.write(mark)
  const events: ClientEvent[] = []
  return new Promise((resolve, reject) => {
    const receive = (bytes: Buffer): void => {
      for (const event of client.receive(bytes)) {
        if (event.type === 'reply') socket.write(event.bytes)
        else events.push(event.type === 'body' ? { ...event, bytes: Buffer.from(event.bytes) } : event)
        if (event.type !== 'end') continue
        socket.off('data', receive)
        const [first] = events
        resolve({
          status: first?.type === 'head' ? first.head.status : 0,
          text: Buffer.concat(events.flatMap((one) => (one.type === 'body' ? [one.bytes] : []))).toString(),
          reuse: event.reuse,
        })
      }
    }
    socket.on('data', receive)
    socket.on('close', () => reject(new Error('closed')))
  })
}

test('SCGI, AJP, uwsgi and HTTP share an address, however the bytes are cut', async () => {
  const { addresses } = await startGateway(['127.0.0.1:0'], (exchange) => text(exchange.door.protocol)(exchange))
  const [address] = addresses as [string]
  const packet = scgi.client().request(GET, 0)
  expect(await talk(address, packet)).toMatch(/^Status: 200 OK\r\n[^]*\r\n\r\nscgi$/)
  expect(bodyOf(await talk(address, ...Array.from(packet, (byte) => Uint8Array.of(byte))))).toBe('scgi')
  const client = ajp.client()
  const socket = await connectTo(address)
  for (let count = 0; count < 3; count++) {
    expect(await ask(socket, client, GET)).toEqual({ status: 200, text: 'ajp', reuse: true })
  }
  socket.destroy()
  expect(bodyOf(await talk(address, '1GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'))).not.toBe('scgi')
})

test('AJP: apps have the fields of a request as those of HTTP do, and not those that were left out', async () => {
  const { mount } = await openAsgi({ asgi: 'spec' })
  const ways = [{}, { processes: 1 }].map((more) =>
    openMount(node, { node: './raw.ts#facts', ...more }, new URL('../node/apps/', import.meta.url)),
  )
  const nodes = (await Promise.all(ways)).map((opened) => opened.mount)
  onTestFinished(() => Promise.all(nodes.map((opened) => opened.close())).then(() => {}))
  const { addresses } = await startGateway(['ajp://127.0.0.1:0'], {
    '/asgi': (exchange) => mount.handle(exchange),
    '/inside': (exchange) => nodes[0]!.handle(exchange),
    '/apart': (exchange) => nodes[1]!.handle(exchange),
  })
  const socket = await connectTo(addresses[0]!)
  const sent: Forward['headers'] = [
    [11, 'example.com'],
    ['X-tWICE', 'one'],
    ['X_Twice', 'forged'],
    [9, 'a=1'],
    ['Proxy', 'http://192.0.2.9'],
    ['x-twice', 'two, three'],
    [9, 'b=2'],
  ]
  // The codec sends each field once.
  const client = ajp.client()
  client.request = (variables, length) => {
    Object.getPrototypeOf(client).request.call(client, variables, length)
    return forward({ uri: variables.REQUEST_URI!, headers: sent })
  }
  const seen = async (uri: string): Promise<Record<string, string[] | string[][]>> =>
    JSON.parse((await ask(socket, client, { ...GET, REQUEST_URI: uri })).text)
  expect((await seen('/asgi/show_scope')).headers).toEqual([
    ['host', 'example.com'],
    ['x-twice', 'one'],
    ['x-twice', 'two, three'],
    ['cookie', 'a=1; b=2'],
  ])
  const raw = ['Host', 'example.com', 'X-tWICE', 'one, two, three', 'Cookie', 'a=1; b=2']
  for (const way of ['/inside', '/apart']) {
    const { rawHeaders, headers } = await seen(way)
    expect([rawHeaders, headers]).toEqual([raw, { host: 'example.com', 'x-twice': raw[3], cookie: raw[5] }])
  }
  socket.destroy()
})

test('AJP: lighttpd sends the path decoded, others as it was', async () => {
  const hosts = ['lighttpd', 'apache']
  const { addresses } = await startGateway(
    hosts.map((host) => ({ address: 'ajp://127.0.0.1:0', host })),
    (exchange) => text(`${exchange.variables.PATH_INFO} ${exchange.variables.REQUEST_URI}`)(exchange),
  )
  const asked = async (address: string, target: string): Promise<unknown> => {
    const socket = await connectTo(address)
    const { status, text: body } = await ask(socket, ajp.client(), { ...GET, REQUEST_URI: target })
    socket.destroy()
    return status === 200 ? body : status
  }
  const [lighttpd, apache] = addresses as [string, string]
  expect(await asked(lighttpd, '/a%2Fb')).toBe('/a%2Fb /a%252Fb')
  expect(await asked(apache, '/a%2Fb')).toBe('/a/b /a%2Fb')
  expect(await asked(lighttpd, '/100%')).toBe('/100% /100%25')
  expect(await asked(apache, '/100%')).toBe(400)
})

test('AJP: bodies are asked for packet by packet, and the connection is kept', async () => {
  const { addresses, errors } = await startGateway(['ajp://127.0.0.1:0'], async (exchange) => {
    let size = 0
    for await (const chunk of exchange.body) size += chunk.byteLength
    text(String(size))(exchange)
  })
  const client = ajp.client()
  const socket = await connectTo(addresses[0]!)
  const post = { ...GET, REQUEST_METHOD: 'POST' }
  const body = Array.from({ length: 10 }, () => Buffer.alloc(50_000))
  expect(await ask(socket, client, post, body)).toEqual({ status: 200, text: '500000', reuse: true })
  expect(await ask(socket, client, post, body, undefined)).toEqual({ status: 200, text: '500000', reuse: true })
  expect(await ask(socket, client, GET)).toEqual({ status: 200, text: '0', reuse: true })
  socket.destroy()
  expect(errors).toEqual([])
})

test('AJP: a body that nobody reads costs the connection', async () => {
  const { addresses } = await startGateway(['ajp://127.0.0.1:0'], text('no'))
  const socket = await connectTo(addresses[0]!)
  const post = { ...GET, REQUEST_METHOD: 'POST' }
  expect(await ask(socket, ajp.client(), post, [Buffer.alloc(50_000)])).toEqual({
    status: 200,
    text: 'no',
    reuse: false,
  })
  socket.destroy()
})

test('AJP: who asks for what is not allowed is told why', async () => {
  const { addresses, errors } = await startGateway(['ajp://127.0.0.1:0'], text('no'))
  const client = ajp.client()
  const request = Buffer.from(client.request({ ...GET, AJP_ROUTE: 'x' }, 0))
  // The last attribute becomes one of those that Ghostcat used.
  const name = 'javax.servlet.include.path_info'
  const attribute = Buffer.from(`\x0a\0${String.fromCharCode(name.length)}${name}\0\0\x01/\0\xff`, 'latin1')
  const forged = Buffer.concat([request.subarray(0, request.length - 1), attribute])
  forged.writeUInt16BE(forged.length - 4, 2)
  const answer = await talk(addresses[0]!, forged)
  expect(client.receive(Buffer.from(answer, 'latin1')).map(({ type }) => type)).toEqual(['head', 'body', 'end'])
  expect(answer).toContain('AJP_ATTRIBUTE')
  expect(errors).toMatchObject([{ code: 'AJP_ATTRIBUTE', blame: 'peer' }])
})

test('AJP: a head that does not fit in a packet becomes an error of the app', async () => {
  const { addresses, errors } = await startGateway(['ajp://127.0.0.1:0'], (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [['X-Long', 'x'.repeat(9000)]] })
    exchange.end('x')
  })
  const client = ajp.client()
  const socket = await connectTo(addresses[0]!)
  expect(await ask(socket, client, GET)).toMatchObject({
    status: 500,
    text: expect.stringContaining('AJP_HEAD') as string,
  })
  expect(errors).toMatchObject([{ code: 'AJP_HEAD', blame: 'app' }])
  socket.destroy()
})
