// The HTTP door: Node's own parser and server, fed with connections by the listener. Converts each request once.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RequestBody } from '../body.ts'
import { errorResponse, PeerError, toSidegateError } from '../errors.ts'
import { Exchange, type Carrier, type Door } from '../exchange.ts'
import { contentLength, emptyVariables, type Variables } from '../variables.ts'
import type { Head } from '../wire/head.ts'
import { LIMITS, type Reception } from './door.ts'
import { applyForwarded } from './forwarded.ts'
import { plainAddress, type Peers } from './peers.ts'
import { requestVariables } from './request-variables.ts'

/** Largest request head, as uwsgi allows for its variables. */
const HEAD_MAX = 64 * 1024

class HttpCarrier implements Carrier {
  readonly #response: ServerResponse
  readonly #reception: Reception

  constructor(response: ServerResponse, reception: Reception) {
    this.#response = response
    this.#reception = reception
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    const response = this.#response
    if (this.#reception.draining) response.shouldKeepAlive = false
    response.writeHead(head.status, head.reason, head.headers as [string, string][])
    if (last) {
      response.end(chunk)
      return true
    }
    if (chunk) return response.write(chunk)
    response.flushHeaders()
    return true
  }

  write(chunk: Uint8Array): boolean {
    const room = this.#response.write(chunk)
    if (!room) this.#response.socket?.setTimeout(LIMITS.send)
    return room
  }

  finish(): void {
    this.#response.end()
  }

  cut(): void {
    // Node holds writes back until the end of this turn; what the app has sent goes out first.
    this.#response.socket?.uncork()
    this.#response.destroy()
  }
}

interface Current {
  exchange: Exchange
  response: ServerResponse
}

/** Serves HTTP on connections that the listener accepted. */
export class HttpDoor {
  readonly #reception: Reception
  readonly #door: Door
  readonly #trust: Peers
  readonly #server: Server
  readonly #current = new WeakMap<Socket, Current>()

  constructor(reception: Reception, door: Door, trust: Peers) {
    this.#reception = reception
    this.#door = door
    this.#trust = trust
    this.#server = createServer({
      maxHeaderSize: HEAD_MAX,
      headersTimeout: LIMITS.head,
      // The length of an upload is bounded by its own pace (LIMITS.body), not by one time for all of it.
      requestTimeout: 0,
      keepAliveTimeout: LIMITS.idle,
      highWaterMark: 64 * 1024,
    })
    this.#server.on('request', (request, response) => this.#request(request, response))
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket as Socket))
  }

  /** Takes a connection. What was read of it already comes as a `data` event right after. */
  accept(socket: Socket): void {
    socket.on('close', () => this.#closed(socket))
    socket.on('timeout', () => this.#late(socket))
    this.#server.emit('connection', socket)
  }

  /** Closes the connections that have no request in flight. */
  closeIdle(): void {
    this.#server.closeIdleConnections()
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    let variables: Variables = emptyVariables()
    let failure: unknown
    let length: number | undefined = 0
    try {
      variables = requestVariables({
        method: request.method!,
        target: request.url!,
        version: request.httpVersion,
        rawHeaders: request.rawHeaders,
        remoteAddress: plainAddress(socket.remoteAddress ?? ''),
        remotePort: socket.remotePort ?? 0,
        localPort: socket.localPort ?? 0,
      })
      if (this.#trust.size > 0 && this.#trust.has(socket.remoteAddress)) applyForwarded(variables, this.#trust)
      // RFC 9112 6.3: without Transfer-Encoding and Content-Length a request has no body.
      if (variables.HTTP_TRANSFER_ENCODING === undefined) length = contentLength(variables) ?? 0
      else length = undefined
    } catch (error) {
      failure = error
      variables.REQUEST_METHOD ??= request.method!
      variables.REQUEST_URI ??= request.url!
    }
    const body = length === 0 ? new RequestBody(0) : this.#body(request, length)
    const exchange = new Exchange(
      new HttpCarrier(response, this.#reception),
      this.#reception,
      this.#door,
      variables,
      body,
    )
    this.#current.set(socket, { exchange, response })
    response.on('drain', () => {
      socket.setTimeout(0)
      exchange.notifyDrain()
    })
    if (failure === undefined) this.#reception.handle(exchange)
    else exchange.fail(failure)
  }

  #body(request: IncomingMessage, length: number | undefined): RequestBody {
    let started = false
    const body: RequestBody = new RequestBody(length, () => {
      if (!started) {
        started = true
        request.on('data', (bytes: Buffer) => void (body.push(bytes) || request.pause()))
        request.on('end', () => body.finish())
      }
      request.socket.setTimeout(LIMITS.body)
      request.resume()
    })
    return body
  }

  #closed(socket: Socket): void {
    const current = this.#current.get(socket)
    if (current) current.exchange.abort(new PeerError('CLIENT_GONE', 'the client went away', 499))
  }

  #late(socket: Socket): void {
    const exchange = this.#current.get(socket)?.exchange
    if (!exchange || exchange.state === 'ended' || exchange.aborted) return
    if (socket.writableLength > 0) {
      exchange.abort(
        new PeerError('SEND_TIMEOUT', `the client took nothing of its response for ${LIMITS.send / 1000} s`, 499),
      )
      socket.destroy()
    } else if (exchange.body.wanted) {
      exchange.fail(new PeerError('BODY_TIMEOUT', `no byte of the request body came for ${LIMITS.body / 1000} s`, 408))
    }
  }

  /** Bytes that are no HTTP request (RFC 9112 2.2): one answer, one log line, and the connection is over. */
  #clientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer; reason?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const peerError = toPeerError(error, this.#door.protocol)
    const peer = socket.remoteAddress ?? 'unix'
    this.#reception.log.warn(peerError.message, {
      code: peerError.code,
      blame: 'peer',
      listener: this.#door.address,
      peer,
    })
    const exchange = this.#current.get(socket)?.exchange
    if (exchange && exchange.state !== 'ended') {
      exchange.abort(peerError)
      return void socket.destroy()
    }
    const { status, reason, body } = errorResponse(toSidegateError(peerError), '-')
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  }
}

function toPeerError(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer; reason?: string },
  protocol: string,
): PeerError {
  const first = error.rawPacket?.[0]
  if (first === 0 || first === 1) {
    const spoken = first === 0 ? 'uwsgi' : 'FastCGI'
    const directive = first === 0 ? 'uwsgi_pass' : 'fastcgi_pass'
    return new PeerError(
      'WRONG_PROTOCOL',
      `this looks like ${spoken}, but the listener speaks ${protocol} only: change ${directive} to proxy_pass, or listen without ${protocol}:// in front`,
    )
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new PeerError('HEAD_TOO_LARGE', `the request head is larger than ${HEAD_MAX / 1024} KB`, 431)
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new PeerError('HEAD_TIMEOUT', `a request head was not complete after ${LIMITS.head / 1000} s`, 408)
  }
  return new PeerError('HTTP_SYNTAX', `not a valid HTTP request: ${error.reason ?? error.message}`)
}
