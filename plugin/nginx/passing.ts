// How nginx hands requests over: everything that is the same for each location, once per protocol. Every value that differs
// from nginx's default, or that a default of a distribution might change, is written out with its reason.
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { fastcgi, scgi, uwsgi } from './by-variables.ts'
import { http } from './by-http.ts'
import type { Passing } from './shared.ts'

const ways: Readonly<Record<string, (endpoint: SocketEndpoint) => Passing>> = { uwsgi, http, fastcgi, scgi }

/** What nginx and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = Object.keys(ways)

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: SocketEndpoint): Passing {
  return ways[protocol]!(endpoint)
}
