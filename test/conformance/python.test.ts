import { python } from '../../sidecar/mounts/python/mount.ts'
import { conformanceOf } from '../conformance-suite.ts'

// One process, so that every request meets the memory of the others; threads, so that one can wait for another.
conformanceOf({ interface: 'python', kind: python, settings: { processes: 1, threads: 4 }, prefix: '/shop' })
