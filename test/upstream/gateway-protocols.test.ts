// Upstreams that speak uwsgi, FastCGI and SCGI: a real uWSGI and a real fcgiwrap.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accepts, program, stopProcess, temporaryFolder, until } from '../harness.ts'
import { Cleanup, upstreamGateway, type UpstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
let uwsgi: ChildProcess
let said = ''

describe.skipIf(!program('uwsgi') || !program('fcgiwrap'))('uWSGI and fcgiwrap', () => {
  beforeAll(async () => {
    const at = (name: string): string => join(folder.path, `${name}.sock`)
    const file = program('uwsgi')
    if (!file) throw new Error('uWSGI is not installed')
    const app = join(import.meta.dirname, 'apps/echo.py')
    const sockets = ['uwsgi', 'fastcgi', 'scgi', 'http'].flatMap((name) => [`--${name}-socket`, at(name)])
    const options = ['--plugin', 'python3', '--wsgi-file', app, '--processes', '4', '--master', '--die-on-term']
    uwsgi = spawn(file, [...options, '--buffer-size', '32768', ...sockets], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [uwsgi.stdout!, uwsgi.stderr!]) stream.on('data', (bytes) => (said += String(bytes)))
    await until('uWSGI listens', () => {
      if (uwsgi.exitCode !== null) throw new Error(`uWSGI ended at once:\n${said}`)
      return accepts(`unix:${at('http')}`)
    })
  })

  afterEach(() => cleanup.run())

  afterAll(async () => {
    await stopProcess(uwsgi)
    folder.remove()
  })

  const gateway = async (settings: Record<string, unknown>, key = '/'): Promise<UpstreamGateway> =>
    cleanup.add(await upstreamGateway(settings, { key, directory: folder.path }), (one) => one.stop())

  interface Echo {
    variables: Record<string, string>
    size: number
    hash: string
  }

  const PROTOCOLS = ['uwsgi', 'fastcgi', 'scgi', 'http'] as const

  test.each(PROTOCOLS)('uWSGI by %s: the request arrives', async (protocol) => {
    const { url } = await gateway({ upstream: `${protocol}://unix:${protocol}.sock` }, '/app')
    const response = await fetch(`${url}/a%20b/caf%C3%A9?x=%zz`, { headers: { 'X-One': '1', Cookie: 'a=b' } })
    const { variables } = (await response.json()) as Echo
    const below = protocol === 'http'
    expect(variables).toMatchObject({
      REQUEST_METHOD: 'GET',
      REQUEST_URI: below ? '/a%20b/caf%C3%A9?x=%zz' : '/app/a%20b/caf%C3%A9?x=%zz',
      SCRIPT_NAME: below ? '' : '/app',
      PATH_INFO: '/a b/caf\xc3\xa9',
      QUERY_STRING: 'x=%zz',
      HTTP_X_ONE: '1',
      HTTP_COOKIE: 'a=b',
      HTTP_HOST: new URL(url).host,
    })
    expect(variables.HTTP_CONNECTION).toBe(below ? 'keep-alive' : undefined)
    expect(below ? variables.HTTP_X_FORWARDED_FOR : variables.REMOTE_ADDR).toBe('127.0.0.1')
  })

  test.each(PROTOCOLS)('uWSGI by %s: bodies both ways', async (protocol) => {
    const { url } = await gateway({ upstream: `${protocol}://unix:${protocol}.sock`, spoolMemory: 100_000 })
    const bytes = randomBytes(1024 * 1024)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const pieces = Array.from({ length: 16 }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536))
    for (const body of [bytes, ReadableStream.from(pieces)]) {
      // uWSGI's own HTTP does not take the framing off.
      if (protocol === 'http' && body !== bytes) continue
      const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect(await response.json()).toMatchObject({ size: bytes.length, hash })
    }
    const big = await fetch(`${url}/big?5000000`)
    expect((await big.arrayBuffer()).byteLength).toBe(5_000_000)
  })

  test.each(PROTOCOLS)('uWSGI by %s: status, cookies, HEAD, pieces', async (protocol) => {
    const { url } = await gateway({ upstream: `${protocol}://unix:${protocol}.sock` })
    const teapot = await fetch(`${url}/teapot`)
    expect([teapot.status, teapot.statusText]).toEqual([418, "I'm a teapot"])
    expect(teapot.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100)
    const gates = cleanup.add(temporaryFolder(), ({ remove }) => remove())
    chmodSync(gates.path, 0o755)
    const pieces: string[] = []
    for await (const piece of (await fetch(`${url}/stream?${gates.path}`)).body!) {
      pieces.push(Buffer.from(piece).toString())
      writeFileSync(join(gates.path, String(pieces.length)), '')
    }
    expect(pieces).toEqual(['0', '1', '2'])
  })

  test.each(PROTOCOLS)('uWSGI by %s: late is 504', async (protocol) => {
    const one = await gateway({ upstream: `${protocol}://unix:${protocol}.sock`, firstByteTimeout: 0.2, retries: 0 })
    const response = await fetch(`${one.url}/late`)
    expect([response.status, await response.text()]).toEqual([504, expect.stringContaining('UPSTREAM_TIMEOUT')])
    expect(one.log.text).toContain(`${protocol}://unix:${protocol}.sock did not begin to answer within 0.2 s`)
  })

  test('a body of unknown length: 413 beyond the bound, 411 without one', async () => {
    const send = async (maxSpool: number): Promise<[number, string | undefined]> => {
      const { url, log } = await gateway({ upstream: 'uwsgi://unix:uwsgi.sock', maxSpool })
      const client = httpRequest(url, { method: 'POST' }).on('error', () => {})
      client.write('x'.repeat(2000))
      client.end()
      const [response] = (await once(client, 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'close')
      return [response.statusCode!, /code=([A-Z_]+)/.exec(log.text)?.[1]]
    }
    expect(await send(1999)).toEqual([413, 'BODY_TOO_LARGE'])
    expect(await send(2000)).toEqual([200, undefined])
    expect(await send(0)).toEqual([411, 'LENGTH_REQUIRED'])
  })

  test('variables that do not fit into a packet are refused', async () => {
    const { url } = await gateway({ upstream: 'uwsgi://unix:uwsgi.sock' })
    const headers = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x-${i}`, 'y'.repeat(60)]))
    expect((await fetch(url, { headers })).status).toBe(431)
  })

  test('a dead Unix socket is 502', async () => {
    const one = await gateway({ upstream: 'fastcgi://unix:none.sock' })
    const response = await fetch(one.url, { method: 'POST', body: 'x' })
    expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('UPSTREAM_CONNECT')])
    expect(one.log.text).toContain('cannot connect to fastcgi://unix:none.sock')
  })

  test('fcgiwrap: scripts run on kept connections, and what they say to stderr is logged', async () => {
    const path = join(folder.path, 'wrap.sock')
    const child = spawn(program('fcgiwrap')!, ['-f', '-s', `unix:${path}`], { stdio: 'ignore' })
    cleanup.add(child, (process) => stopProcess(process))
    await until('fcgiwrap listens', () => accepts(`unix:${path}`))
    const script = join(folder.path, 'hello.sh')
    writeFileSync(
      script,
      '#!/bin/sh\necho "oops $PATH_INFO" >&2\nprintf "Status: 201 Made\\r\\nContent-Type: text/plain\\r\\n\\r\\n%s %s\\n" "$REQUEST_METHOD" "$PATH_INFO"\ncat\n',
    )
    chmodSync(script, 0o755)
    const options = { split: ['.sh'], root: folder.path, keepAlive: 30 }
    const one = await gateway({ upstream: `fastcgi://unix:wrap.sock`, ...options })
    for (let count = 0; count < 5; count++) {
      const response = await fetch(`${one.url}/hello.sh/info`, { method: 'POST', body: 'body' })
      expect([response.status, response.statusText, await response.text()]).toEqual([201, 'Made', 'POST /info\nbody'])
    }
    expect(one.log.text).toContain('oops /info')
    expect(one.log.text).toContain('upstream=fastcgi://unix:wrap.sock')
  })
})
