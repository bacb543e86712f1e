// The variables that IIS makes of a request for a FastCGI application that a handler mapping `path="*"` names, as dumps of PHP and of wfastcgi
// show them.
import {
  addVariable,
  decodePath,
  emptyVariables,
  resolveDots,
  splitHost,
  splitTarget,
  variableName,
  type Variables,
} from '../../sidecar/variables.ts'

/** What is known of a request. */
export interface IisRequest {
  readonly method: string
  /** As received, latin-1. */
  readonly target: string
  /** Name, value, name, value …, latin-1. */
  readonly rawHeaders: readonly string[]
  readonly remotePort?: number
}

/** The site, and the application in it. */
export interface Site {
  /** The virtual path of the application: `/shop`; `` for the site itself. */
  readonly path: string
  readonly folder: string
}

/** @throws {PeerError} for a target that http.sys does not take: it answers 400. */
export function iisVariables(request: IisRequest, { path: application, folder }: Site): Variables {
  const { path, query } = splitTarget(request.target)
  // the path as IIS works with it: decoded, dots resolved, slashes merged, and what is not in the machine's code page lost
  const url = inCodePage(resolveDots(decodePath(path)).replace(/\/{2,}/g, '/'))
  const header = (name: string): string => {
    const at = request.rawHeaders.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === name)
    return at < 0 ? '' : request.rawHeaders[at + 1]!
  }
  const chunked = header('transfer-encoding') !== ''
  const host = splitHost(header('host'))
  const file = `${folder}${url.slice(application.length).replaceAll('/', '\\')}`
  const variables: Variables = Object.assign(emptyVariables(), {
    ORIG_PATH_INFO: url,
    URL: url,
    SERVER_SOFTWARE: 'Microsoft-IIS/10.0',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_PORT_SECURE: '0',
    SERVER_PORT: '80',
    SERVER_NAME: host.name || 'localhost',
    // AllowPathInfoForScriptMappings is false unless somebody sets it
    SCRIPT_NAME: url,
    PATH_INFO: url,
    SCRIPT_FILENAME: file,
    PATH_TRANSLATED: file,
    REQUEST_URI: request.target,
    UNENCODED_URL: request.target,
    IIS_WasUrlRewritten: '0',
    REQUEST_METHOD: request.method,
    REMOTE_USER: '',
    REMOTE_PORT: String(request.remotePort ?? 50_000),
    REMOTE_HOST: '127.0.0.1',
    REMOTE_ADDR: '127.0.0.1',
    QUERY_STRING: query,
    LOGON_USER: '',
    LOCAL_ADDR: '127.0.0.1',
    INSTANCE_NAME: 'DEFAULT WEB SITE',
    INSTANCE_META_PATH: '/LM/W3SVC/1',
    INSTANCE_ID: '1',
    HTTPS: 'off',
    HTTPS_KEYSIZE: '',
    HTTPS_SECRETKEYSIZE: '',
    HTTPS_SERVER_ISSUER: '',
    HTTPS_SERVER_SUBJECT: '',
    GATEWAY_INTERFACE: 'CGI/1.1',
    DOCUMENT_ROOT: folder,
    CONTENT_TYPE: header('content-type'),
    CONTENT_LENGTH: chunked ? '-1' : header('content-length') || '0',
    CERT_COOKIE: '',
    CERT_FLAGS: '',
    CERT_ISSUER: '',
    CERT_SERIALNUMBER: '',
    CERT_SUBJECT: '',
    AUTH_USER: '',
    AUTH_PASSWORD: '',
    AUTH_TYPE: '',
    APP_POOL_ID: 'DefaultAppPool',
    APPL_PHYSICAL_PATH: `${folder}\\`,
    APPL_MD_PATH: `/LM/W3SVC/1/ROOT${application}`,
    FCGI_ROLE: 'RESPONDER',
  })
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]!
    const value = request.rawHeaders[at + 1]!
    const variable = `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
    // what variableName gives two of the names of is there already
    if (variableName(name) === variable) addVariable(variables, variable, value)
    else variables[variable] = value
  }
  return variables
}

/** Decoded as UTF-8 where it is that, and in Windows-1252 then, which is latin-1 as far as letters go. */
function inCodePage(path: string): string {
  const bytes = Buffer.from(path, 'latin1')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return path
  }
  return text.replace(/[^\0-\xff]/gu, '?')
}
