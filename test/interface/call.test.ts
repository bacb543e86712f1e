// Calling an app without a server.
import { describe, expect, test } from 'vitest'
import { callApplication, makeEnviron, type RequestOptions } from '../../sidecar/interface/call.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import type { Application } from '../../sidecar/interface/types.ts'

const echo: Application = lint(async (environ, startResponse) => {
  const { REQUEST_METHOD: method, SCRIPT_NAME: script, PATH_INFO: info, QUERY_STRING: query } = environ
  const body = Buffer.from(await environ['wsgi.input'].read()).toString()
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['X-A', '1'],
    ['X-A', '2'],
  ])
  return [JSON.stringify({ method, script, info, query, body, uri: environ.REQUEST_URI, a: environ.HTTP_X_A })]
})

describe('callApplication', () => {
  test.each<[RequestOptions, object]>([
    [{}, { method: 'GET', script: '', info: '/', query: '', body: '', uri: '/' }],
    [{ path: '/a%2Fb?x=1' }, { info: '/a/b', query: 'x=1', uri: '/a%2Fb?x=1' }],
    [
      { path: '/a', query: 'y', scriptName: '/shop' },
      { script: '/shop', info: '/a', query: 'y', uri: '/shop/a?y' },
    ],
    [{ body: 'hé' }, { method: 'POST', body: 'hé' }],
    [
      { method: 'PUT', body: Buffer.from('x'), headers: { 'X-A': 'b' } },
      { method: 'PUT', body: 'x', a: 'b' },
    ],
    [
      { headers: [['x-a', 'c']], variables: { PATH_INFO: '/z' } },
      { a: 'c', info: '/z' },
    ],
  ])('%j', async (options, expected) => {
    const response = await callApplication(echo, makeEnviron(options))
    expect(response).toMatchObject({ status: 200, reason: 'OK' })
    expect(JSON.parse(response.text())).toMatchObject(expected)
    expect(response.header('x-a')).toBe('1, 2')
    expect(response.header('content-length')).toBe(String(response.body.length))
    expect(response.header('x-b')).toBeUndefined()
  })

  test('what the app throws comes out as it was', async () => {
    const error = new Error('boom')
    await expect(callApplication(() => Promise.reject(error))).rejects.toBe(error)
    await expect(
      callApplication(() => {
        throw error
      }),
    ).rejects.toBe(error)
    await expect(callApplication(() => [])).rejects.toMatchObject({ code: 'NO_HEAD' })
  })

  test('a response that is too short is an error', async () => {
    const app: Application = (_, s) => (s('200 OK', [['Content-Length', '5']]), ['abc'])
    await expect(callApplication(app)).rejects.toMatchObject({ code: 'BODY_TOO_SHORT' })
  })

  test('the signal ends it', async () => {
    const controller = new AbortController()
    const call = callApplication(() => new Promise(() => {}), makeEnviron({ signal: controller.signal }))
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'CLIENT_GONE' })
    await expect(callApplication(echo, makeEnviron({ signal: controller.signal }))).rejects.toMatchObject({
      code: 'CLIENT_GONE',
    })
  })

  test('an app calls another with its own environ', async () => {
    const outer: Application = async (environ, startResponse) => {
      const inner = await callApplication(echo, { ...environ, SCRIPT_NAME: '/in', PATH_INFO: '/side' })
      startResponse(`${inner.status} ${inner.reason}`, inner.headers)
      return [inner.body]
    }
    const response = await callApplication(lint(outer), makeEnviron({ body: 'b' }))
    expect(JSON.parse(response.text())).toMatchObject({ script: '/in', info: '/side', body: 'b' })
  })
})
