// What stands in front of the address of a server: its protocol, and https for HTTP over TLS.
import type { Protocol } from '../wire/codec.ts'
import { http } from '../wire/http.ts'
import { everyProtocol } from '../wire/index.ts'

/** One of them. */
export interface Scheme {
  readonly name: string
  readonly protocol: Protocol
  readonly tls: boolean
  /** The port of a server whose address names none; undefined: it has to be named. */
  readonly port: number | undefined
}

const plain = everyProtocol.map((protocol): Scheme => ({
  name: protocol.name,
  protocol,
  tls: false,
  port: protocol.port,
}))

const schemes: readonly Scheme[] = [{ name: 'https', protocol: http, tls: true, port: 443 }, ...plain]

/** All of them, as they are written. */
export const schemeNames: readonly string[] = schemes.map(({ name }) => name)

/** The scheme of a name; undefined for names that are none. */
export function schemeCalled(name: string): Scheme | undefined {
  return schemes.find((scheme) => scheme.name === name)
}
