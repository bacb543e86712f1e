// The two ways into Sidegate by CGI, behind real web servers: the relay, and `sidegate cgi`; and both started by hand.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cgi } from '../../plugin/cgi/host.ts'
import { example } from '../../plugin/example.ts'
import { app } from '../../sidecar/mounts/app.ts'
import type { RequestSpec } from '../conformance/case.ts'
import type { Answer } from '../conformance/answer.ts'
import { open } from '../conformance/client.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { installed, startHost, type CgiHost } from './hosts.ts'
import { scriptFolder } from './scripts.ts'
import { MAIN } from '../built.ts'

const site = scriptFolder({
  'app.mjs': `export const app = async (environ, start) => {
    const { PATH_INFO, QUERY_STRING } = environ
    if (PATH_INFO === '/raise') throw new Error('no luck')
    if (PATH_INFO === '/wait') {
      environ['wsgi.errors'].write('waiting\\n')
      await new Promise((resolve) => environ['sidegate.signal'].addEventListener('abort', resolve))
      environ['wsgi.errors'].write('aborted\\n')
      return []
    }
    if (PATH_INFO === '/half') return (async function* () {
      start('200 OK', [['Content-Type', 'text/plain']])
      yield 'half'
      throw new Error('no luck')
    })()
    if (environ['wsgi.run_once']) console.log('this is no response')
    start('200 OK', [['Content-Type', 'text/plain'], ['X-A', '1'], ['X-A', '2']])
    if (PATH_INFO === '/big') return [new Uint8Array(3_000_000).fill(120)]
    if (PATH_INFO === '/echo') return environ['wsgi.input']
    if (PATH_INFO === '/size') return (async function* () {
      let size = 0
      for await (const piece of environ['wsgi.input']) size += piece.length
      yield String(size)
    })()
    if (PATH_INFO === '/stream') return (async function* () {
      yield 'one'
      await new Promise((resolve) => (globalThis.release = resolve))
      yield 'two'
    })()
    const shown = {}
    for (const [name, value] of Object.entries(environ)) if (typeof value !== 'object') shown[name] = value
    return [JSON.stringify(shown)]
  }`,
  'broken.mjs': '!throw new Error("cannot load")',
})
const bin = scriptFolder({})
afterAll(() => {
  site.remove()
  bin.remove()
})

let gateway: TestGateway
let socket = ''
beforeAll(async () => {
  socket = join(site.path, 's')
  gateway = await startGateway({
    listen: [{ address: `unix:${socket}`, host: 'cgi', mode: '0666' }],
    directory: site.path,
    mounts: [{ key: '/', kind: app, settings: { app: './app.mjs' } }],
  })
  const relay = cgi.render({ ...example, listeners: [{ address: `unix:${socket}` }] })
  const lost = cgi.render({ ...example, listeners: [{ address: `unix:${socket}.not-there` }] })
  const script = (name: string, text: string): void => writeFileSync(join(bin.path, name), text, { mode: 0o755 })
  script('relay', relay)
  script('lost', lost)
  const target = `app:${join(site.path, 'app.mjs')}`
  script('whole', `#!/bin/sh\nexec ${process.execPath} ${MAIN} cgi ${target}\n`)
  script('broken', `#!/bin/sh\nexec ${process.execPath} ${MAIN} cgi app:${join(site.path, 'broken.mjs')}\n`)
})
afterAll(() => gateway?.stop())

/** The program alone, as a web server starts it. */
async function start(
  name: string,
  environment: Record<string, string>,
  input = '',
): Promise<{ out: string; err: string; code: number | null }> {
  const env = {
    PATH: '/usr/bin:/bin',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: 'GET',
    SERVER_PROTOCOL: 'HTTP/1.1',
    ...environment,
  }
  const child = spawn(join(bin.path, name), [], { env, stdio: 'pipe' })
  let out = ''
  let err = ''
  child.stdout.setEncoding('latin1').on('data', (piece: string) => (out += piece))
  child.stderr.setEncoding('latin1').on('data', (piece: string) => (err += piece))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { out, err, code }
}

/** What is behind each: Apache runs as a user who need not be able to read this folder, so not `sidegate cgi` as a whole. */
const doors = { apache: ['relay'], lighttpd: ['relay', 'whole'] } as const

