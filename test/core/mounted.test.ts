// A mount in its place: what it counts, and how one mount is drained.
import { expect, test } from 'vitest'
import { AppError, PeerError } from '../../sidecar/errors.ts'
import { Mounted } from '../../sidecar/mounted.ts'
import { makeExchange, type TestExchange } from '../exchange.ts'
import { mountOf, startGateway, text, type Handler } from '../listen/gateway.ts'

/** A mount in its place, given so many requests. */
function mounted(handler: Handler, count = 1): { place: Mounted; made: TestExchange[] } {
  const place = new Mounted({ key: '/shop', mount: mountOf(handler) })
  const made = Array.from({ length: count }, () => makeExchange())
  for (const { exchange } of made) place.handle(exchange)
  return { place, made }
}

const held: Handler = () => {}

test('counts requests, those in flight, and how they ended', () => {
  const { place, made } = mounted(held, 5)
  expect(made[0]!.exchange.mount).toBe(place)
  expect(place.status).toEqual({
    key: '/shop',
    since: expect.stringMatching(/^20.*Z$/),
    requests: 5,
    inFlight: 5,
    failed: 0,
    abandoned: 0,
    durations: { count: 0, sum: 0, ranges: [] },
    retired: false,
    drained: false,
    mount: undefined,
  })
  made[0]!.hangUp()
  made[1]!.exchange.fail(new AppError('APP_RAISED', 'no'))
  made[2]!.exchange.fail(new PeerError('BODY_CUT', 'no'))
  text('fine')(made[3]!.exchange)
  // Late errors of one that is over are in the log, and not counted again.
  made[3]!.exchange.fail(new Error('late'))
  expect(place.status).toMatchObject({ requests: 5, inFlight: 1, failed: 1, abandoned: 2, durations: { count: 4 } })
})

test('a stop, and a server that breaks its protocol, are no fault of the client', () => {
  const { place, made } = mounted(held, 2)
  made[0]!.exchange.abort(new PeerError('GATEWAY_CLOSED', 'the gateway was stopped', 503))
  made[1]!.exchange.fail(new PeerError('RESPONSE_HEAD', 'no', 502))
  expect(place.status).toMatchObject({ requests: 2, inFlight: 0, failed: 2, abandoned: 0 })
})

test.each<[string, Handler]>([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
])('what a mount %s becomes the response', async (_, handler) => {
  const { place, made } = mounted(handler)
  expect((await made[0]!.response).status).toBe(500)
  expect(place.status).toMatchObject({ inFlight: 0, failed: 1 })
})

test('a promise that resolves ends no request', async () => {
  const { place, made } = mounted(() => Promise.resolve())
  await Promise.resolve()
  expect(place.inFlight).toBe(1)
  text('later')(made[0]!.exchange)
  expect(place.inFlight).toBe(0)
})

test('drains: waits for those in flight, however they end', async () => {
  const { place, made } = mounted(held, 2)
  const calls: string[] = []
  const drained = Promise.all([place.drain(), place.drain()]).then(() => calls.push('drained'))
  expect(place.status.retired).toBe(true)
  text('one')(made[0]!.exchange)
  await Promise.resolve()
  expect(calls).toEqual([])
  made[1]!.hangUp()
  await drained
  expect(place.inFlight).toBe(0)
  await place.drain()
})

test('tells those in flight, and those that come later, that it stops', () => {
  const { place, made } = mounted(held)
  const retired: string[] = []
  const watch = (name: string, { exchange }: TestExchange): void => {
    exchange.retire = () => void retired.push(name)
  }
  watch('first', made[0]!)
  place.retire()
  const second = makeExchange()
  watch('second', second)
  place.handle(second.exchange)
  expect(retired).toEqual(['first', 'second'])
})

test('a gateway shows what each of its mounts does', async () => {
  const { gateway, addresses } = await startGateway(['127.0.0.1:0'], { '/': text('root'), '/shop': text('shop') })
  await (await fetch(`http://${addresses[0]}/shop/`)).text()
  await (await fetch(`http://${addresses[0]}/shop/`)).text()
  expect(gateway.mounts).toMatchObject([
    { key: '/', requests: 0 },
    { key: '/shop', requests: 2, inFlight: 0, failed: 0 },
  ])
})
