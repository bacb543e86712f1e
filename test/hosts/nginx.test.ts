// The real nginx with the shipped configs: what is nginx's own part there, files, headers, refusals, virtual hosts.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apps } from '../conformance/index.ts'
import type { Answer } from '../conformance/answer.ts'
import { open } from '../conformance/client.ts'
import type { RequestSpec } from '../conformance/case.ts'
import type { Report } from '../conformance/cases/paths.ts'
import { files } from '../../sidecar/mounts/files.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { nginx, program, startGateway, temporaryFolder, type Nginx, type TestGateway } from '../harness.ts'

const configs = fileURLToPath(new URL('../../configs/nginx/', import.meta.url))

describe.skipIf(!program('nginx')).each(['uwsgi', 'http'])('nginx-%s.conf', (protocol) => {
  const folder = temporaryFolder()
  let gateway: TestGateway
  let host: Nginx

  beforeAll(async () => {
    const site = join(folder.path, 'public')
    mkdirSync(join(site, 'sub'), { recursive: true })
    mkdirSync(join(site, 'empty'))
    mkdirSync(join(site, '.git'))
    writeFileSync(join(site, 'index.html'), '<p>index')
    writeFileSync(join(site, 'sub', 'index.html'), '<p>sub')
    writeFileSync(join(site, 'a b.txt'), 'a b')
    writeFileSync(join(site, '.env'), 'SECRET')
    writeFileSync(join(site, '.git', 'config'), 'SECRET')
    writeFileSync(join(folder.path, 'outside.txt'), 'SECRET')
    symlinkSync(join(folder.path, 'outside.txt'), join(site, 'link.txt'))
    const socket = join(folder.path, 's')
    gateway = await startGateway({
      listen: [{ address: `unix:${socket}`, trust: ['unix'] }],
      mounts: [
        { key: '/', kind: node, settings: { node: fileURLToPath(apps.node) } },
        { key: '/kept', kind: files, settings: { files: site } },
      ],
      directory: folder.path,
      host: 'nginx',
    })
    const config = readFileSync(join(configs, `nginx-${protocol}.conf`), 'utf8')
    host = await nginx({ config, replace: { '/run/sidegate/sidegate.sock': socket, '/srv/site/public': site } })
  })
  afterAll(async () => {
    // Links that lead out are refused aloud; so are folders without an index.
    await host?.stop([/Too many levels of symbolic links|is forbidden/])
    await gateway?.stop()
    folder.remove()
  })

  const ask = (target: string, request: Partial<RequestSpec> = {}): Promise<Answer> =>
    open({ address: host.address, transport: 'http' }, { target, ...request }).whole()
  const report = async (target: string, headers: RequestSpec['headers'] = []): Promise<Report> =>
    (await ask(target, { headers: [['X-Conformance-Case', 'report'], ...headers] })).json<Report>()

  describe('files, as the mount serves them', () => {
    test.each([
      ['/', 200, '<p>index'],
      ['/index.html', 200, '<p>index'],
      ['/sub/', 200, '<p>sub'],
      ['/a%20b.txt', 200, 'a b'],
      ['/missing', 404, '404 Not Found'],
      ['/.env', 404, '404 Not Found'],
      ['/.git/config', 404, '404 Not Found'],
      ['/%2eenv', 404, '404 Not Found'],
      ['/sub/../.env', 404, '404 Not Found'],
    ])('%s is %d', async (path, status, text) => {
      for (const prefix of ['/static', '/kept']) {
        const answer = await ask(prefix + path)
        expect(answer.status).toBe(status)
        expect(answer.text).toContain(text)
        expect(answer.text).not.toContain('SECRET')
      }
    })

    test('a link that leads out is not followed', async () => {
      for (const prefix of ['/static', '/kept']) {
        const answer = await ask(`${prefix}/link.txt`)
        expect([403, 404]).toContain(answer.status)
        expect(answer.text).not.toContain('SECRET')
      }
    })

    test.each(['/static', '/kept'])('%s and a folder without a slash lead to the slash', async (prefix) => {
      for (const path of [prefix, `${prefix}/sub`]) {
        const answer = await ask(`${path}?a=b`)
        expect([answer.status, answer.header('location')]).toEqual([301, `${path}/?a=b`])
      }
    })

    test.each(['/static', '/kept'])('%s: types, ranges, conditions, methods', async (prefix) => {
      const page = await ask(`${prefix}/`)
      expect(page.header('content-type')).toBe('text/html; charset=utf-8')
      expect(page.header('cache-control')).toBe('public, max-age=0')
      const etag = page.header('etag')!
      expect((await ask(`${prefix}/`, { headers: [['If-None-Match', etag]] })).status).toBe(304)
      const part = await ask(`${prefix}/index.html`, { headers: [['Range', 'bytes=3-']] })
      expect([part.status, part.text]).toEqual([206, 'index'])
      expect((await ask(`${prefix}/index.html`, { method: 'POST', body: 'x' })).status).toBe(405)
    })

    test('a word that only begins like the prefix goes to the app', async () => {
      expect((await report('/staticky')).target).toBe('/staticky')
    })

    test('the virtual host serves its folder at the root', async () => {
      const answer = await ask('/sub/', { headers: [['Host', 'static.example.com']] })
      expect([answer.status, answer.text]).toEqual([200, '<p>sub'])
    })
  })

  test('the host asked for arrives with its port; a second opinion does not', async () => {
    expect((await report('/', [['Host', 'Www.Example.com:8080']])).headers.host).toBe('Www.Example.com:8080')
    expect((await report('http://true.example/', [['Host', 'forged.example']])).headers.host).toBe('true.example')
  })

  test('what a client claims about itself ends at nginx', async () => {
    const { headers } = await report('/', [
      ['X-Forwarded-Proto', 'https'],
      ['Proxy', 'http://evil/'],
      ['X-Forwarded-For', '6.6.6.6'],
    ])
    expect(headers.proxy).toBeUndefined()
    // Over uwsgi they are what the client sent, and nobody asks them.
    const claims = [headers['x-forwarded-for'], headers['x-forwarded-proto']]
    expect(claims).toEqual(protocol === 'http' ? ['127.0.0.1', 'http'] : ['6.6.6.6', 'https'])
  })

  test('a path that nginx guards cannot be reached around it', async () => {
    // `//..` is where nginx and a resolver that keeps empty segments would disagree.
    expect((await report('/admin//../x')).below).toBe('/x')
  })

  test("uploads beyond nginx's default limit pass", async () => {
    const answer = await ask('/', {
      method: 'POST',
      headers: [['X-Conformance-Case', 'digest']],
      body: Buffer.alloc(3_000_000),
    })
    expect(answer.json<{ size: number }>().size).toBe(3_000_000)
  })
})
