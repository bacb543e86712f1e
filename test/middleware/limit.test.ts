// How many requests come, how many at a time, how large they are, and how slowly they come.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RequestBody } from '../../sidecar/body.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { aside } from '../../sidecar/middleware/aside.ts'
import { chain } from '../../sidecar/middleware/chain.ts'
import { addressKey } from '../../sidecar/middleware/limit/key.ts'
import { limit } from '../../sidecar/middleware/limit/limit.ts'
import { rateOf, Rates } from '../../sidecar/middleware/limit/rates.ts'
import { redispatched } from '../../sidecar/redispatch.ts'
import { copyVariables } from '../../sidecar/variables.ts'
import type { TestExchange, TestRequest, TestResponse } from '../exchange.ts'
import { text } from '../listen/gateway.ts'
import { makeLayer, reports } from './layer.ts'

describe('a rate', () => {
  test('10/s: ten at once, and one more each tenth of a second', () => {
    const rates = new Rates(rateOf('10/s', undefined))
    const passed = Array.from({ length: 10 }, (_, index) => rates.take('a', 0).left === 9 - index)
    expect(passed).not.toContain(false)
    expect(rates.take('a', 0)).toMatchObject({ wait: 100, left: 0 })
    expect(rates.take('a', 99).wait).toBe(1)
    expect(rates.take('a', 100).wait).toBe(0)
    expect(rates.take('a', 100).wait).toBe(100)
    expect(rates.take('b', 100)).toEqual({ wait: 0, left: 9, reset: 100 })
  })

  // Milliseconds of a clock, and intervals such as a third, have no end in binary.
  test.each([3, 7, 9, 11, 300])('of %d in a time takes as many at once, whatever the clock says', (many) => {
    for (let now = 0.1; now < 1e10; now *= 3.7) {
      const rates = new Rates(rateOf(`${many}/s`, undefined), undefined, 2)
      const left = Array.from({ length: many }, () => rates.take('a', now)).map((verdict) =>
        verdict.wait === 0 && verdict.delay === undefined ? verdict.left : -1,
      )
      expect(left, `at ${now}`).toEqual(Array.from({ length: many }, (_, index) => many - 1 - index))
      // Two more may wait for their turn.
      const later = Array.from({ length: 3 }, () => rates.take('a', now)).map(({ wait, delay }) => [wait > 0, delay])
      const interval = expect.closeTo(1000 / many, 3)
      expect(later).toEqual([
        [false, interval],
        [false, expect.closeTo(2000 / many, 3)],
        [true, undefined],
      ])
    }
  })

  test('of fewer requests refuses none, at the edge of no window', () => {
    const rates = new Rates(rateOf('10/s', 0))
    for (let now = 0; now < 5000; now += 1000 / 9) expect(rates.take('a', now).wait).toBe(0)
    const bursts = new Rates(rateOf('10/s', undefined))
    let passed = 0
    for (let now = 950; now < 1100; now += 1) if (bursts.take('a', now).wait === 0) passed++
    expect(passed).toBe(11)
  })

  test.each([
    ['10/s', 100, 9],
    ['5/10s', 2000, 4],
    ['300/m', 200, 299],
    ['1000/h', 3600, 999],
    ['1/d', 86_400_000, 0],
  ])('%s is one each %d ms', (written, interval, burst) => {
    expect(rateOf(written, undefined)).toEqual({ interval, burst })
  })

  test('a million keys take bounded memory, and those that wait still do', () => {
    const rates = new Rates(rateOf('1/h', undefined), 1000)
    for (let i = 0; i < 1_000_000; i++) rates.take(String(i), i / 1000)
    expect(rates.size).toBeLessThanOrEqual(2000)
    const quick = new Rates(rateOf('10/s', undefined))
    for (let i = 0; i < 100; i++) quick.take('a', 5000)
    for (let i = 0; i < 1000; i++) quick.take(`other ${i}`, 5000 + i)
    expect(quick.take('a', 5900).wait).toBe(0)
    // What makes no difference any more is forgotten.
    quick.take('a', 10_000)
    quick.take('a', 12_000)
    expect(quick.size).toBeLessThanOrEqual(2)
  })
})

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:102:304', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0::/64'],
  ['bogus', ''],
  ['', ''],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address, 64)).toBe(key)
})

