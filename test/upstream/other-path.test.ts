// A server that is asked for another path than its clients ask for: what it says of its own URLs, and what they say of them.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { movedCookie } from '../../sidecar/connect/cookie.ts'
import { movedPath } from '../../sidecar/connect/moved-path.ts'
import { app } from '../../sidecar/mounts/app.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { processorTime, startGateway, temporaryFolder } from '../harness.ts'
import { Cleanup, httpUpstream, rawUpstream, upstreamGateway, type Upstream, type UpstreamGateway } from './servers.ts'

const cleanup = new Cleanup()
const lasting = new Cleanup()
afterEach(() => cleanup.run())
afterAll(() => lasting.run())

/** Answers with the fields that it is asked for, and tells what it got. */
let echo: Upstream
let front: UpstreamGateway

beforeAll(async () => {
  echo = lasting.add(
    await httpUpstream((asked, response) => {
      const fields = JSON.parse(String(asked.headers['x-say'] ?? '[]')) as [string, string][]
      for (const [name, value] of fields) response.appendHeader(name, value)
      response.end(JSON.stringify({ url: asked.url, headers: asked.headers }))
    }),
    (one) => one.close(),
  )
  front = lasting.add(await upstreamGateway({ upstream: `${echo.url}/examples/` }, { key: '/tomcat' }), (one) =>
    one.stop(),
  )
})

const gateway = async (settings: Record<string, unknown>, key = '/tomcat'): Promise<UpstreamGateway> =>
  cleanup.add(await upstreamGateway(settings, { key }), (one) => one.stop())

interface Answer {
  headers: IncomingHttpHeaders
  seen: { url: string; headers: Record<string, string> }
}

/** Asks for a path, and has the upstream say fields. */
async function ask(
  { url }: { url: string },
  say: readonly (readonly [string, string])[] = [],
  headers: Record<string, string> = {},
  path = '/here',
): Promise<Answer> {
  const asked = request(url + path, {
    headers: { Host: 'front.test', 'X-Say': JSON.stringify(say), ...headers },
    agent: false,
  })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += piece
  return { headers: response.headers, seen: JSON.parse(text) as Answer['seen'] }
}

test.each([
  ['/a%2Fb/c?x=%zz', '/examples/a%2Fb/c?x=%zz'],
  ['', '/examples/'],
  ['/', '/examples/'],
  ['/a/../b', '/examples/b'],
  ['/a;x/..b/c..;y', '/examples/a;x/..b/c..;y'],
  ['/a?../..;/b', '/examples/a?../..;/b'],
])('below the mount %j asks for %j', async (path, url) => {
  const { seen } = await ask(front, [], {}, path)
  expect(seen).toMatchObject({ url, headers: { host: 'front.test', 'x-forwarded-prefix': '/tomcat' } })
})

/** `UP`: the upstream's host and port. */
test.each([
  ['http://UP/examples/x', '/tomcat/x'],
  ['http://UP/examples', '/tomcat'],
  ['http://UP/examplesX/y', 'http://UP/examplesX/y'],
  ['/other', '/other'],
  ['/examples/x', '/tomcat/x'],
  ['/examples', '/tomcat'],
  ['x/y', 'x/y'],
  ['../y', '../y'],
  ['?q=1', '?q=1'],
  ['mailto:a@b', 'mailto:a@b'],
  ['//UP/examples/z', '/tomcat/z'],
  ['HTTP://UP/examples/U', '/tomcat/U'],
  ['https://UP/examples/x', 'https://UP/examples/x'],
  ['http://127.0.0.1/examples/x', 'http://127.0.0.1/examples/x'],
  ['http://elsewhere.test/examples/x', 'http://elsewhere.test/examples/x'],
  ['http://user@UP/examples/x', 'http://user@UP/examples/x'],
  ['http://UP/examples/x?u=http://UP/examples/y#/examples', '/tomcat/x?u=http://UP/examples/y#/examples'],
  ['http://UP/examples/%2e%2e/a', 'http://UP/examples/%2e%2e/a'],
  ['/examples/../a', '/examples/../a'],
  ['/examples/..\\a', '/examples/..\\a'],
  ['/a/%2E./examples/b', '/tomcat/b'],
  ['/examples/a/../b', '/tomcat/a/../b'],
  ['/%65xamples/%65', '/tomcat/%65'],
  ['/examples%2Fx', '/examples%2Fx'],
  ['http://front.test/examples/x', '/tomcat/x'],
  ['http://FRONT.test:80/examples/x', '/tomcat/x'],
  ['http://front.test:81/examples/x', 'http://front.test:81/examples/x'],
  ['http://front.test/tomcat/x', 'http://front.test/tomcat/x'],
  ['http://UP/tomcat/x', 'http://UP/tomcat/x'],
  ['/tomcat/x', '/tomcat/x'],
])('Location %j reaches the client as %j', async (location, expected) => {
  const up = (text: string): string => text.replaceAll('UP', `127.0.0.1:${echo.port}`)
  const said = up(location)
  const { headers } = await ask(front, [
    ['Location', said],
    ['Content-Location', said],
    ['Refresh', `5; url=${said}`],
    ['Refresh', `0;URL='${said}'`],
  ])
  expect(headers.location).toBe(up(expected))
  expect(headers['content-location']).toBe(up(expected))
  expect(headers.refresh).toBe(`5; url=${up(expected)}, 0;URL='${up(expected)}'`)
})

