// Load balancers in front of a listener that write the PROXY protocol: by hand, and a real HAProxy.
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { accepts, program } from '../harness.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { netstring, record, request } from '../wire/build.ts'
import { freshFolder, startGateway, text, type Handler } from './gateway.ts'
import { haproxy } from './haproxy.ts'
import { bodyOf, connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

const variables: Handler = (exchange) => text(JSON.stringify(exchange.variables))(exchange)
const http = 'GET /x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'
const line = 'PROXY TCP4 192.0.2.9 10.0.0.1 4711 8443\r\n'
const version2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([192, 0, 2, 9, 10, 0, 0, 1, 0x12, 0x67, 0x20, 0xfb]),
])
const local = Buffer.from('\r\n\r\n\0\r\nQUIT\n\x20\0\0\0', 'latin1')
const loopback = ['127.0.0.0/8']

const parsed = (answer: string): Record<string, string> => JSON.parse(bodyOf(answer)) as Record<string, string>

describe('HTTP: the client is who the header names', () => {
  test.each([
    ['version 1', line],
    ['version 2', version2],
  ])('%s, in one piece and byte by byte, on any listener', async (_, header) => {
    const socket = `unix:${freshFolder()}/s.sock`
    const { addresses, errors } = await startGateway(
      [
        { address: '127.0.0.1:0', proxyProtocol: loopback },
        { address: 'http://127.0.0.1:0', proxyProtocol: ['::1', '127.0.0.1'] },
        { address: socket, proxyProtocol: ['unix'] },
      ],
      variables,
    )
    const bytes = Buffer.concat([Buffer.from(header as string), Buffer.from(http)])
    for (const address of addresses) {
      for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
        expect(parsed(await talk(address, ...pieces))).toMatchObject({
          REMOTE_ADDR: '192.0.2.9',
          REMOTE_PORT: '4711',
          SERVER_PORT: '8443',
          PATH_INFO: '/x',
        })
      }
    }
    expect(errors).toEqual([])
  })

  test.each([
    ['LOCAL', local],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
  ])('%s: the peer itself', async (_, header) => {
    const { addresses } = await startGateway([{ address: '127.0.0.1:0', proxyProtocol: loopback }], variables)
    expect(parsed(await talk(addresses[0]!, header, http)).REMOTE_ADDR).toBe('127.0.0.1')
  })

  test('the header is for the connection: every request on it', async () => {
    const { addresses } = await startGateway([{ address: '127.0.0.1:0', proxyProtocol: loopback }], variables)
    const answer = await talk(addresses[0]!, line + http.replace('close', 'keep-alive') + http)
    expect(answer.match(/"REMOTE_ADDR":"192\.0\.2\.9"/g)).toHaveLength(2)
  })

  test('X-Forwarded-For counts when who the header names is trusted, and not because the balancer is', async () => {
    const forwarded = http.replace('Host:', 'X-Forwarded-For: 198.51.100.7\r\nHost:')
    const { addresses } = await startGateway(
      [
        { address: '127.0.0.1:0', proxyProtocol: loopback, trust: ['192.0.2.0/24'] },
        { address: '127.0.0.1:0', proxyProtocol: loopback, trust: loopback },
      ],
      variables,
    )
    expect(parsed(await talk(addresses[0]!, line + forwarded)).REMOTE_ADDR).toBe('198.51.100.7')
    expect(parsed(await talk(addresses[1]!, line + forwarded)).REMOTE_ADDR).toBe('192.0.2.9')
  })
})

