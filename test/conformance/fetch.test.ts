import { fetch } from '../../sidecar/mounts/fetch.ts'
import { conformanceOf } from '../conformance-suite.ts'

conformanceOf({ interface: 'fetch', kind: fetch, prefix: '/hono' })
