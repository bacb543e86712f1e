// The conformance suite through layers that change nothing, for every kind of app and every protocol. What they do behind a web server
// is what they do here: the hosts are left out.
import { app } from '../../sidecar/mounts/app.ts'
import { fetch } from '../../sidecar/mounts/fetch.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { conformanceOf } from '../conformance-suite.ts'
import { layered } from '../layered.ts'

const few = { hosts: [], prefix: '/prefix' }

conformanceOf({ interface: 'app', kind: layered(app), settings: { lint: false }, ...few })
conformanceOf({ interface: 'node', kind: layered(node), ...few })
conformanceOf({ interface: 'fetch', kind: layered(fetch), ...few })
conformanceOf({ interface: 'python', kind: layered(python), settings: { processes: 1, threads: 4 }, ...few })
