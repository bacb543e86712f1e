// The conformance suite under vitest: one interface, directly and behind every real web server with the shipped configs, at the root and
// below a prefix.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  casesFor,
  complaintsOf,
  notApplicable,
  runCase,
  type ConformanceOptions,
  transports,
} from './conformance/index.ts'
import { EXAMPLE_SOCKET, matrix } from './hosts/matrix.ts'
import { serve, type Served, type ServedGateway } from './hosts/served.ts'
import { installed, startServer, type Server } from './hosts/servers.ts'

/** Declares the tests for one interface. */
export function conformanceOf(served: Served): void {
  const everywhere = served.everywhere ?? process.env.MODE === 'all'
  const rows = matrix.filter((row) => served.hosts?.includes(row.host) ?? true)
  for (const [place, prefix] of ['', served.prefix].entries()) {
    const here = (_: unknown, way: number): boolean => everywhere || way % 2 === place
    describe(`${served.interface}${served.checked ? ', checked,' : ''} at ${prefix || '/'}`, () => {
      let behind: ServedGateway
      beforeAll(async () => {
        behind = await serve(served, prefix)
      })
      afterAll(() => behind?.stop())

      for (const transport of (served.transports ?? transports).filter(here)) {
        describe(`${transport}, directly`, () => {
          each(served, { transport, interface: served.interface, prefix }, () => behind.gateway.addresses[0]!)
        })
      }

      for (const { host, protocol, config } of rows.filter(here)) {
        describe.skipIf(!installed(host))(`through ${host} over ${protocol}`, () => {
          let server: Server
          beforeAll(async () => {
            server = await startServer(host, {
              config: config(),
              replace: { [EXAMPLE_SOCKET]: behind.socket(host) },
            })
          })
          afterAll(() =>
            server?.stop([
              ...casesFor(served.interface).flatMap(({ hostLog }) => hostLog ?? []),
              ...complaintsOf(host),
            ]),
          )
          const fixed = { transport: 'http', interface: served.interface, prefix, behind: { host, protocol } } as const
          each(served, fixed, () => server.address)
        })
      }
    })
  }
}

/** A test for each case that can be asked. */
function each(
  { checked = false }: Served,
  fixed: Pick<ConformanceOptions, 'transport' | 'interface' | 'prefix' | 'behind'>,
  address: () => string,
): void {
  const applicable = casesFor(fixed.interface).filter(
    (one) => notApplicable(one, fixed) === undefined && !(checked && one.breaksRules),
  )
  test.for(applicable.map((one) => [one.name, one] as const))('%s', async ([, one]) => {
    const { result, error } = await runCase(one, { ...fixed, address: address() })
    if (result === 'failed') throw error
    expect(result).toBe('passed')
  })
}
