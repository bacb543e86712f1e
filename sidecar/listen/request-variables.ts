// An HTTP request as CGI variables: the one conversion of the HTTP door.
import {
  addHeaders,
  decodePath,
  emptyVariables,
  resolveDots,
  splitTarget,
  variableName,
  type Variables,
} from '../variables.ts'

/** What the HTTP door knows of a request. */
export interface HttpRequest {
  readonly method: string
  /** As in the request line. */
  readonly target: string
  /** `1.1` or `1.0`. */
  readonly version: string
  /** Name, value, name, value … as received. */
  readonly rawHeaders: readonly string[]
  /** Empty for a Unix socket. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Leave nothing out of the headers. */
  readonly raw?: boolean
}

/**
 * @throws {PeerError} HOST_TWICE, HEADER_TWIN, and what decodePath and resolveDots throw.
 */
export function requestVariables(request: HttpRequest): Variables {
  const variables = emptyVariables()
  const { path, query } = splitTarget(request.target)
  variables.REQUEST_METHOD = request.method
  variables.SCRIPT_NAME = ''
  variables.PATH_INFO = path === '*' ? '' : resolveDots(decodePath(path))
  variables.QUERY_STRING = query
  variables.REQUEST_URI = request.target
  variables.SERVER_PROTOCOL = `HTTP/${request.version}`
  variables.REMOTE_ADDR = request.remoteAddress
  variables.REMOTE_PORT = String(request.remotePort)
  addHeaders(variables, request.rawHeaders, request.raw)
  const authority = /^[a-z]+:\/\/(?:[^@/]*@)?([^/?#]+)/i.exec(request.target)
  // RFC 9112 3.2.2: an absolute target overrides Host.
  if (authority) variables.HTTP_HOST = authority[1]!
  addServer(variables, request.localPort)
  return variables
}

/** The headers of a request that is refused, for who looks at it: all of them, repeated ones joined. */
export function addRefusedHeaders(variables: Variables, rawHeaders: readonly string[]): void {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = variableName(rawHeaders[i]!)
    const before = variables[name]
    variables[name] = before === undefined ? rawHeaders[i + 1]! : `${before}, ${rawHeaders[i + 1]!}`
  }
}

/** SERVER_NAME and SERVER_PORT from Host (RFC 3875 4.1.14, 4.1.15). */
export function addServer(variables: Variables, localPort: number): void {
  const host = variables.HTTP_HOST ?? ''
  const colon = host.lastIndexOf(':')
  const port = colon > host.lastIndexOf(']') ? host.slice(colon + 1) : ''
  const name = port === '' && colon !== host.length - 1 ? host : host.slice(0, colon)
  variables.SERVER_NAME = name || 'localhost'
  variables.SERVER_PORT = port || (variables.HTTPS === 'on' ? '443' : localPort > 0 ? String(localPort) : '80')
}
