// The mount `respond`.
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { respond } from '../../sidecar/mounts/respond.ts'
import type { TestRequest } from '../exchange.ts'
import { makeMount, openMount } from '../mount.ts'

const folder = new URL('.', import.meta.url)

test.each<[object, TestRequest, number, Record<string, string | undefined>, string]>([
  [
    { respond: 404 },
    {},
    404,
    { 'content-type': 'text/plain; charset=utf-8', 'content-length': '14' },
    '404 Not Found\n',
  ],
  [{ respond: '410' }, { method: 'POST' }, 410, {}, '410 Gone\n'],
  [{ respond: 204 }, {}, 204, { 'content-type': undefined, 'content-length': undefined }, ''],
  [{ respond: 200, body: 'hé' }, {}, 200, { 'content-length': '3' }, 'hé'],
  [{ respond: 200, body: 'x' }, { method: 'HEAD' }, 200, { 'content-length': '1' }, ''],
  [
    { respond: 200, body: '{}', headers: { 'content-type': 'application/json', 'X-A': 'b' } },
    {},
    200,
    { 'content-type': 'application/json', 'x-a': 'b' },
    '{}',
  ],
  [
    { respond: 301, location: 'https://example.org/' },
    { path: '/a' },
    301,
    { location: 'https://example.org/' },
    '301 Moved Permanently\n',
  ],
  [
    { respond: 308, location: 'https://example.org/new/', keepPath: true },
    { path: '/old/a%2Fb?c=d', prefix: '/old' },
    308,
    { location: 'https://example.org/new/a%2Fb?c=d' },
    '308 Permanent Redirect\n',
  ],
  [
    { respond: 302, location: '/', keepPath: true },
    { path: '//evil.example/x' },
    302,
    { location: '/evil.example/x' },
    '302 Found\n',
  ],
  [
    { respond: 302, location: '/', keepPath: true },
    { path: '/\\evil.example/x' },
    302,
    { location: '/evil.example/x' },
    '302 Found\n',
  ],
])('%j to %j', async (settings, request, status, headers, body) => {
  const mount = await openMount(respond, settings, folder)
  const response = await mount.request(request).response
  expect(response.status).toBe(status)
  for (const [name, value] of Object.entries(headers)) expect(response.header(name)).toBe(value)
  expect(response.body.toString()).toBe(body)
  expect(response.cut).toBe(false)
})

test.each([{ respond: 100 }, { respond: 600 }, { respond: 'x' }, { respond: 200.5 }, { respond: 200, text: 'x' }])(
  '%j is refused',
  (settings) => {
    expect(v.safeParse(respond.settings, settings).success).toBe(false)
  },
)

test.each([
  [{ respond: 302 }, /needs location/],
  [{ respond: 200, location: '/' }, /not with status 200/],
])('%j does not open', async (settings, message) => {
  const { mount } = makeMount(respond, settings, folder, '/x')
  const rejected = { code: 'RESPOND_LOCATION', path: 'mounts./x.location', message: expect.stringMatching(message) }
  await expect(mount.open()).rejects.toMatchObject(rejected)
})
