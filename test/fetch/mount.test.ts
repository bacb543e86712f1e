// What a Fetch handler sees and what becomes of what it returns.
import { beforeEach, describe, expect, test } from 'vitest'
import { fetch as kind } from '../../sidecar/mounts/fetch.ts'
import type { TestRequest } from '../exchange.ts'
import { makeMount, openMount, type OpenMount } from '../mount.ts'
import * as bare from './apps/bare.ts'

const folder = new URL('apps/', import.meta.url)
const open = (name: string, settings: object = {}): Promise<OpenMount> =>
  openMount(kind, { fetch: `./bare.ts#${name}`, ...settings }, folder)

beforeEach(() => {
  bare.seen.length = 0
})

async function* pieces(...texts: string[]) {
  for (const text of texts) {
    await new Promise(setImmediate)
    yield Buffer.from(text)
  }
}

describe.each(['light', 'native'] as const)('%s request', (request) => {
  async function ask(steps: string, given: TestRequest = {}): Promise<unknown[]> {
    const query = steps
      .split(' ')
      .map((step) => `s=${step}`)
      .join('&')
    const { body } = await (await open('asks', { request })).request({ ...given, path: `/p?${query}` }).response
    return JSON.parse(body.toString())
  }
  const post: TestRequest = { method: 'POST', body: '"\u00e9"', headers: { 'X-A': 'b' } }

  test('is a Request', async () => {
    expect(await ask('kind')).toEqual([[true, true, '[object Request]']])
    expect(await ask('line signal')).toEqual([
      ['GET', 'http://test.example/p?s=line&s=signal', 'cors', 'follow'],
      [true, false],
    ])
  })

  test.each([
    ['text used', ['"é"', true]],
    ['used json used', [false, 'é', true]],
    ['bytes', [[34, 195, 169, 34]]],
    ['arrayBuffer', [4]],
    ['blob', [4]],
    ['clone text', ['"é"', '"é"']],
    ['body text', ['stream', '"é"']],
    ['text text', ['"é"', 'TypeError']],
    ['text clone', ['"é"', 'TypeError']],
    ['text blob', ['"é"', 'TypeError']],
    ['blob text', [4, 'TypeError']],
  ])('reads the body: %s', async (steps, expected) => {
    expect(await ask(steps, post)).toEqual(expected)
    expect(await ask(steps, { method: 'POST', body: pieces('"', '\u00e9', '"') })).toEqual(expected)
  })

  test('answers other questions after the body was read', async () => {
    expect((await ask('text line', post))[1]).toEqual(['POST', 'http://test.example/p?s=text&s=line', 'cors', 'follow'])
  })

  test('GET has no body', async () => {
    expect(await ask('body text used')).toEqual([null, '', false])
    expect(await ask('body text', { body: 'ignored' })).toEqual([null, ''])
  })

  test('reads forms', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    expect(await ask('form', { method: 'POST', headers, body: 'a=1&b=%C3%A9' })).toEqual([
      [
        ['a', '1'],
        ['b', 'é'],
      ],
    ])
  })

  test('headers', async () => {
    const all = [
      ['content-length', '4'],
      ['host', 'test.example'],
      ['x-a', 'b'],
    ]
    expect(await ask('get headers copied set get badName', post)).toEqual([
      ['b', true, null],
      all,
      all,
      'changed',
      ['changed', true, null],
      'TypeError',
    ])
    expect(await ask('te', { method: 'POST', body: pieces('x') })).toEqual(['chunked'])
  })

  test.each([
    ['/', {}, 'http://test.example/'],
    ['/a%20b%2Fc//d?e=f&g', {}, 'http://test.example/a%20b%2Fc//d?e=f&g'],
    ["/it's?q='", {}, "http://test.example/it's?q=%27"],
    ['/a/../b', {}, 'http://test.example/b'],
    ['//elsewhere/x', {}, 'http://test.example//elsewhere/x'],
    ['http://other/x', {}, 'http://test.example/x'],
    ['/x', { HTTP_HOST: 'Test.Example:80' }, 'http://test.example/x'],
    ['/x', { HTTP_HOST: 'test.example:443', HTTPS: 'on' }, 'https://test.example/x'],
    ['/x', { HTTP_HOST: '[::1]:8080' }, 'http://[::1]:8080/x'],
    ['/x', { HTTP_HOST: '' }, 'http://test.example/x'],
    ['/shop/x?y', { SCRIPT_NAME: '/shop', PATH_INFO: '/x' }, 'http://test.example/shop/x?y'],
    [
      '/old',
      { SCRIPT_NAME: '/shop', PATH_INFO: '/n\xc3\xa4w', QUERY_STRING: 'q' },
      'http://test.example/shop/n%C3%A4w?q',
    ],
  ])('%s with %j is %s', async (path, variables, expected) => {
    const { body } = await (
      await open('url', { request })
    ).request({ path, variables: variables as Record<string, string> }).response
    expect(body.toString()).toBe(expected)
  })

  test('a host that makes no URL is refused', async () => {
    for (const host of ['a b', 'a/b', 'user@a', '[', 'a?b', 'A'.repeat(20_000)]) {
      const { response, errors } = (await open('url', { request })).request({ headers: { host } })
      expect((await response).status).toBe(400)
      expect(errors).toMatchObject([{ code: 'HOST_BAD' }])
    }
  })

  test('the client goes away: the signal fires, the body is cancelled', async () => {
    const { response, hangUp, errors } = (await open('hangs', { request })).request({})
    await expect.poll(() => bare.seen).toContain('called')
    await new Promise(setImmediate)
    hangUp()
    await response
    await expect.poll(() => bare.seen.toSorted()).toEqual(['abort', 'called', 'cancel'])
    expect(errors).toEqual([])
  })
})

