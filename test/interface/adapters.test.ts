// An Application as a Node or Fetch handler, and the other way round.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { callApplication, makeEnviron } from '../../sidecar/interface/call.ts'
import { fromFetch } from '../../sidecar/interface/from-fetch.ts'
import { lint } from '../../sidecar/interface/lint.ts'
import { fromNode } from '../../sidecar/interface/from-node.ts'
import { toFetch } from '../../sidecar/interface/to-fetch.ts'
import { toNode } from '../../sidecar/interface/to-node.ts'
import type { Surroundings } from '../../sidecar/interface/environ.ts'
import type { Application } from '../../sidecar/interface/types.ts'
import { Log } from '../../sidecar/log.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const logged: Record<string, string>[] = []
const sink = { write: (line: string) => void logged.push(JSON.parse(line)) }
const surroundings: Surroundings = { log: new Log('json', sink, sink), multiprocess: false }
afterEach(() => void (logged.length = 0))

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Asks for a path as it is written; the body of a response that is cut is the code of the error. */
async function get(port: number, path: string, options: { method?: string; body?: string } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const outgoing = httpRequest({ host: '127.0.0.1', port, path, agent: false, ...options }, resolve)
  outgoing.on('error', reject)
  outgoing.end(options.body)
  const incoming = await promise
  const body = await text(incoming).catch((error: NodeJS.ErrnoException) => String(error.code))
  return { status: incoming.statusCode, headers: incoming.headers, body }
}

const report: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']])
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, HTTP_X_A } = environ
  return [
    JSON.stringify({
      REQUEST_METHOD,
      SCRIPT_NAME,
      PATH_INFO,
      QUERY_STRING,
      HTTP_X_A,
      scheme: environ['wsgi.url_scheme'],
    }),
  ]
}

const echo: Application = async function (environ, startResponse) {
  const body = await environ['wsgi.input'].read()
  startResponse('200 OK', [])
  return [body]
}

const count: Application = (_, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return (function* () {
    for (let i = 0; i < 100; i++) yield Buffer.alloc(10_000, 97)
  })()
}

const breaks: Application = (_, startResponse) => {
  startResponse('200 OK', [])
  return (async function* () {
    yield 'part'
    await new Promise(setImmediate)
    throw new Error('broken')
  })()
}

/** Yields for ever; `closed` resolves when its iterator is closed. */
function endless(): { app: Application; closed: Promise<void> } {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const app: Application = (_, startResponse) => {
    startResponse('200 OK', [])
    return (async function* () {
      try {
        for (;;) {
          yield 'x'.repeat(1000)
          await new Promise(setImmediate)
        }
      } finally {
        resolve()
      }
    })()
  }
  return { app, closed }
}

describe('toNode', () => {
  test('serves an app', async () => {
    const port = await listen(toNode(report, surroundings))
    const { status, headers, body } = await get(port, '/a%20b?c=d')
    expect([status, headers['content-type'], headers['content-length']]).toEqual([
      200,
      'application/json',
      String(body.length),
    ])
    expect(JSON.parse(body)).toEqual({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b',
      QUERY_STRING: 'c=d',
      scheme: 'http',
    })
  })

  test.each([
    ['/shop', '/shop', ''],
    ['/shop/', '/shop', '/'],
    ['/shop/a/b?c', '/shop', '/a/b'],
  ])('below a prefix of Express: %s', async (path, script, info) => {
    const port = await listen(express().use('/shop', toNode(report, surroundings)))
    expect(JSON.parse((await get(port, path)).body)).toMatchObject({ SCRIPT_NAME: script, PATH_INFO: info })
  })

  test('bodies, both ways', async () => {
    const body = 'x'.repeat(500_000)
    expect((await get(await listen(toNode(echo, surroundings)), '/', { method: 'POST', body })).body).toBe(body)
    expect((await get(await listen(toNode(count, surroundings)), '/')).body).toHaveLength(1_000_000)
  })

  test('errors: 500, a cut response, 400', async () => {
    const raises: Application = () => {
      throw new Error('raised')
    }
    expect((await get(await listen(toNode(raises, surroundings)), '/')).status).toBe(500)
    expect((await get(await listen(toNode(breaks, surroundings)), '/')).body).toBe('ECONNRESET')
    expect(logged.map(({ code }) => code)).toEqual(['APP_RAISED', 'APP_RAISED'])
    expect((await get(await listen(toNode(report, surroundings)), '/%ZZ')).status).toBe(400)
  })

  test('a client that goes away closes the body', async () => {
    const { app, closed } = endless()
    const port = await listen(toNode(app, surroundings))
    const outgoing = httpRequest({ host: '127.0.0.1', port }, (response) =>
      response.once('data', () => outgoing.destroy()),
    )
    outgoing.on('error', () => {})
    outgoing.end()
    await closed
    expect(logged).toEqual([])
  })
})

