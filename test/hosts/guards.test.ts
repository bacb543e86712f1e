// The layers that guard, behind a real nginx, by uwsgi and by HTTP.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { createGateway, type OwnGateway } from '../../sidecar/index.ts'
import { nginx, program, temporaryFolder, type Nginx } from '../harness.ts'

/** The password is `p`. */
const USER = 'anna:$2y$04$M6h5C/hCAI2jfVuZcGRIxOLOa7Ian6H.DVP46aWvMIiMwlPHllPZO'
const LOGIN = { Authorization: `Basic ${Buffer.from('anna:p').toString('base64')}` }

const APP = `
export default async function (environ, start) {
  if (environ.PATH_INFO === '/never') await new Promise(() => {})
  let size = 0
  for await (const bytes of environ['wsgi.input']) size += bytes.length
  start('200 OK', [['Content-Type', 'application/json']])
  const { REMOTE_USER: user, HTTP_REMOTE_USER: claimed, HTTP_AUTHORIZATION: authorization } = environ
  return [JSON.stringify({ user, claimed, authorization, size })]
}
export async function silent(environ, start) {
  start('200 OK', [['Content-Type', 'text/plain'], ['Content-Length', '10']])
  return (async function* () {
    yield 'begun'
    await new Promise(() => {})
  })()
}
export function door(environ, start) {
  const known = environ.HTTP_COOKIE === 'session=1'
  if (known) start('204 No Content', [['Remote-User', 'otto']])
  else start('302 Found', [['Location', '/login?rd=' + environ.HTTP_X_FORWARDED_URI], ['Content-Type', 'text/plain']])
  return known ? [] : ['log in']
}
`

/** Of each two connections it ends the first without an answer. */
const flaky = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => {
    if (++count % 2 === 1) socket.destroy()
    else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine')
  })
})
let count = 0

const CONFIG = `
worker_processes 1;
events { worker_connections 256; }
http {
    access_log off;
    server {
        listen 8080;
        location / {
            proxy_pass http://unix:HTTP_SOCKET;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Remote-User root;
        }
    }
    server {
        listen 8081;
        location / {
            include UWSGI_PARAMS;
            uwsgi_param PATH_INFO $document_uri;
            uwsgi_param REMOTE_USER root;
            uwsgi_param HTTP_REMOTE_USER root;
            uwsgi_pass unix:UWSGI_SOCKET;
            uwsgi_request_buffering on;
        }
    }
}
`

const PARAMS = `
uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type if_not_empty;
uwsgi_param CONTENT_LENGTH $content_length if_not_empty;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param SERVER_NAME $host;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param REMOTE_ADDR $remote_addr;
`

