// The layer `proxy-fix`: what counts of the fields of proxies, and whose.
import { expect, test } from 'vitest'
import { processorTime } from '../harness.ts'
import { proxyFix } from '../../sidecar/middleware/proxy-fix.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { makeExchange } from '../exchange.ts'
import { makeLayer, pass, refusal, type Passed } from './layer.ts'

const PEER = '10.0.0.9'
const TRUST = ['10.0.0.0/8', '198.51.100.17']

async function from(
  peer: string,
  settings: object,
  headers: Record<string, string> | [string, string][],
  variables: Record<string, string> = {},
): Promise<Passed> {
  const request = { headers, path: '/x?y', variables: { REMOTE_ADDR: peer, ...variables } }
  return pass(proxyFix, { trust: TRUST, ...settings }, request)
}

const seen = ({ variables }: Passed) => {
  const { REMOTE_ADDR: address, REMOTE_PORT: port, HTTP_HOST: host, SERVER_PORT: server, HTTPS: https } = variables!
  return { address, port, host, server, https }
}

type Row = [string, Partial<Record<keyof ReturnType<typeof seen>, string | undefined>> | 'ignored' | 'peer']

test.each<Row>([
  ['for=192.0.2.43', { address: '192.0.2.43' }],
  ['For="[2001:DB8:cafe::17]:4711"', { address: '2001:db8:cafe::17', port: '4711' }],
  ['for=192.0.2.60;proto=https;by=203.0.113.43', { address: '192.0.2.60', https: 'on', server: '443' }],
  ['for=192.0.2.43, for=198.51.100.17', { address: '192.0.2.43' }],
  ['for=192.0.2.43, for=198.51.100.18', { address: '198.51.100.18' }],
  ['for=1.2.3.4 , for=5.6.7.8', { address: '5.6.7.8' }],
  ['for=1.2.3.4; proto=https', { address: '1.2.3.4', https: 'on' }],
  ['for=1.2.3.4;;proto=https', { address: '1.2.3.4', https: 'on' }],
  ['for=1.2.3.4,,for=5.6.7.8', { address: '5.6.7.8' }],
  [',for=1.2.3.4,', { address: '1.2.3.4' }],
  ['', 'peer'],
  [
    'for="192.0.2.1:8080";host="a.b:81";proto=https',
    { address: '192.0.2.1', host: 'a.b:81', https: 'on', server: '81' },
  ],
  ['for=_gazonk', 'peer'],
  ['for=unknown', 'peer'],
  ['for="_mdn"', 'peer'],
  ['for="a\\"b"', 'peer'],
  ['for="\\[::1]"', { address: '::1' }],
  ['for=1.2.3.4;host="evil.com;proto=https"', 'ignored'],
  ['for="1.2.3.4;proto=https"', 'peer'],
  ['for=192.0.2.1;proto=https;for=1.1.1.1', 'ignored'],
  ['for=1.2.3.4;secret=x;proto=http', { address: '1.2.3.4', https: undefined }],
  ['for=[::1]', 'ignored'],
  ['for=1.2.3.4:80', 'ignored'],
  ['for = 1', 'ignored'],
  ['for=', 'ignored'],
  ['for', 'ignored'],
  ['=1', 'ignored'],
  ['for="unterminated', 'ignored'],
  ['for="1.2.3.4"x', 'ignored'],
  ['for=1.2.3.4\tproto=https', 'ignored'],
  ['proto=javascript', 'ignored'],
  ['host="a b"', 'ignored'],
  ['host="a/b"', 'ignored'],
  ['host="u@b"', 'ignored'],
  [`for=1.2.3.4${',for=1.2.3.4'.repeat(64)}`, 'ignored'],
])('Forwarded: %s', async (field, expected) => {
  const passed = await from(PEER, { header: 'forwarded' }, { Forwarded: field, 'X-Forwarded-For': '9.9.9.9' })
  const unchanged = { address: PEER, port: '4711', host: 'test.example', server: '80', https: undefined }
  const wanted = typeof expected === 'string' ? unchanged : expected
  expect(seen(passed)).toMatchObject(wanted)
  expect(passed.log.includes('FORWARDED_BAD')).toBe(expected === 'ignored')
  expect(passed.variables!.HTTP_FORWARDED).toBe(expected === 'ignored' ? undefined : field)
  expect(passed.variables!.HTTP_X_FORWARDED_FOR).toBeUndefined()
  if (expected !== 'ignored') return
  const strict = await from(PEER, { header: 'forwarded', strict: true }, { Forwarded: field })
  expect([strict.response.status, strict.codes]).toEqual([400, ['FORWARDED_BAD']])
})

