// When a circuit opens, and how it closes again. Time is the test's own.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { GatewayError, PeerError, UpstreamError } from '../../sidecar/errors.ts'
import { circuit } from '../../sidecar/middleware/circuit/circuit.ts'
import { Window } from '../../sidecar/middleware/circuit/window.ts'
import { text } from '../listen/gateway.ts'
import { makeLayer, type MadeLayer } from './layer.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

const gives =
  (code: number) =>
  (exchange: Exchange): void => {
    exchange.respond({ status: code, reason: '', headers: [] })
    exchange.end()
  }

const SETTINGS = { share: 50, least: 4, window: 10, open: 5 }

async function statuses({ ask }: MadeLayer, ...codes: number[]): Promise<number[]> {
  const seen: number[] = []
  for (const code of codes) seen.push((await ask({}, gives(code)).response).status)
  return seen
}

test('half of the requests failed: none is asked for a while, then one, and when that is good all', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  expect(await statuses(layer, 200, 500, 200, 502)).toEqual([200, 500, 200, 502])
  let asked = 0
  const refused = await layer.ask({}, () => asked++).response
  expect([refused.status, refused.header('retry-after'), asked]).toEqual([503, '5', 0])
  expect(String(refused.body)).toContain('CIRCUIT_OPEN')
  const state = layer.layer.status!
  expect(state()).toEqual({ layer: 'circuit', state: 'open', counts: { refused: 1, opened: 1 } })
  await pass(4500)
  expect((await layer.ask().response).header('retry-after')).toBe('1')
  await pass(500)
  expect(state().state).toBe('trial')
  let trial: Exchange | undefined
  const made = layer.ask({}, (exchange) => (trial = exchange))
  // While it is on trial, others wait for what comes of it.
  expect(await statuses(layer, 200)).toEqual([503])
  text('fine')(trial!)
  await made.response
  expect(state()).toEqual({ layer: 'circuit', state: 'closed', counts: { refused: 3, opened: 1 } })
  expect(await statuses(layer, 500, 200, 200, 404, 200)).toEqual([500, 200, 200, 404, 200])
  expect(layer.log.text).toContain('2 of 4 requests failed within 10 s')
  expect(layer.log.text).toContain('the circuit is closed')
})

test('a trial that fails opens it again', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  await statuses(layer, 500, 500, 500, 500)
  await pass(5000)
  expect(await statuses(layer, 503, 200)).toEqual([503, 503])
  await pass(4999)
  expect(await statuses(layer, 200)).toEqual([503])
  await pass(1)
  expect(await statuses(layer, 200, 200)).toEqual([200, 200])
})

test('a trial whose client goes away says nothing', async () => {
  const layer = makeLayer(circuit, { ...SETTINGS, trials: 2 })
  await statuses(layer, 500, 500, 500, 500)
  await pass(5000)
  layer.ask({}, () => {}).hangUp()
  expect(await statuses(layer, 200, 200, 200)).toEqual([200, 200, 200])
})

test('fewer requests than least, or of another time, open nothing', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  await statuses(layer, 500, 500, 500)
  await pass(11_000)
  expect(await statuses(layer, 500, 500, 500)).toEqual([500, 500, 500])
})

test('fewer than the share open nothing', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  await statuses(layer, 200, 200, 200, 200, 200, 500, 500, 500, 500)
  expect(await statuses(layer, 500)).toEqual([500])
  expect(await statuses(layer, 500)).toEqual([503])
})

test.each<[string, (made: ReturnType<MadeLayer['ask']>, inner: Exchange) => void]>([
  ['fails before its head', (_, inner) => inner.fail(new UpstreamError('UPSTREAM_CONNECT', 'no'))],
  [
    'is cut behind its head',
    (_, inner) => {
      inner.respond({ status: 200, reason: 'OK', headers: [] })
      inner.write('a')
      inner.fail(new UpstreamError('UPSTREAM_CUT', 'no'))
    },
  ],
])('a request that %s has failed', async (_, end) => {
  const layer = makeLayer(circuit, SETTINGS)
  for (let i = 0; i < 4; i++) {
    let inner: Exchange | undefined
    const made = layer.ask({}, (exchange) => (inner = exchange))
    end(made, inner!)
    await made.response
  }
  expect(await statuses(layer, 200)).toEqual([503])
})

test('whom a layer behind it turns away opens nothing', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  for (let i = 0; i < 10; i++) {
    const made = layer.ask({}, (exchange) => exchange.fail(new PeerError('LIMIT_CONCURRENT', 'too many', 503)))
    expect((await made.response).status).toBe(503)
  }
  expect(await statuses(layer, 200)).toEqual([200])
})

test('what the gateway is short of opens nothing', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  for (let i = 0; i < 10; i++) {
    const made = layer.ask({}, (exchange) => exchange.fail(new GatewayError('AUTH_BUSY', 'too many wait', 503)))
    expect((await made.response).status).toBe(503)
  }
  expect(await statuses(layer, 200)).toEqual([200])
})

test('clients that go away open nothing', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  for (let i = 0; i < 10; i++) layer.ask({}, () => {}).hangUp()
  expect(await statuses(layer, 200)).toEqual([200])
})

test('a response that begins too late has failed, where that is asked for', async () => {
  const layer = makeLayer(circuit, { ...SETTINGS, slow: 2 })
  for (let i = 0; i < 4; i++) {
    const { response } = layer.ask({}, (exchange) => void setTimeout(() => text('late')(exchange), 2000))
    await pass(2000)
    expect((await response).status).toBe(200)
  }
  expect(await statuses(layer, 200)).toEqual([503])
})

test('what was under way when it opened says nothing of later', async () => {
  const layer = makeLayer(circuit, SETTINGS)
  let late: Exchange | undefined
  const made = layer.ask({}, (exchange) => (late = exchange))
  await statuses(layer, 500, 500, 500, 500)
  await pass(5000)
  expect(await statuses(layer, 200)).toEqual([200])
  gives(500)(late!)
  await made.response
  expect(await statuses(layer, 500, 500, 500)).toEqual([500, 500, 500])
})

test('a window forgets by tenths', () => {
  const window = new Window(1000)
  window.add(true, 0)
  window.add(false, 950)
  expect(window.total(950)).toEqual({ all: 2, failed: 1 })
  expect(window.total(1000)).toEqual({ all: 1, failed: 0 })
  window.turn(1000)
  expect(window.total(1899)).toEqual({ all: 1, failed: 1 })
  expect(window.total(5000)).toEqual({ all: 0, failed: 0 })
})
