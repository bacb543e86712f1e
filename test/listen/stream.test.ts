import { once } from 'node:events'
import { expect, test } from 'vitest'
import { eventually } from '../harness.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { startGateway, text, type Handler } from './gateway.ts'
import { bodyOf, connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

const MB = 1024 * 1024
const ok = { status: 200, reason: 'OK', headers: [] }
const post = (length: number) => uwsgiRequest('/', { REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(length) })
const httpPost = (length: number) =>
  `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`

/** Both doors, with the head of a POST each. */
const doors = [
  ['uwsgi', post],
  ['http', httpPost],
] as const

function remembering(handle: (exchange: Exchange) => void | Promise<void>): {
  exchanges: Exchange[]
  handler: Handler
} {
  const exchanges: Exchange[] = []
  return {
    exchanges,
    handler: (exchange) => {
      exchanges.push(exchange)
      return handle(exchange)
    },
  }
}

test.each(doors)('%s: a body is pulled, never collected', async (_, head) => {
  const size = 32 * MB
  const { exchanges, handler } = remembering(() => {})
  const { addresses } = await startGateway(['127.0.0.1:0'], handler)
  const socket = await connectTo(addresses[0]!)
  socket.write(head(size))
  const block = Buffer.alloc(MB)
  let written = 0
  const pump = () => {
    while (written < size && socket.write(block)) written += MB
  }
  socket.on('drain', pump)
  pump()
  await eventually(() => expect(exchanges).toHaveLength(1))
  const [exchange] = exchanges as [Exchange]
  await exchange.body.read()
  // The peer is stopped long before it could hand over everything: what counts is what the body took in.
  await eventually(() => expect(socket.writableNeedDrain).toBe(true))
  expect(exchange.body.received).toBeLessThan(MB)
  socket.destroy()
  const rest = async () => {
    for await (const bytes of exchange.body) void bytes
  }
  await expect(rest()).rejects.toMatchObject({ blame: 'peer' })
  await eventually(() => expect(exchange.aborted).toBe(true))
})

test.each(doors)('%s: every byte of a body arrives, in order', async (_, head) => {
  const size = 3 * MB + 17
  const body = Buffer.from(Uint32Array.from({ length: Math.ceil(size / 4) }, (__, index) => index).buffer, 0, size)
  const { addresses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    const parts: Uint8Array[] = []
    for await (const bytes of exchange.body) parts.push(Buffer.from(bytes))
    text(String(Buffer.concat(parts).equals(body)))(exchange)
  })
  expect(bodyOf(await talk(addresses[0]!, head(size), body))).toBe('true')
})

test.each(doors)('%s: a slow client stops the output', async (_, head) => {
  let made = 0
  const { addresses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    exchange.respond(ok)
    for (; made < 64; made++) await exchange.send(Buffer.alloc(MB, made))
    exchange.end()
  })
  const socket = await connectTo(addresses[0]!)
  socket.pause()
  socket.write(head(0))
  await eventually(() => expect(made).toBeGreaterThan(0))
  const before = made
  expect(before).toBeLessThan(32)
  socket.resume()
  let received = 0
  socket.on('data', (bytes) => (received += bytes.length))
  await once(socket, 'close')
  expect(made).toBe(64)
  expect(received).toBeGreaterThanOrEqual(64 * MB)
})

test.each(doors)('%s: a client that goes away fires the signal and wakes whoever waits', async (_, head) => {
  const { exchanges, handler } = remembering(async (exchange) => {
    exchange.respond(ok)
    for (;;) await exchange.send(Buffer.alloc(MB))
  })
  const { addresses, gateway, accesses, errors } = await startGateway(['127.0.0.1:0'], handler)
  const socket = await connectTo(addresses[0]!)
  socket.write(head(0))
  await once(socket, 'data')
  const [exchange] = exchanges as [Exchange]
  const { signal } = exchange
  socket.destroy()
  await eventually(() => expect(signal.aborted).toBe(true))
  expect(signal.reason).toMatchObject({ name: 'AbortError', cause: { code: 'CLIENT_GONE' } })
  gateway.log.flush()
  expect(accesses).toMatchObject([{ status: 200, code: 'CLIENT_GONE' }])
  expect(errors).toEqual([])
})

