// Upstreams for tests: HTTP servers of our own, addresses where none is, and a gateway with one upstream mount.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import {
  connect,
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'

/** A running upstream. */
export interface Upstream {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly server: Server
  /** Connections so far. */
  connections: number
  /** Requests so far. */
  requests: number
  close(): void
}

/** Starts an HTTP upstream; `host` may be any loopback address. */
export async function httpUpstream(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<Upstream> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const { port: bound } = server.address() as AddressInfo
  const made: Upstream = {
    url: `http://${host}:${bound}`,
    port: bound,
    server,
    connections: 0,
    requests: 0,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  server.on('connection', () => made.connections++)
  server.on('request', () => made.requests++)
  return made
}

/** Starts a server that says what `talk` says on each connection. */
export async function rawUpstream(
  talk: (socket: Socket) => void,
): Promise<{ port: number; server: NetServer; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createNetServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    talk(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, server, close }
}

/** An address that refuses connections. */
export interface DeadUpstream {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** Gives the port free. */
  close(): void
}

/**
 * Takes a port on which nobody listens, and keeps it: it is the near end of a connection. The port of a server that was closed can at
 * once be given to the next that asks for any, even to the gateway whose dead upstream it should be.
 */
export async function deadUpstream(): Promise<DeadUpstream> {
  const other = await rawUpstream(() => {})
  // An address to bind: without one, the system may give the same port to a connection to it, which then talks to itself.
  const holder = connect({ port: other.port, host: '127.0.0.1', localAddress: '127.0.0.1' })
  await once(holder, 'connect')
  const port = holder.localPort!
  const close = (): void => {
    holder.resetAndDestroy()
    other.close()
  }
  return { url: `http://127.0.0.1:${port}`, port, close }
}

/** A gateway with one upstream mount. */
export interface UpstreamGateway extends TestGateway {
  /** `http://127.0.0.1:PORT` and the mount's prefix. */
  readonly url: string
}

/** Starts a gateway that listens on HTTP. `upstream` may be left to `settings`. */
export async function upstreamGateway(
  settings: Record<string, unknown>,
  {
    key = '/',
    listen = ['127.0.0.1:0'] as readonly string[],
    directory = temporaryFolder().path,
    kind = upstream as unknown as MountKind,
  } = {},
): Promise<UpstreamGateway> {
  const gateway = await startGateway({ listen, mounts: [{ key, kind, settings }], directory, host: 'nginx' })
  const http = gateway.addresses.find((address) => !address.startsWith('unix:'))!
  return Object.assign(gateway, { url: `http://${http}${key === '/' ? '' : key}` })
}

/** Runs `stop` of everything given, last first. */
export class Cleanup {
  readonly #stops: (() => unknown)[] = []

  add<T>(made: T, stop: (made: T) => unknown): T {
    this.#stops.push(() => stop(made))
    return made
  }

  async run(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop()
  }
}
