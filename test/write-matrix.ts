// Runs the conformance suite through every web server and protocol, and writes docs/conformance-matrix.md: `node test/write-matrix.ts`.
// All web servers have to be installed.
import { writeFileSync } from 'node:fs'
import { app } from '../sidecar/mounts/app.ts'
import { fetch } from '../sidecar/mounts/fetch.ts'
import { node } from '../sidecar/mounts/node.ts'
import { python } from '../sidecar/mounts/python/mount.ts'
import { complaintsOf, cases, runConformance } from './conformance/index.ts'
import { documentWith } from './document.ts'
import { matrixTable, type RowResult } from './hosts/matrix-table.ts'
import { EXAMPLE_SOCKET, matrix } from './hosts/matrix.ts'
import { serve, type Served } from './hosts/served.ts'
import { startServer, versionOf } from './hosts/servers.ts'

const served: readonly Served[] = [
  { interface: 'app', kind: app, settings: { lint: false }, prefix: '/prefix' },
  { interface: 'node', kind: node, prefix: '/api' },
  { interface: 'fetch', kind: fetch, prefix: '/hono' },
  { interface: 'python', kind: python, settings: { processes: 1, threads: 4 }, prefix: '/shop' },
]

const counts = new Map(matrix.map((row) => [row, { passed: 0, failed: 0 }]))
for (const one of served) {
  for (const prefix of ['', one.prefix]) {
    const behind = await serve(one, prefix)
    for (const row of matrix) {
      const { host, protocol } = row
      const server = await startServer(host, {
        config: row.config(),
        replace: { [EXAMPLE_SOCKET]: behind.socket(host) },
      })
      const results = await runConformance({
        address: server.address,
        transport: 'http',
        interface: one.interface,
        prefix,
        behind: { host, protocol },
      })
      await server.stop([...cases.flatMap(({ hostLog }) => hostLog ?? []), ...complaintsOf(host)])
      const count = counts.get(row)!
      for (const { name, result, reason } of results) {
        if (result === 'notApplicable') continue
        count[result]++
        if (result === 'failed')
          console.error(`${host} over ${protocol}, ${one.interface} at ${prefix || '/'}: ${name}: ${reason}`)
      }
    }
    await behind.stop()
  }
}

const rows: RowResult[] = [...counts].map(([{ host, protocol }, count]) => ({
  host,
  protocol,
  version: versionOf(host),
  ...count,
}))
const { file, text } = documentWith('conformance-matrix.md', { matrix: matrixTable(rows) })
writeFileSync(file, text)
