// 103 Early Hints of apps: who can send them, and to whom they go.
import { expect, test } from 'vitest'
import { handleFetch, type FetchHandler } from '../../sidecar/handlers/fetch/handle.ts'
import { fromFetch } from '../../sidecar/interface/from-fetch.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import { runApplication } from '../../sidecar/interface/run.ts'
import type { Application } from '../../sidecar/interface/types.ts'
import { startGateway, type Handler } from './gateway.ts'
import { talk, uwsgiRequest } from './peer.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const LINK = '</a.css>; rel=preload'
const HINTS = `HTTP/1.1 103 Early Hints\r\nlink: ${LINK}\r\n\r\n`

const app: Application = (environ, startResponse) => {
  const sent = environ['wsgi.early_hints']?.([['link', LINK]])
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [`<${sent}>`]
}
const handler: FetchHandler = (_, env) => new Response(`<${env.earlyHints({ link: LINK })}>`)

const fetched: Handler = (exchange) => handleFetch(handler, exchange, { request: 'light', workFailed: () => {} })
const kinds: [string, Handler][] = [
  ['app', (exchange) => void runApplication(app, exchange)],
  ['app behind lint and a copy of its environ', (exchange) => void runApplication(copying(lint(app)), exchange)],
  ['fetch', fetched],
  ['fetch as an app', (exchange) => void runApplication(fromFetch(handler), exchange)],
]

/** As middleware may. */
function copying(inner: Application): Application {
  return (environ, startResponse) => inner({ ...environ }, startResponse)
}

test.each(kinds)('%s', async (_, handle) => {
  const { addresses } = await startGateway(
    ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0', { address: 'http://127.0.0.1:0', trust: ['127.0.0.1'] }],
    handle,
    { host: 'nginx' },
  )
  const [http, uwsgi, proxied] = addresses as [string, string, string]
  const answer = await talk(http, REQUEST)
  expect(answer.slice(0, HINTS.length)).toBe(HINTS)
  expect(answer).toMatch(/HTTP\/1\.1 200 [^]*<true>/)
  expect(await talk(uwsgi, uwsgiRequest('/'))).toMatch(/^HTTP\/1\.1 200 [^]*<(?:undefined|false)>/)
  expect(await talk(proxied, REQUEST)).toMatch(/^HTTP\/1\.1 200 [^]*<false>/)
})

test('a web server that takes them is sent them where that is said', async () => {
  const { addresses } = await startGateway(
    [
      { address: 'http://127.0.0.1:0', trust: ['127.0.0.1'], earlyHints: true },
      { address: 'http://127.0.0.1:0', earlyHints: false },
    ],
    fetched,
    { host: 'nginx' },
  )
  const [proxied, direct] = await Promise.all(addresses.map((address) => talk(address, REQUEST)))
  expect(proxied).toContain(HINTS)
  expect(direct).not.toContain(HINTS)
})

test('called without its environ it says how to call it', async () => {
  const { addresses } = await startGateway(
    ['http://127.0.0.1:0'],
    (exchange) =>
      runApplication((environ, startResponse) => {
        const hint = environ['wsgi.early_hints']!
        try {
          hint([['link', LINK]])
        } catch (error) {
          startResponse('200 OK', [['Content-Type', 'text/plain']])
          return [(error as Error).message]
        }
        return []
      }, exchange) as void,
  )
  expect(await talk(addresses[0]!, REQUEST)).toMatch(/call it as a method of the environ/)
})

test('32 of a request are sent, and the app is told that more are not', async () => {
  const { addresses } = await startGateway(
    ['http://127.0.0.1:0'],
    (exchange) =>
      void runApplication((environ, startResponse) => {
        const sent = Array.from({ length: 40 }, () => environ['wsgi.early_hints']!([['link', LINK]]))
        startResponse('200 OK', [['Content-Type', 'text/plain']])
        return [`<${sent.lastIndexOf(true)} ${sent.indexOf(false)}>`]
      }, exchange),
  )
  const answer = await talk(addresses[0]!, REQUEST)
  expect(answer.slice(0, 32 * HINTS.length)).toBe(HINTS.repeat(32))
  expect(answer.slice(32 * HINTS.length)).toMatch(/^HTTP\/1\.1 200 [^]*<31 32>/)
})
