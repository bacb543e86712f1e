// Apps in worker processes see the same as in the gateway's own, by a protocol that can give its connections away, and by one that cannot: the
// way from the gateway to the worker is the same for all of them.
import { app } from '../../sidecar/mounts/app.ts'
import { fetch } from '../../sidecar/mounts/fetch.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { conformanceOf } from '../conformance-suite.ts'

const ways = { hosts: [], transports: ['http', 'fastcgi'] } as const
conformanceOf({ interface: 'app', kind: app, settings: { lint: false, processes: 1 }, prefix: '/prefix', ...ways })
conformanceOf({ interface: 'node', kind: node, settings: { processes: 1 }, prefix: '/api', ...ways })
conformanceOf({ interface: 'fetch', kind: fetch, settings: { processes: 1 }, prefix: '/hono', ...ways })