test.each([
  [48, '2001:db8:1::/48'],
  [56, '2001:db8:1:1200::/56'],
  [128, '2001:db8:1:12ff:3:4:5:6::/128'],
])('of IPv6 %d bits count', (bits, key) => {
  expect(addressKey('2001:db8:1:12ff:3:4:5:6', bits)).toBe(key)
})

const from = (address: string, more: TestRequest = {}): TestRequest => ({
  ...more,
  variables: { REMOTE_ADDR: address },
})

describe('requests', () => {
  // However long the machine takes for them, they come at once.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  test('10/s with a burst of 5, 20 at once: six pass, the others get 429', async () => {
    const { ask } = makeLayer(limit, { rate: '10/s', burst: 5 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(from('192.0.2.1')).response))
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(6)
    expect(refused).toHaveLength(14)
    expect(new Set(refused.map((one) => one.header('retry-after')))).toEqual(new Set(['1']))
    expect((await ask(from('192.0.2.2')).response).status).toBe(200)
  })

  test('X-Forwarded-For of a client changes nothing', async () => {
    const { ask } = makeLayer(limit, { rate: '1/h' })
    const status = async (forged: string): Promise<number> =>
      (await ask(from('192.0.2.1', { headers: { 'X-Forwarded-For': forged } })).response).status
    expect([await status('1.1.1.1'), await status('2.2.2.2')]).toEqual([200, 429])
  })

  test.each([
    ['all', {}, { REMOTE_ADDR: '192.0.2.9' }, 429],
    ['address', {}, { REMOTE_ADDR: '192.0.2.9' }, 200],
    ['HTTP_X_KEY', { 'X-Key': 'a' }, { HTTP_X_KEY: 'b' }, 200],
    ['HTTP_X_KEY', { 'X-Key': 'a' }, { HTTP_X_KEY: 'a', REMOTE_ADDR: '192.0.2.9' }, 429],
    ['HTTP_X_KEY', {}, {}, 429],
    ['HTTP_X_KEY', { 'X-Key': 'x'.repeat(5000) }, { HTTP_X_KEY: 'x'.repeat(5000) }, 429],
    ['HTTP_X_KEY', { 'X-Key': `${'x'.repeat(5000)}1` }, { HTTP_X_KEY: `${'x'.repeat(5000)}2` }, 200],
    // A client that writes the address of another one into its key is not that one.
    ['HTTP_X_KEY', {}, { HTTP_X_KEY: '192.0.2.7' }, 200],
  ])('key %s: after %j comes %j', async (key, headers, variables, status) => {
    const { ask } = makeLayer(limit, { rate: '1/h', key })
    expect((await ask({ headers }).response).status).toBe(200)
    expect((await ask({ variables }).response).status).toBe(status)
  })

  test.each([
    [
      'draft',
      { 'ratelimit-policy': '"default";q=2;w=7200', ratelimit: '"default";r=1;t=3600' },
      { ratelimit: '"default";r=0;t=7200' },
    ],
    [
      'x',
      { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '3600' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '7200' },
    ],
  ])('clients are told in the fields of %s', async (fields, first, refused) => {
    const { ask } = makeLayer(limit, { rate: '1/h', burst: 1, fields, status: 503 })
    const seen = (response: TestResponse, names: object): unknown =>
      Object.fromEntries(Object.keys(names).map((name) => [name, response.header(name)]))
    const answer = await ask().response
    expect(seen(answer, first)).toEqual(first)
    await ask().response
    const last = await ask().response
    expect([last.status, last.header('retry-after'), seen(last, refused)]).toEqual([503, '3600', refused])
  })
})