describe('toFetch', () => {
  const call = (app: Application, url: string, init?: RequestInit): Promise<Response> =>
    toFetch(app, surroundings)(new Request(url, init))

  test('serves an app', async () => {
    const response = await call(report, 'https://example.com/a%20b?c=d', { headers: { 'x-a': '1' } })
    expect([response.status, response.statusText, response.headers.get('content-type')]).toEqual([
      200,
      'OK',
      'application/json',
    ])
    expect(await response.json()).toMatchObject({
      PATH_INFO: '/a b',
      QUERY_STRING: 'c=d',
      HTTP_X_A: '1',
      scheme: 'https',
    })
  })

  test('bodies, both ways', async () => {
    const body = 'x'.repeat(500_000)
    expect(await (await call(echo, 'http://a/', { method: 'POST', body })).text()).toBe(body)
    expect(await (await call(count, 'http://a/')).text()).toHaveLength(1_000_000)
  })

  test.each([204, 205, 304])('%d has no body', async (status) => {
    const app: Application = (_, startResponse) => {
      startResponse(`${status} X`, [])
      return []
    }
    const response = await call(app, 'http://a/')
    expect([response.status, response.body]).toEqual([status, null])
  })

  test('HEAD, and several cookies', async () => {
    const app: Application = (_, startResponse) => {
      startResponse('200 OK', [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ])
      return ['body']
    }
    const response = await call(app, 'http://a/', { method: 'HEAD' })
    expect([response.body, response.headers.getSetCookie()]).toEqual([null, ['a=1', 'b=2']])
  })

  test('errors: 500, and a body that errors', async () => {
    const raises: Application = async () => {
      throw new Error('raised')
    }
    expect((await call(raises, 'http://a/')).status).toBe(500)
    const response = await call(breaks, 'http://a/')
    await expect(response.text()).rejects.toThrow('broken')
    expect(logged.map(({ code }) => code)).toEqual(['APP_RAISED', 'APP_RAISED'])
  })

  test('a status that no Response can have', async () => {
    const app: Application = (_, startResponse) => {
      startResponse('600 Beyond', [])
      return ['text']
    }
    expect((await call(app, 'http://a/')).status).toBe(500)
    expect(logged).toMatchObject([{ code: 'FETCH_STATUS', blame: 'app' }])
  })

  test('cancelling, or aborting, closes the body', async () => {
    const cancelled = endless()
    await (await call(cancelled.app, 'http://a/')).body!.cancel()
    await cancelled.closed
    const aborted = endless()
    const controller = new AbortController()
    const response = await call(aborted.app, 'http://a/', { signal: controller.signal })
    controller.abort()
    await aborted.closed
    await expect(response.text()).rejects.toThrow('the client went away')
    expect(logged).toEqual([])
  })
})

