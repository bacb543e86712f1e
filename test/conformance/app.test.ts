import { app } from '../../sidecar/mounts/app.ts'
import { conformanceOf } from '../conformance-suite.ts'

conformanceOf({ interface: 'app', kind: app, settings: { lint: false }, prefix: '/prefix' })
conformanceOf({ interface: 'app', kind: app, settings: { lint: true }, checked: true, prefix: '/prefix' })
