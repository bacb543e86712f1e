// Configs for a gateway with nothing at its root: a prefix means whole segments, odd names and all; what is not mounted is 404; forged
// headers end at the host; and the connections that can be kept are kept.
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hosts } from '../../plugin/index.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { apps } from '../conformance/index.ts'
import type { Answer } from '../conformance/answer.ts'
import { open } from '../conformance/client.ts'
import type { Report } from '../conformance/cases/paths.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { matrix } from './matrix.ts'
import { installed, startServer, type Server } from './servers.ts'

const file = fileURLToPath(apps.node)
const keys = ['/shop', '/a.b+c (1)/\u00fc']

// HAProxy and Caddy keep FastCGI's connections, or do not; all others as they are told.
const kept = new Set([
  'nginx http',
  'nginx fastcgi',
  'apache http',
  'apache fastcgi',
  'apache ajp',
  'haproxy http',
  'haproxy fastcgi',
  'caddy http',
])

/** A Unix socket in front of another, which counts who connects. */
function counter(path: string, to: string): Promise<{ count: () => number; close: () => void }> {
  const sockets = new Set<Socket>()
  let count = 0
  const server: NetServer = createServer({ allowHalfOpen: true }, (socket) => {
    count++
    const other = connect({ path: to, allowHalfOpen: true })
    sockets.add(socket).add(other)
    socket.pipe(other).pipe(socket)
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      one.on('error', () => two.destroy()).on('close', () => two.destroy())
    }
  })
  return new Promise((resolve) => {
    server.listen({ path, writableAll: true, readableAll: true }, () =>
      resolve({
        count: () => count,
        close: () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      }),
    )
  })
}

describe.each(matrix.filter(({ host }) => installed(host)))('$host over $protocol', ({ host, protocol }) => {
  const folder = temporaryFolder()
  let gateway: TestGateway
  let server: Server
  let between: { count: () => number; close: () => void }

  beforeAll(async () => {
    const socket = join(folder.path, 's')
    gateway = await startGateway({
      listen: [{ address: `unix:${socket}`, trust: ['unix'], mode: '0666' }],
      mounts: keys.map((key) => ({ key, kind: node, settings: { node: file } })),
      directory: folder.path,
      host,
    })
    between = await counter(join(folder.path, 'c'), socket)
    const plugin = hosts.find(({ name }) => name === host)!
    const input = {
      directory: folder.path,
      listeners: [{ address: `unix:${join(folder.path, 'c')}` }],
      mounts: keys.map((key) => ({ key, kind: 'node' })),
    }
    server = await startServer(host, { config: plugin.render(input, { protocol, full: true }) })
  })
  afterAll(async () => {
    // Apache says so when a prefix comes encoded.
    await server?.stop([/AH01136/])
    between?.close()
    await gateway?.stop()
    folder.remove()
  })

  const ask = (target: string): Promise<Answer> =>
    open(
      { address: server.address, transport: 'http' },
      { target, headers: [['X-Conformance-Case', 'report']] },
    ).whole()

  test.each([
    ['/shop', '/'],
    ['/shop/', '/'],
    ['/shop/a%20b?c', '/a%20b?c'],
    ['/%73hop/x', '/x'],
    ['/a.b+c%20(1)/%C3%BC/x', '/x'],
  ])('%s is mounted', async (target, below) => {
    const answer = await ask(target)
    expect([answer.status, answer.json<Report>().below]).toEqual([200, below])
  })

  test.each(['/', '/other', '/shopping', '/aXb+c%20(1)/%C3%BC/x', '/a.b+c%20(1)'])('%s is not', async (target) => {
    expect((await ask(target)).status).toBe(404)
  })

  test('what a client claims about itself ends at the host', async () => {
    const claims: [string, string][] = [
      ['Host', 'true.example:81'],
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-Host', 'forged.example'],
      ['X-Forwarded-Proto', 'https'],
      ['Forwarded', 'for=6.6.6.6;host=forged.example;proto=https'],
    ]
    const headers = [['X-Conformance-Case', 'report'] as const, ...claims]
    const answer = await open({ address: server.address, transport: 'http' }, { target: '/shop', headers }).whole()
    const found = answer.json<Report>().headers
    expect(found.host).toBe('true.example:81')
    // By the other protocols they are only headers: nobody asks them.
    const asked = protocol === 'http' ? ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded'] : []
    const believed = asked.map((name) => found[name])
    expect(believed.join(' ')).not.toMatch(/6\.6\.6\.6|forged|https/)
  })

  test('a header with _ in its name ends on the way', async () => {
    // lighttpd makes the same variable of both spellings, and has no word for leaving one out.
    const alike = host === 'lighttpd' && ['uwsgi', 'fastcgi', 'scgi'].includes(protocol)
    const headers: [string, string][] = [
      ['X-Conformance-Case', 'report'],
      ['X_Forwarded_Host', 'forged.example'],
      ['X_Auth_User', 'admin'],
      ['X-Plain', 'yes'],
    ]
    const answer = await open({ address: server.address, transport: 'http' }, { target: '/shop', headers }).whole()
    const found = answer.json<Report>().headers
    expect(found['x-plain']).toBe('yes')
    expect(/admin|forged/.test(JSON.stringify(found))).toBe(alike)
  })

  test('connections are kept where they can be', async () => {
    const before = between.count()
    for (let i = 0; i < 20; i++) expect((await ask('/shop')).status).toBe(200)
    const opened = between.count() - before
    // A web server has several workers or threads, each with connections of its own.
    expect(opened < 20).toBe(kept.has(`${host} ${protocol}`))
  })
})
