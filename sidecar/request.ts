// What every mount may rely on in the variables of a request. Doors complete them here, once, after the repair of their host; what is
// behind a door adds keys of its own and looks for nothing that may be missing.
import { PeerError } from './errors.ts'
import { emptyVariables, isSecure, splitHost, type Variables } from './variables.ts'
import { TOKEN } from './token.ts'
import { isDropped } from './refused.ts'
import { withoutTrailing } from './trailing.ts'

/** The software that makes the variables, where a host does not say its own (RFC 3875 4.1.17). */
const OWN_SOFTWARE = 'sidegate'

/** The web server that a request came from, as messages name it. */
export function softwareOf({ SERVER_SOFTWARE: software }: Variables): string {
  return software === undefined || software === OWN_SOFTWARE ? 'the web server' : software
}

/** RFC 3875 4.1.16, with the versions that hosts speak to their clients. */
const PROTOCOL = /^(?:HTTP\/[0-9](?:\.[0-9])?|INCLUDED)$/

/**
 * Completes the variables of a request, in place. Afterwards (RFC 3875 4.1, PEP 3333 "environ Variables"):
 * REQUEST_METHOD is a token. SCRIPT_NAME is empty, or begins with a slash and does not end with one. PATH_INFO is empty or begins with a
 * slash; both are empty for `OPTIONS *` alone. QUERY_STRING is there. SERVER_NAME, SERVER_PORT (a number), SERVER_PROTOCOL and
 * SERVER_SOFTWARE are there and not empty. CONTENT_TYPE and CONTENT_LENGTH are not empty, and stand nowhere else.
 * Where the client's body came in chunks, HTTP_TRANSFER_ENCODING still says so; it is handed on without them.
 * @throws {PeerError} REQUEST_METHOD_MISSING, REQUEST_METHOD_BAD, SCRIPT_NAME_BAD, PATH_INFO_BAD, SERVER_PORT_BAD, SERVER_PROTOCOL_BAD
 */
export function completeRequest(variables: Variables): void {
  checkMethod(variables.REQUEST_METHOD)
  completePath(variables)
  variables.QUERY_STRING ??= ''
  completeServer(variables)
  const { CONTENT_LENGTH: length, CONTENT_TYPE: type } = variables
  // Caddy 2.6 has -1 for a length that nobody knows.
  if (length === '' || length === '-1') delete variables.CONTENT_LENGTH
  if (type === '') delete variables.CONTENT_TYPE
}

/**
 * The request variables that stand in an environ, which may come from a gateway of somebody else: complete, without the `wsgi.` keys and
 * without what no app may see.
 * @throws {PeerError} as completeRequest
 */
export function variablesOfEnviron(environ: Readonly<Record<string, unknown>>): Variables {
  const variables = emptyVariables()
  for (const name in environ) {
    if (name.includes('.') || isDropped(name)) continue
    const value = environ[name]
    if (typeof value === 'string') variables[name] = value
  }
  completeRequest(variables)
  return variables
}

function checkMethod(method: string | undefined): void {
  if (method === 'GET' || method === 'POST') return
  if (!method) {
    throw new PeerError(
      'REQUEST_METHOD_MISSING',
      'the web server sent no REQUEST_METHOD: its standard parameters are missing. In nginx one uwsgi_param, fastcgi_param or ' +
        'scgi_param in a location drops all those of the levels above: repeat the include there',
    )
  }
  if (!TOKEN.test(method))
    throw new PeerError('REQUEST_METHOD_BAD', `REQUEST_METHOD is ${shown(method)}, which is no method (RFC 9110 9.1)`)
}

function completePath(variables: Variables): void {
  let script = (variables.SCRIPT_NAME ??= '')
  let path = (variables.PATH_INFO ??= '')
  if (script !== '') {
    if (script.charCodeAt(0) !== 47 /* / */)
      throw new PeerError(
        'SCRIPT_NAME_BAD',
        `SCRIPT_NAME is ${shown(script)}: it has to be empty or to begin with a slash`,
      )
    if (script.endsWith('/')) {
      script = variables.SCRIPT_NAME = withoutTrailing(script, '/')
      // The slash that ended the one begins the other.
      if (path.charCodeAt(0) !== 47) path = variables.PATH_INFO = `/${path}`
    }
  }
  if (path === '*') path = variables.PATH_INFO = ''
  if (path === '') {
    if (script === '' && variables.REQUEST_METHOD !== 'OPTIONS') variables.PATH_INFO = '/'
  } else if (path.charCodeAt(0) !== 47) {
    throw new PeerError('PATH_INFO_BAD', `PATH_INFO is ${shown(path)}: it has to be empty or to begin with a slash`)
  }
}

function completeServer(variables: Variables): void {
  if (!variables.SERVER_NAME) variables.SERVER_NAME = splitHost(variables.HTTP_HOST ?? '').name || 'localhost'
  const { SERVER_PORT: port, SERVER_PROTOCOL: protocol } = variables
  // nginx that listens on a Unix socket has none.
  if (!port) {
    variables.SERVER_PORT = splitHost(variables.HTTP_HOST ?? '').port || (isSecure(variables) ? '443' : '80')
  } else if (!/^[0-9]{1,5}$/.test(port)) {
    throw new PeerError('SERVER_PORT_BAD', `SERVER_PORT is ${shown(port)}, which is no port`)
  }
  if (!protocol) variables.SERVER_PROTOCOL = 'HTTP/1.0'
  else if (protocol !== 'HTTP/1.1' && !PROTOCOL.test(protocol)) {
    throw new PeerError(
      'SERVER_PROTOCOL_BAD',
      `SERVER_PROTOCOL is ${shown(protocol)}, not like HTTP/1.1: it is the client's protocol ($server_protocol in nginx), not its scheme`,
    )
  }
  if (!variables.SERVER_SOFTWARE) variables.SERVER_SOFTWARE = OWN_SOFTWARE
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
