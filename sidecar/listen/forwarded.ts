// What a trusted reverse proxy says about its client: X-Forwarded-For, -Proto and -Host. From anybody else they are only headers.
import { clientAmong, forwardedClient, forwardedList } from '../forwarded-for.ts'
import type { Variables } from '../variables.ts'
import { addServer, checkHost } from '../wire/http-variables.ts'
import type { Peers } from '../peers.ts'

/**
 * Applies the forwarding headers of a trusted peer: REMOTE_ADDR becomes the last address of X-Forwarded-For that is not itself
 * trusted; X-Forwarded-Proto (`https`, `wss`) sets HTTPS; X-Forwarded-Host replaces Host where `takesHost`.
 * @throws {PeerError} HOST_BAD
 */
export function applyForwarded(variables: Variables, trust: Peers, takesHost: boolean): Variables {
  const client = clientAmong(forwardedList(variables.HTTP_X_FORWARDED_FOR).map(forwardedClient), trust)
  if (client) {
    variables.REMOTE_ADDR = client.address
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

function last(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim()
}
