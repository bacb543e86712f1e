// The HTTP door: Node's own parser and server, fed with connections by the listener. Converts each request once.
import { createServer, ServerResponse, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { RequestBody } from '../body.ts'
import { errorResponse, PeerError, toSidegateError } from '../errors.ts'
import { Exchange, type Carrier, type Door } from '../exchange.ts'
import { contentLength, emptyVariables, type Variables } from '../variables.ts'
import { statusLineHead, type Head } from '../wire/head.ts'
import { protocols } from '../wire/index.ts'
import { mayBeProxyHeader, type ProxiedClient } from '../wire/proxy-header.ts'
import { LIMITS, type Reception } from './door.ts'
import { applyForwarded } from './forwarded.ts'
import { lingerBehind } from './http-linger.ts'
import { plainHead, wantsTunnel } from './http-upgrade.ts'
import { plainAddress, type Peers } from './peers.ts'
import { addRefusedHeaders, requestVariables } from './request-variables.ts'
import { Tunnel } from './tunnel.ts'

/** Largest request head, as uwsgi allows for its variables. */
const HEAD_MAX = 64 * 1024

/** Bodies up to this size are joined with their head; to copy a larger one costs more than a second piece in the write. */
const JOIN_MAX = 16 * 1024

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

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
      // A string goes out with the head in one write; of a Uint8Array Node makes a vector of two.
      if (chunk && chunk.byteLength <= JOIN_MAX) response.end(latin1(chunk), 'latin1')
      else response.end(chunk)
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

/** A request that asks for another protocol, on a connection that node:http has let go of. */
class HttpTunnelCarrier extends HttpCarrier {
  readonly upgrade: Required<Carrier>['upgrade']

  constructor(response: ServerResponse, reception: Reception, socket: Socket, tunnel: Tunnel) {
    super(response, reception)
    this.upgrade = (head, over) => {
      response.detachSocket(socket)
      socket.write(statusLineHead(head), 'latin1')
      return tunnel.open(over)
    }
  }
}

/** Requests on one connection whose responses are not sent: nobody sends so many ahead, and each costs some kilobytes. */
const PIPELINE_MAX = 128

/** A connection. */
interface Line {
  /** The request that came last. */
  exchange: Exchange
  tunnel: Tunnel | undefined
  /** All whose responses are not sent. */
  readonly open: Set<Exchange>
}

/** Serves HTTP on connections that the listener accepted. */
export class HttpDoor {
  readonly #reception: Reception
  readonly #door: Door
  readonly #trust: Peers
  readonly #server: Server
  /** For requests that are no upgrade of ours and came as one. */
  #plain: Server | undefined
  readonly #lines = new WeakMap<Socket, Line>()
  #clients: WeakMap<Socket, ProxiedClient> | undefined

  constructor(reception: Reception, door: Door, trust: Peers) {
    this.#reception = reception
    this.#door = door
    this.#trust = trust
    this.#server = this.#create()
    this.#server.on('request', (request, response) => this.#request(request, response))
    this.#server.on('upgrade', (request, socket, early) => this.#upgrade(request, socket as Socket, early))
  }

  #create(): Server {
    const options: ServerOptions & { shouldUpgradeCallback: (request: IncomingMessage) => boolean } = {
      maxHeaderSize: HEAD_MAX,
      headersTimeout: LIMITS.head,
      // The length of an upload is bounded by its own pace (LIMITS.body), not by one time for all of it.
      requestTimeout: 0,
      keepAliveTimeout: LIMITS.idle,
      highWaterMark: 64 * 1024,
      // Of Node.js 24.9; what older ones hand over all the same goes through #plain.
      shouldUpgradeCallback: wantsTunnel,
    }
    const server = createServer(options)
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket as Socket))
    return server
  }

  /** Takes a connection; `client`: whose it is, when that is not the peer. What was read of it already comes as a `data` event right after. */
  accept(socket: Socket, client?: ProxiedClient): void {
    if (client) (this.#clients ??= new WeakMap()).set(socket, client)
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

  #request(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): void {
    const { socket } = request
    // The peer of a connection is who is behind the load balancer, where that says so.
    const client = this.#clients?.get(socket)
    const address = client?.address ?? socket.remoteAddress
    let variables: Variables = emptyVariables()
    let failure: unknown
    let length: number | undefined = 0
    try {
      variables = requestVariables({
        method: request.method!,
        target: request.url!,
        version: request.httpVersion,
        rawHeaders: request.rawHeaders,
        remoteAddress: plainAddress(address ?? ''),
        remotePort: client?.port ?? socket.remotePort ?? 0,
        localPort: client?.localPort ?? socket.localPort ?? 0,
        raw: this.#reception.raw ?? false,
      })
      if (this.#trust.size > 0 && this.#trust.has(address)) applyForwarded(variables, this.#trust)
      // RFC 9112 6.3: without Transfer-Encoding and Content-Length a request has no body.
      if (variables.HTTP_TRANSFER_ENCODING === undefined) length = contentLength(variables) ?? 0
      else length = undefined
    } catch (error) {
      failure = error
      variables.REQUEST_METHOD ??= request.method!
      variables.REQUEST_URI ??= request.url!
      if (this.#reception.raw) addRefusedHeaders(variables, request.rawHeaders)
    }
    const body = length === 0 ? new RequestBody(0) : this.#body(request, length)
    if (length !== 0) lingerBehind(request, body)
    const carrier = tunnel
      ? new HttpTunnelCarrier(response, this.#reception, socket, tunnel)
      : new HttpCarrier(response, this.#reception)
    const exchange = new Exchange(carrier, this.#reception, this.#door, variables, body)
    const open = this.#enter(socket, exchange, tunnel)
    if (!open) return
    response.on('drain', () => {
      socket.setTimeout(0)
      exchange.notifyDrain()
    })
    // node:http throws a body away only where nobody began to read it; hosts read no response before their upload is through.
    response.on('finish', () => {
      open.delete(exchange)
      if (!body.complete) body.discard()
    })
    if (failure === undefined) this.#reception.handle(exchange)
    else exchange.fail(failure)
  }

  /** Notes a request on its connection; undefined when there are too many: then the connection is over. */
  #enter(socket: Socket, exchange: Exchange, tunnel: Tunnel | undefined): Set<Exchange> | undefined {
    const line = this.#lines.get(socket)
    if (!line) {
      const open = new Set([exchange])
      this.#lines.set(socket, { exchange, tunnel, open })
      return open
    }
    line.exchange = exchange
    line.tunnel = tunnel
    line.open.add(exchange)
    if (line.open.size <= PIPELINE_MAX) return line.open
    if (!socket.destroyed) {
      const error = new PeerError(
        'PIPELINE',
        `more than ${PIPELINE_MAX} requests wait for their responses on a connection`,
      )
      this.#warn(error, socket)
      socket.destroy()
    }
    return undefined
  }

  /** node:http has let go of the connection, whatever the mount is going to answer: an ordinary response is the last one on it. */
  #upgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    if (!wantsTunnel(request)) return this.#ordinary(request, socket, early)
    const tunnel = new Tunnel(socket)
    tunnel.receive(early)
    socket.setTimeout(0)
    socket.on('data', (bytes: Buffer) => tunnel.receive(bytes))
    socket.on('end', () => (tunnel.opened ? tunnel.receiveEnd() : socket.destroy()))
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => {
      response.detachSocket(socket)
      socket.destroySoon()
    })
    socket.on('drain', () => response.emit('drain'))
    this.#request(request, response, tunnel)
  }

  /** Node.js before 24.9 hands over every request with an Upgrade, such as a POST that offers h2c, its body unread: read it again. */
  #ordinary(request: IncomingMessage, socket: Socket, early: Buffer): void {
    if (!this.#plain) {
      this.#plain = this.#create()
      this.#plain.on('request', (again: IncomingMessage, response: ServerResponse) => {
        response.shouldKeepAlive = false
        this.#request(again, response)
      })
    }
    this.#plain.emit('connection', socket)
    socket.emit('data', Buffer.concat([plainHead(request), early]))
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
    const line = this.#lines.get(socket)
    if (!line) return
    if (line.tunnel?.opened) return line.tunnel.lost(socket.errored ?? undefined)
    for (const exchange of line.open) exchange.abort(new PeerError('CLIENT_GONE', 'the client went away', 499))
  }

  #late(socket: Socket): void {
    const exchange = this.#lines.get(socket)?.exchange
    if (!exchange || exchange.state === 'ended' || exchange.state === 'upgraded' || exchange.aborted) return
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
    this.#warn(peerError, socket)
    const exchange = this.#lines.get(socket)?.exchange
    if (exchange && exchange.state !== 'ended') {
      exchange.abort(peerError)
      return void socket.destroy()
    }
    const { status, reason, body } = errorResponse(toSidegateError(peerError), '-')
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  }

  #warn(error: PeerError, socket: Socket): void {
    const { code, blame } = error
    const peer = socket.remoteAddress ?? 'unix'
    this.#reception.log.warn(error.message, { code, blame, listener: this.#door.address, peer })
  }
}

function toPeerError(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer; reason?: string },
  protocol: string,
): PeerError {
  const spoken = error.rawPacket && protocols.find(({ recognise }) => recognise(error.rawPacket!) === 'yes')?.name
  if (spoken !== undefined) {
    const change = spoken === 'ajp' ? 'ajp:// to http://' : `${spoken}_pass to proxy_pass`
    return new PeerError(
      'WRONG_PROTOCOL',
      `this looks like ${spoken}, but the listener speaks ${protocol} only: change ${change}, or listen without ${protocol}:// in front`,
    )
  }
  if (error.rawPacket && mayBeProxyHeader(error.rawPacket)) {
    const message = 'this is a PROXY protocol header, and the peer is not in `proxyProtocol` of this listener'
    return new PeerError('PROXY_HEADER', message)
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new PeerError('HEAD_TOO_LARGE', `the request head is larger than ${HEAD_MAX / 1024} KB`, 431)
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new PeerError('HEAD_TIMEOUT', `a request head was not complete after ${LIMITS.head / 1000} s`, 408)
  }
  return new PeerError('HTTP_SYNTAX', `not a valid HTTP request: ${error.reason ?? error.message}`)
}
