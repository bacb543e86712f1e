import { node } from '../../sidecar/mounts/node.ts'
import { conformanceOf } from '../conformance-suite.ts'

conformanceOf({ interface: 'node', kind: node, prefix: '/api' })