for (const host of ['apache', 'lighttpd'] as const) {
  describe.skipIf(!installed(host) && process.env.CI !== 'true')(`behind ${host}`, () => {
    let server: CgiHost
    beforeAll(async () => {
      server = await startHost(host, bin.path)
    })
    afterAll(() => server?.stop())
    const get = (target: string, more: Partial<RequestSpec> = {}): Promise<Answer> =>
      open({ address: server.address, transport: 'http' }, { target: `/cgi-bin${target}`, ...more }).whole()

    describe.each(doors[host])('%s', (name) => {
      test('an app sees the request as everywhere else', async () => {
        const answer = await get(`/${name}/a%20b/%C3%A9?x=1&y`, {
          headers: [
            ['X-Odd', 'value'],
            ['Proxy', 'evil'],
          ],
        })
        expect([answer.status, answer.all('x-a').join(', ')]).toEqual([200, '1, 2'])
        const environ = answer.json<Record<string, unknown>>()
        expect(environ).toMatchObject({
          REQUEST_METHOD: 'GET',
          SCRIPT_NAME: `/cgi-bin/${name}`,
          PATH_INFO: '/a b/\u00c3\u00a9',
          QUERY_STRING: 'x=1&y',
          HTTP_X_ODD: 'value',
          REMOTE_ADDR: '127.0.0.1',
          SERVER_PROTOCOL: 'HTTP/1.1',
          'wsgi.url_scheme': 'http',
          'wsgi.run_once': name === 'whole',
        })
        for (const gone of ['HTTP_PROXY', 'PATH', 'PWD', 'SHLVL', 'LD_LIBRARY_PATH'])
          expect(environ).not.toHaveProperty(gone)
      })

      test('bodies both ways', async () => {
        const body = Buffer.alloc(2_000_000, 'abcdefgh')
        // Apache reads nothing of an answer before it has written all of the body: what is echoed has to fit into two pipes.
        const few = body.subarray(0, 40_000)
        expect((await get(`/${name}/echo`, { method: 'POST', body: few })).body.equals(few)).toBe(true)
        expect((await get(`/${name}/size`, { method: 'POST', body })).text).toBe('2000000')
        expect((await get(`/${name}/big`)).body.length).toBe(3_000_000)
        expect((await get(`/${name}/size`, { method: 'POST', body, chunked: 50_000 })).text).toBe('2000000')
        expect((await get(`/${name}/big`, { method: 'HEAD' })).extra).toBe(0)
      })

      test('an app that raises', async () => {
        const answer = await get(`/${name}/raise`)
        expect([answer.status, answer.text.includes('APP_RAISED')]).toEqual([500, true])
      })
    })

    test('relay: the response comes as it is written', async () => {
      const live = open({ address: server.address, transport: 'http' }, { target: '/cgi-bin/relay/stream' })
      await live.until(({ text }) => text.includes('one'))
      ;(globalThis as unknown as { release: () => void }).release()
      expect((await live.whole()).text).toBe('onetwo')
    })

    test('relay: Sidegate is not there', async () => {
      const answer = await get('/lost/x')
      expect([answer.status, answer.text.includes('RELAY_CONNECT')]).toEqual([503, true])
      await until('the error log', () => server.log().includes('cannot connect to Sidegate at unix:'))
    })

    test.each(doors[host].filter((name) => name === 'whole'))('%s: an app that does not load', async () => {
      const answer = await get('/broken')
      expect([answer.status, answer.text.includes('TARGET_RAISED')]).toEqual([500, true])
      await until('the error log', () => server.log().includes('cannot load'))
    })
  })
}

describe.each(['relay', 'whole'])('%s by hand', (name) => {
  test('Status first, exit code 0', async () => {
    const { out, code } = await start(name, { PATH_INFO: '/x', QUERY_STRING: '' })
    expect(out).toMatch(/^Status: 200 OK\r\n/)
    expect(code).toBe(0)
  })

  test('no more than CONTENT_LENGTH bytes are taken', async () => {
    const { out, code } = await start(
      name,
      { PATH_INFO: '/echo', CONTENT_LENGTH: '3', REQUEST_METHOD: 'POST' },
      'abcdef',
    )
    expect([out.slice(out.indexOf('\r\n\r\n') + 4), code]).toEqual(['abc', 0])
  })

  test('without CONTENT_LENGTH there is no body', async () => {
    const { out } = await start(name, { PATH_INFO: '/echo' }, 'abcdef')
    expect(out.endsWith('\r\n\r\n')).toBe(true)
  })

  test('a response that is cut: exit code 1', async () => {
    const { out, code } = await start(name, { PATH_INFO: '/half' })
    expect([out.endsWith('\r\n\r\nhalf'), code]).toEqual([true, 1])
  })

  test('a host that goes away ends the request', async () => {
    const env = { PATH: '/usr/bin:/bin', REQUEST_METHOD: 'GET', PATH_INFO: '/wait', SERVER_PROTOCOL: 'HTTP/1.1' }
    const child = spawn(join(bin.path, name), [], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let err = ''
    child.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
    const before = gateway.log.text.length
    const said = (): string => (name === 'relay' ? gateway.log.text.slice(before) : err)
    await until('the app runs', () => said().includes('waiting'))
    child.stdout.destroy()
    if (name === 'whole') child.kill('SIGTERM')
    await new Promise((resolve) => child.once('close', resolve))
    await until('the app hears of it', () => said().includes('aborted'))
    expect(said()).toMatch(/waiting[^]*aborted/)
  })
})

test('the relay that is checked in is what plug writes', () => {
  expect(readFileSync(new URL('../../configs/cgi/relay.py', import.meta.url), 'utf8')).toBe(cgi.render(example))
})

test('the relay speaks over TCP, and knows who does not speak FastCGI', async () => {
  const server = createServer((peer) => void peer.end('HTTP/1.1 200 OK\r\n\r\n')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const text = cgi.render({ ...example, listeners: [{ address: `127.0.0.1:${port}` }] })
  writeFileSync(join(bin.path, 'wrong'), text, { mode: 0o755 })
  const { out, err, code } = await start('wrong', { PATH_INFO: '/x' })
  expect(out).toMatch(/^Status: 502 .*RELAY_CUT/s)
  expect(err).toContain('does not speak FastCGI')
  expect(code).toBe(1)
  server.close()
})

test('sidegate cgi without a request says what it is for', async () => {
  const child = spawn(process.execPath, [MAIN, 'cgi', 'respond:204'], { env: { PATH: '/usr/bin' }, stdio: 'pipe' })
  let err = ''
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2)
  expect(err).toContain('this is for web servers')
})
