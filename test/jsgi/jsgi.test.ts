// What a JSGI app sees, and what becomes of what it gives: as a mount, in workers, and as an Application.
import { beforeEach, expect, onTestFinished, test } from 'vitest'
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

test('as an Application, what fails behind the end of a response is in wsgi.errors', async () => {
  const written: string[] = []
  const environ = makeEnviron({ path: '/' })
  environ['wsgi.errors'] = { write: (text) => void written.push(text), writelines: () => {}, flush: () => {} }
  const { status, body } = await callApplication(fromJsgi(apps.badEnd), environ)
  expect([status, Buffer.from(body).toString()]).toEqual([200, 'good'])
  await until('it is written', () => written.length > 0)
  expect(written.join('')).toMatch(/^Error: of the end\n {4}at/)
})

test('what is no app stops the start', async () => {
  await expect(open('noApp')).rejects.toMatchObject({ code: 'JSGI_HANDLER' })
})

test('a part that is nothing of the kind', async () => {
  const { response, exchange } = (await open('wrongPart')).request({})
  await response.catch(() => {})
  expect(exchange.error?.code).toBe('JSGI_CHUNK')
})

test.each([
  ['/pairs', 'JSGI_RESPONSE', 'headers are a list'],
  ['/map', 'JSGI_RESPONSE', 'headers are a list'],
  ['/null', 'HEADER_VALUE', 'header x-a is null'],
  ['/undefined', 'HEADER_VALUE', 'header x-a is undefined'],
  ['/object', 'HEADER_VALUE', 'header x-a is object'],
  ['/status', 'JSGI_RESPONSE', 'no whole number from 200 to 999'],
  ['/text', 'JSGI_RESPONSE', 'no whole number from 200 to 999'],
  ['/holes', 'JSGI_CHUNK', 'a part of undefined'],
  ['/wide', 'JSGI_CHUNK', 'characters beyond latin-1'],
])('what is not as JSGI has it is told: %s', async (path, code, message) => {
  const { response, errors } = (await open('wrong')).request({ path })
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code, blame: 'app', message: expect.stringContaining(message) }])
  expect(apps.seen).toEqual(path === '/status' ? ['closed'] : [])
})

test('a body that waits for what never comes is closed when the client goes away', async () => {
  const { carrier, response, errors, hangUp } = (await open('stuck')).request({})
  await carrier.until(({ bytes }) => bytes.length > 0)
  hangUp()
  expect(await response).toMatchObject({ cut: true })
  expect([apps.seen, errors]).toEqual([['closed'], []])
})

test.each([
  ['/late', ['the app raised: of the body']],
  ['/other', ['the app raised: of the body', 'the app raised: of the end']],
])('an end that fails keeps nobody from being told of a body that failed: %s', async (path, messages) => {
  const { response, errors } = (await open('failing')).request({ path })
  expect((await response).status).toBe(500)
  await until('all is told', () => errors.length === messages.length)
  expect(errors.map(({ message }) => message)).toEqual(messages)
})

test('a body that does not wait for a slow client is not to blame when that goes away', async () => {
  const stray: unknown[] = []
  const note = (error: unknown): void => void stray.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const { carrier, response, errors, hangUp } = (await open('hasty')).request({ slow: true })
  await carrier.until(({ bytes }) => bytes.toString() === 'onetwo')
  hangUp()
  await response
  // Node.js tells of them once microtasks are done.
  await new Promise((resolve) => setImmediate(resolve))
  expect([stray, errors]).toEqual([[], []])
})
