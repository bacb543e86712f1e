// Requests that go on to the platform's Request and fetch, answers as peers give them, and what the signal says.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { fetch as kind } from '../../sidecar/mounts/fetch.ts'
import type { TestRequest } from '../exchange.ts'
import { openMount } from '../mount.ts'
import * as app from './apps/platform.ts'

const folder = new URL('apps/', import.meta.url)

describe.each(['light', 'native'])('a request that is %s', (request) => {
  const open = (name: string) => openMount(kind, { fetch: `./platform.ts#${name}`, request }, folder)
  const ask = async (name: string, given: TestRequest = {}) => {
    const { response, errors } = (await open(name)).request(given)
    const { status, body, header } = await response
    expect(errors).toEqual([])
    return { status, text: body.toString(), header }
  }
  const post = { method: 'POST', path: '/p?q', headers: { 'x-a': 'b' }, body: 'text' }
  const url = 'http://test.example/p?q'

  test.each([
    ['copied', ['POST', url, 'b', 'text', true]],
    ['changed', ['POST', url, 'changed', 'text', true]],
    ['elsewhere', ['POST', 'http://elsewhere/', 'b', 'text', true]],
    ['extended', ['POST', url, 'b', 'text', true]],
  ])('can be %s', async (name, expected) => {
    expect(JSON.parse((await ask(name, post)).text)).toEqual(expected)
  })

  test('cannot be copied once its body was read', async () => {
    expect((await ask('readFirst', post)).text).toBe('TypeError')
  })

  test('can be sent on', async () => {
    const server = createServer((incoming, response) => {
      incoming.pipe(response.setHeader('x-seen', `${incoming.method} ${incoming.url} ${incoming.headers['x-a']}`))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const answer = await ask('forwarded', { ...post, headers: { 'x-a': 'b', host } })
    expect([answer.text, answer.header('x-seen')]).toEqual(['text', 'POST /p?q b'])
    server.closeAllConnections()
    server.close()
  })

  test.each(['TRACE', 'PATCH', 'propfind'])('may be %s', async (method) => {
    expect((await ask('line', { method })).text).toBe(`${method} http://test.example/`)
  })

  test('percent-encodes bytes that its client should have encoded', async () => {
    const given = { path: '/caf\xc3\xa9?q=\xff', variables: { PATH_INFO: '/caf\xc3\xa9', QUERY_STRING: 'q=\xff' } }
    expect((await ask('line', given)).text).toBe('GET http://test.example/caf%C3%A9?q=%FF')
  })

  test('tells who the client is, as @hono/node-server does', async () => {
    const { body } = await (await openMount(kind, { fetch: './conninfo.mjs', request }, folder)).request().response
    expect(JSON.parse(body.toString())).toEqual({ address: '192.0.2.7', port: 4711, addressType: 'IPv4' })
    expect(JSON.parse((await ask('incoming', post)).text)).toEqual(['POST', '/p?q', 'b', 'text'])
  })

  test.each(['sleeps', 'listens', 'throws'])('whose client goes away ends what %s with an AbortError', async (name) => {
    const { response, errors, hangUp, exchange } = (await open(name)).request()
    await new Promise(setImmediate)
    hangUp()
    await response
    await expect.poll(() => app.ended.length).toBe(1)
    await new Promise(setImmediate)
    expect(app.ended[0]!.name).toBe('AbortError')
    expect(exchange.signal.reason).toMatchObject({ name: 'AbortError', cause: { code: 'CLIENT_GONE' } })
    expect(errors).toEqual([])
  })
})

beforeEach(() => void (app.ended.length = 0))

describe('a response', () => {
  const ask = async (name: string, given: TestRequest = {}) =>
    (await openMount(kind, { fetch: `./platform.ts#${name}` }, folder)).request(given)

  test.each([
    ['strings', 'café'],
    ['views', 'aabc'],
  ])('of %s', async (name, expected) => {
    const { response, errors } = await ask(name)
    expect((await response).body.toString()).toBe(expected)
    expect(errors).toEqual([])
  })

  test('of numbers is an error of the app', async () => {
    const { response, errors } = await ask('numbers')
    expect((await response).status).toBe(500)
    expect(errors).toMatchObject([{ code: 'FETCH_CHUNK' }])
  })

  test('to HEAD has the length that GET has', async () => {
    const lengths = ['GET', 'HEAD'].map(async (method) =>
      (await (await ask('json', { method })).response).header('content-length'),
    )
    expect(await Promise.all(lengths)).toEqual(['7', '7'])
    const { status, headers, body } = await (await ask('endless', { method: 'HEAD' })).response
    expect([status, headers, body.length]).toEqual([200, [], 0])
  })
})
