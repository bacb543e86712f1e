// Fields that no response may have: whatever the app is written in and whatever the door, those of one connection are left out and told
// of once, lengths that agree are one, lengths that differ are an error.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '../../sidecar/mounts/index.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import { open, transports } from '../conformance/client.ts'
import type { Transport } from '../conformance/case.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { Cleanup, rawUpstream } from '../upstream/servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
const BODY = 'hello'

type Fields = readonly (readonly [string, string])[]

const HOPS: Fields = [
  ['X-Kept', 'yes'],
  ['Trailer', 'X-Sum'],
  ['Trailers', 'X-Sum'],
  ['Proxy-Authenticate', 'Basic'],
  ['TE', 'trailers'],
]
const CASES: Record<string, Fields> = {
  hops: HOPS,
  same: [
    ['X-Kept', 'yes'],
    ['Content-Length', '5'],
    ['Content-Length', '5'],
  ],
  differ: [
    ['X-Kept', 'yes'],
    ['Content-Length', '5'],
    ['Content-Length', '4'],
  ],
}
const asText = (name: string): string => CASES[name]!.map((pair) => `${pair.join(': ')}\r\n`).join('')

const APPS: Record<string, string> = {
  'app.ts': `const cases = ${JSON.stringify(CASES)}
export const app = (environ, start) => {
  start('200 OK', [['Content-Type', 'text/plain'], ...cases[environ.PATH_INFO.slice(1)]])
  return [${JSON.stringify(BODY)}]
}`,
  'node.ts': `const cases = ${JSON.stringify(CASES)}
export default (request, response) => {
  response.writeHead(200, cases[request.url.slice(1)].flat())
  response.end(${JSON.stringify(BODY)})
}`,
  'fetch.ts': `const cases = ${JSON.stringify(CASES)}
export default (request) =>
  new Response(${JSON.stringify(BODY)}, { headers: cases[new URL(request.url).pathname.split('/').pop()] })`,
  'wsgi.py': `cases = ${JSON.stringify(CASES)}
def application(environ, start_response):
    start_response('200 OK', [tuple(pair) for pair in cases[environ['PATH_INFO'][1:]]])
    return [b'${BODY}']
`,
}

/** A server of a gateway protocol whose responses have what no response may have. */
async function gatewayServer(name: string): Promise<string> {
  const protocol = protocols.find((one) => one.name === name)!
  const { port } = cleanup.add(
    await rawUpstream((socket: Socket) => {
      const codec = protocol.server()
      let headers: Fields = []
      socket.on('data', (bytes) => {
        for (const event of codec.receive(bytes)) {
          if (event.type === 'request') headers = CASES[event.variables.REQUEST_URI!.split('/').pop()!]!
          if (event.type !== 'end') continue
          socket.write(codec.start(event.id, { status: 200, reason: 'OK', headers }, Buffer.from(BODY), true))
          if (!codec.keepsOpen(event.id)) socket.end()
        }
      })
    }),
    (one) => one.close(),
  )
  return `${name}://127.0.0.1:${port}`
}

async function httpServer(): Promise<string> {
  const { port } = cleanup.add(
    await rawUpstream((socket) => {
      socket.on('data', (bytes) => {
        const fields = asText(/\/(\w+) HTTP/.exec(bytes.toString())![1]!)
        socket.end(`HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n${fields}\r\n${BODY}`)
      })
    }),
    (one) => one.close(),
  )
  return `http://127.0.0.1:${port}`
}

const MOUNTS: Record<string, () => Record<string, unknown> | Promise<Record<string, unknown>>> = {
  app: () => ({ app: './app.ts', lint: false }),
  node: () => ({ node: './node.ts' }),
  fetch: () => ({ fetch: './fetch.ts' }),
  python: () => ({ python: './wsgi.py' }),
  cgi: () => ({ cgi: './cgi-bin' }),
  uwsgi: async () => ({ upstream: await gatewayServer('uwsgi') }),
  fastcgi: async () => ({ upstream: await gatewayServer('fastcgi') }),
  scgi: async () => ({ upstream: await gatewayServer('scgi') }),
  ajp: async () => ({ upstream: await gatewayServer('ajp') }),
  http: async () => ({ upstream: await httpServer() }),
}

let gateway: TestGateway

beforeAll(async () => {
  for (const [name, text] of Object.entries(APPS)) writeFileSync(join(folder.path, name), text)
  mkdirSync(join(folder.path, 'cgi-bin'))
  for (const name of Object.keys(CASES)) {
    const file = join(folder.path, 'cgi-bin', name)
    writeFileSync(file, `#!/bin/sh\nprintf '${asText(name).replaceAll('\r\n', '\\n')}\\n${BODY}'\n`)
    chmodSync(file, 0o755)
  }
  const mounts = await Promise.all(
    Object.entries(MOUNTS).map(async ([key, make]) => {
      const settings = await make()
      const kind = kinds.find((one) => one.kind in settings) as unknown as MountKind
      return { key: `/${key}`, kind, settings }
    }),
  )
  gateway = await startGateway({ listen: ['127.0.0.1:0'], mounts, directory: folder.path })
})

afterAll(async () => {
  await gateway.stop()
  await cleanup.run()
  folder.remove()
})

async function ask(transport: Transport, target: string) {
  const live = open({ address: gateway.addresses[0]!, transport }, { target })
  const answer = await live.whole()
  live.destroy()
  return answer
}

describe.each(Object.keys(MOUNTS))('%s', (mount) => {
  test.each(transports)('by %s: fields of one connection are left out', async (transport) => {
    const answer = await ask(transport, `/${mount}/hops`)
    expect([answer.status, answer.text, answer.header('x-kept')]).toEqual([200, BODY, 'yes'])
    for (const name of ['trailer', 'trailers', 'proxy-authenticate', 'te', 'x-hop']) {
      expect(answer.header(name)).toBeUndefined()
    }
  })

  test('the log says so once', async () => {
    await ask('http', `/${mount}/hops`)
    await ask('http', `/${mount}/hops`)
    const lines = gateway.log.text.split('\n').filter((line) => line.includes(`mount=/${mount} `))
    const told = lines.filter((line) => line.includes('HEADER_HOP_BY_HOP'))
    // To an HTTP server they are for its connection to the gateway.
    const names = mount === 'http' ? [] : ['trailer', 'trailers', 'proxy-authenticate', 'te']
    expect(told.map((line) => /header (\S+),/.exec(line)?.[1]?.toLowerCase()).toSorted()).toEqual(names.toSorted())
  })

  test.each(transports)('by %s: lengths that agree are one', async (transport) => {
    const answer = await ask(transport, `/${mount}/same`)
    expect([answer.status, answer.text]).toEqual([200, BODY])
    expect(answer.head.headers.filter(([name]) => name.toLowerCase() === 'content-length')).toHaveLength(1)
  })

  test.each(transports)('by %s: lengths that differ are an error', async (transport) => {
    const answer = await ask(transport, `/${mount}/differ`)
    expect(answer.status).toBe(['uwsgi', 'fastcgi', 'scgi', 'ajp', 'http'].includes(mount) ? 502 : 500)
  })
})
