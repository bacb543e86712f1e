// The seam between an exchange and whoever answers it: what a layer sees, what it may change, and what holds in spite of it.
import { expect, test, vi } from 'vitest'
import { pulledBody, RequestBody } from '../../sidecar/body.ts'
import { AppError, PeerError, UpstreamError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { through, type Layer } from '../../sidecar/layer.ts'
import { Mounted } from '../../sidecar/mounted.ts'
import { copyVariables } from '../../sidecar/variables.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { makeExchange, type TestExchange, type TestRequest } from '../exchange.ts'
import { absent, seesAll } from '../layered.ts'
import { startGateway, text } from '../listen/gateway.ts'

const ok: Head = { status: 200, reason: 'OK', headers: [] }

interface Between extends TestExchange {
  inner: Exchange
}

function between(layer: Layer, request?: TestRequest): Between {
  const made = makeExchange(request)
  return { ...made, inner: through(made.exchange, layer) }
}

const marked: Layer = {
  head: (head, outer) => ({ ...head, headers: [...head.headers, ['X-Layer', outer.variables.PATH_INFO!]] }),
}

/** Doubles every byte, and adds one at the end. */
const doubled: Layer = {
  head: ({ headers, ...head }) => ({ ...head, headers: headers.filter(([name]) => name !== 'Content-Length') }),
  body(bytes, last, outer) {
    const twice = bytes && Buffer.from(bytes).toString('latin1').replaceAll(/./gs, '$&$&')
    if (!last) return outer.write(twice ?? '')
    outer.end(`${twice ?? ''}.`)
    return true
  },
}

test.each([
  ['nothing', [absent]],
  ['everything', [seesAll]],
  ['both', [absent, seesAll, absent]],
])('a layer that sees %s changes no call to the door', async (_, fronts) => {
  const whole = makeExchange()
  const inner = fronts.reduce((outer, front) => front(outer), whole.exchange)
  text('all at once')(inner)
  expect(whole.carrier.calls).toEqual(['start+last'])
  expect((await whole.response).header('content-length')).toBe('11')
  const parts = makeExchange()
  const other = fronts.reduce((outer, front) => front(outer), parts.exchange)
  other.respond(ok)
  other.flush()
  other.write('a')
  other.write('b')
  other.end()
  expect(parts.carrier.calls).toEqual(['start', 'write', 'write', 'finish'])
  expect([other.over, parts.exchange.over]).toEqual([true, true])
})

test('an exchange behind a layer is the same request: its id, its mount, its fields, its body', async () => {
  const { exchange, inner } = between({}, { method: 'POST', body: 'abc' })
  exchange.fields = ['X-A', 'a']
  const second = through(inner, {})
  expect([second.id, second.logged, second.variables]).toEqual([exchange.id, exchange.logged, exchange.variables])
  expect(second.body).toBe(exchange.body)
  expect(Buffer.from((await second.body.read())!).toString()).toBe('abc')
})

test('logs name the user that a layer has found out', () => {
  const { exchange, inner } = between({})
  const variables = Object.assign(copyVariables(inner.variables), { REMOTE_USER: 'ann' })
  expect(through(through(inner, {}), {}, { variables }).logged.user).toBe('ann')
  expect(exchange.logged.user).toBe('ann')
})

test('behind layers of the gateway the mount is known when the request is over', () => {
  const { exchange, inner } = between({})
  const mount = new Mounted({
    key: '/shop',
    mount: { open: async () => {}, handle: text('fine'), close: async () => {} },
  })
  let key = ''
  vi.spyOn(exchange.observer, 'done').mockImplementation((done) => void (key = done.mount?.key ?? 'nobody'))
  mount.handle(through(inner, {}))
  expect([key, mount.status.requests, mount.inFlight]).toEqual(['/shop', 1, 0])
})

test('a layer changes the head', async () => {
  const { inner, response } = between(marked, { path: '/a' })
  text('fine')(inner)
  const { body, header } = await response
  expect([body.toString(), header('x-layer'), header('content-length')]).toEqual(['fine', '/a', '4'])
})

test('error pages pass it too', async () => {
  const { inner, response, errors } = between(marked)
  inner.fail(new AppError('APP_RAISED', 'no'))
  const { status, header } = await response
  expect([status, header('x-layer'), errors.length]).toEqual([500, '/', 1])
})

test.each([
  ['in one piece', (inner: Exchange) => text('abc')(inner), 'aabbcc.', ['start+last']],
  [
    'in pieces',
    (inner: Exchange) => {
      inner.respond({ ...ok, headers: [['Content-Length', '3']] })
      inner.write('a')
      inner.write('bc')
      inner.end()
    },
    'aabbcc.',
    ['start', 'write', 'write', 'finish'],
  ],
  [
    'of nothing',
    (inner: Exchange) => {
      inner.respond(ok)
      inner.end()
    },
    '.',
    ['start+last'],
  ],
] as const)('a layer changes a body %s', async (_, answer, body, calls) => {
  const { inner, response, carrier } = between(doubled)
  await answer(inner)
  expect((await response).body.toString()).toBe(body)
  expect(carrier.calls).toEqual(calls)
})

test('what the app says of its body is held against what the app sends', async () => {
  const { inner, response } = between(doubled)
  inner.respond({ ...ok, headers: [['Content-Length', '3']] })
  let thrown: unknown
  try {
    inner.write('abcd')
  } catch (error) {
    thrown = error
  }
  inner.fail(thrown)
  expect(inner.error).toMatchObject({ code: 'BODY_TOO_LONG' })
  expect((await response).body.toString()).toBe('aabbcc.')
})

test('a layer may wait with the head until it knows the body', async () => {
  let kept = ''
  const { inner, response, carrier } = between({
    head: () => undefined,
    body(bytes, last, outer) {
      kept += Buffer.from(bytes ?? '').toString()
      if (!last) return true
      outer.respond({ status: kept === 'ab' ? 201 : 500, reason: '', headers: [] })
      outer.end(kept)
      return true
    },
  })
  inner.respond(ok)
  inner.write('a')
  expect(carrier.calls).toEqual([])
  inner.write('b')
  inner.end()
  const { status, header } = await response
  expect([status, header('content-length')]).toEqual([201, '2'])
})

test('a layer may send later what it was given', async () => {
  let sent: Promise<void> | undefined
  const { exchange, inner, response } = between({
    body(bytes, last, outer) {
      const before = sent ?? Promise.resolve()
      sent = before.then(() => (last ? outer.end(bytes) : void outer.write(bytes!)))
      return true
    },
  })
  inner.respond(ok)
  inner.write('a')
  inner.end()
  expect([inner.over, exchange.over]).toEqual([true, false])
  expect((await response).body.toString()).toBe('a')
})

test('a slow client stops whoever answers, through any number of layers', async () => {
  const made = makeExchange({ slow: true })
  const inner = [absent, seesAll].reduce((outer, front) => front(outer), made.exchange)
  inner.respond(ok)
  expect(inner.write('a')).toBe(false)
  let drained = false
  const waiting = inner.drained().then(() => (drained = true))
  await Promise.resolve()
  expect(drained).toBe(false)
  made.carrier.drain()
  await waiting
})

test('the body of the request, changed on its way', async () => {
  const { exchange } = makeExchange({ method: 'POST', body: 'abc' })
  const variables = copyVariables(exchange.variables)
  delete variables.CONTENT_LENGTH
  const body = pulledBody(undefined, async () => {
    const bytes = await exchange.body.read()
    return bytes && Buffer.from(bytes.map((byte) => byte - 32))
  })
  const inner = through(exchange, {}, { variables, body })
  let seen = ''
  for await (const bytes of inner.body) seen += Buffer.from(bytes).toString()
  expect([seen, inner.variables.CONTENT_LENGTH, exchange.variables.CONTENT_LENGTH]).toEqual(['ABC', undefined, '3'])
})

test('who reads on behind a layer after the end has come does not keep the process busy', async () => {
  const body = pulledBody(undefined, () => Promise.resolve(null))
  const read = body.read()
  body.fail(new PeerError('BODY_CUT', 'gone'))
  await expect(read).rejects.toMatchObject({ code: 'BODY_CUT' })
  await new Promise((resolve) => setImmediate(resolve))
})

test('a body that is cut is cut behind the layer, and the response passes it', async () => {
  const { exchange, response } = makeExchange({ method: 'POST', body: (async function* () {})(), length: 3 })
  const inner = seesAll(through(exchange, marked))
  const read = inner.body.read()
  exchange.failBody(new PeerError('BODY_CUT', 'gone'))
  await expect(read).rejects.toMatchObject({ code: 'BODY_CUT' })
  expect((await response).header('x-layer')).toBe('/')
  expect(inner.over).toBe(true)
})

test('a client that goes away is gone for all, and told once', async () => {
  const overs: boolean[] = []
  const { exchange, inner, hangUp, errors } = between({ over: (one) => overs.push(one.aborted) })
  const second = through(inner, {})
  const heard: string[] = []
  second.onAbort(() => heard.push('abort'))
  const { signal } = second
  hangUp()
  expect([exchange, inner, second].map((one) => one.aborted)).toEqual([true, true, true])
  expect([heard, signal.aborted, overs, errors]).toEqual([['abort'], true, [true], []])
  expect(() => second.write('a')).toThrow(expect.objectContaining({ code: 'CLIENT_GONE' }))
  expect(through(exchange, {}).aborted).toBe(true)
})

test('a layer that answers itself ends what is under way behind it', async () => {
  const { exchange, inner, response, errors } = between(marked)
  text('from the layer')(exchange)
  expect((await response).body.toString()).toBe('from the layer')
  expect(inner.aborted).toBe(true)
  // What the app throws because of that is its end.
  inner.fail(inner.error)
  expect(errors).toEqual([])
})

test('a response that is cut is cut for the client, and told once', async () => {
  const { exchange, inner, response, errors } = between({})
  const second = through(inner, {})
  second.respond({ ...ok, headers: [['Content-Length', '3']] })
  second.write('a')
  second.end()
  expect((await response).cut).toBe(true)
  expect(errors.map(({ code }) => code)).toEqual(['BODY_TOO_SHORT'])
  expect(exchange.error).toBe(errors[0])
})

test('who is ended by force behind a layer ends the response', async () => {
  const { inner, response, errors } = between({})
  inner.abort(new UpstreamError('POOL_CLOSED', 'stopped', 503))
  expect([(await response).status, errors.map(({ code }) => code)]).toEqual([503, ['POOL_CLOSED']])
})

test('tries again where nothing was sent; nobody hears of the first try', async () => {
  const tries: Exchange[] = []
  const layer: Layer = {
    failed(_, outer) {
      if (outer.headSent || tries.length > 1) return false
      tries.push(through(outer, layer))
      return true
    },
  }
  const { inner, exchange, response, errors } = between(layer)
  tries.push(inner)
  inner.respond(ok)
  inner.fail(new UpstreamError('UPSTREAM_CONNECT', 'no'))
  expect([inner.aborted, exchange.over, tries.length]).toEqual([true, false, 2])
  // It may be that the first one does not know yet.
  inner.end('late')
  text('second')(tries[1]!)
  expect([(await response).body.toString(), errors]).toEqual(['second', []])
})

test('when no try helps, the last error is the answer', async () => {
  let left = 2
  const layer: Layer = {
    failed(_, outer) {
      if (left-- === 0) return false
      through(outer, layer, { body: new RequestBody(0) }).fail(new UpstreamError('UPSTREAM_CONNECT', `left ${left}`))
      return true
    },
  }
  const { inner, response, errors } = between(layer)
  inner.fail(new UpstreamError('UPSTREAM_CONNECT', 'first'))
  expect((await response).status).toBe(502)
  expect(errors.map(({ message }) => message)).toEqual(['left 0'])
})

test('a layer that takes an error answers when it likes', async () => {
  const { exchange, inner, response, errors } = between({ failed: () => true })
  inner.fail(new Error('no'))
  expect([inner.aborted, exchange.over]).toEqual([true, false])
  text('instead')(exchange)
  expect([(await response).status, errors]).toEqual([200, []])
})

test.each<[string, Layer]>([
  [
    'head',
    {
      head: () => {
        throw new Error('layer')
      },
    },
  ],
  ['head, with one that may not be sent', { head: (head) => ({ ...head, headers: [['a b', '']] }) }],
  [
    'body',
    {
      body: () => {
        throw new Error('layer')
      },
    },
  ],
  [
    'failed',
    {
      failed: () => {
        throw new Error('layer')
      },
    },
  ],
])('a layer that throws in %s fails the exchange, not who answers', async (where, layer) => {
  const { inner, response, errors } = between(layer)
  if (where === 'failed') inner.fail(new Error('app'))
  else text('fine')(inner)
  expect((await response).status).toBe(500)
  expect(errors).toHaveLength(1)
})

test('a layer that throws when all is over is told of, and changes nothing', async () => {
  const { inner, response, errors } = between({
    over: () => {
      throw new Error('layer')
    },
  })
  text('fine')(inner)
  expect([(await response).status, errors.length]).toEqual([200, 1])
})

test('an interim response and the end of the connection pass through', () => {
  const { exchange, carrier, inner } = between({})
  const seen: unknown[] = []
  Object.assign(carrier, { interim: ({ status }: Head) => seen.push(status) > 0, retire: () => seen.push('close') })
  expect(through(inner, {}).interim({ status: 103, reason: '', headers: [] })).toBe(true)
  inner.closeAfter()
  expect([seen, exchange.over]).toEqual([[103, 'close'], false])
})

test('HEAD has no body behind a layer either, but its length', async () => {
  const { inner, response } = between(marked, { method: 'HEAD' })
  text('four')(inner)
  const { body, header } = await response
  expect([body.length, header('content-length'), header('x-layer')]).toEqual([0, '4', '/'])
})

test('a layer may ask for another method than its client did', async () => {
  const { exchange, response } = makeExchange({ method: 'HEAD' })
  const variables = { ...exchange.variables, REQUEST_METHOD: 'GET' }
  let size = 0
  const inner = through(
    exchange,
    { body: (bytes, last, outer) => ((size += bytes?.length ?? 0), last && outer.end(), true) },
    { variables },
  )
  text('four')(inner)
  expect([(await response).body.length, size]).toEqual([0, 4])
})

test('late errors of an app are told, whatever stands between', async () => {
  const { inner, response, errors } = between({ failed: () => true })
  text('fine')(through(inner, {}))
  await response
  inner.fail(new Error('late'))
  expect(errors).toHaveLength(1)
})

test('a redispatched request is booked with the mount that answers it', async () => {
  const held: Exchange[] = []
  const { gateway, addresses, accesses } = await startGateway(['127.0.0.1:0'], {
    '/from': (exchange) => {
      gateway.redispatch(exchange, { ...exchange.variables, SCRIPT_NAME: '', PATH_INFO: '/to/x' })
    },
    '/to': (exchange) => void held.push(exchange),
  })
  const asked = fetch(`http://${addresses[0]}/from`)
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(gateway.mounts).toMatchObject([
    { key: '/from', requests: 1, inFlight: 1 },
    { key: '/to', requests: 1, inFlight: 1 },
  ])
  expect([held[0]!.hops, held[0]!.variables.SCRIPT_NAME]).toEqual([1, '/to'])
  text('there')(held[0]!)
  expect(await (await asked).text()).toBe('there')
  expect(gateway.mounts).toMatchObject([{ inFlight: 0 }, { inFlight: 0 }])
  gateway.log.flush()
  expect(accesses).toMatchObject([{ status: 200, mount: '/from' }])
})

test('a request is cut with the mount that answers it, for its client too', () => {
  const place = new Mounted({ key: '/to', mount: { open: async () => {}, handle: () => {}, close: async () => {} } })
  const { exchange, inner, errors } = between({})
  place.handle(inner)
  place.abort(new PeerError('GATEWAY_CLOSED', 'stopped', 503))
  expect([exchange.aborted, inner.aborted, place.inFlight, errors]).toEqual([true, true, 0, []])
})

test('what fails behind a layer that has begun to answer cuts its response', async () => {
  const { exchange, inner, carrier, errors } = between({ failed: () => false })
  exchange.respond(ok)
  exchange.write('a')
  inner.fail(new UpstreamError('UPSTREAM_RESET', 'gone'))
  expect([exchange.aborted, inner.over, exchange.error?.code]).toEqual([true, true, 'UPSTREAM_RESET'])
  expect(carrier.calls).toEqual(['start', 'cut'])
  expect(errors).toHaveLength(1)
})

test('a request body that breaks ends an exchange whose layer keeps the whole response', async () => {
  const { exchange, inner, response } = between({ head: () => undefined, body: () => true }, { method: 'POST' })
  text('fine')(inner)
  exchange.failBody(new PeerError('BODY_CUT', 'no more', 400))
  expect([(await response).status, exchange.over, exchange.error?.code]).toEqual([400, true, 'BODY_CUT'])
})
