// The absolute URL of a request: scheme, host and the whole target, the mount's prefix included.
import { PeerError } from '../../errors.ts'
import { isSecure, type Variables } from '../../variables.ts'
import { handlerTargets } from '../../targets.ts'

// What the URL parser (url.spec.whatwg.org) would leave as it is. Everything else goes through it.
const PLAIN_HOST = /^[a-z0-9.-]*[a-z-](?::[1-9][0-9]{3,4})?$/
const PLAIN_TARGET = /^\/(?:[\w\-~!$&'()*+,;=:@/.]|%[0-9A-Fa-f]{2})*(?:\?[\w\-~!$&()*+,;=:@/.?%]*)?$/
const DOT_SEGMENT = /\/(?:\.|%2e)/i

/**
 * The URL as `Request.url` has it.
 * @throws {PeerError} HOST_BAD when no URL can be made of the Host field.
 */
export function requestUrl(variables: Variables): string {
  const scheme = isSecure(variables) ? 'https' : 'http'
  const host = variables.HTTP_HOST || serverHost(variables)
  const { full } = handlerTargets(variables)
  const url = `${scheme}://${host}${full.startsWith('/') ? full : `/${full}`}`
  if (PLAIN_HOST.test(host) && PLAIN_TARGET.test(full) && !DOT_SEGMENT.test(full)) return url
  // A Host with a path or user in it would make another URL than the one asked for.
  // URL.canParse takes hosts that the parser refuses: capitals, some thousands of them.
  const parsed = /[/?#@\\\s]/.test(host) ? null : URL.parse(url)
  if (parsed) return parsed.href
  throw new PeerError('HOST_BAD', `no URL can be made of the host ${JSON.stringify(host.slice(0, 80))}`)
}

function serverHost(variables: Variables): string {
  const name = variables.SERVER_NAME || 'localhost'
  const port = variables.SERVER_PORT
  return port ? `${name}:${port}` : name
}
