// What is tried again, how often, and what is not. Time is the test's own.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AppError, PeerError, UpstreamError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Budget } from '../../sidecar/middleware/retry/budget.ts'
import { retry } from '../../sidecar/middleware/retry/retry.ts'
import type { HeaderPair } from '../../sidecar/wire/head.ts'
import type { TestRequest, TestResponse } from '../exchange.ts'
import { text } from '../listen/gateway.ts'
import { makeLayer } from './layer.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(() => void vi.useRealTimers())

type App = (exchange: Exchange, attempt: number) => void

const status =
  (code: number, headers: HeaderPair[] = []): App =>
  (exchange) => {
    exchange.respond({ status: code, reason: '', headers })
    exchange.end('x')
  }
const fails =
  (error: Error): App =>
  (exchange) =>
    exchange.fail(error)

/** The answer, after as many seconds as that takes, and how often the app was asked. */
async function run(
  app: App,
  request: TestRequest = {},
  settings: Record<string, unknown> = {},
): Promise<TestResponse & { asked: number; log: string }> {
  let asked = 0
  const { ask, log } = makeLayer(retry, settings)
  const { response } = ask(request, (exchange) => app(exchange, ++asked))
  await vi.runAllTimersAsync()
  return { ...(await response), asked, log: log.text }
}

/** Fails so many times, then answers. */
const after =
  (times: number, app: App): App =>
  (exchange, attempt) =>
    attempt <= times ? app(exchange, attempt) : text('fine')(exchange)

const refused = new UpstreamError('UPSTREAM_CONNECT', 'refused')
const reset = new UpstreamError('UPSTREAM_RESET', 'reset')

test.each<[string, App, TestRequest, number, number]>([
  ['no connection', after(1, fails(refused)), {}, 200, 2],
  ['no connection, twice', after(2, fails(refused)), {}, 200, 3],
  ['no connection, too often', after(3, fails(refused)), {}, 502, 3],
  ['no connection, of a POST that reached nobody', after(1, fails(refused)), { method: 'POST', body: 'abc' }, 200, 2],
  ['a connection that broke', after(1, fails(reset)), {}, 200, 2],
  ['a connection that broke, of a POST', after(1, fails(reset)), { method: 'POST', body: 'abc' }, 502, 1],
  ['a connection that broke, of a PUT', after(1, fails(reset)), { method: 'PUT', body: 'abc' }, 200, 2],
  ['503', after(1, status(503)), {}, 200, 2],
  ['503 of a HEAD', after(1, status(503)), { method: 'HEAD' }, 200, 2],
  ['503 of a POST', after(1, status(503)), { method: 'POST' }, 503, 1],
  ['503 for good', status(503), {}, 503, 3],
  ['500, which is the app', after(1, status(500)), {}, 500, 1],
  ['404', after(1, status(404)), {}, 404, 1],
  ['an app that raised', after(1, fails(new AppError('APP_RAISED', 'no'))), {}, 500, 1],
  ['what the client did wrong', after(1, fails(new PeerError('HOST_TWICE', 'no', 503))), {}, 503, 1],
])('%s', async (_, app, request, expected, times) => {
  const answer = await run(app, request)
  expect([answer.status, answer.asked, answer.cut]).toEqual([expected, times, false])
})

test('other statuses, and how often, are as they are set', async () => {
  expect((await run(after(1, status(500)), {}, { statuses: [500] })).asked).toBe(2)
  expect((await run(after(1, fails(new AppError('APP_RAISED', 'no'))), {}, { statuses: [500] })).asked).toBe(2)
  expect((await run(status(503), {}, { attempts: 5 })).asked).toBe(5)
})

test('each try has the whole body and variables of its own', async () => {
  const seen: unknown[] = []
  const answer = await run(
    async (exchange, attempt) => {
      const bytes = await exchange.body.read()
      seen.push([String(bytes), exchange.variables.X_SEEN, exchange.variables.CONTENT_LENGTH])
      exchange.variables.X_SEEN = 'yes'
      if (attempt < 3) return exchange.fail(reset)
      text('fine')(exchange)
    },
    { method: 'PUT', body: 'abc' },
  )
  expect([answer.status, seen]).toEqual([200, Array(3).fill(['abc', undefined, '3'])])
})

