// The bytes of a request, over HTTP/1.1 or a gateway protocol: exactly what a case says.
import {
  addVariable,
  decodePath,
  emptyVariables,
  resolveDots,
  splitTarget,
  variableName,
  type Variables,
} from '../../sidecar/variables.ts'
import type { ClientCodec } from '../../sidecar/wire/codec.ts'
import type { RequestSpec, Transport } from './case.ts'

/** Stands where a request waits: what comes behind is sent when the case says so. */
export const HELD = Symbol('held')

/** Bytes to send, one after the other. */
export type Bytes = Generator<Uint8Array | typeof HELD>

type Fields = NonNullable<RequestSpec['headers']>

const has = (headers: Fields, name: string): boolean => headers.some(([field]) => field.toLowerCase() === name)

function bodyOf({ body }: RequestSpec): Buffer | undefined {
  return body === undefined ? undefined : Buffer.from(body as string)
}

/** The pieces of a body, with the place where it is held. */
function* pieces(body: Buffer, { chunked, held }: RequestSpec): Generator<Buffer | typeof HELD> {
  if (held !== undefined) {
    if (held > 0) yield body.subarray(0, held)
    yield HELD
  }
  const rest = body.subarray(held ?? 0)
  const size = chunked ?? rest.length
  for (let at = 0; at < rest.length; at += size) yield rest.subarray(at, at + size)
}

/** A request over HTTP/1.1, one on its connection. */
export function* httpBytes(request: RequestSpec): Bytes {
  const body = bodyOf(request)
  const { method = 'GET', target, headers = [], chunked, protocol = 'HTTP/1.1' } = request
  let head = `${method} ${target} ${protocol}\r\n`
  if (!has(headers, 'host')) head += 'Host: localhost\r\n'
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`
  if (body) head += chunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${body.length}\r\n`
  if (!has(headers, 'connection')) head += 'Connection: close\r\n'
  yield Buffer.from(`${head}\r\n`, 'latin1')
  if (!body) return
  for (const part of pieces(body, request)) {
    if (part === HELD || !chunked) yield part
    else yield Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  }
  if (chunked) yield Buffer.from('0\r\n\r\n')
}

function nameIn(headers: Fields): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'host')?.[1].replace(/:[0-9]*$/, '')
}

/** A request over a gateway protocol, with the variables as nginx with Sidegate's snippet sends them. */
export function* gatewayBytes(request: RequestSpec, codec: ClientCodec, transport: Transport): Bytes {
  const body = bodyOf(request)
  const { method = 'GET', target, headers = [], chunked, protocol = 'HTTP/1.1' } = request
  const length = body && chunked ? undefined : (body?.length ?? 0)
  const { path, query } = splitTarget(target)
  const variables: Variables = Object.assign(emptyVariables(), {
    REQUEST_METHOD: method,
    REQUEST_URI: target,
    SCRIPT_NAME: '',
    // AJP has the target alone, and its server decodes that.
    PATH_INFO: transport === 'ajp' ? path : resolveDots(decodePath(path)),
    QUERY_STRING: query,
    SERVER_PROTOCOL: protocol,
    SERVER_NAME: nameIn(headers) ?? 'localhost',
    SERVER_PORT: '80',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '12345',
    REQUEST_SCHEME: 'http',
    CONTENT_LENGTH: body && length !== undefined ? String(length) : '',
    CONTENT_TYPE: '',
  })
  if (!has(headers, 'host')) addVariable(variables, 'HTTP_HOST', 'localhost')
  for (const [name, value] of headers) {
    const variable = variableName(name)
    if (variables[variable] === '') variables[variable] = value
    // AJP has fields: the second of a name is one of its own, by a variable that is the same field.
    else if (transport === 'ajp' && variables[variable] !== undefined)
      variables[variable.toLowerCase().replace('http_', 'HTTP_')] = value
    else addVariable(variables, variable, value)
  }
  yield codec.request(variables, length)
  for (const part of body ? pieces(body, request) : []) {
    if (part === HELD) yield part
    else yield* codec.data(part)
  }
  const end = codec.finish()
  if (end) yield end
}
