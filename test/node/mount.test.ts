// What a Node handler sees and what becomes of what it does.
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import type { TestRequest } from '../exchange.ts'
import { openMount, type OpenMount } from '../mount.ts'
import * as raw from './apps/raw.ts'

const folder = new URL('apps/', import.meta.url)
const open = (name: string): Promise<OpenMount> => openMount(node, { node: `./raw.ts#${name}` }, folder)

beforeEach(() => {
  raw.seen.length = 0
})

async function facts(request: TestRequest) {
  const { body } = await (await open('facts')).request(request).response
  return JSON.parse(body.toString())
}

describe('request', () => {
  test.each([
    // prefix, raw target, url, originalUrl
    ['', '/', '/', undefined],
    ['', '/a?b=c', '/a?b=c', undefined],
    ['', '/a?', '/a?', undefined],
    ['', '/a%20b%2Fc//d', '/a%20b%2Fc//d', undefined],
    ['', '/caf%c3%A9', '/caf%c3%A9', undefined],
    ['', '/caf\xc3\xa9?\xff', '/caf%C3%A9?%FF', undefined],
    ['/caf\xc3\xa9', '/caf\xc3\xa9/\xe9', '/%E9', '/caf%C3%A9/%E9'],
    ['', '/a/../b', '/b', undefined],
    ['', 'http://test.example/a?b', '/a?b', undefined],
    ['/shop', '/shop', '/', '/shop'],
    ['/shop', '/shop?x', '/?x', '/shop?x'],
    ['/shop', '/shop/', '/', '/shop/'],
    ['/shop', '/shop/a%2Fb//c?d', '/a%2Fb//c?d', '/shop/a%2Fb//c?d'],
    ['/shop', '/s%68op/%41', '/%41', '/s%68op/%41'],
    ['/caf\xc3\xa9', '/caf%C3%A9/x', '/x', '/caf%C3%A9/x'],
    ['/shop', '/other/../shop/x', '/x', '/shop/x'],
  ])('below %j, %s is %s', async (prefix, path, url, originalUrl) => {
    const seen = await facts({ path, prefix })
    expect([seen.url, seen.originalUrl]).toEqual([url, originalUrl])
  })

  test('a path that the host rewrote is encoded again', async () => {
    const variables = { PATH_INFO: '/n\xc3\xa4w path', QUERY_STRING: 'q=1' }
    expect(await facts({ path: '/old?x', variables })).toMatchObject({ url: '/n%C3%A4w%20path?q=1' })
    expect(await facts({ path: '//merged', variables: { PATH_INFO: '/merged' } })).toMatchObject({ url: '/merged' })
  })

  test('OPTIONS *', async () => {
    expect(await facts({ method: 'OPTIONS', path: '*' })).toMatchObject({ method: 'OPTIONS', url: '*' })
  })

  test('header fields come from the variables', async () => {
    const headers = { 'X-Twice': 'a, b', Cookie: 'a=1; b=2', Accept: '', 'Content-Type': '' }
    const seen = await facts({ headers, variables: { CONTENT_LENGTH: '' } })
    expect(seen.headers).toEqual({ host: 'test.example', 'x-twice': 'a, b', cookie: 'a=1; b=2', accept: '' })
    expect(seen.rawHeaders).toEqual(['host', 'test.example', 'x-twice', 'a, b', 'cookie', 'a=1; b=2', 'accept', ''])
    expect(seen.httpVersion).toBe('1.1')
  })

  test('a body of unknown length is announced as chunked, one of known length never', async () => {
    async function* body() {
      yield Buffer.from('x')
    }
    expect((await facts({ method: 'POST', body: body() })).headers).toMatchObject({ 'transfer-encoding': 'chunked' })
    const known = await facts({ method: 'POST', body: 'x', headers: { 'Transfer-Encoding': 'chunked' } })
    expect(known.headers).toEqual({ host: 'test.example', 'content-length': '1' })
  })

  test('the socket tells of the client', async () => {
    expect((await facts({})).socket).toEqual({
      remoteAddress: '192.0.2.7',
      remotePort: 4711,
      remoteFamily: 'IPv4',
      localPort: 80,
      encrypted: false,
    })
    const variables = { HTTPS: 'on', REMOTE_ADDR: '2001:db8::1', REMOTE_PORT: '', SERVER_PORT: '443' }
    expect((await facts({ variables })).socket).toEqual({
      remoteAddress: '2001:db8::1',
      remoteFamily: 'IPv6',
      localPort: 443,
      encrypted: true,
    })
    expect((await facts({ variables: { HTTPS: 'off' } })).socket.encrypted).toBe(false)
  })
})