describe.skipIf(!program('nginx'))('behind nginx', () => {
  const folder = temporaryFolder()
  let gateway: OwnGateway
  let host: Nginx

  beforeAll(async () => {
    writeFileSync(join(folder.path, 'app.mjs'), APP)
    writeFileSync(join(folder.path, 'params'), PARAMS)
    writeFileSync(join(folder.path, 'htpasswd'), `${USER}\n`)
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve))
    const upstream = `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`
    const [http, uwsgi] = ['h', 'u'].map((name) => join(folder.path, name))
    const server = { upstream, keepAlive: 0 }
    gateway = await createGateway(
      {
        listen: [{ address: `unix:${http}`, trust: ['unix'] }, `unix:${uwsgi}`],
        log: { access: false, level: 'error' },
        mounts: {
          '/auth': { app: './app.mjs', use: [{ auth: 'htpasswd' }] },
          '/socket': {
            node: fileURLToPath(new URL('../websocket/apps/beside.ts', import.meta.url)),
            use: [{ auth: 'htpasswd' }, { limit: { concurrent: 1 } }, { timeout: { idle: 0.05, response: 5 } }],
          },
          '/door': { app: './app.mjs#door' },
          '/forward': { app: './app.mjs', use: [{ auth: { forward: '/door' } }] },
          '/access': {
            app: './app.mjs',
            use: [{ access: { methods: ['GET'] } }, { access: { path: '/in', deny: '127.0.0.0/8' } }],
          },
          '/rate': { respond: 200, use: [{ limit: { rate: '2/h' } }] },
          '/size': { app: './app.mjs', use: [{ limit: { body: 1000, head: 4000 } }] },
          '/timeout': { app: './app.mjs', use: [{ timeout: 0.2 }] },
          '/silent': { app: './app.mjs#silent', use: [{ timeout: { idle: 0.2 } }] },
          '/retry': { ...server, use: [{ retry: { delay: 0.001 } }] },
          '/circuit': { app: './app.mjs', use: [{ circuit: { least: 2 } }, { timeout: 0.01 }] },
        },
      },
      { directory: folder.path },
    )
    await gateway.start()
    host = await nginx({
      config: CONFIG,
      replace: { HTTP_SOCKET: http!, UWSGI_SOCKET: uwsgi!, UWSGI_PARAMS: join(folder.path, 'params') },
    })
  })
  afterAll(async () => {
    // A response that is cut is one that nginx tells of.
    await host?.stop([/upstream prematurely closed connection/])
    await gateway?.close()
    flaky.close()
    folder.remove()
  })

  describe.each([
    ['HTTP', 8080],
    ['uwsgi', 8081],
  ])('by %s', (protocol, port) => {
    const ask = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(`http://127.0.0.1:${host.port(port)}${path}`, { redirect: 'manual', ...init })

    test('auth: a name and a password, and nobody else says who it is', async () => {
      const refused = await ask('/auth')
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="Restricted", charset="UTF-8"',
      ])
      const head = await ask('/auth', { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([401, ''])
      const response = await ask('/auth', { method: 'POST', body: 'abc', headers: LOGIN })
      expect(await response.json()).toEqual({ user: 'anna', size: 3 })
    })

    test('auth: by the word of another app', async () => {
      const refused = await ask('/forward/a%20b?x=1')
      expect([refused.status, refused.headers.get('location'), await refused.text()]).toEqual([
        302,
        '/login?rd=/forward/a%20b?x=1',
        'log in',
      ])
      const response = await ask('/forward', { method: 'POST', body: 'abc', headers: { Cookie: 'session=1' } })
      expect(await response.json()).toEqual({ user: 'otto', size: 3 })
    })

    test('access: by method, path and address', async () => {
      expect((await ask('/access')).status).toBe(200)
      const refused = await ask('/access', { method: 'DELETE' })
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
      for (const path of ['/access/in', '/access/%69n/x', '/access/IN', '/access/x/..;/in'])
        expect((await ask(path)).status).toBe(403)
    })

    test('limit: sizes', async () => {
      expect(await (await ask('/size', { method: 'POST', body: 'x'.repeat(1000) })).json()).toMatchObject({
        size: 1000,
      })
      expect((await ask('/size', { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413)
      expect((await ask('/size', { headers: { Cookie: 'x'.repeat(4000) } })).status).toBe(431)
    })

    test('limit: a body of unknown length', async () => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const asked = request({ port: host.port(port), path: '/size', method: 'POST' }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.on('error', reject)
        asked.write('x'.repeat(900))
        asked.end('x'.repeat(900))
      })
      expect(status).toBe(413)
    })

    test('timeout: before the head and behind it', async () => {
      const response = await ask('/timeout/never')
      expect([response.status, await response.text()]).toEqual([504, expect.stringContaining('RESPONSE_LATE')])
      const cut = await ask('/silent')
      expect(cut.status).toBe(200)
      await expect(cut.text()).rejects.toThrow('terminated')
    })

    test('retry: a server that ends every second connection', async () => {
      count = 0
      const before = count
      expect(await (await ask('/retry')).text()).toBe('fine')
      expect(count - before).toBe(2)
      const post = await ask('/retry', { method: 'POST', body: 'x' })
      expect([post.status, count - before]).toEqual([502, 3])
    })

    if (protocol !== 'HTTP') return
    test('WebSockets: let in, counted as long as they last, and may be silent', async () => {
      const url = `ws://127.0.0.1:${host.port(port)}/socket`
      const statusOf = (headers: Record<string, string>): Promise<number | undefined> =>
        new Promise((resolve) => {
          const socket = new WebSocket(url, { headers })
          socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode))
          socket.on('open', () => resolve(101)).on('error', () => {})
        })
      expect(await statusOf({})).toBe(401)
      const socket = new WebSocket(url, { headers: LOGIN })
      await new Promise((resolve) => socket.once('open', resolve))
      expect(await statusOf(LOGIN)).toBe(503)
      socket.send('hello')
      expect(String(await new Promise((resolve) => socket.once('message', resolve)))).toContain('hello')
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.close()
      await closed
      await expect.poll(() => ask('/socket', { headers: LOGIN }).then(({ status }) => status)).not.toBe(503)
    })
  })

  test('limit: so many of one client, whatever it says of itself', async () => {
    const ask = (from: string): Promise<Response> =>
      fetch(`http://${host.address}/rate`, { headers: { 'X-Forwarded-For': from, Forwarded: `for=${from}` } })
    const answers = [await ask('1.1.1.1'), await ask('2.2.2.2'), await ask('3.3.3.3')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers[2]!.headers.get('retry-after')).toMatch(/^(?:1800|1799)$/)
  })

  test('circuit: what fails is not asked any more', async () => {
    const ask = (path: string): Promise<Response> => fetch(`http://${host.address}/circuit${path}`)
    expect([(await ask('/never')).status, (await ask('/never')).status]).toEqual([504, 504])
    const refused = await ask('/')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^(?:10|9)$/)])
  })
})
