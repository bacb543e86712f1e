// The two objects a Node handler is called with: a real IncomingMessage and a real ServerResponse, so that whatever a framework does
// to them works. Private parts of node:http that are touched: _addHeaderLines (lazy headers), kNeedDrain (what its server resets when
// a socket has drained), _storeHeader (see storeHeader). Each has a way without it.
import { channel } from 'node:diagnostics_channel'
import { IncomingMessage, ServerResponse } from '../../node-http.ts'
import type { Socket } from 'node:net'
import { rawFields } from '../../fields.ts'
import { isChunked } from '../framing.ts'
import type { Handled } from '../handled.ts'
import { handlerTargets } from '../../targets.ts'
import type { ClientSocket } from './client-socket.ts'
import type { GatewaySocket } from './socket.ts'

interface Privates {
  upgrade: boolean | null
  _addHeaderLines?: (raw: string[], count: number) => void
  _read: () => void
  originalUrl?: string
}

/** The request of an exchange. `url` is the raw target below the mount; `originalUrl`, when there is a prefix, the whole one. */
export function makeRequest(exchange: Handled, socket: ClientSocket): IncomingMessage {
  const { variables } = exchange
  const request = new IncomingMessage(socket as unknown as Socket) as IncomingMessage & Privates
  request.method = variables.REQUEST_METHOD!
  const { full, below } = handlerTargets(variables)
  request.url = below
  if (full !== below) request.originalUrl = full
  // Always 1.1: node:http decides by it what a response may have, and the hosts take care of older clients.
  request.httpVersion = '1.1'
  request.httpVersionMajor = request.httpVersionMinor = 1
  const raw = rawFields(variables, isChunked(exchange))
  if (exchange.fields) respell(raw, exchange.fields)
  if (request._addHeaderLines) request._addHeaderLines(raw, raw.length)
  else {
    request.rawHeaders = raw
    for (let i = 0; i < raw.length; i += 2) request.headers[raw[i]!] = raw[i + 1]!
  }
  request.upgrade = false
  // An own property: Express replaces the prototype.
  request._read = readBody
  return request
}

/** Gives the names in `raw` the spelling that the client gave them in `fields`; both are names and values in turn. */
function respell(raw: string[], fields: readonly string[]): void {
  for (let i = 0, at = 0; i < raw.length; i += 2) {
    // Nearly always in the same order: the search goes on where the last one ended.
    for (let tries = 0; tries < fields.length; tries += 2) {
      const spelled = fields[at]!
      at = at + 2 < fields.length ? at + 2 : 0
      if (spelled.length !== raw[i]!.length || spelled.toLowerCase() !== raw[i]) continue
      raw[i] = spelled
      break
    }
  }
}

function readBody(this: IncomingMessage): void {
  ;(this.socket as unknown as ClientSocket).pull(this)
}

/** The response of a request. Its framing is left to the protocol of the door: no Connection, no Transfer-Encoding. */
export function makeResponse(request: IncomingMessage, socket: GatewaySocket): ServerResponse {
  const response = new ServerResponse(request)
  response.removeHeader('transfer-encoding')
  response.removeHeader('connection')
  response.shouldKeepAlive = false
  ;(response as unknown as StoresHeader)._storeHeader = storeHeader
  response.on('finish', finished)
  socket.on('drain', drained)
  response.assignSocket(socket as unknown as Socket)
  return response
}

/** What the server of node:http publishes when a response is complete (nodejs.org/api/diagnostics_channel.html, "HTTP"). */
const finishes = channel('http.server.response.finish')

interface StoresHeader {
  _storeHeader: (firstLine: string, headers: unknown) => void
  _removedTE: boolean
}

const ownStoreHeader = (ServerResponse.prototype as unknown as StoresHeader)._storeHeader

/** An app may announce trailers, which node:http takes with chunked framing only: let it frame; the framing comes off again. */
function storeHeader(this: StoresHeader, firstLine: string, headers: unknown): void {
  try {
    ownStoreHeader.call(this, firstLine, headers)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP_TRAILER_INVALID') throw error
    this._removedTE = false
    ownStoreHeader.call(this, firstLine, headers)
  }
}

function finished(this: ServerResponse): void {
  const socket = this.socket as unknown as GatewaySocket | null
  if (finishes.hasSubscribers) finishes.publish({ request: this.req, response: this, socket, server: socket?.server })
  socket?.complete(this)
}

let needDrain: symbol | undefined

/** What the server of node:http does when a socket has drained. */
function drained(this: GatewaySocket): void {
  const response = this._httpMessage as (ServerResponse & Record<symbol, unknown>) | null
  if (!response || response.writableEnded) return
  needDrain ??= Object.getOwnPropertySymbols(response).find((symbol) => symbol.description === 'kNeedDrain')
  if (needDrain !== undefined) {
    if (response[needDrain] !== true) return
    response[needDrain] = false
  }
  response.emit('drain')
}
