// The layer `mirror`.
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { PeerError } from '../../sidecar/errors.ts'
import type { Exchange } from '../../sidecar/exchange.ts'
import { mirror } from '../../sidecar/middleware/mirror.ts'
import { copyVariables } from '../../sidecar/variables.ts'
import { makeExchange } from '../exchange.ts'
import { layered, type App, type MadeLayer } from './layer.ts'

interface Copy {
  readonly exchange: Exchange
  readonly target: string
  readonly body: Promise<string>
}

interface Served extends MadeLayer {
  readonly copies: Copy[]
}

async function bodyOf(exchange: Exchange): Promise<string> {
  let text = ''
  for await (const bytes of exchange.body) text += Buffer.from(bytes).toString()
  return text
}

/** Answers with the body of the request. */
const echo: App = async (exchange) => {
  const body = await bodyOf(exchange)
  exchange.respond({ status: 200, reason: '', headers: [] })
  exchange.end(`app ${body}`)
}

const over: App = (exchange) => {
  exchange.respond({ status: 200, reason: '', headers: [] })
  exchange.end('thrown away')
}

async function serve(settings: Record<string, unknown> = {}, app: App = echo, answer: App = over): Promise<Served> {
  const copies: Copy[] = []
  const ask = (exchange: Exchange): void => {
    const { SCRIPT_NAME: script, PATH_INFO: path, REQUEST_URI: uri } = exchange.variables
    copies.push({ exchange, target: `${script}|${path}|${uri}`, body: bodyOf(exchange) })
    void answer(exchange)
  }
  return { ...(await layered(mirror, { to: '/next', ...settings }, app, { ask, mount: '/shop' })), copies }
}

test('a copy is asked for below another path, and what it answers is thrown away', async () => {
  const { ask, copies } = await serve()
  const { response, errors } = ask({ path: '/shop/a%20b?x=1', prefix: '/shop', headers: { Cookie: 'a=b' } })
  expect((await response).body.toString()).toBe('app ')
  expect(copies.map(({ target }) => target)).toEqual(['|/next/a b|/next/a%20b?x=1'])
  const [{ exchange }] = copies as [Copy]
  expect([exchange.variables.HTTP_COOKIE, exchange.variables.QUERY_STRING, exchange.over]).toEqual(['a=b', 'x=1', true])
  expect(errors).toEqual([])
})

test.each([
  ['in front of a mount', '/shop', '/front', '/front/shop'],
  ['in front of all', undefined, '/front', '/front'],
  ['where there is none', '/shop', '', '/shop'],
])('the prefix that the web server took away is that of the copy, %s', async (_, mount, prefix, script) => {
  const copies: string[] = []
  const ask = (exchange: Exchange): void => {
    const { SCRIPT_NAME: own, PATH_INFO: path, REQUEST_URI: uri } = exchange.variables
    copies.push(`${own}|${path}|${uri}`)
    void over(exchange)
  }
  const made = await layered(mirror, { to: '/next' }, echo, { ask, mount })
  await made.ask({ path: `${script}/a%20b?x=1`, prefix: script }).response
  expect(copies).toEqual([`${prefix}|/next/a b|${prefix}/next/a%20b?x=1`])
})

test('a WebSocket is not copied', async () => {
  const { ask, copies } = await serve()
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
  expect((await ask({ headers }).response).status).toBe(200)
  expect(copies).toEqual([])
})

test.each([
  ['at once', 'four', undefined],
  ['piece by piece', pieces('fo', 'ur'), 4],
  ['piece by piece, of unknown length', pieces('fo', 'ur'), undefined],
])('a body that comes %s is copied once it is whole', async (_, body, length) => {
  const { ask, copies } = await serve()
  const { response } = ask({ method: 'POST', body, ...(length !== undefined && { length }) })
  expect((await response).body.toString()).toBe('app four')
  expect(await copies[0]!.body).toBe('four')
  expect(copies[0]!.exchange.variables.CONTENT_LENGTH).toBe('4')
})

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