describe('response', () => {
  test('one chunk leaves in one piece, with its length', async () => {
    const { response, carrier } = (await open('hello')).request()
    expect(await response).toMatchObject({ status: 200, reason: 'OK', body: Buffer.from('Hello') })
    expect((await response).header('content-length')).toBe('5')
    expect(carrier.calls).toEqual(['start+last'])
  })

  test('status text, and the usual reason without one', async () => {
    expect(await (await open('late')).request().response).toMatchObject({ status: 299, reason: 'Late' })
    expect(await (await open('status')).request({ path: '/?404' }).response).toMatchObject({
      status: 404,
      reason: 'Not Found',
    })
  })

  test.each(['204', '304'])('%s has neither body nor length', async (status) => {
    const { response, carrier } = (await open('status')).request({ path: `/?${status}` })
    expect(await response).toMatchObject({ status: Number(status), headers: [] })
    expect(carrier.calls).toEqual(['start+last'])
  })

  test('no body is a length of 0', async () => {
    expect((await (await open('nothing')).request().response).headers).toEqual([['Content-Length', '0']])
  })

  test('HEAD cancels the body', async () => {
    expect((await (await open('pours')).request({ method: 'HEAD' }).response).body.length).toBe(0)
    expect(bare.seen).toContain('cancel')
  })

  test('hop-by-hop headers are dropped', async () => {
    const { headers } = await (await open('proxied')).request().response
    expect(headers.map(([name]) => name)).toEqual(['content-type', 'x-a', 'Content-Length'])
  })

  test('a slow client stops the stream; one that goes away cancels it', async () => {
    const { response, carrier, hangUp, errors } = (await open('pours')).request({ slow: true })
    await carrier.until(({ calls }) => calls.length > 0)
    await new Promise(setImmediate)
    expect(bare.seen.length).toBeLessThan(4)
    carrier.drain(true)
    await carrier.until(({ calls }) => calls.length > 1)
    hangUp()
    expect((await response).cut).toBe(true)
    await expect.poll(() => bare.seen).toContain('cancel')
    expect(errors).toEqual([])
  })

  test('a body of many chunks arrives whole', async () => {
    expect((await (await open('pours')).request().response).body.length).toBe(100 * 64 * 1024)
  })
})

