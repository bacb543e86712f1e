// Calls a Node handler with an exchange, as the `request` event of a server: what watches servers (tracing by OpenTelemetry and its kind
// wraps `http.Server.prototype.emit`, or subscribes to Node.js' diagnostics channels) sees it as it sees any other.
import { channel } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { createServer, type IncomingMessage, type ServerResponse } from '../../node-http.ts'
import { PeerError } from '../../errors.ts'
import type { Handled } from '../handled.ts'
import { makeRequest, makeResponse } from './messages.ts'
import { GatewaySocket } from './socket.ts'

/** A handler as of `http.createServer`. What it returns is of interest only when it is a promise that rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown

const starts = channel('http.server.request.start')

/** A server of node:http that never listens, with a handler for its requests. */
export function serverOf(handler: NodeHandler): Server {
  return createServer((request, response) => {
    const pending = handler(request, response) as PromiseLike<unknown> | undefined
    if (typeof pending?.then !== 'function') return
    const socket = request.socket as unknown as GatewaySocket
    pending.then(undefined, (error: unknown) => socket.fail(error))
  })
}

/** Answers an exchange with a server. A handler that throws, or whose promise rejects, fails the exchange. */
export function handleNode(server: Server, exchange: Handled): void {
  if (exchange.aborted) return
  const socket = new GatewaySocket(exchange, server)
  const response = makeResponse(makeRequest(exchange, socket), socket)
  const request = response.req
  exchange.onAbort(() => socket.lost(breakOf(exchange)))
  if (starts.hasSubscribers) starts.publish({ request, response, socket, server })
  try {
    if (!server.emit('request', request, response)) socket.fail(upgradesOnly())
  } catch (error) {
    socket.fail(error)
  }
  // A server of node:http has read no further when it calls its handler.
  if (exchange.body.complete) request.complete = true
}

/** What broke the client's connection, such as ECONNRESET; undefined for a client that left in order. */
function breakOf({ error }: Handled): Error | undefined {
  const cause = error?.cause
  return cause instanceof Error && typeof (cause as NodeJS.ErrnoException).code === 'string' ? cause : undefined
}

function upgradesOnly(): PeerError {
  return new PeerError('UPGRADE_NOT_ASKED', 'the server of the app has no listener for requests, only for upgrades')
}
