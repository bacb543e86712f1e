// The protocols. To add one: a file here, a line in this list.
import { ajp } from './ajp.ts'
import type { GatewayProtocol, Protocol } from './codec.ts'
import { fastcgi } from './fastcgi.ts'
import { http } from './http.ts'
import { scgi } from './scgi.ts'
import { uwsgi } from './uwsgi.ts'

/** Every gateway protocol, in the order in which a connection's first bytes are tried. What begins like none of these is taken for HTTP. */
export const protocols: readonly GatewayProtocol[] = [uwsgi, fastcgi, scgi, ajp]

/** Those, and HTTP: what an address may name. */
export const everyProtocol: readonly Protocol[] = [http, ...protocols]

/** The protocol of a name; undefined for names that are none. */
export function protocolCalled(name: string | undefined): Protocol | undefined {
  return everyProtocol.find((protocol) => protocol.name === name)
}