test('a body of which too much was read to keep it is not sent again', async () => {
  async function* large(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 20; i++) yield Buffer.alloc(10_000)
  }
  const answer = await run(
    async (exchange) => {
      for (let i = 0; i < 10; i++) await exchange.body.read()
      exchange.fail(reset)
    },
    { method: 'PUT', body: large() },
  )
  expect([answer.status, answer.asked]).toEqual([502, 1])
})

test('nothing is tried again once a part of the response was sent', async () => {
  const answer = await run((exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    exchange.write('a')
    exchange.fail(reset)
  })
  expect([answer.cut, answer.asked]).toEqual([true, 1])
})

test('a head that nobody has seen does not keep from it', async () => {
  const answer = await run(
    after(1, (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [['X-First', 'yes']] })
      exchange.fail(reset)
    }),
  )
  expect([answer.status, answer.asked, answer.header('x-first')]).toEqual([200, 2, undefined])
})

test('what an answer that is not taken still sends is of no use, and its app is told to end', async () => {
  let first: Exchange | undefined
  const answer = await run((exchange, attempt) => {
    if (attempt > 1) return text('second')(exchange)
    first = exchange
    exchange.respond({ status: 503, reason: '', headers: [] })
    exchange.write('no')
    exchange.write('more')
  })
  expect([String(answer.body), first!.aborted]).toEqual(['second', true])
})

describe('the time between', () => {
  const times = async (settings: Record<string, unknown>, app: App = status(503)): Promise<number[]> => {
    const at: number[] = []
    await run((exchange, attempt) => (at.push(Date.now()), app(exchange, attempt)), {}, settings)
    return at.map((time, index) => time - (at[index - 1] ?? time)).slice(1)
  }

  test('doubles, with a little chance in it, up to a bound', async () => {
    const between = await times({ attempts: 5, delay: 1, maxDelay: 3 })
    const bounds = [1000, 2000, 3000, 3000]
    between.forEach((time, index) => {
      expect(time).toBeGreaterThanOrEqual(bounds[index]! / 2)
      expect(time).toBeLessThanOrEqual(bounds[index]!)
    })
    expect(between).toHaveLength(4)
  })

  test('is what the app asks for', async () => {
    const [first] = await times({ delay: 0.1 }, after(1, status(503, [['Retry-After', '4']])))
    expect(first).toBe(4000)
    const date = new Date(Date.now() + 3000).toUTCString()
    const [second] = await times({ delay: 0.1 }, after(1, status(503, [['Retry-After', date]])))
    expect(second).toBeGreaterThan(1900)
    expect(second).toBeLessThanOrEqual(3000)
  })

  test('that is too long is the client’s to wait', async () => {
    const answer = await run(status(503, [['Retry-After', '6']]))
    expect([answer.asked, answer.header('retry-after')]).toEqual([1, '6'])
  })

  test('is not waited for a client that has gone', async () => {
    let asked = 0
    const { ask } = makeLayer(retry, {})
    const { hangUp, errors } = ask({}, (exchange) => (asked++, exchange.fail(refused)))
    hangUp()
    expect(vi.getTimerCount()).toBe(0)
    await vi.runAllTimersAsync()
    expect([asked, errors]).toEqual([1, []])
  })
})

test('when all is down, few are tried again', async () => {
  let asked = 0
  const { ask } = makeLayer(retry, { budget: 20 })
  const answers = Array.from({ length: 100 }, () => ask({}, (exchange) => (asked++, status(503)(exchange, 0))).response)
  await vi.runAllTimersAsync()
  await Promise.all(answers)
  expect(asked).toBeGreaterThan(110)
  expect(asked).toBeLessThanOrEqual(130)
})

test('a budget is a share of the requests, and ten in reserve', () => {
  const budget = new Budget(50)
  expect(Array.from({ length: 11 }, () => budget.spend()).filter(Boolean)).toHaveLength(10)
  budget.earn()
  expect(budget.spend()).toBe(false)
  budget.earn()
  expect([budget.spend(), budget.spend()]).toEqual([true, false])
  // Ten tenths are one.
  const tenth = new Budget(10)
  while (tenth.spend());
  for (let times = 0; times < 10; times++) tenth.earn()
  expect([tenth.spend(), tenth.spend()]).toEqual([true, false])
})

test('the log says what is tried again', async () => {
  const { log } = await run(after(1, fails(refused)))
  expect(log).toContain('refused; trying again')
  expect(log).toContain('UPSTREAM_CONNECT')
})
