// What a trusted reverse proxy says about its client: X-Forwarded-For, -Proto and -Host. From anybody else they are only headers.
import type { Variables } from '../variables.ts'
import { addServer, checkHost } from '../wire/http-variables.ts'
import { plainAddress, type Peers } from './peers.ts'

/**
 * Applies the forwarding headers of a trusted peer: REMOTE_ADDR becomes the last address of X-Forwarded-For that is not itself
 * trusted; X-Forwarded-Proto (`https`) sets HTTPS; X-Forwarded-Host replaces Host.
 */
export function applyForwarded(variables: Variables, trust: Peers): Variables {
  const addresses = variables.HTTP_X_FORWARDED_FOR?.split(',').map((text) =>
    plainAddress(text.trim().replace(/^\[|\](?::[0-9]+)?$/g, '')),
  )
  const client = addresses?.findLast((address) => !isTrusted(address, trust)) ?? addresses?.[0]
  if (client) {
    variables.REMOTE_ADDR = client
    variables.REMOTE_PORT = ''
  }
  const proto = last(variables.HTTP_X_FORWARDED_PROTO)
  const host = last(variables.HTTP_X_FORWARDED_HOST)
  if (host) {
    checkHost(host)
    variables.HTTP_HOST = host
  }
  if (proto === 'https') variables.HTTPS = 'on'
  // Behind a proxy the local port says nothing: the client's is in Host, or the scheme's own.
  if (proto || host) addServer(variables, 0)
  return variables
}

function isTrusted(address: string, trust: Peers): boolean {
  return address !== '' && trust.has(address)
}

function last(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim()
}