describe('fromNode', () => {
  const app = express()
  app.get('/hello', (request, response) => void response.send(`${request.baseUrl} ${request.originalUrl}`))
  app.post('/echo', (request, response) => void request.pipe(response))
  app.get('/big', (_, response) => void response.write('a'.repeat(500_000), () => response.end('b')))
  app.get('/cut', (_, response) => void response.write('part', () => response.destroy()))
  const application = fromNode(app)

  test('answers as an Application', async () => {
    const response = await callApplication(application, makeEnviron({ path: '/hello?x', scriptName: '/shop' }))
    expect([response.status, response.header('content-type'), response.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      ' /shop/hello?x',
    ])
  })

  test('bodies, both ways', async () => {
    const body = 'x'.repeat(300_000)
    expect((await callApplication(application, makeEnviron({ path: '/echo', body }))).text()).toBe(body)
    expect((await callApplication(application, makeEnviron({ path: '/big' }))).body).toHaveLength(500_001)
  })

  test('what the handler throws, or destroys', async () => {
    const raises = fromNode(async () => {
      throw new RangeError('raised')
    })
    await expect(callApplication(raises)).rejects.toThrow(RangeError)
    await expect(callApplication(application, makeEnviron({ path: '/cut' }))).rejects.toMatchObject({
      code: 'NODE_DESTROYED',
    })
  })

  test('closing the body aborts the handler', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const endlessly = fromNode((_, response) => {
      response.on('close', resolve)
      response.write('x')
    })
    const body = (await endlessly(makeEnviron(), () => async () => {})) as AsyncIterable<Uint8Array>
    const iterator = body[Symbol.asyncIterator]()
    expect(Buffer.from((await iterator.next()).value!).toString()).toBe('x')
    await iterator.return!()
    await closed
  })

  test('and back: toNode(fromNode(handler))', async () => {
    const port = await listen(toNode(fromNode(app), surroundings))
    expect((await get(port, '/hello?x')).body).toBe(' /hello?x')
    expect((await get(port, '/none')).status).toBe(404)
    const body = 'x'.repeat(300_000)
    expect((await get(port, '/echo', { method: 'POST', body })).body).toBe(body)
  })

  test.each([
    ['GET', undefined],
    ['POST', undefined],
    ['POST', 'body'],
  ])('and back: %s with the body %s has the fields that it has without', async (method, body) => {
    const framing: RequestListener = (request, response) => {
      const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
      response.setHeader('Content-Type', 'application/json')
      request.resume().on('end', () => response.end(JSON.stringify({ length, encoding })))
    }
    const expected = (await get(await listen(framing), '/', { method, ...(body && { body }) })).body
    for (const app of [fromNode(framing), lint(fromNode(framing))])
      expect((await get(await listen(toNode(app, surroundings)), '/', { method, ...(body && { body }) })).body).toBe(
        expected,
      )
  })
})

describe('fromFetch', () => {
  const application = fromFetch({
    fetch: async (request, env) => new Response(`${request.url} ${env.environ.REMOTE_ADDR} ${await request.text()}`),
  })

  test('answers as an Application', async () => {
    const response = await callApplication(application, makeEnviron({ path: '/x', scriptName: '/shop', body: 'text' }))
    expect(response.text()).toBe('http://127.0.0.1/shop/x 127.0.0.1 text')
    expect(response.header('content-length')).toBe(String(response.body.length))
  })

  test('what the handler throws, or does not return', async () => {
    const raises = fromFetch(() => {
      throw new RangeError('raised')
    })
    await expect(callApplication(raises)).rejects.toThrow(RangeError)
    await expect(callApplication(fromFetch(() => undefined as never))).rejects.toMatchObject({
      code: 'FETCH_NO_RESPONSE',
    })
  })

  test('the signal of the environ is the signal of the request', async () => {
    const controller = new AbortController()
    const waits = fromFetch(
      (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason))),
    )
    const called = callApplication(waits, makeEnviron({ signal: controller.signal }))
    controller.abort()
    await expect(called).rejects.toMatchObject({ code: 'CLIENT_GONE' })
  })

  test('and back: toFetch(fromFetch(handler))', async () => {
    const handler = toFetch(
      fromFetch(async (request) => new Response(request.body)),
      surroundings,
    )
    const response = await handler(new Request('http://a/', { method: 'POST', body: 'x'.repeat(300_000) }))
    expect(await response.text()).toHaveLength(300_000)
  })
})
