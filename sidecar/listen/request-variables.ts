// An HTTP request as CGI variables: the one conversion of the HTTP door.
import { PeerError } from '../errors.ts'
import {
  addVariable,
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
  addHeaders(variables, request.rawHeaders)
  const authority = /^[a-z]+:\/\/(?:[^@/]*@)?([^/?#]+)/i.exec(request.target)
  // RFC 9112 3.2.2: an absolute target overrides Host.
  if (authority) variables.HTTP_HOST = authority[1]!
  addServer(variables, request.localPort)
  return variables
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

function addHeaders(variables: Variables, raw: readonly string[]): void {
  let underscores = false
  for (let i = 0; i < raw.length; i += 2) {
    const field = raw[i]!
    const name = variableName(field)
    // httpoxy: a client's Proxy header must not become the environment's HTTP_PROXY.
    if (name === 'HTTP_PROXY') continue
    if (name === 'HTTP_HOST' && variables.HTTP_HOST !== undefined)
      throw new PeerError('HOST_TWICE', 'two Host headers (RFC 9112 3.2)')
    if (field.includes('_')) underscores = true
    addVariable(variables, name, raw[i + 1]!)
  }
  if (underscores) refuseTwins(raw)
}

/** Two fields that become one variable, one with `_` and one with `-`: one of them is forged. */
function refuseTwins(raw: readonly string[]): void {
  const spelling = new Map<string, string>()
  for (let i = 0; i < raw.length; i += 2) {
    const field = raw[i]!.toLowerCase()
    const name = field.replaceAll('-', '_')
    const before = spelling.get(name)
    if (before !== undefined && before !== field) {
      throw new PeerError('HEADER_TWIN', `the headers ${before} and ${field} would become one variable`)
    }
    spelling.set(name, field)
  }
}
