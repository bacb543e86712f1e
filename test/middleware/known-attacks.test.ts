// What Rack had to mend in 2026, each as a request by HTTP: rules by path got past with another spelling, neighbours of a prefix let in, ranges
// and lists that cost more than they are long, a Forwarded field that says more than its proxy wrote, hosts that are none.
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, type OwnGateway } from '../../sidecar/index.ts'
import { processorTime, temporaryFolder } from '../harness.ts'

const folder = temporaryFolder()
let gateway: OwnGateway
let address: string

const APP = `
export default function (environ, start) {
  start('200 OK', [['Content-Type', 'application/json']])
  const { HTTP_HOST: host, REMOTE_ADDR: client, REQUEST_SCHEME: scheme, HTTPS: https = '' } = environ
  return [JSON.stringify({ host, client, scheme, https })]
}
`

beforeAll(async () => {
  mkdirSync(join(folder.path, 'site', 'private'), { recursive: true })
  mkdirSync(join(folder.path, 'site', 'private-not'))
  for (const place of ['private', 'private-not']) writeFileSync(join(folder.path, 'site', place, 'a.txt'), place)
  writeFileSync(join(folder.path, 'site', 'large.txt'), 'x'.repeat(100_000))
  writeFileSync(join(folder.path, 'app.mjs'), APP)
  gateway = await createGateway(
    {
      listen: ['http://127.0.0.1:0'],
      log: { access: false, level: 'error' },
      use: ['compress'],
      mounts: {
        '/': { files: './site', use: [{ access: { path: '/private', deny: 'all' } }] },
        '/app': { app: './app.mjs', use: [{ 'proxy-fix': { trust: ['127.0.0.1'], header: 'forwarded' } }] },
      },
    },
    { directory: folder.path },
  )
  await gateway.start()
  address = gateway.addresses[0]!.text.replace('http://', '')
})
afterAll(async () => {
  await gateway?.close()
  folder.remove()
})

/** The bytes of a response, as they come: fetch would put the path right, and the fields. */
function ask(target: string, ...fields: string[]): Promise<string> {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), host!)
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    socket.on('error', reject).on('end', () => resolve(text))
    const own = fields.some((field) => field.startsWith('Host:')) ? [] : ['Host: a.example']
    socket.end([`GET ${target} HTTP/1.1`, ...own, ...fields, 'Connection: close', '', ''].join('\r\n'))
  })
}

const statusOf = (response: string): number => Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(response)?.[1])
const bodyOf = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4)

describe('a rule by path holds however the path is written', () => {
  test.each([
    '/private/a.txt',
    '/%70rivate/a.txt',
    '/private%2Fa.txt',
    '//private/a.txt',
    '/./private/a.txt',
    '/x/../private/a.txt',
    '/x/%2e%2e/private/a.txt',
    '/private;x/a.txt',
    '/PRIVATE/a.txt',
    'http://a.example/private/a.txt',
  ])('%s', async (target) => {
    const response = await ask(target)
    expect([statusOf(response), response.includes('\r\n\r\nprivate')]).toEqual([403, false])
  })
})

test('what only begins like a prefix is another place', async () => {
  expect(bodyOf(await ask('/private-not/a.txt'))).toBe('private-not')
})

test('ranges upon ranges do not make a response larger than the file', async () => {
  const ranges = Array.from({ length: 2000 }, (_, index) => `${index}-99999`).join(',')
  const response = await ask('/large.txt', `Range: bytes=${ranges}`)
  expect(response.length).toBeLessThan(110_000)
})

test('a long Accept-Encoding takes no time', async () => {
  const list = Array.from({ length: 5000 }, (_, index) => `x${index};q=0.5`).join(',')
  let answer = ''
  const taken = await processorTime(async () => {
    answer = await ask('/large.txt', `Accept-Encoding: ${list.slice(0, 60_000)}`)
  })
  expect(statusOf(answer)).toBe(200)
  expect(taken).toBeLessThan(2000)
})

test.each([
  'for=192.0.2.1;host="evil.example;proto=https"',
  'for="192.0.2.1;proto=https"',
  'for=192.0.2.1;proto=https;for=1.1.1.1',
])('Forwarded: %s says nothing of TLS', async (field) => {
  const { https, host } = JSON.parse(bodyOf(await ask('/app', `Forwarded: ${field}`))) as Record<string, string>
  expect([https, host]).toEqual(['', 'a.example'])
})

test.each(['a b', 'a/b', 'u@b', 'a\\b', 'a"b', 'a?b', 'a#b'])('Host: %s is refused', async (host) => {
  expect(statusOf(await ask('/app', `Host: ${host}`))).toBe(400)
})
