// One request by a gateway protocol: the client codec of wire/ over a socket.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { socketAddress } from '../address.ts'
import { BodySender, type BodySource } from '../connect/body-sender.ts'
import { PeerError } from '../errors.ts'
import { decodePath, emptyVariables, splitTarget, variableName, type Variables } from '../variables.ts'
import type { ClientCodec, ClientEvent, Protocol } from '../wire/codec.ts'
import type { Answer, Outgoing } from './outgoing.ts'

/** A body of unknown length is kept in memory, up to this many bytes, where the protocol wants its length first. */
const KEPT_MAX = 64 * 1024 * 1024

/** @throws {PeerError} when the server breaks the protocol or is silent; errors of the system when it cannot be reached */
export async function callGateway(protocol: Protocol, outgoing: Outgoing, answer: Answer): Promise<void> {
  const body = await withLength(outgoing, protocol.framed)
  const variables = variablesOf(outgoing, body.length)
  answer.sent(
    Object.entries(variables)
      .map(([name, value]) => `> ${name}=${value}\n`)
      .join(''),
  )
  const codec = protocol.client()
  const { endpoint } = outgoing
  const socket = connect(socketAddress(endpoint))
  socket.setTimeout(outgoing.timeout, () => {
    socket.destroy(new PeerError('REQUEST_TIMEOUT', `no byte in ${outgoing.timeout / 1000} s`, 504))
  })
  // The answer says more than a failed upload: a server may answer and close before it has read everything.
  const sender = new BodySender(socket, codec, { over: false, waits: () => {}, broken: () => {} })
  socket.on('drain', () => sender.pump())
  try {
    await once(socket, 'connect')
    socket.write(codec.request(variables, body.length))
    sender.begin(sourceOf(body))
    sender.pump()
    await receive(socket, codec, answer, sender)
  } finally {
    sender.stop()
    socket.destroy()
  }
}

interface Body {
  readonly length: number | undefined
  readonly chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[]
}

async function withLength({ body }: Outgoing, endMark: boolean): Promise<Body> {
  if (!body) return { length: 0, chunks: [] }
  if (body.length !== undefined || endMark) return body
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body.chunks) {
    length += chunk.byteLength
    if (length > KEPT_MAX)
      throw new PeerError('REQUEST_BODY', 'a body from standard input may have 64 MB here; send a file', 413)
    chunks.push(chunk)
  }
  return { length, chunks }
}

/** What a web server would send: RFC 3875 4.1, and nginx's uwsgi_params. */
function variablesOf(
  { method, target, headers, variables: own, endpoint }: Outgoing,
  length: number | undefined,
): Variables {
  const { path, query } = splitTarget(target)
  const variables = emptyVariables()
  Object.assign(variables, {
    REQUEST_METHOD: method,
    REQUEST_URI: target,
    SCRIPT_NAME: '',
    PATH_INFO: path === '*' ? '' : decodePath(path),
    QUERY_STRING: query,
    CONTENT_LENGTH: length === undefined || (length === 0 && method === 'GET') ? '' : String(length),
    CONTENT_TYPE: '',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: endpoint.kind === 'tcp' ? endpoint.host : 'localhost',
    SERVER_PORT: endpoint.kind === 'tcp' ? String(endpoint.port) : '80',
    REQUEST_SCHEME: 'http',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '0',
  })
  for (const [name, value] of [...headers.map(([field, text]) => [variableName(field), text] as const), ...own]) {
    variables[name] = Buffer.from(value, 'utf8').every((byte) => byte < 0x80)
      ? value
      : Buffer.from(value).toString('latin1')
  }
  for (const [name, value] of own) variables[name] = value
  return variables
}

function sourceOf({ length, chunks }: Body): BodySource {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  return { length, readNow: () => undefined, read: async () => (await iterator.next()).value ?? null }
}

async function receive(socket: Socket, codec: ClientCodec, answer: Answer, sender: BodySender): Promise<void> {
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    const events = codec.receive(bytes)
    for (const event of events) if (event.type === 'reply') socket.write(event.bytes)
    sender.pump()
    if (await take(events, answer)) return
  }
  await take(codec.receiveEnd(), answer)
}

/** @returns true at the end of the response. */
async function take(events: readonly ClientEvent[], answer: Answer): Promise<boolean> {
  for (const event of events) {
    if (event.type === 'head') answer.head(event.head)
    else if (event.type === 'body' && !answer.body(event.bytes)) await answer.drained()
    else if (event.type === 'stderr') answer.errors(event.bytes)
    else if (event.type === 'end') return true
  }
  return false
}
