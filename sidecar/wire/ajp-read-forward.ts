// FORWARD_REQUEST (ajpv13a, "Request Packet Structure") as CGI variables: AJP is shaped like HTTP, and this is its one conversion.
//
// Of the attributes that a host may name itself (code 0x0A) only those below count. Attributes are how a peer reaches into a
// servlet container (Ghostcat, CVE-2020-1938): those of the Servlet API end the request, others are left out, as Apache sends
// every environment variable AJP_x as attribute x.
import { PeerError } from '../errors.ts'
import {
  addHeaders,
  contentLength,
  decodePath,
  emptyVariables,
  encodePath,
  resolveDots,
  splitTarget,
  type HeaderOptions,
  type Variables,
} from '../variables.ts'
import { methods, requestFields, STORED_METHOD } from './ajp-names.ts'
import { Fields } from './ajp-packet.ts'
import { sameSecret } from './ajp-secret.ts'
import { TOKEN } from '../token.ts'
import { nulInside } from './keys.ts'

/** More header fields than any host lets through (its limits are 100 to 1000). */
const FIELDS_MAX = 1024
// Attributes by their code (0x01 context and 0x02 servlet path were never used).
export const STORED = 0x0d
export const QUERY = 0x05
export const KEY_SIZE = 0x0b
export const SECRET = 0x0c
export const NAMED = 0x0a
export const END = 0xff

/** Attributes that are strings and become a variable. */
export const ATTRIBUTES: ReadonlyMap<number, string> = new Map([
  [0x03, 'REMOTE_USER'],
  [0x04, 'AUTH_TYPE'],
  [0x06, 'AJP_ROUTE'],
  [0x07, 'SSL_CLIENT_CERT'],
  [0x08, 'SSL_CIPHER'],
  [0x09, 'SSL_SESSION_ID'],
])

/** Attributes by name that become a variable. */
export const NAMED_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['AJP_REMOTE_PORT', 'REMOTE_PORT'],
  ['AJP_LOCAL_ADDR', 'SERVER_ADDR'],
  ['AJP_SSL_PROTOCOL', 'SSL_PROTOCOL'],
  ['JK_LB_ACTIVATION', 'JK_LB_ACTIVATION'],
])

/** How a FORWARD_REQUEST is to be read. */
export interface ForwardReading {
  /** What the host has to know, as on the wire; undefined: nothing. */
  readonly secret: string | undefined
  /** As of ProtocolOptions: attributes that are ignored or refused else are variables called `attribute:NAME`. */
  readonly raw: boolean
  /** As of ProtocolOptions. */
  readonly decodedPath: boolean
  readonly headers: HeaderOptions
}

/** What a FORWARD_REQUEST says. */
export interface Forwarded {
  readonly variables: Variables
  /** Name, value, name, value … of its header as received; names that came as a code as the specification spells them. */
  readonly fields: readonly string[]
  /** Of the body; undefined when only its last packet tells. */
  readonly length: number | undefined
}

/** The attributes of a request. */
interface Attributes {
  readonly variables: Variables
  query: string | undefined
  method: string | undefined
  secret: string | undefined
}

/**
 * Reads a FORWARD_REQUEST.
 * @throws {PeerError} AJP_PACKET, AJP_REQUEST, AJP_HEADER, AJP_ATTRIBUTE, AJP_SECRET, AJP_LENGTH, and what addHeaders, decodePath
 * and resolveDots throw.
 */
export function readForward(
  payload: Buffer,
  { secret, raw, decodedPath, headers: options }: ForwardReading,
): Forwarded {
  const fields = new Fields(payload, 1, 400)
  const code = fields.byte()
  const protocol = fields.text() ?? ''
  const uri = fields.text() ?? ''
  const remoteAddress = fields.text() ?? ''
  const remoteHost = fields.text()
  const serverName = fields.text()
  const serverPort = fields.integer()
  const secure = fields.byte() !== 0
  const headers = readHeaders(fields)
  const attributes = readAttributes(fields, raw)
  if (secret !== undefined) checkSecret(attributes.secret, secret)

  const variables = emptyVariables()
  // A path that comes decoded is encoded again, and then like any other: what is decoded from it is what came, `?` and `%` and all.
  const target = decodedPath ? encodePath(uri) : uri
  const { path, query } = splitTarget(target)
  if (path[0] !== '/' && path !== '*') throw new PeerError('AJP_REQUEST', 'the request has no path')
  variables.REQUEST_METHOD = methodOf(code, attributes.method)
  variables.SCRIPT_NAME = ''
  variables.PATH_INFO = path === '*' ? '' : resolveDots(decodePath(path))
  variables.QUERY_STRING = attributes.query ?? query
  variables.REQUEST_URI = attributes.query === undefined ? target : `${target}?${attributes.query}`
  variables.SERVER_PROTOCOL = protocol
  variables.SERVER_NAME = serverName || 'localhost'
  variables.SERVER_PORT = String(serverPort)
  variables.REMOTE_ADDR = remoteAddress
  if (remoteHost) variables.REMOTE_HOST = remoteHost
  if (secure) variables.HTTPS = 'on'
  addHeaders(variables, headers, options)
  // None of these names can be that of a header.
  Object.assign(variables, attributes.variables)
  for (const name in variables) if (variables[name]!.includes('\0') && !raw) throw nulInside(name)
  return { variables, fields: headers, length: bodyLength(variables) }
}