describe('response', () => {
  test.each(['hello', 'headed'])('%s leaves in one piece, with its length', async (name) => {
    const { response, carrier } = (await open(name)).request()
    expect(await response).toMatchObject({ status: 200, reason: 'OK', body: Buffer.from('Hello') })
    expect((await response).header('content-length')).toBe('5')
    expect(carrier.calls).toEqual(['start+last'])
  })

  test('HEAD has no body', async () => {
    const { response, carrier } = (await open('hello')).request({ method: 'HEAD' })
    expect(await response).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect(carrier.calls).toEqual(['start+last'])
  })

  test('head and events leave at once', async () => {
    const first = raw.closeGate()
    const { response, carrier } = (await open('events')).request()
    await carrier.until(({ calls }) => calls.length === 1)
    expect(carrier.calls).toEqual(['start'])
    expect(carrier.bytes.length).toBe(0)
    const second = raw.closeGate()
    first()
    await carrier.until(({ calls }) => calls.length === 2)
    expect(carrier.bytes.toString()).toBe('data: 1\n\n')
    second()
    expect((await response).cut).toBe(false)
    expect(carrier.calls).toEqual(['start', 'write', 'finish'])
  })

  test('a slow client stops the app', async () => {
    const { response, carrier } = (await open('pours')).request({ slow: true })
    await carrier.until(({ calls }) => calls.length > 0)
    await new Promise(setImmediate)
    const held = raw.seen.filter((event) => event === 'write').length
    expect(held).toBeLessThan(6)
    carrier.drain()
    expect((await response).body.length).toBe(100 * 64 * 1024)
    expect(raw.seen.filter((event) => event === 'wait').length).toBe(
      raw.seen.filter((event) => event === 'drain').length,
    )
  })

  test('a slow client that goes away ends the waiting', async () => {
    const { response, carrier, hangUp, errors } = (await open('pours')).request({ slow: true })
    await carrier.until(({ calls }) => calls.length > 0)
    hangUp()
    expect((await response).cut).toBe(true)
    expect(errors).toEqual([])
  })

  test('more than Content-Length is not sent, less is an error', async () => {
    const long = (await open('tooLong')).request()
    expect((await long.response).body.toString()).toBe('abc')
    expect(long.errors).toMatchObject([{ code: 'BODY_TOO_LONG' }])
    const short = (await open('tooShort')).request()
    expect(await short.response).toMatchObject({ cut: true })
    expect(short.errors).toMatchObject([{ code: 'BODY_TOO_SHORT' }])
  })
})

describe('failure', () => {
  test.each(['raises', 'rejects'])('a handler that %s is answered with 500', async (name) => {
    const { response, errors } = (await open(name)).request()
    expect(await response).toMatchObject({ status: 500, cut: false })
    expect(errors).toMatchObject([{ code: 'APP_RAISED', cause: { message: name === 'raises' ? 'sync' : 'async' } }])
  })

  test('after the head the response is cut', async () => {
    const { response, errors } = (await open('raisesLate')).request()
    expect(await response).toMatchObject({ status: 200, cut: true })
    expect(errors).toMatchObject([{ code: 'APP_RAISED', cause: { message: 'late' } }])
  })

  test.each(['/response', '/request', '/socket', '/end'])('destroying %s cuts the response', async (path) => {
    const { response, errors } = (await open('destroys')).request({ path })
    expect(await response).toMatchObject({ status: 200, cut: true })
    expect(errors).toMatchObject([{ code: 'NODE_DESTROYED' }])
  })

  test('destroying before there is a head is 500', async () => {
    const { response, errors } = (await open('destroysFirst')).request()
    expect(await response).toMatchObject({ status: 500, cut: false })
    expect(errors).toMatchObject([{ code: 'NODE_DESTROYED' }])
  })

  test('destroying after end changes nothing', async () => {
    const { response, errors } = (await open('endsAndDestroys')).request()
    expect(await response).toMatchObject({ status: 200, cut: false, body: Buffer.from('all of it') })
    expect(errors).toEqual([])
  })

  test('writing to the socket is refused', async () => {
    const { response, errors } = (await open('rawSocket')).request()
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'NODE_RAW_SOCKET' }])
  })

  test('101 is no response', async () => {
    const { response, errors } = (await open('switches')).request()
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'STATUS_LINE' }])
  })

  test('setTimeout destroys, unless somebody listens', async () => {
    const unheard = (await open('timesOut')).request()
    expect((await unheard.response).status).toBe(500)
    expect(unheard.errors).toMatchObject([{ code: 'NODE_DESTROYED' }])
    const heard = (await open('timesOutHeard')).request()
    expect(await heard.response).toMatchObject({ status: 503, body: Buffer.from('late') })
  })
})

