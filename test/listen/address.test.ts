import { describe, expect, test } from 'vitest'
import { formatAddress, isLocal, parseAddress } from '../../sidecar/address.ts'
import { parsePeers } from '../../sidecar/peers.ts'
import { startGateway, text } from './gateway.ts'

describe('addresses', () => {
  test.each([
    ['127.0.0.1:3031', undefined, { kind: 'tcp', host: '127.0.0.1', port: 3031 }],
    ['[::1]:80', undefined, { kind: 'tcp', host: '::1', port: 80 }],
    ['uwsgi://localhost:0', 'uwsgi', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['unix:run/s.sock', undefined, { kind: 'unix', path: 'run/s.sock' }],
    ['http://unix:/run/s.sock', 'http', { kind: 'unix', path: '/run/s.sock' }],
    ['HTTP://127.0.0.1:1/', 'http', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
  ])('%s', (text, protocol, endpoint) => {
    const address = parseAddress(text, 'listen.0')
    expect(address).toEqual({ protocol, endpoint })
    expect(parseAddress(formatAddress(address), 'x')).toEqual(address)
  })

  test.each([
    ['3031', /127\.0\.0\.1:3031/],
    [':3031', /127\.0\.0\.1:3031/],
    ['/run/s.sock', /unix:\/run\/s\.sock/],
    ['uwsgi://3031', /write uwsgi:\/\/127\.0\.0\.1:3031/],
    ['fastcgi:///run/s.sock', /write fastcgi:\/\/unix:\/run\/s\.sock/],
    ['gopher://127.0.0.1:1', /protocol gopher; known are http, uwsgi/],
    ['127.0.0.1:70000', /HOST:PORT or unix:PATH/],
    ['unix:', /no path/],
    [`unix:/${'x'.repeat(107)}`, /longer than the 107 bytes/],
    ['', /is no address/],
  ])('refuses %j and names the way out', (text, message) => {
    expect(() => parseAddress(text, 'listen.0')).toThrow(
      expect.objectContaining({ code: 'ADDRESS_BAD', path: 'listen.0' }),
    )
    expect(() => parseAddress(text, 'listen.0')).toThrow(message)
  })

  test('knows which addresses only this machine can reach', () => {
    const local = (text: string) => isLocal(parseAddress(text, 'x').endpoint)
    expect(['127.0.0.1:1', '127.8.8.8:1', '[::1]:1', 'localhost:1', 'unix:/s'].map(local)).toEqual(Array(5).fill(true))
    expect(['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '127.evil.example:1'].map(local)).toEqual(Array(4).fill(false))
  })
})

describe('peers', () => {
  test('matches addresses, networks and Unix sockets', () => {
    const peers = parsePeers(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', 'unix'], 'allow')
    expect(['10.9.8.7', '::ffff:10.1.1.1', '192.0.2.1', '2001:db8::5', undefined].map((a) => peers.has(a))).toEqual(
      Array(5).fill(true),
    )
    expect(['11.0.0.1', '192.0.2.2', '2001:db9::1'].map((a) => peers.has(a))).toEqual([false, false, false])
    expect(parsePeers(['10.0.0.0/8'], 'allow').has(undefined)).toBe(false)
  })

  test.each(['10.0.0.0/33', 'ten', '10.0.0.0/x', '::/129', ''])('refuses %j', (entry) => {
    expect(() => parsePeers([entry], 'allow')).toThrow(expect.objectContaining({ code: 'PEER_BAD', path: 'allow.0' }))
  })
})

test('a host that is not known', async () => {
  await expect(
    startGateway([{ address: '127.0.0.1:0', host: 'nginks' as never }], text('never')),
  ).rejects.toMatchObject({
    code: 'HOST_UNKNOWN',
    path: 'listen.0.host',
    message: expect.stringMatching(/^there is no host called nginks; known are .*nginx/),
  })
})
