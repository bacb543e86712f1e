// What a JSGI app sees, and what becomes of what it gives: as a mount, in workers, and as an Application.
import { beforeEach, expect, test } from 'vitest'
import { callApplication, makeEnviron } from '../../sidecar/interface/call.ts'
import { fromJsgi } from '../../sidecar/interface/from-jsgi.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import { jsgi as kind } from '../../sidecar/mounts/jsgi.ts'
import { open as openRequest } from '../conformance/client.ts'
import { startGateway, until } from '../harness.ts'
import { openMount, type OpenMount } from '../mount.ts'
import * as apps from './apps/apps.ts'

const folder = new URL('apps/', import.meta.url)
const open = (name: string): Promise<OpenMount> => openMount(kind, { jsgi: `./apps.ts#${name}` }, folder)

beforeEach(() => void (apps.seen.length = 0))

test('the request', async () => {
  const gateway = await startGateway({
    listen: ['http://127.0.0.1:0'],
    mounts: [{ key: '/shop', kind, settings: { jsgi: './apps.ts#prefixed' } }],
    directory: new URL('.', folder).pathname,
  })
  const response = await fetch(`http://${gateway.addresses[0]}/shop/a%20b?c=%2F`, { headers: { 'X-A': 'b' } })
  const port = Number(gateway.addresses[0]!.split(':').at(-1))
  expect(response.headers.get('x-layer')).toBe('yes')
  expect(await response.json()).toMatchObject({
    method: 'GET',
    scriptName: '/shop',
    pathInfo: '/a%20b',
    queryString: 'c=%2F',
    host: '127.0.0.1',
    port,
    scheme: 'http',
    version: [1, 1],
    remoteAddr: '127.0.0.1',
    headers: { 'x-a': 'b' },
    env: { from: 'middleware' },
    jsgi: { version: [0, 3], errors: 'function', multithread: false, multiprocess: false, runOnce: false, async: true },
  })
  await gateway.stop()
})

test('bodies of requests', async () => {
  for (const [name, text] of [
    ['echo', 'sent'],
    ['lines', '4'],
  ] as const) {
    const { body } = await (await open(name)).request({ method: 'POST', body: 'sent' }).response
    expect(body.toString()).toBe(text)
  }
})

test('parts, fields with several values, and close', async () => {
  const { headers, body } = await (await open('streamed')).request({}).response
  expect(body.toString('latin1')).toBe(Buffer.from('caf\u00e9 two ').toString('latin1') + 'b\u00e9')
  expect(headers).toEqual(
    expect.arrayContaining([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-one', '1'],
    ]),
  )
  expect(apps.seen).toEqual(['closed'])
})

test.each([
  ['raises', 'APP_RAISED'],
  ['rejects', 'APP_RAISED'],
  ['nothing', 'JSGI_RESPONSE'],
])('an app that %s is answered for with 500', async (name, code) => {
  const { response, exchange } = (await open(name)).request({})
  expect((await response).status).toBe(500)
  expect(exchange.error?.code).toBe(code)
})

test('a client that goes away ends the body, and closes it once', async () => {
  const gateway = await startGateway({
    listen: ['http://127.0.0.1:0'],
    mounts: [{ key: '/', kind, settings: { jsgi: './apps.ts#endless' } }],
    directory: folder.pathname,
  })
  const live = openRequest({ address: gateway.addresses[0]!, transport: 'http' }, { target: '/' })
  await live.until(({ body }) => body.length > 2000)
  live.destroy()
  await until('the body is closed', () => apps.seen.length > 0)
  expect(apps.seen).toEqual(['closed'])
  await gateway.stop()
})

test('what an app prints is in the log', async () => {
  const { request, logged } = await open('prints')
  expect((await request({}).response).body.toString()).toBe('printed')
  expect(logged.some(({ message }) => message === 'on purpose')).toBe(true)
})

test('as an Application, also in workers', async () => {
  const app = lint(fromJsgi(apps.streamed))
  const { body, headers } = await callApplication(app, makeEnviron({ path: '/' }))
  expect([Buffer.from(body).toString('latin1').endsWith('b\u00e9'), headers.length > 2]).toEqual([true, true])
  const gateway = await startGateway({
    listen: ['http://127.0.0.1:0'],
    mounts: [{ key: '/', kind, settings: { jsgi: './apps.ts#report', processes: 1 } }],
    directory: folder.pathname,
  })
  expect(await (await fetch(`http://${gateway.addresses[0]}/x`)).json()).toMatchObject({
    pathInfo: '/x',
    scriptName: '',
  })
  await gateway.stop()
})

test('what is no app stops the start', async () => {
  await expect(open('noApp')).rejects.toMatchObject({ code: 'JSGI_HANDLER' })
})

test('a part that is nothing of the kind', async () => {
  const { response, exchange } = (await open('wrongPart')).request({})
  await response.catch(() => {})
  expect(exchange.error?.code).toBe('JSGI_CHUNK')
})