describe('events', () => {
  const server = createServer(raw.watched)
  afterEach(() => void server.close())

  /** The events of node:http when a client hangs up. */
  async function overHttp(path: string, whenToHangUp: 'head' | 'request'): Promise<string[]> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const closed = new Promise<void>((resolve) =>
      server.once('request', (request, response) => {
        response.once('close', () => setImmediate(resolve))
        if (whenToHangUp === 'request') outgoing.destroy()
      }),
    )
    const { port } = server.address() as AddressInfo
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, agent: false }, () => outgoing.destroy())
    outgoing.on('error', () => {})
    outgoing.end()
    await closed
    return raw.seen.splice(0)
  }

  test.each([
    ['/part', 'head'],
    ['/read', 'head'],
    ['/hang', 'request'],
  ] as const)('a client that hangs up at %s gives the events of node:http', async (path, when) => {
    const expected = await overHttp(path, when)
    const { carrier, hangUp } = (await open('watched')).request({ path })
    if (when === 'head') await carrier.until(({ calls }) => calls.length > 0)
    hangUp()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(raw.seen).toEqual(expected)
  })

  test('an answer gives finish, then close of both', async () => {
    await (await open('watched')).request({ path: '/answer' }).response
    await new Promise(setImmediate)
    expect(raw.seen).toEqual(['res finish', 'res close finished=true', 'req end', 'req close'])
  })
})

describe('frameworks', () => {
  test.each([['./fastify.ts#app'], ['./fastify.ts#wrapped']])('%s', async (target) => {
    const { response } = (await openMount(node, { node: target }, folder)).request({
      path: '/shop/json',
      prefix: '/shop',
    })
    expect(await response).toMatchObject({ status: 200, body: Buffer.from('{"a":1}') })
  })

  test('Fastify that does not get ready stops the start', async () => {
    await expect(openMount(node, { node: './fastify.ts#unready' }, folder)).rejects.toMatchObject({
      code: 'NODE_READY',
      path: 'mounts./.node',
      message: './fastify.ts#unready did not get ready: the database is not there',
    })
  })

  test('Fastify hears that a request was aborted, and that the mount closes', async () => {
    const { events } = await import('./apps/fastify.ts')
    const { mount, request } = await openMount(node, { node: './fastify.ts#app' }, folder)
    const { hangUp, response } = request({ path: '/hang' })
    await new Promise(setImmediate)
    hangUp()
    await response
    await expect.poll(() => events).toContain('abort /hang')
    await mount.close()
    await mount.close()
    expect(events.filter((event) => event === 'close')).toHaveLength(1)
  })

  test('an http.Server', async () => {
    const { response } = (await openMount(node, { node: './connect.ts#server' }, folder)).request({ path: '/a/b' })
    expect((await response).body.toString()).toBe('/b /a/b')
  })

  test('Express below a prefix', async () => {
    const express = await openMount(node, { node: './express.ts' }, folder)
    const inner = express.request({ path: '/shop/outer/inner?x', prefix: '/shop' })
    expect(JSON.parse((await inner.response).body.toString())).toEqual(['/inner?x', '/shop/outer/inner?x', '/outer'])
    const folderWithoutSlash = express.request({ path: '/shop/static', prefix: '/shop' })
    expect((await folderWithoutSlash.response).header('location')).toBe('/shop/static/')
  })
})
