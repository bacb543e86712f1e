// How long a response may take. Time is the test's own.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { timeout } from '../../sidecar/middleware/timeout.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { makeLayer } from './layer.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const ok: Head = { status: 200, reason: 'OK', headers: [] }
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

function begun(
  settings: Record<string, unknown>,
  request = {},
): ReturnType<ReturnType<typeof makeLayer>['ask']> & { inner: Exchange } {
  let inner: Exchange | undefined
  const made = makeLayer(timeout, settings).ask(request, (exchange) => (inner = exchange))
  return { ...made, inner: inner! }
}

test('no response in time is 504, and the app is told', async () => {
  const { inner, response, errors } = begun({ response: 2 })
  const { signal } = inner
  await pass(1999)
  expect(inner.over).toBe(false)
  await pass(1)
  const { status, body } = await response
  expect([status, String(body), signal.aborted]).toEqual([504, expect.stringContaining('RESPONSE_LATE'), true])
  expect(errors).toMatchObject([{ code: 'RESPONSE_LATE', blame: 'upstream' }])
})

test('one that has begun may go on', async () => {
  const { inner, response } = begun({ response: 2 })
  await pass(1000)
  inner.respond(ok)
  inner.flush()
  await pass(600_000)
  inner.end('late')
  expect(String((await response).body)).toBe('late')
  expect(vi.getTimerCount()).toBe(0)
})

test('while the client still sends, the app has time', async () => {
  let send: ((bytes: Uint8Array) => void) | undefined
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield await new Promise<Uint8Array>((resolve) => (send = resolve))
  }
  const { inner, response } = begun({ response: 2 }, { method: 'POST', body: slow() })
  const read = inner.body.read()
  await pass(60_000)
  expect(inner.over).toBe(false)
  send!(Buffer.from('x'))
  await read
  await pass(4000)
  expect((await response).status).toBe(504)
})

test('an app that does not read its body has no more', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(65_536)
  }
  const { response } = begun({ response: 2 }, { method: 'POST', body: endless() })
  await pass(2000)
  expect((await response).status).toBe(504)
})

test('silence in the middle of a response cuts it', async () => {
  const { inner, response, errors } = begun({ idle: 2 })
  await pass(60_000)
  inner.respond(ok)
  inner.write('a')
  await pass(1500)
  inner.write('b')
  await pass(1500)
  expect(inner.over).toBe(false)
  await pass(500)
  expect([(await response).cut, String((await response).body)]).toEqual([true, 'ab'])
  expect(errors).toMatchObject([{ code: 'RESPONSE_SILENT' }])
})

test('a client that takes nothing keeps the time of the app', async () => {
  const { inner, carrier, response } = begun({ idle: 2 }, { slow: true })
  inner.respond(ok)
  expect(inner.write('a')).toBe(false)
  await pass(60_000)
  expect(inner.over).toBe(false)
  carrier.drain()
  await pass(1999)
  expect(inner.over).toBe(false)
  await pass(1)
  expect((await response).cut).toBe(true)
})

test('all of it has a bound, before and behind the head', async () => {
  const none = begun({ total: 2 })
  const some = begun({ total: 2 })
  some.inner.respond(ok)
  some.inner.write('a')
  await pass(2000)
  expect([(await none.response).status, (await some.response).cut]).toEqual([504, true])
  expect([...none.errors, ...some.errors].map(({ code }) => code)).toEqual(['RESPONSE_LONG', 'RESPONSE_LONG'])
})

test.each<[string, (exchange: ReturnType<typeof begun>) => void]>([
  ['answered', ({ inner }) => (inner.respond(ok), inner.end('fine'))],
  ['answered in pieces', ({ inner }) => (inner.respond(ok), inner.write('a'), inner.end())],
  ['failed', ({ inner }) => inner.fail(new Error('no'))],
  ['left by its client', ({ hangUp }) => hangUp()],
  ['left by its client behind the head', ({ inner, hangUp }) => (inner.respond(ok), inner.write('a'), hangUp())],
])('no timer is left of a request that was %s', async (_, end) => {
  const made = begun({ response: 2, idle: 2, total: 5 })
  end(made)
  await made.response
  expect(vi.getTimerCount()).toBe(0)
  expect(made.errors.every(({ code }) => code === 'APP_RAISED')).toBe(true)
})

test('that bounds nothing is refused', () => {
  expect(() => makeLayer(timeout, {})).toThrow(
    expect.objectContaining({ code: 'TIMEOUT_SETTINGS', path: 'use.0.timeout' }),
  )
})

test('a client that takes the last of a complete response later makes no app silent', async () => {
  const { inner, carrier, response, errors } = begun({ idle: 2 }, { slow: true })
  inner.respond(ok)
  inner.write('all of it')
  inner.end()
  await response
  carrier.drain()
  await pass(4000)
  expect(errors).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
