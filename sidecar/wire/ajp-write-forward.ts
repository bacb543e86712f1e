// CGI variables as FORWARD_REQUEST: what AJP has a place for. Others (DOCUMENT_ROOT, SCRIPT_FILENAME …) do not cross it, and the
// path goes as one, as there is no SCRIPT_NAME: REQUEST_URI when it is known, else SCRIPT_NAME and PATH_INFO.
import { PeerError } from '../errors.ts'
import { encodePath, fieldOfVariable, isSecure, splitTarget, type Variables } from '../variables.ts'
import { CODED, methods, requestFields, STORED_METHOD } from './ajp-names.ts'
import { FORWARD_REQUEST, FROM_HOST, integer, packet, text } from './ajp-packet.ts'
import { ATTRIBUTES, END, KEY_SIZE, NAMED, NAMED_ATTRIBUTES, QUERY, SECRET, STORED } from './ajp-read-forward.ts'
import { HOP_BY_HOP } from './field-names.ts'

/**
 * The packet for a request with a body of `length`; undefined: chunked, sent as the server asks for it.
 * @param secret as on the wire
 * @throws {PeerError} AJP_HEAD when it is longer than `packetSize`.
 */
export function writeForward(
  variables: Variables,
  length: number | undefined,
  secret: string | undefined,
  packetSize: number,
): Buffer {
  const method = variables.REQUEST_METHOD!
  const code = methods.code(method.toLowerCase())
  const coded = code !== undefined && methods.name(code) === method
  const { path, query } = targetOf(variables)
  const port = Number(variables.SERVER_PORT)
  let payload = String.fromCharCode(FORWARD_REQUEST, coded ? code : STORED_METHOD)
  payload += text(variables.SERVER_PROTOCOL || 'HTTP/1.1') + text(path) + text(variables.REMOTE_ADDR ?? '')
  payload += text(variables.REMOTE_HOST || undefined) + text(variables.SERVER_NAME || 'localhost')
  payload += integer(Number.isInteger(port) && port >= 0 && port <= 0xffff ? port : 80)
  payload += isSecure(variables) ? '\x01' : '\0'
  payload += headersOf(variables, length)
  if (secret !== undefined) payload += attribute(SECRET, secret)
  payload += attributesOf(variables)
  if (query !== undefined) payload += attribute(QUERY, query)
  if (!coded) payload += attribute(STORED, method)
  payload += String.fromCharCode(END)
  if (payload.length + 4 > packetSize) {
    throw new PeerError(
      'AJP_HEAD',
      `the request head takes ${payload.length} bytes; an AJP packet here has ${packetSize}`,
      431,
    )
  }
  return packet(FROM_HOST, payload)
}

function targetOf(variables: Variables): { path: string; query: string | undefined } {
  const uri = variables.REQUEST_URI
  if (uri) {
    const { path, query } = splitTarget(uri)
    return { path, query: uri.includes('?') ? query : undefined }
  }
  const path = encodePath((variables.SCRIPT_NAME ?? '') + (variables.PATH_INFO ?? ''))
  return { path: path.startsWith('/') ? path : `/${path}`, query: variables.QUERY_STRING || undefined }
}

function headersOf(variables: Variables, length: number | undefined): string {
  let count = 0
  let fields = ''
  const add = (field: string, value: string): void => {
    const code = requestFields.code(field)
    fields += (code === undefined ? text(field) : integer(CODED + code)) + text(value)
    count++
  }
  for (const name in variables) {
    const field = fieldOfVariable(name)
    // The length is said below.
    if (field === undefined || field === 'content-length' || HOP_BY_HOP.has(field)) continue
    add(field, variables[name]!)
  }
  // One of them, and no more: see ajp-read-forward.ts. A request without a body says so only when it did before.
  if (length === undefined) add('transfer-encoding', 'chunked')
  else if (length > 0 || variables.CONTENT_LENGTH) add('content-length', String(length))
  return integer(count) + fields
}

function attributesOf(variables: Variables): string {
  let attributes = ''
  for (const [code, name] of ATTRIBUTES) {
    const value = variables[name]
    if (value) attributes += attribute(code, value)
  }
  const size = variables.SSL_CIPHER_USEKEYSIZE
  if (size && /^[0-9]{1,4}$/.test(size)) attributes += String.fromCharCode(KEY_SIZE) + integer(Number(size))
  for (const [attributeName, name] of NAMED_ATTRIBUTES) {
    const value = variables[name]
    if (value) attributes += String.fromCharCode(NAMED) + text(attributeName) + text(value)
  }
  return attributes
}

function attribute(code: number, value: string): string {
  return String.fromCharCode(code) + text(value)
}
