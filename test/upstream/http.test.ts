// HTTP upstreams: what reaches a real node:http server, and what comes back.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { createServer as createTlsServer } from 'node:https'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { temporaryFolder, until } from '../harness.ts'
import {
  Cleanup,
  deadUpstream,
  httpUpstream,
  rawUpstream,
  upstreamGateway,
  type Upstream,
  type UpstreamGateway,
} from './servers.ts'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const start = async (listener: RequestListener): Promise<Upstream> =>
  cleanup.add(await httpUpstream(listener), (upstream) => upstream.close())

const raw = async (talk: Parameters<typeof rawUpstream>[0]): Promise<string> =>
  `http://127.0.0.1:${cleanup.add(await rawUpstream(talk), (server) => server.close()).port}`

const gateway = async (
  settings: Record<string, unknown>,
  options?: Parameters<typeof upstreamGateway>[1],
): Promise<UpstreamGateway> => cleanup.add(await upstreamGateway(settings, options), (one) => one.stop())

/** Sends exactly these bytes, gives all that comes back until the end. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (piece) => (answer += piece))
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return answer
}

const echo: RequestListener = (request, response) => {
  let size = 0
  const hash = createHash('sha256')
  request.on('data', (bytes: Buffer) => {
    size += bytes.length
    hash.update(bytes)
  })
  request.on('end', () => {
    const { method, url, rawHeaders } = request
    response.end(JSON.stringify({ method, url, rawHeaders, headers: request.headers, size, hash: hash.digest('hex') }))
  })
}

interface Echo {
  method: string
  url: string
  headers: Record<string, string>
  size: number
  hash: string
}

test('the request arrives as it was sent, below the mount', async () => {
  const upstream = await start(echo)
  const { url } = await gateway({ upstream: upstream.url }, { key: '/api' })
  const answer = await exchange(
    url,
    'DELETE /api/a%2Fb//c%20d?x=%zz&y HTTP/1.1\r\nHost: shop.example:81\r\nX-One: 1\r\nX-Two: caf\xe9\r\nConnection: close, X-One\r\n' +
      'TE: trailers\r\nKeep-Alive: 5\r\nProxy: evil\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\r\n',
  )
  const seen = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echo
  expect(seen.method).toBe('DELETE')
  expect(seen.url).toBe('/a%2Fb//c%20d?x=%zz&y')
  expect(seen.headers).toEqual({
    host: 'shop.example:81',
    connection: 'keep-alive',
    'x-two': 'caf\xc3\xa9',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example:81',
    'x-forwarded-prefix': '/api',
  })
})

test('what a client names in Connection is kept where its web server speaks a gateway protocol: that was the hop', async () => {
  const upstream = await start(echo)
  const { url } = await gateway({ upstream: upstream.url })
  const variables = { REQUEST_METHOD: 'GET', PATH_INFO: '/', HTTP_CONNECTION: 'x-real-ip', HTTP_X_REAL_IP: '192.0.2.7' }
  const packet = uwsgi.client().request(variables, 0)
  const answer = await exchange(url, Buffer.from(packet).toString('latin1'))
  expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ headers: { 'x-real-ip': '192.0.2.7' } })
})

test.each([
  ['set', '127.0.0.1', undefined],
  ['append', '6.6.6.6, 127.0.0.1', 'for=6.6.6.6'],
  ['pass', '6.6.6.6', 'for=6.6.6.6'],
  ['off', undefined, undefined],
])('forwarded: %s', async (forwarded, list, other) => {
  const upstream = await start(echo)
  const { url } = await gateway({ upstream: upstream.url, forwarded })
  const headers = { 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' }
  const seen = (await (await fetch(url, { headers })).json()) as Echo
  expect(seen.headers['x-forwarded-for']).toBe(list)
  expect(seen.headers.forwarded).toBe(other)
})

test('keepPrefix asks for the whole path, hostHeader for another host', async () => {
  const upstream = await start(echo)
  const one = await gateway({ upstream: upstream.url, keepPrefix: true, hostHeader: 'upstream' }, { key: '/api' })
  const seen = (await (await fetch(`${one.url}/x?y`)).json()) as Echo
  expect(seen.url).toBe('/api/x?y')
  expect(seen.headers['x-forwarded-prefix']).toBe(undefined)
  expect(seen.headers.host).toBe(`127.0.0.1:${upstream.port}`)
  expect(seen.headers['x-forwarded-host']).toBe(new URL(one.url).host)
  const two = await gateway({ upstream: upstream.url, hostHeader: 'inner.example' })
  expect(((await (await fetch(two.url)).json()) as Echo).headers.host).toBe('inner.example')
})

test('one connection carries request after request; HEAD, 204 and 304 have no body', async () => {
  const upstream = await start((request, response) => {
    if (request.url === '/204') response.writeHead(204).end()
    else if (request.url === '/304') response.writeHead(304, { ETag: '"a"' }).end()
    else response.writeHead(200, { 'Content-Length': 5 }).end('hello')
  })
  const { url } = await gateway({ upstream: upstream.url })
  for (let count = 0; count < 50; count++) expect(await (await fetch(url)).text()).toBe('hello')
  for (const status of [204, 304]) {
    const response = await fetch(`${url}/${status}`)
    expect([response.status, await response.text()]).toEqual([status, ''])
  }
  expect(upstream.connections).toBe(1)
  const head = await fetch(url, { method: 'HEAD' })
  expect([head.headers.get('content-length'), await head.text()]).toEqual(['5', ''])
  expect(await (await fetch(url)).text()).toBe('hello')
})

test('what a server sends behind its answer to HEAD is not the answer to the next request', async () => {
  const upstream = await raw((socket) => {
    socket.once('data', (bytes) => {
      if (!bytes.toString().startsWith('HEAD'))
        return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood')
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      // The body, of an app that answers HEAD like GET behind a server that does not leave it out.
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'))
    })
  })
  const { url } = await gateway({ upstream })
  for (let count = 0; count < 3; count++) {
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
    expect(await (await fetch(url)).text()).toBe('good')
  }
})

test.each([204, 304])('nor is what it sends behind %s, once it was seen to', async (status) => {
  const behind: (() => void)[] = []
  const upstream = await raw((socket) => {
    socket.once('data', (bytes) => {
      if (!bytes.toString().startsWith('GET /bare'))
        return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood')
      socket.write(`HTTP/1.1 ${status} Bare\r\n\r\n`)
      const evil = (): void => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
      behind.push(evil)
      socket.once('data', evil)
    })
  })
  const { url, log } = await gateway({ upstream })
  expect((await fetch(`${url}/bare`)).status).toBe(status)
  behind[0]!()
  await until('the log tells of it', () => log.text.includes('code=UPSTREAM_EXTRA'))
  for (let count = 0; count < 3; count++) {
    expect((await fetch(`${url}/bare`)).status).toBe(status)
    expect(await (await fetch(url)).text()).toBe('good')
  }
  expect(log.text.match(/code=UPSTREAM_EXTRA/g)).toHaveLength(1)
})

test.each(['with a length', 'chunked'])('a body %s arrives whole', async (how) => {
  const upstream = await start(echo)
  const { url } = await gateway({ upstream: upstream.url })
  const bytes = randomBytes(5 * 1024 * 1024)
  const pieces = Array.from({ length: 50 }, (_, i) =>
    bytes.subarray((i * bytes.length) / 50, ((i + 1) * bytes.length) / 50),
  )
  const body = how === 'chunked' ? ReadableStream.from(pieces) : bytes
  const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
  const seen = (await response.json()) as Echo
  expect(seen.size).toBe(bytes.length)
  expect(seen.hash).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(seen.headers['content-length']).toBe(how === 'chunked' ? undefined : String(bytes.length))
})

test('trailers are dropped, and 100 that nobody asked for; Connection and what it names too', async () => {
  const upstream = await raw((socket) => {
    socket.once('data', () =>
      socket.end(
        'HTTP/1.1 100 Continue\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n' +
          'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
      ),
    )
  })
  const { url } = await gateway({ upstream })
  const answer = await exchange(url, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 Fine\r\n/)
  expect(answer).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
  expect(answer).not.toMatch(/X-Hop|X-T|Link|Trailer/i)
  // All of it came at once: the length is known.
  expect(answer).toMatch(/\r\nContent-Length: 3\r\n[^]*\r\n\r\nabc$/)
})

test('103 is passed on, as often as somebody sends it who means it', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
  const upstream = await raw((socket) => {
    socket.once('data', () => socket.end(`${hints.repeat(40)}HTTP/1.1 200 Fine\r\nContent-Length: 3\r\n\r\nabc`))
  })
  const { url } = await gateway({ upstream })
  const answer = await exchange(url, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(answer.startsWith(hints.repeat(32) + 'HTTP/1.1 200 Fine\r\n')).toBe(true)
  expect(await exchange(url, 'GET / HTTP/1.0\r\nHost: h\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 Fine\r\n/)
})

test('the head and each piece leave as they come', async () => {
  let next: (text?: string) => void = () => {}
  const upstream = await start((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
    next = (text) => void (text === undefined ? response.end() : response.write(text))
  })
  const { url } = await gateway({ upstream: upstream.url })
  const response = await fetch(url)
  const reader = response.body!.getReader()
  for (const text of ['one', 'two']) {
    next(text)
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(text)
  }
  next()
  expect((await reader.read()).done).toBe(true)
})

test('a slow client stops the upstream', async () => {
  let written = 0
  const upstream = await start((_, response) => {
    const block = Buffer.alloc(64 * 1024)
    const more = (): void => {
      while (!response.destroyed) {
        written += block.length
        if (!response.write(block)) return void response.once('drain', more)
      }
    }
    more()
  })
  const { url } = await gateway({ upstream: upstream.url })
  const client = httpRequest(url).end()
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  response.pause()
  let before = -1
  // It stands still when nothing was written for a while.
  await until('the upstream stands still', async () => {
    const same = before === written
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
    return same && written === before
  })
  expect(written).toBeLessThan(32 * 1024 * 1024)
  response.resume()
  const stood = written
  await until('it goes on', () => written > stood + 8 * 1024 * 1024)
  client.destroy()
})

test.each(['waiting', 'streaming', 'uploading'])(
  'a client that goes away while %s takes the request with it',
  async (when) => {
    let gone = 0
    const upstream = await start((request, response) => {
      response.on('close', () => void (response.writableFinished || gone++))
      request.resume()
      if (when === 'streaming') response.write('x')
    })
    const { url } = await gateway({ upstream: upstream.url, connections: 20 })
    let answered = 0
    const clients = Array.from({ length: 20 }, () => {
      const client = httpRequest(url, { method: when === 'uploading' ? 'POST' : 'GET' }).on('error', () => {})
      client.on('response', () => answered++)
      if (when === 'uploading') client.write('x')
      else client.end()
      return client
    })
    await until('all have arrived', () => upstream.requests === 20)
    if (when === 'streaming') await until('all see their response', () => answered === 20)
    for (const client of clients) client.destroy()
    expect(await until('all are gone', () => gone === 20)).toBe(true)
  },
)

test('a response that is cut is cut for the client too', async () => {
  const upstream = await start((_, response) => {
    response.writeHead(200)
    response.write('half', () => response.destroy())
  })
  const one = await gateway({ upstream: upstream.url })
  const response = await fetch(one.url)
  await expect(response.text()).rejects.toThrow(/terminated|aborted/)
  await until('the log has it', () => one.log.text.includes('code=UPSTREAM_CUT'))
  expect(one.log.text).toContain(upstream.url)
})

test.each([
  ['nothing', '', 502, 'UPSTREAM_RESET'],
  ['half a head', 'HTTP/1.1 200 OK\r\nA: b\r\n', 502, 'UPSTREAM_CUT'],
  ['half a status line', 'HTTP/1.', 502, 'UPSTREAM_CUT'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 502, 'UPSTREAM_RESPONSE'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502, 'UPSTREAM_RESPONSE'],
  ['a bare CR', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n', 502, 'UPSTREAM_RESPONSE'],
])('an upstream that answers %s', async (_, bytes, status, code) => {
  const upstream = await raw((socket) => socket.once('data', () => socket.end(bytes)))
  const one = await gateway({ upstream })
  const response = await fetch(one.url, { method: 'POST', body: 'x' })
  expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(code)])
  expect(one.log.text).toContain(upstream)
})

test('what broke off is told from silence, and silence from another protocol', async () => {
  const upstream = await raw((socket) =>
    socket.once('data', (bytes) =>
      socket.end(bytes.toString().startsWith('GET /half') ? 'HTTP/1.1 200 OK\r\nA: ' : ''),
    ),
  )
  const one = await gateway({ upstream, maxFails: 0 })
  await fetch(`${one.url}/half`)
  expect(one.log.text).toContain(`${upstream} closed the connection in the middle of its response head`)
  await fetch(one.url)
  expect(one.log.text).toContain(
    `${upstream} closed the connection without an answer; so does a server that speaks another protocol`,
  )
})

test.each([
  ['Content-Length', 'HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\nhello'],
  ['the end of the connection', 'HTTP/1.0 200 OK\nX-A: b\n\nhello'],
  ['chunks', 'HTTP/1.1 200 OK\r\nX-A: b\nTransfer-Encoding: chunked\r\n\n3\nhel\n2 ; a = b\r\nlo\r\n0\n\n'],
])('a server that writes LF alone, with %s', async (_, bytes) => {
  const upstream = await raw((socket) => socket.once('data', () => socket.end(bytes)))
  const { url } = await gateway({ upstream })
  const response = await fetch(url)
  expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([200, 'b', 'hello'])
})

test('a dead upstream is 502, and the log says which', async () => {
  const upstream = cleanup.add(await deadUpstream(), (one) => one.close())
  const one = await gateway({ upstream: upstream.url })
  const response = await fetch(one.url)
  expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('UPSTREAM_CONNECT')])
  expect(one.log.text).toMatch(new RegExp(`cannot connect to ${upstream.url}: .*ECONNREFUSED.* code=UPSTREAM_CONNECT`))
})

test('no answer in time is 504; silence in the middle of one cuts it', async () => {
  const upstream = await start((request, response) => {
    if (request.url === '/middle') response.write('x')
  })
  const one = await gateway({ upstream: upstream.url, firstByteTimeout: 0.1, idleTimeout: 0.1, retries: 0 })
  const late = await fetch(one.url)
  expect([late.status, await late.text()]).toEqual([504, expect.stringContaining('UPSTREAM_TIMEOUT')])
  await expect(fetch(`${one.url}/middle`).then((response) => response.text())).rejects.toThrow(/terminated|aborted/)
  await until('the log has it', () => one.log.text.includes('code=UPSTREAM_STALLED'))
})

test('the clock stands while the client takes its time', async () => {
  const upstream = await start(echo)
  const one = await gateway({ upstream: upstream.url, firstByteTimeout: 0.15, idleTimeout: 0.15 })
  const client = httpRequest(one.url, { method: 'POST' })
  client.write('a')
  await until('it has begun', () => upstream.requests === 1)
  // Longer than both limits.
  await new Promise((resolve) => setTimeout(resolve, 400))
  client.end('b')
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  response.resume()
})

test('an upstream that takes nothing of a body is 504', async () => {
  const upstream = await raw((socket) => socket.pause())
  const one = await gateway({ upstream, idleTimeout: 0.2 })
  const client = httpRequest(one.url, { method: 'POST' }).on('error', () => {})
  client.write(Buffer.alloc(32 * 1024 * 1024))
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(504)
  client.destroy()
})

test('a kept connection that the upstream closed is not used; a request that met its end is sent again', async () => {
  // Closes without a word after each response, and at once when a second request comes on a connection.
  let second = 0
  const upstream = await raw((socket) => {
    let count = 0
    socket.on('data', () => {
      if (++count > 1) {
        second++
        return void socket.destroy()
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const one = await gateway({ upstream })
  for (let count = 0; count < 5; count++) expect(await (await fetch(one.url)).text()).toBe('ok')
  expect(second).toBeGreaterThan(0)
  expect(one.log.text).toContain('UPSTREAM_RESET')
})

test('an early answer to an upload reaches the client', async () => {
  const upstream = await start((_, response) => response.writeHead(413, { Connection: 'close' }).end('too much'))
  const one = await gateway({ upstream: upstream.url })
  const client = httpRequest(one.url, { method: 'POST' }).on('error', () => {})
  client.write('x'.repeat(100_000))
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(413)
  client.destroy()
})

test('what HTTP cannot carry is refused', async () => {
  const upstream = await start(echo)
  const one = await gateway({ upstream: upstream.url })
  expect(await exchange(one.url, 'OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 501 /,
  )
})

test('a Unix socket', async () => {
  const folder = cleanup.add(temporaryFolder(), ({ remove }) => remove())
  const upstream = await start(echo)
  upstream.server.close()
  const path = join(folder.path, 'u.sock')
  await new Promise<void>((resolve) => upstream.server.listen(path, resolve))
  const one = await gateway({ upstream: 'http://unix:u.sock' }, { directory: folder.path })
  expect(((await (await fetch(`${one.url}/x`)).json()) as Echo).url).toBe('/x')
})

test('https: the certificate is checked', async () => {
  const folder = cleanup.add(temporaryFolder(), ({ remove }) => remove())
  const at = (name: string): string => join(folder.path, name)
  const made = spawnSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=inner.example -addext subjectAltName=DNS:inner.example -keyout ${at('key.pem')} -out ${at('ca.pem')}`.split(
      ' ',
    ),
  )
  expect(made.status).toBe(0)
  const server = createTlsServer({ key: readFileSync(at('key.pem')), cert: readFileSync(at('ca.pem')) }, echo)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.add(server, () => (server.closeAllConnections(), server.close()))
  const upstream = `https://127.0.0.1:${(server.address() as { port: number }).port}`
  const directory = folder.path
  const good = await gateway({ upstream, ca: 'ca.pem', serverName: 'inner.example' }, { directory })
  expect((await fetch(good.url)).status).toBe(200)
  const wrongName = await gateway({ upstream, ca: 'ca.pem' }, { directory })
  expect((await fetch(wrongName.url)).status).toBe(502)
  const unknown = await gateway({ upstream, serverName: 'inner.example' }, { directory })
  expect(await (await fetch(unknown.url)).text()).toContain('UPSTREAM_CONNECT')
  const any = await gateway({ upstream, verify: false }, { directory })
  expect((await fetch(any.url)).status).toBe(200)
  await expect(gateway({ upstream, ca: 'missing.pem' }, { directory })).rejects.toMatchObject({ code: 'UPSTREAM_CA' })
})
