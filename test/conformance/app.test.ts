import { app } from '../../sidecar/mounts/app.ts'
import { conformanceOf } from '../conformance-suite.ts'

conformanceOf({ interface: 'app', kind: app, settings: { lint: false }, everywhere: true, prefix: '/prefix' })
// What the checker says of an app does not depend on the web server in front.
conformanceOf({
  interface: 'app',
  kind: app,
  settings: { lint: true },
  checked: true,
  hosts: ['nginx'],
  prefix: '/prefix',
})