test('two lines of Forwarded are one list', async () => {
  const lines: [string, string][] = [
    ['Forwarded', 'for=192.0.2.43'],
    ['Forwarded', 'for=198.51.100.17'],
  ]
  expect(seen(await from(PEER, { header: 'forwarded' }, lines)).address).toBe('192.0.2.43')
})

test('a field that is too long costs no time', async () => {
  const long = `for=1.2.3.4;x="${'\\"'.repeat(600_000)}`
  const taken = await processorTime(async () => {
    const passed = await from(PEER, { header: 'forwarded' }, { Forwarded: long })
    expect(seen(passed).address).toBe(PEER)
  })
  expect(taken).toBeLessThan(1000)
})

test.each<[string, string]>([
  ['1.2.3.4', '1.2.3.4'],
  ['1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['1.2.3.4:5678', '1.2.3.4'],
  ['[2001:db8::1]:80', '2001:db8::1'],
  ['"[::1]"', '::1'],
  [' 1.2.3.4 ,\t10.0.0.2', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['evil, 1.2.3.4', '1.2.3.4'],
  ['9.9.9.9, evil, 10.0.0.2', '10.0.0.2'],
  ['1.2.3.4, evil', PEER],
  ['', PEER],
  ['unknown', PEER],
])('X-Forwarded-For: %s', async (field, address) => {
  const passed = await from(PEER, {}, { 'X-Forwarded-For': field, Forwarded: 'for=9.9.9.9' })
  expect(seen(passed).address).toBe(address)
  expect(passed.variables!.HTTP_FORWARDED).toBeUndefined()
})

test.each<[string, string, object, object]>([
  ['X-Forwarded-Proto', 'https', {}, { https: 'on', server: '443' }],
  ['X-Forwarded-Proto', 'HTTPS', {}, { https: 'on' }],
  ['X-Forwarded-Proto', 'wss', {}, { https: 'on' }],
  ['X-Forwarded-Proto', 'ftp', {}, { https: undefined }],
  ['X-Forwarded-Proto', 'https,http', {}, { https: undefined }],
  ['X-Forwarded-Proto', 'https,http', { hops: 2 }, { https: 'on' }],
  ['X-Forwarded-Host', 'a.test, b.test:81', {}, { host: 'b.test:81', server: '81' }],
  ['X-Forwarded-Host', 'a.test, b.test', { hops: 2 }, { host: 'a.test', server: '80' }],
  ['X-Forwarded-Host', 'a.test', { host: false }, { host: 'test.example' }],
  ['X-Forwarded-Host', 'a.test/b', {}, { host: 'test.example' }],
  ['X-Forwarded-Port', '8443', {}, { host: 'test.example:8443', server: '8443' }],
  ['X-Forwarded-Port', '80', {}, { host: 'test.example', server: '80' }],
  ['X-Forwarded-Port', '0', {}, { server: '80' }],
  ['X-Forwarded-Port', '70000', {}, { server: '80' }],
  ['X-Forwarded-Port', '8443', { port: false }, { server: '80' }],
  ['X-Forwarded-For', '1.1.1.1, 2.2.2.2, 3.3.3.3', { hops: 2 }, { address: '2.2.2.2' }],
  ['X-Forwarded-For', '1.1.1.1', { hops: 2 }, { address: PEER }],
])('%s: %s with %j', async (name, value, settings, expected) => {
  expect(seen(await from(PEER, settings, { [name]: value }))).toMatchObject(expected)
})

test('plain HTTP in front of TLS between machines', async () => {
  const passed = await from(PEER, {}, { 'X-Forwarded-Proto': 'http' }, { HTTPS: 'on', REQUEST_SCHEME: 'https' })
  const { HTTPS, REQUEST_SCHEME, SERVER_PORT } = passed.variables!
  expect([HTTPS, REQUEST_SCHEME, SERVER_PORT]).toEqual([undefined, 'http', '80'])
})

test.each<[string, string | undefined]>([
  ['/a', '/a'],
  ['/a/', '/a'],
  ['/a%20b', '/a b'],
  ['/', ''],
  ['', ''],
  ['a', undefined],
  ['//a', undefined],
  ['/a/../b', undefined],
  ['/a?x', undefined],
  ['/a#x', undefined],
  ['/a%0d', undefined],
  ['/a%zz', undefined],
  ['/a\\b', undefined],
])('X-Forwarded-Prefix: %s', async (prefix, expected) => {
  const passed = await from(
    PEER,
    { prefix: true },
    { 'X-Forwarded-Prefix': prefix },
    { SCRIPT_NAME: '/m', REQUEST_URI: '/m/x?y' },
  )
  const { SCRIPT_NAME, REQUEST_URI } = passed.variables!
  expect([SCRIPT_NAME, REQUEST_URI]).toEqual([`${expected ?? ''}/m`, `${(expected ?? '').replace(' ', '%20')}/m/x?y`])
  expect(passed.log.includes('FORWARDED_BAD')).toBe(expected === undefined)
})

test.each(['*', 'http://h/x', undefined])('a target %s has no place for a prefix', async (target) => {
  const settings = { trust: TRUST, prefix: true }
  const { layer } = makeLayer(proxyFix, settings)
  const { exchange } = makeExchange({ headers: { 'X-Forwarded-Prefix': '/a' }, variables: { REMOTE_ADDR: PEER } })
  if (target === undefined) delete exchange.variables.REQUEST_URI
  else exchange.variables.REQUEST_URI = target
  const passed = Promise.withResolvers<Variables>()
  void layer.handle(exchange, (one) => passed.resolve(one.variables))
  const { SCRIPT_NAME, REQUEST_URI } = await passed.promise
  expect([SCRIPT_NAME, REQUEST_URI]).toEqual(['/a', target])
})

test('a prefix counts only where it is asked for', async () => {
  const { variables } = await from(PEER, {}, { 'X-Forwarded-Prefix': '/a' })
  expect(variables!.SCRIPT_NAME).toBe('')
})

const CLAIMS = {
  'X-Forwarded-For': '1.2.3.4',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.test',
  'X-Forwarded-Prefix': '/evil',
  Forwarded: 'for=1.2.3.4',
}

test('of somebody else nothing counts, and nothing is seen', async () => {
  const passed = await from('203.0.113.5', { prefix: true }, CLAIMS)
  expect(seen(passed)).toMatchObject({ address: '203.0.113.5', host: 'test.example', https: undefined })
  const left = Object.keys(passed.variables!).filter((name) => name.includes('FORWARDED'))
  expect(left).toEqual([])
  const kept = await from('203.0.113.5', { untrusted: 'pass' }, CLAIMS)
  expect([kept.variables!.HTTP_X_FORWARDED_FOR, kept.variables!.REMOTE_ADDR]).toEqual(['1.2.3.4', '203.0.113.5'])
})

test('who connects by a Unix socket', async () => {
  expect(seen(await from('', { trust: ['unix'] }, { 'X-Forwarded-For': '1.2.3.4' })).address).toBe('1.2.3.4')
  expect(seen(await from('', {}, { 'X-Forwarded-For': '1.2.3.4' })).address).toBe('')
})

test('a mistake is told once', async () => {
  const { log } = await from(PEER, {}, { 'X-Forwarded-Proto': 'ftp' })
  expect(log).toContain(
    'x-forwarded-proto of a trusted proxy is neither http nor https, and is left out (said once): "ftp" code=FORWARDED_BAD blame=peer',
  )
})

test('logs name the client', () => {
  const { exchange } = makeExchange({ headers: { 'X-Forwarded-For': '1.2.3.4' }, variables: { REMOTE_ADDR: PEER } })
  let inner: Variables | undefined
  void makeLayer(proxyFix, { trust: TRUST }).layer.handle(exchange, (one) => (inner = one.variables))
  expect([exchange.logged.remote, inner?.REMOTE_ADDR, exchange.variables.REMOTE_ADDR]).toEqual([
    '1.2.3.4',
    '1.2.3.4',
    PEER,
  ])
})

test('a proxy that is no address is refused', () => {
  expect(refusal(proxyFix, { trust: ['proxy.test'] })).toMatchObject({
    code: 'PEER_BAD',
    path: 'use.0.proxy-fix.trust.0',
  })
})
