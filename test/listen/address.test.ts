import { describe, expect, test } from 'vitest'
import {
  checkSystem,
  formatAddress,
  isLocal,
  parseAddress,
  parseListenAddress,
  socketAddress,
} from '../../sidecar/address.ts'
import { parsePeers } from '../../sidecar/peers.ts'
import type { ConfigError } from '../../sidecar/errors.ts'
import { whyDenied } from '../../sidecar/listen/bind.ts'
import type { ListenerSettings } from '../../sidecar/listen/settings.ts'
import { demandOfSystem } from '../../sidecar/listen/system.ts'
import { startGateway, text } from './gateway.ts'

describe('addresses', () => {
  test.each([
    ['127.0.0.1:3031', undefined, { kind: 'tcp', host: '127.0.0.1', port: 3031 }],
    ['[::1]:80', undefined, { kind: 'tcp', host: '::1', port: 80 }],
    ['uwsgi://localhost:0', 'uwsgi', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['unix:run/s.sock', undefined, { kind: 'unix', path: 'run/s.sock' }],
    ['http://unix:/run/s.sock', 'http', { kind: 'unix', path: '/run/s.sock' }],
    ['HTTP://127.0.0.1:1/', 'http', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
    ['pipe:sidegate', undefined, { kind: 'pipe', name: 'sidegate' }],
    ['fastcgi://pipe:Site 1.2/', 'fastcgi', { kind: 'pipe', name: 'Site 1.2' }],
    ['pipe:\\\\.\\PIPE\\sidegate', undefined, { kind: 'pipe', name: 'sidegate' }],
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
    ['127.0.0.1:70000', /a port is a number up to 65535/],
    ['uwsgi://[::1]:http', /a port is a number up to 65535/],
    ['::1:80', /HOST:PORT, unix:PATH or pipe:NAME/],
    ['\\\\.\\pipe\\x', /write pipe:NAME/],
    ['unix:', /no path/],
    ['pipe:', /no name after pipe:/],
    ['pipe:\\\\.\\pipe\\', /no name of a pipe/],
    ['pipe:\\\\web1\\pipe\\x', /another machine/],
    ['pipe:a\\b', /no name of a pipe/],
    ['uwsgi://pipe:a/b', /no name of a pipe/],
    ['pipe:a.', /no dot or space at its end/],
    ['pipe:a ', /no dot or space at its end/],
    ['pipe:a\n', /no name of a pipe/],
    [`pipe:${'x'.repeat(248)}`, /up to 247 characters/],
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
    expect(['127.0.0.1:1', '127.8.8.8:1', '[::1]:1', 'localhost:1', 'unix:/s', 'pipe:s'].map(local)).toEqual(
      Array(6).fill(true),
    )
    expect(['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '127.evil.example:1'].map(local)).toEqual(Array(4).fill(false))
  })
})

describe('named pipes', () => {
  test('have the name by which Windows knows them', () => {
    expect(socketAddress(parseAddress('http://pipe:sidegate', 'x').endpoint)).toEqual({ path: '\\\\.\\pipe\\sidegate' })
  })

  test.each(['linux', 'darwin'] as const)('are refused on %s', (platform) => {
    const { endpoint } = parseListenAddress('fastcgi://pipe:sidegate', 'listen.0')
    expect(() => checkSystem(endpoint, 'listen.0', platform)).toThrow(
      expect.objectContaining({
        code: 'ADDRESS_SYSTEM',
        path: 'listen.0',
        message: expect.stringMatching(/write unix:PATH or HOST:PORT/),
      }),
    )
    expect(() => checkSystem(endpoint, 'listen.0', 'win32')).not.toThrow()
    expect(() => checkSystem(parseAddress('127.0.0.1:1', 'x').endpoint, 'x', platform)).not.toThrow()
  })

  test.each([
    ['unix:run/sidegate.sock', 'write pipe:sidegate or HOST:PORT'],
    ['fastcgi://unix:C:\\run\\s.sock', 'write pipe:s or HOST:PORT'],
    ['unix:\\\\.\\pipe\\shop', 'write pipe:shop or HOST:PORT'],
    ['fd:3', 'hands nobody by a number: write pipe:NAME or HOST:PORT'],
    ['systemd:web', 'the sockets of systemd, which Windows has not: write pipe:NAME or HOST:PORT'],
  ])('%s is refused on Windows: %s', (text, words) => {
    const { endpoint } = parseListenAddress(text, 'listen.0')
    expect(() => checkSystem(endpoint, 'listen.0', 'win32')).toThrow(
      expect.objectContaining({ code: 'ADDRESS_SYSTEM', path: 'listen.0', message: expect.stringContaining(words) }),
    )
    expect(() => checkSystem(endpoint, 'listen.0', 'linux')).not.toThrow()
  })

  test('all that Windows has not is told in one go', () => {
    const { endpoint } = parseListenAddress('unix:s.sock', 'listen.0')
    const settings = { mode: '0600', owner: 'www-data' }
    const refused = (): void => demandOfSystem(endpoint, settings, 'listen.0', 'win32')
    expect(refused).toThrow(
      expect.objectContaining({
        problems: ['address', 'mode', 'owner'].map((name) =>
          expect.objectContaining({ code: 'ADDRESS_SYSTEM', path: `listen.0.${name}` }),
        ),
      }),
    )
    expect(() => demandOfSystem(endpoint, settings, 'listen.0', 'linux')).not.toThrow()
    const pipe = parseListenAddress('pipe:s', 'listen.0').endpoint
    expect(() => demandOfSystem(pipe, { mode: undefined, owner: undefined }, 'listen.0', 'win32')).not.toThrow()
  })

  test('a port that is denied is told by what the system means', () => {
    expect(whyDenied('tcp', 'win32')).toMatch(/excludedportrange/)
    expect(whyDenied('tcp', 'linux')).toMatch(/CAP_NET_BIND_SERVICE/)
  })

  test('match in lists of peers', () => {
    expect(parsePeers(['pipe'], 'trust').has(undefined)).toBe(true)
    expect(parsePeers(['pipe'], 'trust').has('127.0.0.1')).toBe(false)
  })

  // What may be spoken there is decided ahead of whether this system has it.
  const refusal = (settings: Partial<ListenerSettings>) =>
    startGateway([settings], text('')).then(
      () => undefined,
      (error: ConfigError) => ({ code: error.code, path: error.path, message: error.message }),
    )
  const everyone = { access: 'everyone' } as const

  test('open to everyone take no gateway protocol, unless that is meant', async () => {
    const refused = {
      code: 'ALLOW_REQUIRED',
      path: 'listen.0.allow',
      message: expect.stringContaining("allow: ['pipe']"),
    }
    expect(await refusal({ address: 'fastcgi://pipe:s', ...everyone })).toEqual(refused)
    expect(await refusal({ address: 'fastcgi://pipe:s', ...everyone, allow: ['10.0.0.1'] })).toEqual(refused)
    const ajp = { address: 'ajp://pipe:s', ...everyone, allow: ['pipe'] }
    expect(await refusal(ajp)).toMatchObject({ code: 'SECRET_REQUIRED' })
  })

  test.runIf(process.platform !== 'win32')('get past that when they are safe, and are not to be had here', async () => {
    const missing = { code: 'ADDRESS_SYSTEM', path: 'listen.0.address' }
    expect(await refusal({ address: 'pipe:s' })).toMatchObject(missing)
    expect(await refusal({ address: 'fastcgi://pipe:s' })).toMatchObject(missing)
    expect(await refusal({ address: 'pipe:s', ...everyone })).toMatchObject(missing)
    expect(await refusal({ address: 'fastcgi://pipe:s', ...everyone, allow: ['pipe'] })).toMatchObject(missing)
    expect(await refusal({ address: 'ajp://pipe:s', ...everyone, allow: ['pipe'], secret: 'x' })).toMatchObject(missing)
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