test.each([
  ['longer than `maxBody`', { body: 'too long' }, echo],
  ['longer than `maxBody`, as it turns out', { body: pieces('too ', 'long') }, echo],
  ['not read to its end', { body: pieces('fo', 'ur') }, over],
])('a request whose body is %s is not copied', async (_, request, app) => {
  const { ask, copies } = await serve({ maxBody: 4 }, app)
  expect((await ask({ method: 'POST', ...request }).response).status).toBe(200)
  expect(copies).toEqual([])
})

test('a request that asks for another protocol is not copied, nor is a copy', async () => {
  const { layer, ask, copies } = await serve()
  await ask({ headers: { Upgrade: 'websocket', Connection: 'Upgrade' } }).response
  const copy = makeExchange()
  copy.exchange.hops = 1
  layer.handle(copy.exchange, (exchange) => void over(exchange))
  expect((await copy.response).status).toBe(200)
  expect(copies).toEqual([])
})

test('so many of a hundred are copied', async () => {
  const { ask, copies } = await serve({ percent: 25 })
  for (let i = 0; i < 100; i++) await ask().response
  expect(copies.length).toBe(25)
})

test('what the app makes of the variables is not in the copy, nor the other way round', async () => {
  const { ask, copies } = await serve({}, (exchange) => {
    exchange.variables = copyVariables(exchange.variables)
    exchange.variables.PATH_INFO = '/changed'
    return over(exchange)
  })
  const { exchange, response } = ask({ path: '/a' })
  await response
  expect([copies[0]!.target, exchange.variables.PATH_INFO]).toEqual(['|/next/a|/next/a', '/changed'])
})

test('a copy that fails does nothing to the response, and is told', async () => {
  const { ask } = await serve({}, over, (exchange) => exchange.fail(new Error('no')))
  const { response, errors } = ask()
  expect([(await response).status, errors.map(({ code }) => code)]).toEqual([200, ['APP_RAISED']])
})

test('a copy goes on when the client is gone, and its time is bounded', async () => {
  const { ask, copies } = await serve(
    { timeout: 0.01 },
    () => {},
    () => {},
  )
  const { hangUp, errors } = ask()
  hangUp()
  const { exchange } = copies[0]!
  expect(exchange.over).toBe(false)
  await until('its end', () => exchange.over)
  expect(errors.map(({ code }) => code)).toEqual(['MIRROR_TIMEOUT'])
})

test('there are no more than `most` at the same time, which is told once', async () => {
  const { ask, copies, log } = await serve({ most: 2 }, over, () => {})
  for (let i = 0; i < 4; i++) await ask().response
  expect([copies.length, log.text.match(/MIRROR_FULL/g)]).toEqual([2, ['MIRROR_FULL']])
  for (const { exchange } of copies) void over(exchange)
  await ask().response
  expect(copies.length).toBe(3)
})

test('those whose bodies still come are among them, however they end', async () => {
  const { promise: rest, resolve: come } = Promise.withResolvers<Uint8Array>()
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('fo')
    yield await rest
  }
  const { ask, copies } = await serve({ most: 3, maxBody: 4 })
  const post = (body: AsyncIterable<Uint8Array>) => ask({ method: 'POST', body })
  const all = [post(slowly()), post(slowly()), post(slowly())]
  expect((await post(pieces('more')).response).body.toString()).toBe('app more')
  expect(copies).toEqual([])
  all[0]!.hangUp()
  await post(pieces('too ', 'long')).response
  await post(pieces('more')).response
  expect(copies.length).toBe(1)
  come(Buffer.from('ur'))
  await Promise.all(all.map(({ response }) => response))
  expect(await Promise.all(copies.map(({ body }) => body))).toEqual(['more', 'four', 'four'])
})

test('a path where nothing is mounted is told once', async () => {
  const nobody: App = (exchange) => exchange.fail(new PeerError('NO_MOUNT', 'nothing is mounted at this path', 404))
  const { ask, log } = await serve({}, over, nobody)
  await ask().response
  await ask().response
  expect(log.text.match(/MIRROR_NOWHERE/g)).toEqual(['MIRROR_NOWHERE'])
})

test('the end of the gateway ends them', async () => {
  const { ask, copies, layer } = await serve({}, over, () => {})
  await ask().response
  await layer.close!()
  expect(copies[0]!.exchange.aborted).toBe(true)
})