describe('failure', () => {
  test.each(['raises', 'rejects'])('a handler that %s is answered with 500', async (name) => {
    const { response, errors } = (await open(name)).request()
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'APP_RAISED' }])
  })

  test.each(['sync', 'promise', 'body'])('what cannot be shown is an answer all the same: %s', async (where) => {
    const { response, errors } = (await open('odd')).request({ path: `/${where}` })
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'APP_RAISED' }])
  })

  test.each(['undefined', 'null', 'string', 'object', 'promise', 'error'])('%s is no Response', async (what) => {
    const { response, errors } = (await open('gives')).request({ path: `/${what}` })
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'FETCH_NO_RESPONSE' }])
  })

  test('a body that breaks cuts the response', async () => {
    const { response, errors } = (await open('breaks')).request()
    expect(await response).toMatchObject({ status: 200, cut: true, body: Buffer.from('part') })
    expect(errors).toMatchObject([{ code: 'APP_RAISED', cause: { message: 'broken' } }])
  })

  test('work of waitUntil that fails is logged', async () => {
    const { request, logged } = await open('waits')
    expect((await request().response).body.toString()).toBe('ok')
    await expect.poll(() => logged).toMatchObject([{ code: 'FETCH_WORK', mount: '/' }])
  })

  test('an export that is no handler', async () => {
    const { mount } = makeMount(kind, { fetch: './bare.ts#seen' }, folder)
    await expect(mount.open()).rejects.toMatchObject({ code: 'FETCH_HANDLER', path: 'mounts./.fetch' })
  })
})

describe('Hono', () => {
  const request = async (given: TestRequest) =>
    (await openMount(kind, { fetch: './hono.ts' }, folder)).request(given).response
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each<[TestRequest, number, string]>([
    [{ path: '/hello' }, 200, 'Hello'],
    [
      { path: '/json?a=b', headers: { 'x-a': '1' } },
      200,
      '{"query":{"a":"b"},"header":"1","all":{"host":"test.example","x-a":"1"}}',
    ],
    [{ path: '/json', method: 'POST', headers: json, body: '{"a":"é"}' }, 200, '{"a":"é"}'],
    [{ path: '/json', method: 'POST', headers: json, body: '{"a' }, 500, 'Internal Server Error'],
    [{ path: '/form', method: 'POST', headers: form, body: 'a=1' }, 200, '{"a":"1"}'],
    [{ path: '/text', method: 'POST', body: 'text' }, 200, 'text'],
    [{ path: '/bytes', method: 'POST', body: 'bytes' }, 200, 'bytes'],
    [{ path: '/stream', method: 'POST', body: 'streamed' }, 200, 'streamed'],
    [{ path: '/stream', method: 'POST', body: pieces('a', 'b', 'c') }, 200, 'abc'],
    [{ path: '/env' }, 200, '192.0.2.7'],
    [{ path: '/redirect' }, 302, ''],
    [{ path: '/throws' }, 500, 'Internal Server Error'],
    [{ path: '/chunks' }, 200, 'ab'],
    [{ path: '/events' }, 200, 'data: 1\n\ndata: 2\n\n'],
    [{ path: '/user/caf%C3%A9%2Fx' }, 200, 'café/x'],
    [{ path: '/none' }, 404, '404 Not Found'],
    [{ path: '/hello', method: 'HEAD' }, 200, ''],
  ])('%j', async (given, status, text) => {
    const { status: actual, body } = await request(given)
    expect([actual, body.toString()]).toEqual([status, text])
  })

  test('several cookies', async () => {
    const { headers } = await request({ path: '/cookies' })
    expect(headers).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ])
  })
})
