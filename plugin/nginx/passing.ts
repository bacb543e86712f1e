// How nginx hands requests over: everything that is the same for each location, once per protocol. Every value that differs
// from nginx's default, or that a default of a distribution might change, is written out with its reason.
import type { Endpoint } from '../../sidecar/listen/address.ts'
import { fastcgi, scgi, uwsgi } from './by-variables.ts'
import { http } from './by-http.ts'

/** One way to hand requests over. */
export interface Passing {
  readonly protocol: string
  /** What stands in front of the directives: `uwsgi`, `fastcgi`, `scgi` or `proxy`. */
  readonly prefix: string
  /** For inside http { }: maps, upstreams. */
  readonly http: readonly string[]
  /** For http { } or server { }; locations inherit it. */
  readonly settings: readonly string[]
  /** Comment lines for each mount: what nginx cannot do there. */
  readonly note: readonly string[]
  /** The directive that does it, in each location. */
  readonly pass: string
}

const ways: Readonly<Record<string, (endpoint: Endpoint) => Passing>> = { uwsgi, http, fastcgi, scgi }

/** What nginx and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = Object.keys(ways)

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: Endpoint): Passing {
  return ways[protocol]!(endpoint)
}