describe('more than the rate, with delay', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())
  const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

  test('waits for its turn, one each so often; what is beyond that is refused', async () => {
    const made = makeLayer(limit, { rate: '10/s', burst: 1, delay: 2, fields: 'x' })
    const seen: string[] = []
    const ask = (name: string): TestExchange => made.ask({}, (exchange) => (seen.push(name), text('fine')(exchange)))
    const all = ['a', 'b', 'c', 'd', 'e'].map(ask)
    expect(seen).toEqual(['a', 'b'])
    expect(made.layer.status!()).toEqual({ layer: 'limit', counts: { passed: 4, refused: 1, waiting: 2, clients: 1 } })
    const refused = await all[4]!.response
    expect([refused.status, refused.header('x-ratelimit-remaining')]).toEqual([429, '0'])
    await pass(99)
    expect(seen.length).toBe(2)
    await pass(1)
    expect(seen.at(-1)).toBe('c')
    await pass(100)
    expect([seen.at(-1), (await all[3]!.response).status, made.layer.status!().counts.waiting]).toEqual(['d', 200, 0])
  })

  test('asks nothing for a client that has gone meanwhile, and no more wait than may', async () => {
    const made = makeLayer(limit, { rate: '10/s', burst: 0, delay: 5, waiting: 1, key: 'HTTP_X_KEY', concurrent: 9 })
    let asked = 0
    const ask = (key: string): TestExchange =>
      made.ask({ headers: { 'X-Key': key } }, (exchange) => (asked++, text('fine')(exchange)))
    await Promise.all([ask('a').response, ask('b').response])
    const waits = ask('a')
    expect((await ask('b').response).status).toBe(429)
    waits.hangUp()
    expect(made.layer.status!().counts.waiting).toBe(0)
    const next = ask('b')
    await pass(1000)
    expect([(await next.response).status, asked]).toEqual([200, 3])
  })

  test.each([
    [{ delay: 2, body: 1 }, 'has burst, delay or fields without the rate'],
    [{ rate: '1/m', delay: 2 }, 'has the last of 2 wait for 120 s (delay); 60 s is the most'],
  ])('%j is refused', (settings, message) => {
    expect(() => makeLayer(limit, settings)).toThrow(
      expect.objectContaining({ code: 'LIMIT_SETTINGS', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('requests at a time', () => {
  test('are counted until they are over, however', async () => {
    const { ask } = makeLayer(limit, { concurrent: 2 })
    const held: Exchange[] = []
    const hold = (exchange: Exchange): void => void held.push(exchange)
    const first = ask({}, hold)
    const second = ask({}, hold)
    const refused = await ask().response
    expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
    expect((await ask(from('192.0.2.9')).response).status).toBe(200)
    first.hangUp()
    expect((await ask().response).status).toBe(200)
    held[1]!.fail(new Error('no'))
    await second.response
    const others = [ask({}, hold), ask({}, hold)]
    expect((await ask().response).status).toBe(503)
    held.splice(2).forEach((exchange) => text('fine')(exchange))
    await Promise.all(others.map(({ response }) => response))
    expect((await ask().response).status).toBe(200)
  })

  test('a stream of events counts as long as it lasts', async () => {
    const { ask } = makeLayer(limit, { concurrent: 1 })
    let stream: Exchange | undefined
    const made = ask({}, (exchange) => {
      stream = exchange
      exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/event-stream']] })
      exchange.write('data: 1\n\n')
    })
    expect((await ask().response).status).toBe(503)
    stream!.end()
    await made.response
    expect((await ask().response).status).toBe(200)
  })
})

describe('a body', () => {
  async function* pieces(...sizes: number[]): AsyncGenerator<Uint8Array> {
    for (const size of sizes) yield Buffer.alloc(size)
  }
  const counts = async (exchange: Exchange): Promise<void> => {
    let size = 0
    for await (const bytes of exchange.body) size += bytes.length
    text(String(size))(exchange)
  }

  test.each<[string, TestRequest, number, string]>([
    ['as large as it may be', { body: 'x'.repeat(10) }, 200, '10'],
    ['that says it is larger', { body: 'x'.repeat(11) }, 413, 'LIMIT_BODY'],
    ['of unknown length', { body: pieces(5, 5) }, 200, '10'],
    ['of unknown length that is larger', { body: pieces(5, 5, 1) }, 413, 'LIMIT_BODY'],
    ['that is none', {}, 200, '0'],
  ])('%s', async (_, request, status, words) => {
    const { ask } = makeLayer(limit, { body: 10 })
    const response = await ask({ method: 'POST', ...request }, (exchange) => void counts(exchange).catch(() => {}))
      .response
    expect([response.status, String(response.body)]).toEqual([status, expect.stringContaining(words)])
  })

  test('that turns out too large cuts a response that has begun', async () => {
    const { ask } = makeLayer(limit, { body: 10 })
    const { response, carrier } = ask({ method: 'POST', body: pieces(5, 6) }, async (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      exchange.flush()
      await counts(exchange).catch(() => {})
    })
    expect((await response).cut).toBe(true)
    expect(carrier.calls).toEqual(['start', 'cut'])
  })

  test('slower than it may be gets 408, as long as it is waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { ask } = makeLayer(limit, { bodyRate: 100, bodyGrace: 1 })
      let send: ((bytes: Uint8Array) => void) | undefined
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (;;) yield await new Promise<Uint8Array>((resolve) => (send = resolve))
      }
      const { response, exchange } = ask({ method: 'POST', body: slow() }, (one) => void counts(one).catch(() => {}))
      const step = async (milliseconds: number, bytes: number): Promise<void> => {
        await vi.advanceTimersByTimeAsync(milliseconds)
        send?.(Buffer.alloc(bytes))
        await vi.advanceTimersByTimeAsync(0)
      }
      await step(900, 100)
      await step(900, 100)
      await step(900, 1)
      expect(exchange.over).toBe(false)
      await vi.advanceTimersByTimeAsync(400)
      const { status, body } = await response
      expect([status, String(body)]).toEqual([408, expect.stringContaining('LIMIT_BODY_RATE')])
    } finally {
      vi.useRealTimers()
    }
  })

  test('that an app reads slowly is no fault of its client', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { ask } = makeLayer(limit, { bodyRate: 100, bodyGrace: 1 })
      const { response } = ask({ method: 'POST', body: pieces(10, 10), length: 20 }, async (exchange) => {
        await new Promise((resolve) => setTimeout(resolve, 60_000))
        await counts(exchange)
      })
      await vi.advanceTimersByTimeAsync(60_000)
      expect((await response).status).toBe(200)
    } finally {
      vi.useRealTimers()
    }
  })
})

