// The pattern of every proxy, `socket.pipe(target)` and `target.pipe(socket)`: whoever closes first, both sockets close, as with node:http.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { handleUpgrade, type UpgradeListener } from '../../sidecar/handlers/node/upgrade.ts'
import { startGateway } from '../listen/gateway.ts'
import { connectTo } from '../listen/peer.ts'

const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

type Serve = (take: UpgradeListener) => Promise<string>

const byNode: Serve = async (take) => {
  const server = createHttpServer().on('upgrade', (request, socket, head) => void take(request, socket, head))
  return `127.0.0.1:${await listen(server)}`
}

const byGateway: Serve = async (take) => {
  const { addresses } = await startGateway(['http://127.0.0.1:0'], (exchange) => {
    handleUpgrade({ wants: () => true, take }, exchange)
  })
  return addresses[0]!
}

const byApp: Serve = async (take) => {
  const { addresses } = await startGateway(['http://127.0.0.1:0'], (exchange) => {
    const tunnel = exchange.upgrade({ status: 101, reason: '', headers: [['Upgrade', 'echo']] })
    void take(undefined as never, tunnel, Buffer.alloc(0))
  })
  return addresses[0]!
}

type Closes = (client: Socket, target: Socket) => void

const WAYS: readonly (readonly [string, Closes])[] = [
  ['the client ends', (client) => void client.end()],
  ['the client resets', (client) => void client.resetAndDestroy()],
  ['the target ends', (_, target) => void target.end()],
  ['the target resets', (_, target) => void target.resetAndDestroy()],
]

/** What the socket emits until it and the socket to the target are closed. */
async function events(serve: Serve, closes: Closes): Promise<string[]> {
  const seen: string[] = []
  const { promise: target, resolve: reached } = Promise.withResolvers<Socket>()
  const { promise: proxied, resolve: connected } = Promise.withResolvers<[Duplex, Socket]>()
  const port = await listen(createServer((socket) => reached(socket.on('error', () => {}).resume())))
  const address = await serve((_, socket) => {
    const outgoing = connect(port, '127.0.0.1')
    outgoing.on('error', () => socket.destroy())
    socket.on('error', () => outgoing.destroy())
    for (const event of ['end', 'error', 'close']) socket.on(event, () => seen.push(event))
    if (serve !== byApp) socket.write(HEAD)
    socket.pipe(outgoing)
    outgoing.pipe(socket)
    connected([socket, outgoing])
  })
  const client = await connectTo(address)
  client.write(REQUEST)
  await once(client, 'data')
  client.resume()
  closes(client, await target)
  for (const socket of await proxied) if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  client.destroy()
  return seen
}

describe.each(WAYS)('%s', (_, closes) => {
  test.each([
    ['an upgrade listener', byGateway],
    ['sidegate.upgrade', byApp],
  ])('%s', async (__, serve) => {
    expect(await events(serve, closes)).toEqual(await events(byNode, closes))
  })
})