function readHeaders(fields: Fields): string[] {
  const count = fields.integer()
  if (count > FIELDS_MAX) throw new PeerError('AJP_HEADER', `more than ${FIELDS_MAX} header fields`, 431)
  const headers: string[] = []
  for (let index = 0; index < count; index++) {
    const name = fields.name(requestFields)
    const value = fields.text() ?? ''
    if (!TOKEN.test(name)) throw new PeerError('AJP_HEADER', `header name ${JSON.stringify(name)} is not a token`)
    // As on the HTTP door: no web server lets these through (RFC 9110 5.5).
    if (/[\r\n\0]/.test(value)) throw new PeerError('AJP_HEADER', `the value of header ${name} holds CR, LF or NUL`)
    headers.push(name, value)
  }
  return headers
}

function readAttributes(fields: Fields, raw: boolean): Attributes {
  const attributes: Attributes = { variables: {}, query: undefined, method: undefined, secret: undefined }
  for (;;) {
    const code = fields.byte()
    if (code === END) break
    if (code === NAMED) readNamed(fields, attributes, raw)
    else if (code === KEY_SIZE) attributes.variables.SSL_CIPHER_USEKEYSIZE = String(fields.integer())
    else if (code >= 1 && code <= STORED) {
      const value = fields.text()
      const name = ATTRIBUTES.get(code)
      if (value === undefined) continue
      if (name !== undefined) attributes.variables[name] = value
      else if (code === QUERY) attributes.query = value
      else if (code === SECRET) attributes.secret = value
      else if (code === STORED) attributes.method = value
    } else {
      // How long its value is cannot be known.
      throw new PeerError('AJP_ATTRIBUTE', `there is no attribute with the code ${code}`)
    }
  }
  if (!fields.done) throw fields.broken('bytes behind its end')
  return attributes
}

function readNamed(fields: Fields, { variables }: Attributes, raw: boolean): void {
  const name = fields.text() ?? ''
  const value = fields.text()
  if (raw && !NAMED_ATTRIBUTES.has(name)) {
    variables[`attribute:${name}`] = value ?? ''
    return
  }
  if (/^(javax|jakarta)\.servlet\./i.test(name)) {
    throw new PeerError(
      'AJP_ATTRIBUTE',
      `the peer sent the attribute ${name}, with which it could choose files to read`,
      403,
    )
  }
  const variable = NAMED_ATTRIBUTES.get(name)
  if (variable !== undefined && value !== undefined) variables[variable] = value
}

function checkSecret(given: string | undefined, wanted: string): void {
  if (given === undefined) throw new PeerError('AJP_SECRET', 'the host sent no secret, and this listener has one', 403)
  if (!sameSecret(given, wanted))
    throw new PeerError('AJP_SECRET', 'the host sent another secret than this listener has', 403)
}

function methodOf(code: number, stored: string | undefined): string {
  const method = code === STORED_METHOD ? stored : methods.name(code)
  if (method === undefined || !TOKEN.test(method)) {
    throw new PeerError('AJP_REQUEST', `the request has no method that is known: code ${code}`)
  }
  return method
}

/** No host sends both: whether a first packet of the body comes unasked could not be told, and bodies be taken for requests. */
function bodyLength(variables: Variables): number | undefined {
  const length = contentLength(variables)
  if (variables.HTTP_TRANSFER_ENCODING === undefined) return length ?? 0
  if (length === undefined) return undefined
  throw new PeerError('AJP_LENGTH', 'a request with Content-Length and Transfer-Encoding (RFC 9112 6.1)')
}
