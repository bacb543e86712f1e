// Where a mount is: the key in the configuration taken apart.
import { withoutTrailing } from './trailing.ts'

/** A virtual host, a prefix, or both. */
export interface MountPlace {
  /** Lower case, without port and the dot of a full name; empty: every host. */
  readonly host: string
  /** Without trailing slash; empty: the root. */
  readonly prefix: string
}

/** Takes a key apart: `/shop`, `static.example.com`, `example.com/shop`. A prefix becomes latin-1, as PATH_INFO is. */
export function parseMountPlace(key: string): MountPlace {
  const slash = key.indexOf('/')
  const host = (slash < 0 ? key : key.slice(0, slash)).replace(/\.$/, '')
  const prefix = slash < 0 ? '' : withoutTrailing(key.slice(slash), '/')
  return { host: host.toLowerCase(), prefix: Buffer.from(prefix).toString('latin1') }
}
