// Unit's proxy, as its sources have it (src/nxt_h1proto.c, nxt_h1p_peer_*): the request as the client wrote it, `Connection: close`, no field that
// belongs to the connection, and nothing added; the body is whole before anything is sent; the first head that comes is the response.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as later } from 'node:timers/promises'

/** nxt_h1p_fields. */
const OF_THE_CONNECTION = /^(?:connection|upgrade|transfer-encoding|keep-alive)$/i
/** nxt_h1p_peer_fields: Unit writes its own. */
const LEFT_OUT = /^(?:connection|transfer-encoding|server|date|content-length)$/i
const HEAD_MAX = 64 * 1024
/** settings.http.max_body_size. */
const BODY_MAX = 8 * 1024 * 1024
/** proxy_timeout: for a head. In milliseconds. */
const HEAD_TIMEOUT = 60_000

/** What ends a request with one of Unit's own pages. */
export class Status extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** Hands a request on to `http://unix:PATH` or `http://HOST:PORT`. @throws {Status} while there is no head yet */
export async function proxy(to: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Without settings.http.chunked_transform.
  if (request.headers['transfer-encoding'] !== undefined) throw new Status(411)
  if (Number(request.headers['content-length'] ?? 0) > BODY_MAX) throw new Status(413)
  const body = await buffer(request)
  const rest = to.slice('http://'.length)
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(rest) ?? []
  const socket = connect(rest.startsWith('unix:') ? { path: rest.slice(5) } : { host, port: Number(port) })
  response.on('close', () => socket.destroy())
  try {
    await once(socket, 'connect')
  } catch {
    throw new Status(502)
  }
  socket.write(Buffer.concat([Buffer.from(requestHead(request), 'latin1'), body]))
  await answer(socket, request, response)
}

function requestHead({ method, url, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/1.1\r\nConnection: close\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    // discard_unsafe_fields
    if (!OF_THE_CONNECTION.test(name) && /^[A-Za-z0-9-]+$/.test(name)) head += `${name}: ${rawHeaders[at + 1]}\r\n`
  }
  return `${head}\r\n`
}

async function answer(socket: Socket, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  let bytes = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const next = await pieces.next().catch(() => ({ done: true, value: undefined }) as const)
    if (next.value) bytes = Buffer.concat([bytes, next.value])
    return next.done !== true
  }
  const late = new AbortController()
  const headEnd = (): number => bytes.indexOf('\r\n\r\n')
  while (headEnd() < 0) {
    if (bytes.length > HEAD_MAX) throw new Status(502)
    const slow = later(HEAD_TIMEOUT, 'slow', { signal: late.signal }).catch(() => 'slow')
    const next = await Promise.race([more(), slow])
    if (next === 'slow') throw new Status(504)
    if (!next) throw new Status(502)
  }
  late.abort()
  const end = headEnd()
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  bytes = bytes.subarray(end + 4)
  const fields = lines.map(
    (field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()] as const,
  )
  const valueOf = (wanted: string): string | undefined => fields.find(([name]) => name.toLowerCase() === wanted)?.[1]
  const status = Number(line.slice(9, 12))
  // Whatever comes first is the response: of 100 and 103 a client makes what it can.
  if (status < 200) throw new Error(`Unit took ${line} for the response`)
  const length = valueOf('content-length')
  const chunked = /chunked/i.test(valueOf('transfer-encoding') ?? '')
  for (const [name, value] of fields) if (!LEFT_OUT.test(name)) response.appendHeader(name, value)
  if (length !== undefined) response.setHeader('Content-Length', length)
  response.writeHead(status, line.slice(13))
  const none = request.method === 'HEAD' || status === 204 || status === 304
  let left = none ? 0 : length === undefined ? Infinity : Number(length)
  if (chunked && !none)
    return passChunks(
      () => bytes,
      (rest) => (bytes = rest),
      more,
      response,
    )
  while (left > 0) {
    if (bytes.length > 0) {
      await written(response, bytes.subarray(0, left))
      left -= bytes.length
      bytes = Buffer.alloc(0)
    } else if (!(await more())) break
  }
  if (left > 0 && left < Infinity) response.destroy()
  else response.end()
}

async function passChunks(
  bytes: () => Buffer<ArrayBuffer>,
  keep: (rest: Buffer<ArrayBuffer>) => void,
  more: () => Promise<boolean>,
  response: ServerResponse,
): Promise<void> {
  for (;;) {
    const line = bytes().indexOf('\r\n')
    const size = line < 0 ? Number.NaN : Number.parseInt(bytes().subarray(0, line).toString('latin1'), 16)
    if (line >= 0 && bytes().length >= line + 2 + size + 2) {
      if (size === 0) return void response.end()
      await written(response, bytes().subarray(line + 2, line + 2 + size))
      keep(bytes().subarray(line + 2 + size + 2))
    } else if (!(await more())) return void response.destroy()
  }
}

function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || response.write(bytes)) return resolve()
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
