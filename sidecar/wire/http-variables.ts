// An HTTP request as CGI variables (RFC 3875 4.1): the only conversion.
import { PeerError } from '../errors.ts'
import {
  addHeaders,
  decodePath,
  emptyVariables,
  resolveDots,
  splitHost,
  splitTarget,
  variableName,
  type HeaderOptions,
  type Variables,
} from '../variables.ts'
import type { Peer } from './codec.ts'

/** RFC 3986 3.2.2, 3.2.3, without names of address types that do not exist yet. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?$/

/** An HTTP request. */
export interface HttpRequest {
  readonly method: string
  /** As in the request line. */
  readonly target: string
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string
  /** Name, value, name, value … as received. */
  readonly fields: readonly string[]
}

/**
 * A request as variables.
 * @throws {PeerError} HOST_MISSING, HOST_BAD, HTTP_METHOD, and what addHeaders, decodePath and resolveDots throw.
 */
export function requestVariables(request: HttpRequest, peer: Peer, options: HeaderOptions = {}): Variables {
  const variables = emptyVariables()
  fill(variables, request, peer, options)
  return variables
}

/** The same; for a request that cannot be handed on, as many variables as could be made, and why. */
export function tryVariables(
  request: HttpRequest,
  peer: Peer,
  options: HeaderOptions,
): [Variables, PeerError | undefined] {
  const variables = emptyVariables()
  try {
    fill(variables, request, peer, options)
    return [variables, undefined]
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    variables.REQUEST_URI ??= request.target
    return [options.raw ? refusedVariables(request) : variables, error]
  }
}

function fill(
  variables: Variables,
  { method, target, version, fields }: HttpRequest,
  peer: Peer,
  options: HeaderOptions,
): void {
  variables.REQUEST_METHOD = method
  // RFC 9110 9.3.6: the target of CONNECT is no resource of this server, and what follows it is for whoever is behind a proxy.
  if (method === 'CONNECT') throw new PeerError('HTTP_METHOD', 'CONNECT asks for a proxy, which this is not', 501)
  const { path, query } = splitTarget(target)
  variables.SCRIPT_NAME = ''
  variables.PATH_INFO = path === '*' ? '' : resolveDots(decodePath(path))
  variables.QUERY_STRING = query
  variables.REQUEST_URI = target
  variables.SERVER_PROTOCOL = version
  variables.REMOTE_ADDR = peer.address
  variables.REMOTE_PORT = String(peer.port)
  addHeaders(variables, fields, options)
  // RFC 9112 3.2: every client of HTTP/1.1 sends one.
  if (variables.HTTP_HOST === undefined && version === 'HTTP/1.1')
    throw new PeerError('HOST_MISSING', 'an HTTP/1.1 request without a Host header (RFC 9112 3.2)')
  if (variables.HTTP_HOST) checkHost(variables.HTTP_HOST)
  if (target.charCodeAt(0) !== 47 /* / */) {
    const authority = /^https?:\/\/([^/?#]+)/i.exec(target)?.[1]
    if (authority !== undefined) {
      checkHost(authority)
      // RFC 9112 3.2.2: an absolute target overrides Host.
      variables.HTTP_HOST = authority
    }
  }
  addServer(variables, peer.localPort)
}

/** RFC 9112 3.2: what is no host is answered with 400; RFC 9110 4.2.4: so is one that is hidden behind a user's name. */
export function checkHost(host: string): void {
  if (!HOST.test(host))
    throw new PeerError('HOST_BAD', `${JSON.stringify(host.slice(0, 80))} is no host (RFC 9112 3.2)`)
}

/** A request that is refused, as it came: its headers all, repeated ones joined. */
function refusedVariables({ method, target, fields }: HttpRequest): Variables {
  const variables = emptyVariables()
  variables.REQUEST_METHOD = method
  variables.REQUEST_URI = target
  for (let i = 0; i < fields.length; i += 2) {
    const name = variableName(fields[i]!)
    const before = variables[name]
    variables[name] = before === undefined ? fields[i + 1]! : `${before}, ${fields[i + 1]!}`
  }
  return variables
}

/** SERVER_NAME and SERVER_PORT from Host (RFC 3875 4.1.14, 4.1.15). */
export function addServer(variables: Variables, localPort: number): void {
  const { name, port } = splitHost(variables.HTTP_HOST ?? '')
  variables.SERVER_NAME = name || 'localhost'
  variables.SERVER_PORT = port || (variables.HTTPS === 'on' ? '443' : localPort > 0 ? String(localPort) : '80')
}