test('a client that goes away before the response is 499 in the access log', async () => {
  const { exchanges, handler } = remembering(() => {})
  const { addresses, gateway, accesses } = await startGateway(['127.0.0.1:0'], handler)
  const socket = await connectTo(addresses[0]!)
  socket.write(uwsgiRequest('/slow'))
  await eventually(() => expect(exchanges).toHaveLength(1))
  socket.destroy()
  await eventually(() => expect(exchanges[0]!.aborted).toBe(true))
  gateway.log.flush()
  expect(accesses).toMatchObject([{ status: 499, uri: '/slow' }])
})

test('a body that is cut is an error for the app, never a short body', async () => {
  let seen: unknown
  const { addresses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
    try {
      for await (const bytes of exchange.body) void bytes
    } catch (error) {
      seen = error
    }
  })
  const socket = await connectTo(addresses[0]!)
  socket.write(post(100))
  socket.end('only this')
  await eventually(() => expect(seen).toMatchObject({ code: 'BODY_CUT' }))
})

test.each(doors)('%s: an answer before the upload is read reaches the client', async (_, head) => {
  const { addresses } = await startGateway(['127.0.0.1:0'], text('too much'))
  for (let time = 0; time < 10; time++) {
    expect(bodyOf(await talk(addresses[0]!, head(512 * 1024), Buffer.alloc(512 * 1024)))).toBe('too much')
  }
})

test.each(doors)(
  '%s: an error before the head is a response with its code, one after it cuts the response',
  async (_, head) => {
    let late = false
    const { addresses, errors, gateway, accesses } = await startGateway(['127.0.0.1:0'], async (exchange) => {
      if (late) {
        exchange.respond({ ...ok, headers: [['Content-Length', '1000']] })
        exchange.write('part')
      }
      throw new Error('boom')
    })
    const answer = await talk(addresses[0]!, head(0))
    expect(answer).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n[^]*APP_RAISED/)
    expect(answer).not.toMatch(/boom/)
    expect(errors).toMatchObject([{ code: 'APP_RAISED', blame: 'app', mount: '/', message: 'the app raised: boom' }])
    expect(errors[0]!.detail).toMatch(/stream\.test/)
    late = true
    await talk(addresses[0]!, head(0))
    gateway.log.flush()
    expect(accesses).toMatchObject([
      { status: 500, code: 'APP_RAISED' },
      { status: 200, code: 'APP_RAISED', sent: 4 },
    ])
    expect(accesses[0]!.request).toBe(errors[0]!.request)
  },
)

test('what nobody serves is 404, in the access log only', async () => {
  const { addresses, errors, gateway, accesses } = await startGateway(['127.0.0.1:0'], { '/shop': text('shop') })
  expect(await talk(addresses[0]!, uwsgiRequest('/shopping'))).toMatch(/^HTTP\/1\.1 404 [^]*NO_MOUNT/)
  expect(bodyOf(await talk(addresses[0]!, uwsgiRequest('/shop')))).toBe('shop')
  gateway.log.flush()
  expect(accesses).toMatchObject([
    { status: 404, code: 'NO_MOUNT', mount: '' },
    { status: 200, mount: '/shop' },
  ])
  expect(errors).toEqual([])
})

test('drain lets requests in flight end, takes no new ones, and is bounded', async () => {
  let release = () => {}
  const { exchanges, handler } = remembering(async (exchange) => {
    await new Promise<void>((resolve) => (release = resolve))
    text('done')(exchange)
  })
  const { addresses, gateway } = await startGateway(['127.0.0.1:0'], handler)
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write(uwsgiRequest('/'))
  await eventually(() => expect(exchanges).toHaveLength(1))
  const drained = gateway.drain()
  // Those that come before it has looked whether any wait are taken.
  await eventually(() => expect(connectTo(addresses[0]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' }))
  release()
  expect(bodyOf(await answer)).toBe('done')
  await drained
})

test('drain cuts what is still running after its time', async () => {
  const { exchanges, handler } = remembering(() => {})
  const { addresses, gateway, errors } = await startGateway(['127.0.0.1:0'], handler, { drainTimeout: 20 })
  const socket = await connectTo(addresses[0]!)
  const answer = readAll(socket)
  socket.write(uwsgiRequest('/'))
  await eventually(() => expect(exchanges).toHaveLength(1))
  await gateway.drain()
  expect(await answer).toBe('')
  expect(exchanges[0]!.error).toMatchObject({ code: 'GATEWAY_CLOSED' })
  expect(errors).toMatchObject([{ code: 'DRAIN_TIMEOUT' }])
})
