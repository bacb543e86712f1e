// Whatever order the events of a connection come in, an exchange is handed over at most once, and is done once, as the last that is
// heard of it: nobody runs an app for a request that is over, and the gateway counts none for ever.
import { expect, test, vi } from 'vitest'
import { eventually } from '../harness.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { Gateway } from '../../sidecar/gateway.ts'
import { record, request } from '../wire/build.ts'
import { random, randomly, seed } from '../wire/splits.ts'
import { limit, startGateway, text, type Handler } from './gateway.ts'
import { connectTo } from './peer.ts'

type Chance = () => number

/** Records what the gateway was told of each exchange. */
function heard(gateway: Gateway): Map<Exchange, string[]> {
  const all = new Map<Exchange, string[]>()
  const note = (exchange: Exchange, what: string): void => {
    const before = all.get(exchange)
    if (before) before.push(what)
    else all.set(exchange, [what])
  }
  const { done } = gateway
  vi.spyOn(gateway, 'done').mockImplementation((exchange) => {
    note(exchange, 'done')
    done.call(gateway, exchange)
  })
  return all
}

/** The records of a request, its end or its abort at any place or nowhere. */
function records(id: number, next: Chance): Buffer[] {
  const length = next() < 0.3 ? undefined : Math.floor(next() * 40)
  const variables: Record<string, string> = { REQUEST_METHOD: 'POST', REQUEST_URI: `/${id}` }
  if (length !== undefined) variables.CONTENT_LENGTH = String(length)
  const list = [request(id, variables, { keep: next() < 0.8 })]
  const size = length ?? 10
  if (size > 0) list.push(record(5, id, 'x'.repeat(size)))
  list.push(record(5, id))
  if (next() < 0.5) list.splice(1 + Math.floor(next() * list.length), next() < 0.5 ? 9 : 0, record(2, id))
  return list
}

/** Several requests side by side, their records in any order that keeps each one's own. */
function conversation(next: Chance): Buffer {
  const all = Array.from({ length: 1 + Math.floor(next() * 5) }, (_, index) => records(index + 1, next))
  const out: Buffer[] = []
  while (all.length > 0) {
    const at = Math.floor(next() * all.length)
    out.push(all[at]!.shift()!)
    if (all[at]!.length === 0) all.splice(at, 1)
  }
  return Buffer.concat(out)
}

/** An app that does any of what apps do. */
function anyApp(next: Chance): Handler {
  return async (exchange) => {
    const way = next()
    if (way < 0.2) return text('at once')(exchange)
    if (way < 0.3) throw new Error('raised')
    if (way < 0.4) return void exchange.onAbort(() => exchange.fail(new Error('late')))
    if (way < 0.7) for await (const piece of exchange.body) void piece
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    await exchange.send('a part')
    if (way > 0.9) throw new Error('raised late')
    await Promise.resolve()
    exchange.end('and the rest')
  }
}

test(`done comes last and once, whatever order events come in (seed ${seed})`, async () => {
  const next = random(seed)
  const run: string[] = []
  const { gateway, addresses, errors } = await startGateway(
    ['fastcgi://127.0.0.1:0'],
    async (exchange) => {
      run.push(exchange.over ? 'over' : 'open')
      await anyApp(next)(exchange)
    },
    { drainTimeout: 2000 },
  )
  const all = heard(gateway)
  for (let round = 0; round < 150; round++) {
    const socket = await connectTo(addresses[0]!)
    socket.resume()
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const bytes = conversation(next)
    for (const piece of next() < 0.5 ? [bytes] : randomly(next)(bytes)) {
      socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (next() < 0.3) socket.resetAndDestroy()
    else socket.destroy()
    await closed
  }
  await gateway.drain()
  expect(errors.filter(({ code }) => code === 'DRAIN_TIMEOUT')).toEqual([])
  expect(run.length).toBeGreaterThan(0)
  expect(run).not.toContain('over')
  for (const events of all.values()) expect(events).toEqual(['done'])
  expect(all.size).toBeGreaterThanOrEqual(run.length)
})

test('a connection whose responses are all cut ends soon, not as late as one on which others go on', async () => {
  limit({ linger: 30_000 })
  const held: Exchange[] = []
  const { addresses } = await startGateway(['fastcgi://127.0.0.1:0'], async (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    await exchange.send('a part')
    held.push(exchange)
  })
  const socket = await connectTo(addresses[0]!)
  socket.on('error', () => {}).resume()
  const closed = new Promise((resolve) => socket.on('close', resolve))
  const variables = { REQUEST_METHOD: 'GET', REQUEST_URI: '/' }
  for (const id of [1, 2]) socket.write(Buffer.concat([request(id, variables, { keep: true }), record(5, id)]))
  await eventually(() => expect(held).toHaveLength(2))
  for (const exchange of held) exchange.fail(new Error('raised late'))
  const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'late'))
  expect(await Promise.race([closed, late])).not.toBe('late')
})

test('requests that are taken back in the bytes that bring them are never handed over, and do not hold up the stop', async () => {
  const handled: string[] = []
  const { gateway, addresses, accesses, errors } = await startGateway(
    ['127.0.0.1:0'],
    (exchange) => {
      handled.push(exchange.logged.uri)
      text('answered')(exchange)
    },
    { drainTimeout: 2000 },
  )
  const socket = await connectTo(addresses[0]!)
  let answered = ''
  socket.on('data', (bytes: Buffer) => (answered += bytes.toString('latin1')))
  const taken = (id: number): Buffer =>
    Buffer.concat([
      request(id, { REQUEST_METHOD: 'POST', REQUEST_URI: '/back', CONTENT_LENGTH: '1000' }),
      record(5, id, 'the beginning'),
      record(2, id),
    ])
  for (let time = 0; time < 20; time++) socket.write(taken(1))
  const last = { REQUEST_METHOD: 'GET', REQUEST_URI: '/last', CONTENT_LENGTH: '0' }
  socket.write(Buffer.concat([taken(1), taken(2), request(3, last), record(5, 3)]))
  await eventually(() => expect(answered).toContain('answered'))
  await gateway.drain()
  expect(errors).toEqual([])
  expect(handled.at(-1)).toBe('/last')
  expect(accesses.filter(({ uri }) => uri === '/back')).toHaveLength(22)
  expect(accesses.filter(({ uri }) => uri === '/last')).toMatchObject([{ status: 200 }])
})
