// AJP (and SCGI, to compare) behind the real Apache and lighttpd: bodies on demand, connections kept, streams passed on at once.
import { once } from 'node:events'
import { request as httpRequest, Agent, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { connect, createServer, type AddressInfo, type Server as NetServer } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { Gateway } from '../../sidecar/gateway.ts'
import { Log } from '../../sidecar/log.ts'
import { LogText } from '../harness.ts'
import { listener, mountOf } from '../listen/gateway.ts'
import { installed, startServer, type Server } from './servers.ts'

const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_ajp', 'proxy_scgi']
const configs: Record<string, (protocol: string, port: number) => string> = {
  apache: (protocol, port) => `
ServerName localhost
Listen 8080
User www-data
Group www-data
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
KeepAlive On
ProxyPass /${protocol} ${protocol}://127.0.0.1:${port}/${protocol}
`,
  lighttpd: (_, port) => `
server.port = 8080
server.modules = ( "mod_ajp13" )
server.document-root = "/var/empty"
server.stream-response-body = 1
ajp13.server = ( "" => (( "host" => "127.0.0.1", "port" => ${port} )) )
`,
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** What the app does is in the path; a stream goes on after `gate`. */
async function app(exchange: Exchange, gate: Promise<void>): Promise<void> {
  const { variables } = exchange
  const path = variables.REQUEST_URI!.replace(/^\/(ajp|scgi)/, '')
  const head = { status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] as [string, string][] }
  if (path.startsWith('/variables')) {
    exchange.respond(head)
    return exchange.end(JSON.stringify(variables))
  }
  if (path === '/fields') {
    exchange.respond(head)
    return exchange.end(JSON.stringify(exchange.fields ?? null))
  }
  if (path === '/stream') {
    exchange.respond(head)
    exchange.write('first')
    await gate
    return exchange.end('second')
  }
  if (path === '/long-head') {
    try {
      exchange.respond({ ...head, headers: [['X-Long', 'x'.repeat(9000)]] })
      return exchange.end('x')
    } catch (error) {
      return exchange.fail(error)
    }
  }
  if (path === '/unread') {
    exchange.respond({ ...head, status: 403, reason: 'Forbidden' })
    return exchange.end('no')
  }
  exchange.respond(head)
  for await (const chunk of exchange.body) await exchange.send(chunk)
  exchange.end()
}

/** Hosts that are here. */
const rows = [
  ['apache', 'ajp'],
  ['apache', 'scgi'],
  ['lighttpd', 'ajp'],
].filter(([host]) => installed(host!)) as ['apache' | 'lighttpd', 'ajp' | 'scgi'][]

describe.each(rows)('%s, %s', (host, protocol) => {
  const gate = Promise.withResolvers<void>()
  const text = new LogText()
  let gateway: Gateway
  let relay: NetServer
  let server: Server
  let connections = 0
  const kept = host === 'apache' && protocol === 'ajp'

  beforeAll(async () => {
    const listen = [listener(`${protocol}://127.0.0.1:0`)]
    gateway = new Gateway({
      listen,
      mounts: [{ key: '/', mount: mountOf((exchange) => app(exchange, gate.promise)) }],
      log: new Log('text', text, text),
    })
    await gateway.start()
    const endpoint = gateway.addresses[0]!.endpoint
    if (endpoint.kind !== 'tcp') throw new Error('not TCP')
    // Counts the connections.
    relay = createServer({ allowHalfOpen: true }, (socket) => {
      connections++
      const other = connect({ port: endpoint.port, host: '127.0.0.1', allowHalfOpen: true })
      for (const side of [socket, other]) side.setNoDelay().on('error', () => {})
      socket.pipe(other).pipe(socket)
    })
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const { port } = relay.address() as AddressInfo
    server = await startServer(host, { config: configs[host]!(protocol, port) })
  })
  afterAll(async () => {
    agent.destroy()
    await server?.stop([/graceful shutdown started/])
    relay?.close()
    await gateway?.close()
  })

  function open(
    method: string,
    path: string,
    body: Buffer[] = [],
    chunked = false,
    more: OutgoingHttpHeaders = {},
  ): Promise<IncomingMessage> {
    const [hostname, port] = server.address.split(':')
    const size = body.reduce((sum, { length }) => sum + length, 0)
    const framing = chunked ? { 'Transfer-Encoding': 'chunked' } : size > 0 ? { 'Content-Length': String(size) } : {}
    const headers = { ...framing, ...more }
    const request = httpRequest({ hostname, port, method, path: `/${protocol}${path}`, agent, headers })
    for (const chunk of body) request.write(chunk)
    request.end()
    return new Promise((resolve, reject) => request.on('response', resolve).on('error', reject))
  }
  async function ask(
    ...parameters: Parameters<typeof open>
  ): Promise<{ status: number; body: Buffer; reason: string }> {
    const response = await open(...parameters)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode!, reason: response.statusMessage!, body: Buffer.concat(chunks) }
  }
  const bytes = (size: number): Buffer =>
    Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff))

  test('GET', async () => {
    const answer = await ask('GET', '/variables?x=1&y=a%20b')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      REQUEST_METHOD: 'GET',
      REQUEST_URI: `/${protocol}/variables?x=1&y=a%20b`,
      QUERY_STRING: 'x=1&y=a%20b',
      REMOTE_ADDR: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
    })
  })

  test('fields are spelled as by the client where the protocol has fields, and joined by the web server', async () => {
    const response = await open('GET', '/fields', [], false, { 'x-tWICE': ['one', 'two, three'], 'X-Once': 'x' })
    const fields = JSON.parse(await textOf(response)) as string[] | null
    const ours = fields?.filter((_, at, all) => /^x-/i.test(all[at - (at % 2)]!))
    expect(ours).toEqual(protocol === 'ajp' ? ['x-tWICE', 'one, two, three', 'X-Once', 'x'] : undefined)
  })

  test.each([1, 5000, 8186, 8187, 102_400, 1_000_000])('POST %d bytes and back', async (size) => {
    const body = bytes(size)
    const answer = await ask('POST', '/echo', [body])
    expect(answer.status).toBe(200)
    expect(answer.body.equals(body)).toBe(true)
  })

  test('POST, many at once', async () => {
    const body = bytes(300_000)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('POST', '/echo', [body])))
    expect(answers.every((answer) => answer.body.equals(body))).toBe(true)
  })

  test.each([0, 1, 5000, 102_400])('POST %d bytes in chunks and back, or 411 where they are refused', async (size) => {
    const body = bytes(size)
    const parts =
      size === 0 ? [] : [body.subarray(0, size / 2), body.subarray(size / 2)].filter(({ length }) => length > 0)
    const answer = await ask('POST', '/echo', parts, true)
    // SCGI has to know the length before the body; Apache asks its client for one.
    const expected = protocol === 'scgi' ? [411, false] : [200, true]
    expect([answer.status, answer.body.equals(body)]).toEqual(expected)
  })

  test('an answer before the body was read', async () => {
    for (const size of [10, 1000])
      expect(await ask('POST', '/unread', [bytes(size)])).toMatchObject({ status: 403, reason: 'Forbidden' })
    expect((await ask('GET', '/variables')).status).toBe(200)
  })

  test('HEAD', async () => {
    expect(await ask('HEAD', '/variables')).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  })

  test('a stream is passed on at once', async () => {
    const response = await open('GET', '/stream')
    response.setEncoding('utf8')
    const seen: string[] = []
    for await (const chunk of response) {
      seen.push(chunk as string)
      gate.resolve()
    }
    expect(seen.join('')).toBe('firstsecond')
    // AJP tells Apache to flush; what the others do is theirs.
    expect(kept ? seen[0] : 'first').toBe('first')
  })

  test('connections are kept where the protocol lets them', async () => {
    const before = connections
    for (let count = 0; count < 10; count++) {
      const body = bytes(20_000)
      expect((await ask('POST', '/echo', [body])).body.equals(body)).toBe(true)
    }
    expect(connections - before).toBe(kept ? 0 : 10)
  })

  // SCGI has no packets that a head could be too long for; what Apache itself takes is its own affair.
  test.each([protocol].filter((name) => name === 'ajp'))('%s: a head that does not fit becomes an error', async () => {
    const answer = await ask('GET', '/long-head')
    expect(answer.status).toBe(500)
    expect(answer.body.toString()).toContain('AJP_HEAD')
    expect((await ask('GET', '/variables')).status).toBe(200)
  })
})
