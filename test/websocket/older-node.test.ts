// Node.js before 24.9 hands every request with an Upgrade to the `upgrade` event, those with a body too, and has no question before it.
import { Server } from 'node:http'
import { expect, test, vi } from 'vitest'
import { startGateway } from '../listen/gateway.ts'
import { connectTo, readAll } from '../listen/peer.ts'

// The question is asked by the server; the door asks itself once more.
vi.mock(import('../../sidecar/listen/http-upgrade.ts'), async (original) => {
  const module = await original()
  return {
    ...module,
    wantsTunnel(this: unknown, request) {
      return this instanceof Server || module.wantsTunnel(request)
    },
  }
})

const echo = async () => {
  const started = await startGateway(['http://127.0.0.1:0'], async (exchange) => {
    expect(exchange.upgradable).toBe(false)
    const pieces: Uint8Array[] = []
    for await (const piece of exchange.body) pieces.push(piece)
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    const { REQUEST_METHOD: method, REQUEST_URI: uri, HTTP_X_A: header } = exchange.variables
    exchange.end(`${method} ${uri} ${header} ${Buffer.concat(pieces)}`)
  })
  return connectTo(started.addresses[0]!)
}
const head = (method: string, upgrade: string, more: string): string =>
  `${method} /a%20b?c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nX-A: \xe9\r\n${more}\r\n`

test.each([
  ['a length', 'POST', 'h2c', 'Content-Length: 6\r\n', ['abc', 'def'], 'abcdef'],
  ['chunks', 'PUT', 'websocket', 'Transfer-Encoding: chunked\r\n', ['3\r\nabc\r\n', '3\r\ndef\r\n0\r\n\r\n'], 'abcdef'],
  ['no body', 'GET', 'h2c', '', [''], ''],
])(
  'a request with %s is read as an ordinary one, and the connection ends with it',
  async (_, method, upgrade, more, pieces, body) => {
    const socket = await echo()
    const answer = readAll(socket)
    socket.write(head(method, upgrade, more) + pieces[0]!, 'latin1')
    if (pieces[1]) {
      await new Promise((resolve) => setImmediate(resolve))
      socket.write(pieces[1])
    }
    const text = await answer
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nConnection: close\r\n/i)
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(
      Buffer.from(`${method} /a%20b?c \xe9 ${body}`).toString('latin1'),
    )
  },
)
