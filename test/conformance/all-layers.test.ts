// The conformance suite through all built-in layers, one behind the other. `npm run conformance:layers` does so for every kind of app, by
// every protocol.
import { expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { fetch } from '../../sidecar/mounts/fetch.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import { conformanceOf } from '../conformance-suite.ts'
import { startGateway } from '../harness.ts'
import { behindAll } from '../middleware/neutral.ts'

const all = process.env.MODE === 'all'
const few = { hosts: [], prefix: '/prefix', ...(!all && { transports: ['http', 'fastcgi'] }) }

conformanceOf({ interface: 'app', kind: behindAll(app), settings: { lint: false }, ...few })

test('they are there, and see what passes', async () => {
  const mounts = [{ key: '/', kind: behindAll(respond), settings: { respond: 200 } }]
  const gateway = await startGateway({ listen: ['http://127.0.0.1:0'], mounts, directory: import.meta.dirname })
  const { headers } = await globalThis.fetch(`http://${gateway.addresses[0]}`, {
    headers: { Origin: 'https://other.test' },
  })
  expect(headers.get('x-request-id')).toMatch(/./)
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('cache-status')).toMatch(/^sidegate;/)
  await gateway.stop()
})

if (all) {
  conformanceOf({ interface: 'node', kind: behindAll(node), ...few })
  conformanceOf({ interface: 'fetch', kind: behindAll(fetch), ...few })
  conformanceOf({ interface: 'python', kind: behindAll(python), settings: { processes: 1, threads: 4 }, ...few })
}
