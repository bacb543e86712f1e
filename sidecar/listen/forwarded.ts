// What a trusted reverse proxy says about its client: X-Forwarded-For, -Proto and -Host. From anybody else they are only headers.
import { isIP } from 'node:net'
import type { Variables } from '../variables.ts'
import { addServer, checkHost } from '../wire/http-variables.ts'
import { plainAddress, type Peers } from '../peers.ts'

/**
 * Applies the forwarding headers of a trusted peer: REMOTE_ADDR becomes the last address of X-Forwarded-For that is not itself
 * trusted; X-Forwarded-Proto (`https`, `wss`) sets HTTPS; X-Forwarded-Host replaces Host where `takesHost`.
 * @throws {PeerError} HOST_BAD
 */
export function applyForwarded(variables: Variables, trust: Peers, takesHost: boolean): Variables {
  const client = clientOf(variables.HTTP_X_FORWARDED_FOR, trust)
  if (client !== undefined) {
    variables.REMOTE_ADDR = client
    variables.REMOTE_PORT = ''
  }
  const proto = last(variables.HTTP_X_FORWARDED_PROTO)?.toLowerCase()
  const host = takesHost ? last(variables.HTTP_X_FORWARDED_HOST) : undefined
  if (host) {
    checkHost(host)
    variables.HTTP_HOST = host
  }
  if (proto === 'https' || proto === 'wss') variables.HTTPS = 'on'
  // Behind a proxy the local port says nothing: the client's is in Host, or the scheme's own.
  if (proto || host) addServer(variables, 0)
  return variables
}

/**
 * The client, read from the end, where the nearest proxy wrote. Of what is no address (`unknown`, RFC 7239 6.2) nothing is known, nor of
 * what stands before it, which anybody may have written: the search ends there.
 */
function clientOf(list: string | undefined, trust: Peers): string | undefined {
  if (list === undefined) return undefined
  let client: string | undefined
  for (const text of list.split(',').toReversed()) {
    const address = addressOf(text.trim())
    if (address === undefined) break
    client = address
    if (!trust.has(address)) break
  }
  return client
}

/** The address of `1.2.3.4`, `1.2.3.4:5678` (Azure, IIS), `::1`, `[::1]`, `[::1]:5678`; undefined for anything else. */
function addressOf(text: string): string | undefined {
  const plain = /^\[([^\]]*)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text
  // An address with a zone (RFC 4007 11) means something to the machine alone that wrote it.
  return isIP(plain) === 0 || plain.includes('%') ? undefined : plainAddress(plain)
}

function last(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim()
}
