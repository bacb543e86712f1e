// What other frameworks and middleware answer by every door is what they answer on a server of node:http.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import type { RequestSpec } from '../conformance/case.ts'
import { open, transports } from '../conformance/client.ts'
import { startGateway, type TestGateway } from '../harness.ts'

const directory = new URL('apps/', import.meta.url)
const handlers = (await import(new URL('frameworks.mjs', directory).href)) as Record<string, RequestListener>
const NAMES = Object.keys(handlers)

const form =
  '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' +
  '--x\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\nof it\r\n--x--\r\n'
const multipart: RequestSpec['headers'] = [['Content-Type', 'multipart/form-data; boundary=x']]
const post = { method: 'POST', target: '/p?q', body: 'body' }

const REQUESTS: Record<string, readonly RequestSpec[]> = {
  uploads: [
    { method: 'POST', target: '/u', headers: multipart, body: form },
    {
      method: 'POST',
      target: '/u',
      headers: [...multipart, ['Transfer-Encoding', 'chunked']],
      body: form,
      chunked: 1000,
    },
    {
      method: 'POST',
      target: '/u',
      headers: [...multipart, ['Transfer-Encoding', 'chunked']],
      body: form,
      chunked: 50,
    },
  ],
  sessions: [{ target: '/' }, { target: '/', headers: [['Cookie', 'connect.sid=s%3Afixed.wrong']] }],
  statics: [
    { target: '/alphabet.txt' },
    { target: '/alphabet.txt', method: 'HEAD' },
    { target: '/alphabet.txt', headers: [['Range', 'bytes=2-5']] },
    { target: '/alphabet.txt', headers: [['Range', 'bytes=100-']] },
    { target: '/load' },
  ],
  sends: [{ target: '/' }, { target: '/', headers: [['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT']] }],
  honoNode: [{ target: '/a%20b?c' }, post, { ...post, chunked: 2 }, { target: '/', method: 'HEAD' }],
  srvx: [{ target: '/a%20b?c' }, post, { ...post, chunked: 2 }, { target: '/', method: 'HEAD' }],
  proxies: [{ target: '/a%20b?c' }, post, { ...post, chunked: 2 }, { target: '/', method: 'HEAD' }],
}

interface Facts {
  status: number
  headers: string[]
  text: string
}

// They belong to the connection, tell the time, or depend on it.
const APART = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'])

async function ask(address: string, transport: (typeof transports)[number], request: RequestSpec): Promise<Facts> {
  const given = transport !== 'http' && request.chunked ? [['Transfer-Encoding', 'chunked'] as const] : []
  const headers = (request.headers ?? []).filter(([name]) => name !== 'Transfer-Encoding')
  const { status, head, text } = await open(
    { address, transport },
    { ...request, headers: [...headers, ...given] },
  ).whole()
  const fields = head.headers.filter(([name]) => !APART.has(name.toLowerCase()))
  return { status, headers: fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`), text }
}

let gateway: TestGateway
beforeAll(async () => {
  const mounts = NAMES.map((name) => ({
    key: `${name.toLowerCase()}.example`,
    kind: node,
    settings: { node: `./frameworks.mjs#${name}` },
  }))
  gateway = await startGateway({
    listen: transports.map((transport) => `${transport}://127.0.0.1:0`),
    mounts,
    directory: import.meta.dirname + '/apps',
  })
})
afterAll(() => gateway.gateway.close())

describe.each(NAMES)('%s', (name) => {
  const server = createServer(handlers[name])
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  test.each(transports)('by %s', async (transport) => {
    for (const request of REQUESTS[name]!) {
      // uwsgi and SCGI have no end of a body but its length.
      if (request.chunked && ['uwsgi', 'scgi'].includes(transport)) continue
      const host = {
        ...request,
        headers: [['Host', `${name.toLowerCase()}.example`] as const, ...(request.headers ?? [])],
      }
      const expected = await ask(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'http', host)
      expect(await ask(gateway.addresses[transports.indexOf(transport)]!, transport, host)).toEqual(expected)
    }
  })
})
