// A gateway that serves an app under test, with a listener for each web server that may be put in front.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { apps, type Interface, type Transport } from '../conformance/index.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { matrix } from './matrix.ts'

/** What is to be mounted. */
export interface Served {
  readonly interface: Interface
  readonly kind: MountKind
  /** Beside the target. */
  readonly settings?: Record<string, unknown>
  /** A checker stands around the app: cases that break the rules are left out. Default: false. */
  readonly checked?: boolean
  /** The web servers to go through. Default: all. */
  readonly hosts?: readonly string[]
  /** The protocols in which it is asked directly. Default: all. */
  readonly transports?: readonly Transport[]
  /**
   * Asked at the root and below the prefix in every way, not at one of both in turn. Default: false, as one interface shows what places and
   * ways have to do with each other; `npm run conformance`: true.
   */
  readonly everywhere?: boolean
  /** A prefix, as in the example config of the host. */
  readonly prefix: string
}

/** What a gateway needs to serve the app under test. */
export interface ServedGateway {
  readonly gateway: TestGateway
  /** The path of the Unix socket for a host. */
  socket(host: string): string
  stop(): Promise<void>
}

/** Starts a gateway with the app under test, with a listener for each host. */
export async function serve(served: Served, prefix: string): Promise<ServedGateway> {
  const folder = temporaryFolder()
  const socket = (host: string): string => join(folder.path, host)
  const hosts = [...new Set(matrix.map(({ host }) => host))]
  const file = fileURLToPath(apps[served.interface])
  const settings = { [served.kind.kind]: targetOf(served.interface, file), ...served.settings }
  const gateway = await startGateway({
    listen: [
      '127.0.0.1:0',
      // Apache and lighttpd connect as a user of their own; the folder is the test's.
      ...hosts.map((host) => ({ address: `unix:${socket(host)}`, host, trust: ['unix'], mode: '0666' })),
    ],
    mounts: [{ key: prefix || '/', kind: served.kind, settings }],
    directory: dirname(file),
    host: 'nginx',
  })
  return {
    gateway,
    socket,
    async stop() {
      await gateway.stop()
      folder.remove()
    },
  }
}

function targetOf(kind: Interface, file: string): string {
  if (kind === 'python') return 'app:application'
  return kind === 'asgi' ? 'asgi:app' : file
}
