// Calls a Node handler with an exchange.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Handled } from '../handled.ts'
import { makeRequest, makeResponse } from './messages.ts'
import { GatewaySocket } from './socket.ts'

/** A handler as of `http.createServer`. What it returns is of interest only when it is a promise that rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** Answers an exchange with a handler. A handler that throws, or whose promise rejects, fails the exchange. */
export function handleNode(handler: NodeHandler, exchange: Handled): void {
  if (exchange.aborted) return
  const socket = new GatewaySocket(exchange)
  const response = makeResponse(makeRequest(exchange, socket), socket)
  exchange.onAbort(() => socket.abort())
  const failed = (error: unknown): void => {
    exchange.fail(error)
    socket.abort()
  }
  try {
    const pending = handler(response.req, response) as PromiseLike<unknown> | undefined
    if (typeof pending?.then === 'function') pending.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
