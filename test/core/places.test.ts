// Mounts in their places: one is reloaded, taken out, ended, and the others never notice.
import { expect, test } from 'vitest'
import { ConfigError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { PlacedMount } from '../../sidecar/mounted.ts'
import type { Mount } from '../../sidecar/mounts/mount.ts'
import { mountOf, startGateway, type TestGateway } from '../listen/gateway.ts'
import { until } from '../harness.ts'

/** Mounts that hold what they get: each with its number, and what became of it. */
class Series {
  readonly made: (Mount & { opened: number; closed: number; readonly held: Exchange[] })[] = []
  readonly placed: PlacedMount
  /** What opening one does from now on. */
  open: () => Promise<void> = async () => {}

  constructor(key = '/') {
    this.placed = { key, mount: this.#make(), another: () => this.#make() }
  }

  get last(): (typeof this.made)[number] {
    return this.made.at(-1)!
  }

  #make(): Mount {
    const held: Exchange[] = []
    const one = {
      ...mountOf((exchange) => void held.push(exchange)),
      held,
      opened: 0,
      closed: 0,
      open: async () => {
        await this.open()
        one.opened++
      },
      close: async () => void one.closed++,
    }
    this.made.push(one)
    return one
  }
}

function answer(exchange: Exchange, text: string): void {
  exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] })
  exchange.end(text)
}

async function serve(series: Series, drainTimeout = 10_000): Promise<TestGateway & { get(): Promise<string> }> {
  const one = await startGateway(['http://127.0.0.1:0'], {}, { mounts: [series.placed], drainTimeout })
  return { ...one, get: async () => (await fetch(one.addresses[0]!)).text() }
}

test('another one has the place, and the one before answers what it has', async () => {
  const series = new Series()
  const { gateway, get } = await serve(series)
  const [first] = series.made
  const early = get()
  await until('the request is there', () => first!.held.length === 1)
  await gateway.reload('/')
  expect(first!.closed).toBe(0)
  expect(gateway.mounts).toMatchObject([
    { key: '/', requests: 1, inFlight: 0, retired: false },
    { key: '/', requests: 1, inFlight: 1, retired: true },
  ])
  const late = get()
  await until('the request is there', () => series.last.held.length === 1)
  answer(series.last.held[0]!, 'second')
  expect(await late).toBe('second')
  answer(first!.held[0]!, 'first')
  expect(await early).toBe('first')
  await until('the first one is closed', () => first!.closed === 1)
  expect(gateway.mounts).toMatchObject([{ requests: 2, inFlight: 0, durations: { count: 2 } }])
})

test('one that does not open changes nothing, and is closed', async () => {
  const series = new Series()
  const { gateway, get } = await serve(series)
  series.open = () => Promise.reject(new ConfigError('APP_SHAPE', 'mounts./', 'no'))
  await expect(gateway.reload('/')).rejects.toMatchObject({ code: 'APP_SHAPE' })
  expect(series.made.map(({ closed }) => closed)).toEqual([0, 1])
  const asked = get()
  await until('the request is there', () => series.made[0]!.held.length === 1)
  answer(series.made[0]!.held[0]!, 'still here')
  expect(await asked).toBe('still here')
})

test('those who ask while one comes up share the next one', async () => {
  const series = new Series()
  const { gateway } = await serve(series)
  const gate = Promise.withResolvers<void>()
  series.open = () => gate.promise
  const all = Array.from({ length: 5 }, () => gateway.reload('/'))
  gate.resolve()
  await Promise.all(all)
  expect(series.made).toHaveLength(3)
  await until('those before are closed', () => series.made.map(({ closed }) => closed).join() === '1,1,0')
})

test('requests that outlive the limit are cut', async () => {
  const series = new Series()
  const { gateway, get, errors } = await serve(series, 50)
  const early = get()
  await until('the request is there', () => series.made[0]!.held.length === 1)
  await gateway.reload('/')
  expect(await early).toMatch(/^503 .*\nMOUNT_RELOADED /)
  await until('the first one is closed', () => series.made[0]!.closed === 1)
  const codes = errors.map(({ code }) => code)
  expect(codes).toEqual([undefined, 'DRAIN_TIMEOUT', 'MOUNT_RELOADED'])
})

test('a gateway that drains waits for those that finish too', async () => {
  const series = new Series()
  const { gateway, get } = await serve(series)
  const early = get()
  await until('the request is there', () => series.made[0]!.held.length === 1)
  await gateway.reload('/')
  const drained = gateway.drain()
  answer(series.made[0]!.held[0]!, 'first')
  expect(await early).toBe('first')
  await drained
  expect(series.made.map(({ closed }) => closed)).toEqual([1, 1])
})

test('a gateway that is closed meanwhile is not held up, and leaves nothing open', async () => {
  const series = new Series()
  const { gateway } = await serve(series)
  const gate = Promise.withResolvers<void>()
  series.open = () => gate.promise
  const reload = gateway.reload('/').catch((error: unknown) => error)
  await gateway.close()
  gate.resolve()
  expect(await reload).toMatchObject({ code: 'RELOAD_FAILED' })
  expect(series.last.closed).toBe(1)
})

test('one that is taken out answers 503, until it is back', async () => {
  const series = new Series()
  const { gateway, get } = await serve(series)
  const early = get()
  await until('the request is there', () => series.made[0]!.held.length === 1)
  const out = gateway.takeOut('/', true)
  expect(await get()).toMatch(/^503 .*\nMOUNT_DRAINED /)
  answer(series.made[0]!.held[0]!, 'first')
  expect(await early).toBe('first')
  expect(await out).toBe(0)
  expect(await gateway.takeOut('/', false)).toBe(0)
  const late = get()
  await until('the request is there', () => series.made[0]!.held.length === 2)
  answer(series.made[0]!.held[1]!, 'back')
  expect(await late).toBe('back')
})

test('a mount that reloads itself is asked to', async () => {
  let asked = 0
  const mount = { ...mountOf(() => {}), reload: async () => void asked++ }
  const { gateway } = await startGateway(['127.0.0.1:0'], {}, { mounts: [{ key: '/shop', mount }] })
  await gateway.reload('/shop')
  expect(asked).toBe(1)
})

test.each([
  ['/none', 'MOUNT_UNKNOWN', 'there is no mount /none; there are /shop'],
  ['/shop', 'MOUNT_STAYS', '/shop cannot be reloaded alone: it is what it is'],
])('%s: %s', async (key, code, message) => {
  const mount = { ...mountOf(() => {}), stays: 'it is what it is' }
  const mounts = [{ key: '/shop', mount, another: () => mount }]
  const { gateway } = await startGateway(['127.0.0.1:0'], {}, { mounts })
  await expect(gateway.reload(key)).rejects.toMatchObject({ code, message })
})

test('of many mounts the first are told to who means none of them, and the one that may be meant', async () => {
  const mount = mountOf(() => {})
  const mounts = Array.from({ length: 300 }, (_, index) => ({ key: `/shop-${1000 + index}`, mount }))
  const { gateway } = await startGateway(['127.0.0.1:0'], {}, { mounts })
  const keys = Array.from({ length: 10 }, (_, index) => `/shop-${1000 + index}`)
  await expect(gateway.reload('/wiki')).rejects.toThrow(
    `there is no mount /wiki; there are ${keys.join(', ')} and 290 more`,
  )
  await expect(gateway.reload('shop-1234')).rejects.toThrow('there is no mount shop-1234; did you mean /shop-1234?')
})
