// What compresses and what stores, in front of an app and behind the real nginx; and asked directly.
import { readFileSync, writeFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGunzip, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, type OwnGateway } from '../../sidecar/index.ts'
import { nginx, program, temporaryFolder, until, type Nginx } from '../harness.ts'

const configs = fileURLToPath(new URL('../../configs/nginx/', import.meta.url))

const APP = `
let asked = 0
export function app({ PATH_INFO: path }, start) {
  asked++
  if (path === '/events') {
    start('200 OK', [['Content-Type', 'text/event-stream']])
    return (async function* () {
      yield 'data: 1\\n\\n'
      await new Promise(() => {})
    })()
  }
  const kept = path.startsWith('/kept') ? [['Cache-Control', 'max-age=600']] : []
  start('200 OK', [['Content-Type', 'text/html'], ['ETag', '"a"'], ['X-Asked', String(asked)], ...kept])
  return ['line of text\\n'.repeat(path === '/large' ? 40_000 : 400)]
}
`

const SEEN = `
globalThis.seen = []
export async function app(environ, start) {
  let body = ''
  for await (const piece of environ['wsgi.input']) body += Buffer.from(piece).toString()
  globalThis.seen.push(\`\${environ.REQUEST_METHOD} \${environ.SCRIPT_NAME}|\${environ.PATH_INFO}|\${environ.QUERY_STRING} \${body}\`)
  start('200 OK', [['Content-Type', 'text/plain']])
  return [body]
}
`

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

describe.skipIf(!program('nginx')).each(['uwsgi', 'fastcgi'])('behind nginx, by %s', (protocol) => {
  const folder = temporaryFolder()
  let gateway: OwnGateway
  let host: Nginx | undefined
  let places: Readonly<Record<string, string>> = {}

  beforeAll(async () => {
    writeFileSync(join(folder.path, 'app.mjs'), APP)
    writeFileSync(join(folder.path, 'seen.mjs'), SEEN)
    const socket = join(folder.path, 's')
    gateway = await createGateway(
      {
        listen: [{ address: `unix:${socket}`, trust: ['unix'] }, 'http://127.0.0.1:0'],
        host: 'nginx',
        log: { access: false },
        mounts: {
          '/seen': { app: './seen.mjs#app' },
          '/copied': { app: './seen.mjs#app', use: [{ mirror: '/seen' }] },
          '/': { app: './app.mjs#app', use: [{ compress: { eventStreams: true } }, 'cache'] },
        },
      },
      { directory: folder.path },
    )
    await gateway.start()
    const config = readFileSync(join(configs, `nginx-${protocol}.conf`), 'utf8')
    host = await nginx({ config, replace: { '/run/sidegate/sidegate.sock': socket } })
    places = { nginx: host.address, directly: gateway.addresses[1]!.text.replace('http://', '') }
  })
  afterAll(async () => {
    await host?.stop()
    await gateway.close()
    folder.remove()
  })

  const ask = (place: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      get(`http://${places[place]}${path}`, { headers }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }),
        )
      }).on('error', reject)
    })

  describe.each(['nginx', 'directly'])('%s', (place) => {
    test.each(['/small', '/large'])('%s is compressed', async (path) => {
      const { headers, body } = await ask(place, path, { 'Accept-Encoding': 'gzip' })
      expect([headers['content-encoding'], headers.vary, headers.etag]).toEqual(['gzip', 'Accept-Encoding', 'W/"a"'])
      const plain = await ask(place, path)
      expect(plain.headers['content-encoding']).toBe(undefined)
      expect(gunzipSync(body).equals(plain.body)).toBe(true)
    })

    test('what is stored is sent in every coding', async () => {
      const path = `/kept/${place}`
      const first = await ask(place, path)
      const second = await ask(place, path, { 'Accept-Encoding': 'gzip' })
      expect([first, second].map(({ headers }) => headers['cache-status'])).toEqual([
        'sidegate; fwd=uri-miss; stored',
        expect.stringMatching(/^sidegate; hit; ttl=[0-9]+$/),
      ])
      expect(second.headers['x-asked']).toBe(first.headers['x-asked'])
      expect(gunzipSync(second.body).equals(first.body)).toBe(true)
      const third = await ask(place, path, { 'If-None-Match': '"a"' })
      expect([third.status, third.body.length]).toEqual([304, 0])
      const part = await ask(place, path, { Range: 'bytes=5-11' })
      expect([part.status, part.body.toString()]).toEqual([206, 'of text'])
    })

    test('what is purged is asked for anew', async () => {
      const path = `/kept/purged/${place}`
      const first = await ask(place, path)
      expect(gateway.purge(path)).toBe(1)
      expect((await ask(place, path)).headers['x-asked']).not.toBe(first.headers['x-asked'])
    })

    test('a copy of a request comes to another mount', async () => {
      const { seen } = globalThis as unknown as { seen: string[] }
      seen.length = 0
      const sent = { method: 'POST', body: 'a body' }
      expect(await (await fetch(`http://${places[place]}/copied/a%20b?x=${place}`, sent)).text()).toBe('a body')
      await until('the copy', () => seen.length === 2)
      expect(seen.toSorted()).toEqual([`POST /copied|/a b|x=${place} a body`, `POST /seen|/a b|x=${place} a body`])
    })

    test('an event is there at once', async () => {
      const event = 'data: 1\n\n'
      const first = await new Promise<string>((resolve, reject) => {
        const headers = { 'Accept-Encoding': 'gzip' }
        const asked = get(`http://${places[place]}/events`, { headers }, (response) => {
          let seen = ''
          const decoding = createGunzip().on('data', (piece: Buffer) => {
            seen += piece.toString()
            if (seen.length < event.length) return
            resolve(seen)
            asked.destroy()
          })
          response.on('error', () => {}).pipe(decoding)
        }).on('error', reject)
      })
      expect(first).toBe(event)
    })
  })
})
