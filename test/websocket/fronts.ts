// The ways to a gateway over which a WebSocket can come: directly over HTTP, and through the real web servers with the shipped configs.
import { join } from 'node:path'
import { EXAMPLE_SOCKET, matrix, type Row } from '../hosts/matrix.ts'
import { installed, startServer, versionOf } from '../hosts/servers.ts'
import { startGateway, temporaryFolder, type LogText, type TestMount } from '../harness.ts'

/** A gateway, and where clients reach it. */
export interface Front {
  /** `127.0.0.1:8080` */
  readonly address: string
  readonly log: LogText
  stop(): Promise<void>
}

/** One way to the gateway. */
export interface Way {
  /** `direct`, `nginx uwsgi`, … */
  readonly name: string
  readonly row: Row | undefined
}

/** Every way that there is on this machine. */
export const ways: readonly Way[] = [
  { name: 'direct', row: undefined },
  ...matrix.filter(({ host }) => installed(host)).map((row): Way => ({ name: `${row.host} ${row.protocol}`, row })),
]

/** Whether a WebSocket can come this way: not by FastCGI and AJP, and not by all modules for uwsgi and SCGI. */
export function carriesUpgrades({ row }: Way): boolean {
  if (row === undefined || row.protocol === 'http') return true
  if (row.protocol !== 'uwsgi' && row.protocol !== 'scgi') return false
  // Apache takes what follows a 101 for a body; so does lighttpd 1.4.69, while 1.4.85 does not.
  if (row.host === 'lighttpd') return versionOf(row.host).localeCompare('1.4.85', 'en', { numeric: true }) >= 0
  return row.host !== 'apache'
}

/** Starts a gateway with these mounts, and the web server in front of it. */
export async function startFront({ row }: Way, mounts: readonly TestMount[]): Promise<Front> {
  const folder = temporaryFolder()
  const socket = join(folder.path, 's')
  const listen =
    row === undefined
      ? ['127.0.0.1:0']
      : // The user of a web server is anybody here.
        [
          {
            address: `${row.protocol}://unix:${socket}`,
            mode: '0666',
            ...(row.protocol === 'http' && { trust: ['unix'] }),
          },
        ]
  const gateway = await startGateway({
    listen,
    mounts,
    directory: import.meta.dirname,
    drainTimeout: 100,
    ...(row ? { host: row.host } : {}),
  })
  if (row === undefined) {
    const stop = async (): Promise<void> => gateway.stop().finally(() => folder.remove())
    return { address: gateway.addresses[0]!, log: gateway.log, stop }
  }
  const server = await startServer(row.host, { config: row.config(), replace: { [EXAMPLE_SOCKET]: socket } })
  return {
    address: server.address,
    log: gateway.log,
    async stop() {
      try {
        // lighttpd says that, with connections still open.
        await server.stop([/graceful shutdown started/])
      } finally {
        await gateway.stop()
        folder.remove()
      }
    },
  }
}
