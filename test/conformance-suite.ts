// The conformance suite under vitest: one interface, directly and behind every real web server with the shipped configs, at the root and
// below a prefix.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MountKind } from '../sidecar/mounts/mount.ts'
import {
  apps,
  cases,
  complaintsOf,
  notApplicable,
  runCase,
  type ConformanceOptions,
  type Interface,
  transports,
} from './conformance/index.ts'
import { startGateway, temporaryFolder, type TestGateway } from './harness.ts'
import { EXAMPLE_SOCKET, matrix } from './hosts/matrix.ts'
import { installed, startServer, type Server } from './hosts/servers.ts'

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

/** Declares the tests for one interface. */
export function conformanceOf(served: Served): void {
  for (const prefix of ['', served.prefix]) {
    describe(`${served.interface}${served.checked ? ', checked,' : ''} at ${prefix || '/'}`, () => {
      let behind: ServedGateway
      beforeAll(async () => {
        behind = await serve(served, prefix)
      })
      afterAll(() => behind?.stop())

      for (const transport of transports) {
        describe(`${transport}, directly`, () => {
          each(served, { transport, interface: served.interface, prefix }, () => behind.gateway.addresses[0]!)
        })
      }

      for (const { host, protocol, config } of matrix.filter((row) => served.hosts?.includes(row.host) ?? true)) {
        describe.skipIf(!installed(host))(`through ${host} over ${protocol}`, () => {
          let server: Server
          beforeAll(async () => {
            server = await startServer(host, {
              config: config(),
              replace: { [EXAMPLE_SOCKET]: behind.socket(host) },
            })
          })
          afterAll(() => server?.stop([...cases.flatMap(({ hostLog }) => hostLog ?? []), ...complaintsOf(host)]))
          const fixed = { transport: 'http', interface: served.interface, prefix, behind: { host, protocol } } as const
          each(served, fixed, () => server.address)
        })
      }
    })
  }
}

function targetOf(kind: Interface, file: string): string {
  return kind === 'python' ? 'app:application' : file
}

/** A test for each case that can be asked. */
function each(
  { checked = false }: Served,
  fixed: Pick<ConformanceOptions, 'transport' | 'interface' | 'prefix' | 'behind'>,
  address: () => string,
): void {
  const applicable = cases.filter((one) => notApplicable(one, fixed) === undefined && !(checked && one.breaksRules))
  test.for(applicable.map((one) => [one.name, one] as const))('%s', async ([, one]) => {
    const { result, error } = await runCase(one, { ...fixed, address: address() })
    if (result === 'failed') throw error
    expect(result).toBe('passed')
  })
}