test.each([
  '/..;/manager',
  '/a/..;x=1/..;/b',
  '/%2e%2e;/m',
  '/..%3bx/m',
  '/a/..\\..\\m',

  '/a%5c..%5cm',
])('a path that some servers take for a way out is refused: %s', async (path) => {
  const asked = request(`${front.url}${path}`, { path: `/tomcat${path}`, agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  expect(response.resume().statusCode).toBe(400)
})

test('the log says once that a server sends clients out of its path', async () => {
  const one = await gateway({ upstream: `${echo.url}/examples` })
  for (const location of ['/other', '/other', '/third']) await ask(one, [['Location', location]])
  expect(one.log.text.match(/LOCATION_OUTSIDE/g)).toHaveLength(1)
  expect(one.log.text).toContain('sends clients to /other, which is not below its path /examples')
})

test.each([
  ['s=1; Path=/examples', 's=1; Path=/tomcat'],
  ['s=1; Path=/examples/', 's=1; Path=/tomcat/'],
  ['s=1; path=/examples/sub; HttpOnly', 's=1; path=/tomcat/sub; HttpOnly'],
  ['s=1;Path= /examples;Secure', 's=1;Path= /tomcat;Secure'],
  ...['/examplesX', '/other', '/', '', 'examples', '/tomcat'].map((path) => [`s=1; Path=${path}`, `s=1; Path=${path}`]),
  ['s=1', 's=1'],
  ['s=/examples; Path=/examples', 's=/examples; Path=/tomcat'],
  ['Path=/examples; HttpOnly', 'Path=/examples; HttpOnly'],
  ['s=1; Path=/examples; Path=/', 's=1; Path=/examples; Path=/'],
  ['s="a; Path=/examples"; Path=/examples', 's="a; Path=/examples"; Path=/tomcat'],
  ['s=1; Domain=127.0.0.1; Path=/examples', 's=1; Path=/tomcat'],
  ['s=1; domain=.127.0.0.1', 's=1'],
  ['s=1; Domain=front.test', 's=1; Domain=front.test'],
  ['s=1; Domain=front.test; Domain=127.0.0.1', 's=1'],
  ['__Host-s=1; Secure; Path=/', '__Host-s=1; Secure; Path=/'],
  ['__host-s=1; Domain=127.0.0.1; Path=/examples', '__host-s=1; Domain=127.0.0.1; Path=/examples'],
  ['__Secure-s=1; Secure; Path=/examples', '__Secure-s=1; Secure; Path=/tomcat'],
])('the cookie %j reaches the client as %j', async (cookie, expected) => {
  const { headers } = await ask(front, [
    ['Set-Cookie', cookie!],
    ['Set-Cookie', 'other=1; Path=/'],
  ])
  expect(headers['set-cookie']).toEqual([expected, 'other=1; Path=/'])
})

test('cookies: narrow, pass', async () => {
  const cookies: [string, string][] = [
    ['Set-Cookie', 'a=1; Path=/'],
    ['Set-Cookie', 'b=1; Path=/examples'],
  ]
  const narrow = await gateway({ upstream: `${echo.url}/examples`, cookies: 'narrow' })
  expect((await ask(narrow, cookies)).headers['set-cookie']).toEqual(['a=1; Path=/tomcat', 'b=1; Path=/tomcat'])
  const pass = await gateway({ upstream: `${echo.url}/examples`, cookies: 'pass' })
  expect((await ask(pass, [...cookies, ['Location', '/examples/x']])).headers).toMatchObject({
    'set-cookie': ['a=1; Path=/', 'b=1; Path=/examples'],
    location: '/tomcat/x',
  })
})

test('locations: map is for a server without a path too, and pass leaves all as it is', async () => {
  const mapped = await gateway({ upstream: echo.url, locations: 'map' }, '/shop')
  const location = async (one: UpstreamGateway, value: string): Promise<string | undefined> =>
    (await ask(one, [['Location', value]])).headers.location
  expect(await location(mapped, '/login')).toBe('/shop/login')
  expect(await location(mapped, `${echo.url}/login`)).toBe('/shop/login')
  expect(await location(mapped, echo.url)).toBe('/shop')
  expect(await location(mapped, '/shop/login')).toBe('/shop/login')
  expect(await location(mapped, '/shopping')).toBe('/shop/shopping')
  const pass = await gateway({ upstream: `${echo.url}/examples`, locations: 'pass' })
  expect(
    (
      await ask(pass, [
        ['Location', '/examples/x'],
        ['Set-Cookie', 's=1; Path=/examples'],
      ])
    ).headers,
  ).toMatchObject({
    location: '/examples/x',
    'set-cookie': ['s=1; Path=/examples'],
  })
})

test('with keepPrefix the prefix is asked for below the path', async () => {
  const one = await gateway({ upstream: `${echo.url}/examples`, keepPrefix: true })
  const { headers, seen } = await ask(one, [['Location', '/examples/tomcat/x']])
  expect([seen.url, headers.location]).toEqual(['/examples/tomcat/here', '/tomcat/x'])
  const plain = await gateway({ upstream: echo.url, keepPrefix: true, locations: 'map' })
  expect((await ask(plain, [['Location', `${echo.url}/tomcat/x`]])).headers.location).toBe('/tomcat/x')
})

test('a mount at the root sends nobody to another host', async () => {
  const root = await gateway({ upstream: `${echo.url}/examples` }, '/')
  const location = async (value: string): Promise<string | undefined> =>
    (await ask(root, [['Location', value]])).headers.location
  expect(await location('/examples')).toBe('/')
  expect(await location('/examples//evil.test/')).toBe('/.//evil.test/')
  expect(await location('/examples/\\evil.test/')).toBe('/./\\evil.test/')
  expect(await location('/examples/\t/evil.test/')).toBe('/./\t/evil.test/')
})

test('another Host than that of clients is the server, too', async () => {
  const one = await gateway({ upstream: `${echo.url}/examples`, hostHeader: 'inner.test' })
  expect((await ask(one, [['Location', 'http://inner.test/examples/x']])).headers.location).toBe('/tomcat/x')
})

test.each([
  ['client', 'http://front.test/tomcat/b', 'http://front.test/examples/b'],
  ['client', '/tomcat/b%20c?x', '/examples/b%20c?x'],
  ['client', 'http://front.test/other/b', 'http://front.test/other/b'],
  ['client', 'http://elsewhere.test/tomcat/b', 'http://elsewhere.test/tomcat/b'],
  ['client', 'http://front.test/tomcat/../secret', 'http://front.test/tomcat/../secret'],
  ['upstream', 'http://front.test/tomcat/b', 'http://UP/examples/b'],
  ['inner.test', 'http://front.test/tomcat/b', 'http://inner.test/examples/b'],
])('with hostHeader %s the Destination %j reaches the server as %j', async (hostHeader, destination, expected) => {
  const one = await gateway({ upstream: `${echo.url}/examples`, hostHeader })
  const { seen } = await ask(one, [], { Destination: destination })
  expect(seen.headers.destination).toBe(expected.replace('UP', `127.0.0.1:${echo.port}`))
})

test('a head that takes over the connection is mapped', async () => {
  const raw = cleanup.add(
    await rawUpstream((socket) => {
      socket.once('data', (bytes) => {
        const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
        socket.end(`${head}Set-Cookie: s=1; Path=/examples\r\nX-Path: ${String(bytes).split(' ')[1]}\r\n\r\nover`)
      })
    }),
    (server) => server.close(),
  )
  const one = await gateway({ upstream: `http://127.0.0.1:${raw.port}/examples` })
  const { hostname, port } = new URL(one.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (piece) => (answer += piece))
  socket.write(
    'GET /tomcat/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(socket, 'close')
  expect(answer).toMatch(/^HTTP\/1\.1 101 /)
  expect(answer).toMatch(/set-cookie: s=1; Path=\/tomcat\r\n/i)
  expect(answer).toMatch(/x-path: \/examples\/ws\r\n/i)
  expect(answer).toMatch(/over$/)
})

test.each(['uwsgi', 'scgi', 'fastcgi', 'ajp'])('by %s the path of an address is the SCRIPT_NAME', async (protocol) => {
  const folder = cleanup.add(temporaryFolder(), (one) => one.remove())
  const source = `export default ({ SCRIPT_NAME, PATH_INFO, REQUEST_URI }, start) => {
    start('302 Found', [['Content-Type', 'text/plain'], ['Location', '/my%20app/x']])
    return [JSON.stringify({ SCRIPT_NAME, PATH_INFO, REQUEST_URI })]
  }`
  writeFileSync(join(folder.path, 'app.mjs'), source)
  const mounts = [
    { key: protocol === 'ajp' ? '/my app' : '/', kind: app as unknown as MountKind, settings: { app: './app.mjs' } },
  ]
  const server = await startGateway({ listen: [`${protocol}://127.0.0.1:0`], mounts, directory: folder.path })
  cleanup.add(server, (one) => one.stop())
  const one = await gateway({ upstream: `${protocol}://${server.addresses[0]}/my%20app/` })
  const answer = await fetch(`${one.url}/a%2Fb?x=1`, { redirect: 'manual' })
  expect(answer.headers.get('location')).toBe('/tomcat/x')
  expect(await answer.json()).toEqual({ SCRIPT_NAME: '/my app', PATH_INFO: '/a/b', REQUEST_URI: '/my%20app/a%2Fb?x=1' })
})

test('root and a path in the address are refused together', async () => {
  await expect(upstreamGateway({ upstream: 'fastcgi://127.0.0.1:9000/app', root: '.' })).rejects.toMatchObject({
    code: 'UPSTREAM_ROOT',
    message: expect.stringContaining('leave the path of fastcgi://127.0.0.1:9000/app out'),
  })
})

test('a Unix socket has its path behind another colon', async () => {
  const folder = temporaryFolder()
  cleanup.add(folder, (one) => one.remove())
  const path = join(folder.path, 's.sock')
  const server = createServer((asked, response) => response.end(asked.url))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  cleanup.add(server, (one) => one.close())
  const one = await gateway({ upstream: `http://unix:${path}:/examples/` })
  expect(await (await fetch(`${one.url}/x`)).text()).toBe('/examples/x')
})

test('a command that does not know its prefix is mapped too', async () => {
  const script = `require('node:http').createServer((asked, response) => response.writeHead(302, { Location: '/login', 'Set-Cookie': 's=1; Path=/' }).end()).listen(process.env.PORT, '127.0.0.1')`
  const settings = {
    run: [process.execPath, '-e', script, '$PORT'],
    speaks: 'http',
    locations: 'map',
    cookies: 'narrow',
  }
  const one = cleanup.add(await upstreamGateway(settings, { key: '/shop', kind: run as unknown as MountKind }), (it) =>
    it.stop(),
  )
  const answer = await fetch(one.url, { redirect: 'manual' })
  expect([answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual(['/shop/login', 's=1; Path=/shop'])
})

test('a long path of dots takes no time', async () => {
  const path = `/examples${'/..'.repeat(20_000)}${'/a'.repeat(20_000)}`
  const taken = await processorTime(() => {
    expect(movedPath(path, '/examples', '/tomcat')).toBeUndefined()
    expect(movedCookie(`s=1${'; Path=/examples'.repeat(5000)}`, { path: () => '/t', isOwn: () => false })).toMatch(
      /Path=\/t$/,
    )
  })
  expect(taken).toBeLessThan(1000)
})