test('what belongs to a request is not counted again: what a layer asks, and where an app leads it inside', async () => {
  const { layer, ask } = makeLayer(limit, { concurrent: 1, rate: '1/h' })
  const front = chain([layer], reports)
  const asks = ask({}, async (exchange) => {
    const { head } = await aside(front, {
      of: exchange,
      variables: copyVariables(exchange.variables),
      body: new RequestBody(0),
      max: 10_000,
      timeout: 10_000,
    })
    expect(head.status).toBe(200)
    front(redispatched(exchange, copyVariables(exchange.variables)))
  })
  expect((await asks.response).status).toBe(200)
  expect((await ask().response).status).toBe(429)
})

test('a head that is too large gets 431', async () => {
  const { ask } = makeLayer(limit, { head: 100 })
  expect((await ask({ path: '/short' }).response).status).toBe(200)
  expect((await ask({ path: `/${'x'.repeat(100)}` }).response).status).toBe(431)
  expect((await ask({ headers: { 'Content-Type': 'x'.repeat(100) } }).response).status).toBe(431)
  const answer = await ask({ headers: { Cookie: 'x'.repeat(100) } }).response
  expect([answer.status, String(answer.body)]).toEqual([431, expect.stringContaining('LIMIT_HEAD')])
})

test('of some paths only', async () => {
  const { ask } = makeLayer(limit, { rate: '1/h', path: '/login' })
  const status = async (path: string): Promise<number> => (await ask({ path }, reports).response).status
  expect([await status('/login'), await status('/Login/'), await status('/'), await status('/')]).toEqual([
    200, 429, 200, 200,
  ])
})

test.each([
  [{}, 'limits nothing'],
  [{ key: 'all' }, 'limits nothing'],
  [{ concurrent: 1, burst: 3 }, 'without the rate'],
])('%j is refused', (settings, words) => {
  expect(() => makeLayer(limit, settings)).toThrow(
    expect.objectContaining({ code: 'LIMIT_SETTINGS', message: expect.stringContaining(words) }),
  )
})

test.each(['10', '0/s', '10/y', '-1/s', '1e3/s', ''])('%j is no rate', (rate) => {
  expect(() => makeLayer(limit, { rate })).toThrow('is a rate')
})
