// The conformance suite under vitest: one interface, directly and behind the real nginx with the shipped configs, at the root and below a
// prefix.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MountKind } from '../sidecar/mounts/mount.ts'
import { apps, cases, notApplicable, runCase, type ConformanceOptions, type Interface } from './conformance/index.ts'
import { nginx, program, startGateway, temporaryFolder, type Nginx, type TestGateway } from './harness.ts'

const configs = fileURLToPath(new URL('../configs/nginx/', import.meta.url))
const EXAMPLE_SOCKET = '/run/sidegate/sidegate.sock'

/** What is to be mounted. */
export interface Served {
  readonly interface: Interface
  readonly kind: MountKind
  /** Beside the target. */
  readonly settings?: Record<string, unknown>
  /** A checker stands around the app: cases that break the rules are left out. Default: false. */
  readonly checked?: boolean
  /** A prefix, as in the example config of the host. */
  readonly prefix: string
}

/** Declares the tests for one interface. */
export function conformanceOf(served: Served): void {
  for (const prefix of ['', served.prefix]) {
    describe(`${served.interface}${served.checked ? ', checked,' : ''} at ${prefix || '/'}`, () => {
      let gateway: TestGateway
      let socket = ''
      const folder = temporaryFolder()

      beforeAll(async () => {
        socket = join(folder.path, 's')
        const file = fileURLToPath(apps[served.interface])
        const settings = { [served.kind.kind]: targetOf(served.interface, file), ...served.settings }
        gateway = await startGateway({
          listen: ['127.0.0.1:0', `unix:${socket}`],
          mounts: [{ key: prefix || '/', kind: served.kind, settings }],
          directory: dirname(file),
          host: 'nginx',
        })
      })
      afterAll(async () => {
        await gateway?.stop()
        folder.remove()
      })

      for (const transport of ['http', 'uwsgi'] as const) {
        describe(`${transport}, directly`, () => {
          each(served, { transport, interface: served.interface, prefix }, () => gateway.addresses[0]!)
        })
      }

      for (const protocol of ['uwsgi', 'http'] as const) {
        describe.skipIf(!program('nginx'))(`through nginx over ${protocol}`, () => {
          let host: Nginx
          beforeAll(async () => {
            const config = readFileSync(join(configs, `nginx-${protocol}.conf`), 'utf8')
            host = await nginx({ config, replace: { [EXAMPLE_SOCKET]: socket } })
          })
          afterAll(() => host?.stop(cases.flatMap(({ hostLog }) => hostLog ?? [])))
          each(served, { transport: 'http', interface: served.interface, prefix }, () => host.address)
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
  fixed: Pick<ConformanceOptions, 'transport' | 'interface' | 'prefix'>,
  address: () => string,
): void {
  const applicable = cases.filter((one) => notApplicable(one, fixed) === undefined && !(checked && one.breaksRules))
  test.for(applicable.map((one) => [one.name, one] as const))('%s', async ([, one]) => {
    const { result, error } = await runCase(one, { ...fixed, address: address() })
    if (result === 'failed') throw error
    expect(result).toBe('passed')
  })
}