test('gateway protocols, where the address names them: the header is taken off, and the variables stay as the host sent them', async () => {
  const { addresses } = await startGateway(
    ['uwsgi', 'fastcgi'].map((protocol) => ({ address: `${protocol}://127.0.0.1:0`, proxyProtocol: loopback })),
    variables,
  )
  const together = Buffer.concat([Buffer.from(line), uwsgiRequest('/')])
  for (const pieces of [[line, uwsgiRequest('/')], [together]])
    expect(parsed(await talk(addresses[0]!, ...pieces))).toMatchObject({ REMOTE_ADDR: '192.0.2.7' })
  const socket = await connectTo(addresses[1]!)
  socket.write(Buffer.concat([version2, fastcgiRequest()]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString('latin1')).toContain('"REMOTE_ADDR":"192.0.2.7"')
  socket.destroy()
})

const admin = { REQUEST_METHOD: 'GET', REQUEST_URI: '/', REMOTE_USER: 'admin', HTTPS: 'on', CONTENT_LENGTH: '0' }
const fastcgiRequest = (): Buffer => Buffer.concat([request(1, { ...admin, REMOTE_ADDR: '192.0.2.7' }), record(5, 1)])

describe('where the address names no protocol, clients of someone else speak HTTP and nothing more', () => {
  const spoken: [string, Uint8Array][] = [
    ['uwsgi', uwsgiRequest('/', admin)],
    ['fastcgi', fastcgiRequest()],
    ['scgi', netstring({ ...admin, SCGI: '1' })],
    ['ajp', ajp.client().request({ ...admin, SERVER_PORT: '80', SERVER_PROTOCOL: 'HTTP/1.1' }, 0)],
  ]
  const headers: [string, string | Buffer][] = [
    ['version 1', line],
    ['version 2', version2],
    ['LOCAL', local],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
    ['no header, from another peer', ''],
  ]
  test.each(headers.flatMap(([header, bytes]) => spoken.map((one) => [header, one[0], bytes, one[1]] as const)))(
    '%s, then %s',
    async (header, protocol, bytes, request) => {
      let handled = 0
      const handle: Handler = (exchange) => {
        handled++
        return variables(exchange)
      }
      const peers = header.startsWith('no header') ? ['192.0.2.1'] : [...loopback, 'unix']
      const { addresses, errors } = await startGateway(
        ['127.0.0.1:0', `unix:${freshFolder()}/s.sock`].map((address) => ({ address, proxyProtocol: peers })),
        handle,
      )
      for (const address of addresses) await talk(address, Buffer.concat([Buffer.from(bytes as string), request]))
      expect(handled).toBe(0)
      expect(errors.map(({ code }) => code)).toEqual(['WRONG_PROTOCOL', 'WRONG_PROTOCOL'])
      expect(errors[0]!.message).toContain(`this looks like ${protocol}, but the listener speaks http only`)
      expect(errors[0]!.message).toContain(`or listen with ${protocol}:// in front`)
    },
  )

  test('and that is what the start says', async () => {
    const { gateway } = await startGateway(
      [{ address: '127.0.0.1:0', proxyProtocol: loopback }, '127.0.0.1:0'],
      variables,
    )
    expect(gateway.addresses.map(({ protocols }) => protocols.length)).toEqual([1, 5])
    expect(gateway.addresses[0]!.protocols).toEqual(['http'])
  })
})

describe('refused, with one line, and only that connection', () => {
  test('a listed peer without a header, or with a bad one', async () => {
    const { addresses, errors } = await startGateway(
      ['', 'http://', 'uwsgi://'].map((scheme) => ({ address: `${scheme}127.0.0.1:0`, proxyProtocol: loopback })),
      variables,
    )
    for (const address of addresses) {
      expect(await talk(address, http)).toBe('')
      expect(await talk(address, 'PROXY TCP4 nonsense\r\n', http)).toBe('')
      expect(await talk(address, uwsgiRequest('/'))).toBe('')
    }
    expect(errors.map(({ code, blame }) => `${code} ${blame}`)).toEqual(Array(9).fill('PROXY_HEADER peer'))
    expect(await talk(addresses[0]!, line + http)).toMatch(/^HTTP\/1\.1 200/)
  })

  test('a header from a peer that is not listed: nobody else can say who he is', async () => {
    const { addresses, errors } = await startGateway(
      [
        { address: '127.0.0.1:0', proxyProtocol: ['10.0.0.0/8', 'unix'] },
        { address: 'http://127.0.0.1:0' },
        { address: 'uwsgi://127.0.0.1:0' },
      ],
      variables,
    )
    for (const address of addresses) expect(await talk(address, line + http)).not.toMatch(/192\.0\.2\.9/)
    expect(errors.map(({ message }) => message)).toEqual(
      Array(3).fill('this is a PROXY protocol header, and the peer is not in `proxyProtocol` of this listener'),
    )
    expect(parsed(await talk(addresses[0]!, http)).REMOTE_ADDR).toBe('127.0.0.1')
  })

  test('`allow` is about the balancer, not about who is behind it', async () => {
    const { addresses } = await startGateway(
      [{ address: 'http://127.0.0.1:0', proxyProtocol: loopback, allow: ['192.0.2.0/24'] }],
      variables,
    )
    expect(await talk(addresses[0]!, line + http)).toBe('')
  })

  test('an entry that is no peer', async () => {
    await expect(startGateway([{ address: '127.0.0.1:0', proxyProtocol: ['ten'] }], variables)).rejects.toMatchObject({
      code: 'PEER_BAD',
      path: 'listen.0.proxyProtocol.0',
    })
  })
})

describe.skipIf(!program('haproxy'))('HAProxy', () => {
  test.each(['send-proxy', 'send-proxy-v2'])('%s', async (option) => {
    const { addresses, errors } = await startGateway(
      [{ address: 'http://127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }],
      variables,
    )
    const host = await haproxy(`  server s ${addresses[0]!.replace('http://', '')} ${option}`)
    const socket = await connectTo(host.address)
    const { localPort } = socket
    socket.write(http)
    const answer = await readAll(socket)
    expect(parsed(answer)).toMatchObject({ REMOTE_ADDR: '127.0.0.1', REMOTE_PORT: String(localPort) })
    expect(errors).toEqual([])
    await host.stop()
    expect(await accepts(host.address)).toBe(false)
  })
})
