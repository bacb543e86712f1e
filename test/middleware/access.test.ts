// From where a request may come, and by which methods.
import { describe, expect, test } from 'vitest'
import { access } from '../../sidecar/middleware/access.ts'
import { makeLayer } from './layer.ts'

function statusOf(settings: Record<string, unknown>, address: string, more = {}): Promise<number> {
  const { ask } = makeLayer(access, settings)
  return ask({ variables: { REMOTE_ADDR: address }, ...more }).response.then(({ status }) => status)
}

describe.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['::FFFF:10.1.2.3', true],
  ['::ffff:a01:203', true],
  ['2001:db8:5::1', true],
  ['2001:DB8:5::1', true],
  ['2001:db8:5::1%eth0', true],
  ['11.0.0.1', false],
  ['2001:db9::1', false],
])('%s in 10.0.0.0/8 or 2001:db8::/32: %s', (address, listed) => {
  const list = ['10.0.0.0/8', '2001:db8::/32']

  test('allowed alone', async () => expect(await statusOf({ allow: list }, address)).toBe(listed ? 200 : 403))
  test('denied', async () => expect(await statusOf({ deny: list }, address)).toBe(listed ? 403 : 200))
})

test('what is no address is nobody who may, and may be one who may not', async () => {
  for (const address of ['unknown', '10.0.0.1, 1.2.3.4', '10.0.0.999']) {
    expect(await statusOf({ allow: '10.0.0.0/8' }, address)).toBe(403)
    expect(await statusOf({ deny: '10.0.0.0/8' }, address)).toBe(403)
  }
})

test('a client on a Unix socket is unix', async () => {
  expect(await statusOf({ allow: 'unix' }, '')).toBe(200)
  expect(await statusOf({ allow: '127.0.0.1' }, '')).toBe(403)
  expect(await statusOf({ deny: ['unix'] }, '')).toBe(403)
  expect(await statusOf({ deny: '127.0.0.1' }, '')).toBe(200)
})

test('deny goes before allow, and all is everybody', async () => {
  const settings = { allow: '10.0.0.0/8', deny: '10.0.0.7' }
  expect([await statusOf(settings, '10.0.0.7'), await statusOf(settings, '10.0.0.8')]).toEqual([403, 200])
  expect(await statusOf({ deny: 'all' }, 'unknown')).toBe(403)
  expect(await statusOf({ allow: ['all'] }, 'unknown')).toBe(200)
})

test('other methods get 405 with those that are taken; with GET goes HEAD', async () => {
  const { ask } = makeLayer(access, { methods: ['GET', 'POST'] })
  const status = async (method: string): Promise<number> => (await ask({ method }).response).status
  expect([await status('GET'), await status('HEAD'), await status('POST')]).toEqual([200, 200, 200])
  const refused = await ask({ method: 'DELETE' }).response
  expect([refused.status, refused.header('allow')]).toEqual([405, 'GET, POST, HEAD'])
  // Methods are case-sensitive (RFC 9110 9.1).
  expect(await status('get')).toBe(405)
  expect((await makeLayer(access, { methods: ['POST'] }).ask({ method: 'HEAD' }).response).status).toBe(405)
})

test('of some paths only', async () => {
  const { ask } = makeLayer(access, { deny: 'all', path: ['/private', '*.sql'] })
  const status = async (path: string): Promise<number> => (await ask({ path }).response).status
  expect(await Promise.all(['/private/a', '/PRIVATE', '/a/db.sql', '//private'].map(status))).toEqual([
    403, 403, 403, 403,
  ])
  expect(await Promise.all(['/', '/privately', '/a/db.sqlite'].map(status))).toEqual([200, 200, 200])
})

test.each([
  [{}, 'ACCESS_SETTINGS', ''],
  [{ path: '/x' }, 'ACCESS_SETTINGS', ''],
  [{ allow: ['10.0.0.0/8', '10.0.0.0/33'] }, 'PEER_BAD', '.allow.1'],
  [{ deny: 'localhost' }, 'PEER_BAD', '.deny.0'],
  [{ deny: 'all', path: 'a/b' }, 'PATH_PATTERN', '.path'],
])('%j is refused', (settings, code, place) => {
  expect(() => makeLayer(access, settings)).toThrow(expect.objectContaining({ code, path: `use.0.access${place}` }))
})
