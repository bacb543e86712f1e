// The layers of fields and variables in front of mounts, behind nginx and another Sidegate.
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { passing } from '../../plugin/nginx/passing.ts'
import { createGateway, type Config, type OwnGateway } from '../../sidecar/index.ts'
import { nginx, program, temporaryFolder, type Nginx } from '../harness.ts'

const PORTS = { uwsgi: 8080, fastcgi: 8081, http: 8082 }

/** Tells what it got; 404 for the path /none. */
const APP = `export const app = (environ, startResponse) => {
  const { SCRIPT_NAME, PATH_INFO, REQUEST_URI, HTTP_HOST, REMOTE_ADDR, HTTP_X_USER, OWN, REDIRECT_STATUS } = environ
  const status = PATH_INFO === '/none' ? '404 Not Found' : '200 OK'
  startResponse(status, [['Content-Type', 'application/json'], ['X-Powered-By', 'app']])
  const scheme = environ['wsgi.url_scheme']
  return [JSON.stringify({ SCRIPT_NAME, PATH_INFO, REQUEST_URI, HTTP_HOST, REMOTE_ADDR, HTTP_X_USER, OWN, REDIRECT_STATUS, scheme })]
}`

const folder = temporaryFolder()
const gateways: OwnGateway[] = []

async function serve(listen: string, config: Omit<Config, 'listen'>): Promise<string> {
  const whole: Config = { ...config, listen: [listen], host: 'nginx', log: { access: false } }
  const gateway = await createGateway(whole, { directory: folder.path })
  gateways.push(gateway)
  await gateway.start()
  return gateway.addresses[0]!.text.replace('http://', '')
}

beforeAll(() => {
  writeFileSync(join(folder.path, 'app.mjs'), APP)
  mkdirSync(join(folder.path, 'public/cgi-bin'), { recursive: true })
  writeFileSync(join(folder.path, 'public/a.css'), 'body {}')
  writeFileSync(join(folder.path, 'public/cgi-bin/counter'), '#!/bin/sh\nsecret=1\n')
  writeFileSync(join(folder.path, 'gone.html'), 'gone: ${STATUS}')
})
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()))
  folder.remove()
})

const json = async (response: Response): Promise<Record<string, string>> =>
  (await response.json()) as Record<string, string>

describe.skipIf(!program('nginx'))('behind nginx', () => {
  let host: Nginx

  beforeAll(async () => {
    const socket = join(folder.path, 's')
    await serve(`unix:${socket}`, {
      use: [{ headers: { response: { remove: ['X-Powered-By'], set: { 'X-By': '${SERVER_PROTOCOL}' } } } }],
      mounts: {
        '/': {
          app: './app.mjs',
          use: [
            { 'request-id': { trust: true } },
            { cors: ['https://other.test'] },
            { errors: { pages: { 404: 'ask:/page/${STATUS}' } } },
            { headers: { request: { set: { 'X-User': '${REMOTE_USER}' } } } },
            { variables: { set: { OWN: 'value' } } },
          ],
        },
        '/page': { app: './app.mjs' },
        '/fixed': { app: './app.mjs', use: [{ 'proxy-fix': ['127.0.0.1', 'unix'] }] },
        '/site': { app: './app.mjs', use: [{ 'try-files': './public' }] },
        '/cgi': { cgi: './public/cgi-bin' },
        '/file': { respond: 410, use: [{ errors: { pages: { '4xx': './gone.html' } } }] },
      },
    })
    const endpoint = { kind: 'unix', path: socket } as const
    const server = ([protocol, port]: [string, number]): string => {
      const { settings, pass } = passing(protocol, endpoint)
      return `server {\nlisten ${port};\nset $sidegate_user "";\n${settings.join('\n')}\nlocation / { ${pass} }\n}`
    }
    const http = ['http', 'fastcgi'].flatMap((protocol) => passing(protocol, endpoint).http.join('\n').split('\n\n'))
    const config = `events { }\nhttp {\n${[...new Set(http)].join('\n')}\n${Object.entries(PORTS).map(server).join('\n')}\n}\n`
    host = await nginx({ config })
  })
  afterAll(() => host?.stop())

  test.each(Object.entries(PORTS))('%s', async (protocol, port) => {
    const at = `http://127.0.0.1:${host.port(port)}`
    const headers = { 'X-User': 'forged', Origin: 'https://other.test', 'X-Request-Id': 'trusted-1' }
    const response = await fetch(`${at}/a`, { headers })
    expect(response.headers.get('x-request-id')).toBe('trusted-1')
    expect((await fetch(`${at}/a`)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const fixed = await fetch(`${at}/fixed/a`, { headers: { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' } })
    // By HTTP nginx says who its own client is, and nothing of what that says.
    const client = protocol === 'http' ? '127.0.0.1' : '203.0.113.9'
    expect(await json(fixed)).toMatchObject({ SCRIPT_NAME: '/fixed', REMOTE_ADDR: client })
    expect(await json(response)).toMatchObject({ PATH_INFO: '/a', OWN: 'value' })
    expect(response.headers.get('x-powered-by')).toBeNull()
    expect(response.headers.get('x-by')).toMatch(/^HTTP/)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://other.test')
    const preflight = await fetch(`${at}/a`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://other.test', 'Access-Control-Request-Method': 'PUT' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD, POST, PUT, PATCH, DELETE',
    ])
    const none = await fetch(`${at}/none`)
    expect(none.status).toBe(404)
    expect(await json(none)).toMatchObject({ SCRIPT_NAME: '/page', PATH_INFO: '/404', REDIRECT_STATUS: '404' })
    const gone = await fetch(`${at}/file`)
    expect([gone.status, await gone.text()]).toEqual([410, 'gone: 410'])
    expect((await fetch(`${at}/file`, { method: 'HEAD' })).headers.get('content-length')).toBe('9')
    const style = await fetch(`${at}/site/a.css`)
    expect([style.headers.get('content-type'), await style.text()]).toEqual(['text/css; charset=utf-8', 'body {}'])
    for (const path of ['/none.css', '/cgi-bin/counter'])
      expect(await json(await fetch(`${at}/site${path}`))).toMatchObject({ SCRIPT_NAME: '/site', PATH_INFO: path })
  })
})

test('the head of a connection that is taken over has its fields too', async () => {
  writeFileSync(
    join(folder.path, 'taken.mjs'),
    `export default (environ, start) => { environ['sidegate.upgrade']([]).end(environ.HTTP_X_USER); return [] }`,
  )
  const at = await serve('http://127.0.0.1:0', {
    use: [
      { 'proxy-fix': ['127.0.0.1'] },
      { cors: ['*'] },
      { errors: { pages: { '4xx': './gone.html' } } },
      { headers: { request: { set: { 'X-User': 'me' } }, response: { set: { 'X-By': 'layer' } } } },
      { variables: { set: { OWN: 'value' } } },
    ],
    mounts: { '/': { app: './taken.mjs' } },
  })
  const { promise, resolve } = Promise.withResolvers<string>()
  const asked = request(`http://${at}`, { headers: { Connection: 'Upgrade', Upgrade: 'own' } })
  asked.on('upgrade', (response, socket, first) => {
    let text = `${response.statusCode} ${response.headers['x-by']} ${first.toString()}`
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
    socket.on('end', () => resolve(text) ?? socket.end())
  })
  asked.end()
  expect(await promise).toBe('101 layer me')
})

test('a Sidegate behind another keeps the prefix, host and client', async () => {
  const back = await serve('http://127.0.0.1:0', {
    use: [{ 'proxy-fix': { trust: ['127.0.0.0/8'], prefix: true } }],
    mounts: { '/': { app: './app.mjs' }, '/b': { app: './app.mjs' } },
  })
  const front = await serve('http://127.0.0.1:0', {
    use: [{ variables: { set: { REMOTE_ADDR: '192.0.2.1', HTTPS: 'on' } } }],
    mounts: { '/shop': { upstream: `http://${back}` } },
  })
  expect(await json(await fetch(`http://${front}/shop/b/c%20d?e`))).toEqual({
    SCRIPT_NAME: '/shop/b',
    PATH_INFO: '/c d',
    REQUEST_URI: '/shop/b/c%20d?e',
    HTTP_HOST: front,
    REMOTE_ADDR: '192.0.2.1',
    scheme: 'https',
  })
})

test('a page that is not there itself is asked for once', async () => {
  const at = await serve('http://127.0.0.1:0', {
    use: [{ errors: { pages: { '4xx': 'ask:/none' } } }],
    mounts: { '/a': { app: './app.mjs' } },
  })
  const response = await fetch(`http://${at}/b`)
  expect([response.status, (await response.text()).split('\n')[1]]).toEqual([404, expect.stringContaining('NO_MOUNT')])
})
