// A Node handler as an Application.
import { handleNode, serverOf, type NodeHandler } from '../handlers/node/handle.ts'
import { callHandler } from './handler-call.ts'
import type { Application } from './types.ts'

/**
 * Makes an Application of a Node handler: `fromNode(express())`, `fromNode(koa.callback())`. What the handler throws, or its promise
 * rejects with, the Application rejects with. A response that the handler destroys rejects with AppError NODE_DESTROYED.
 */
export function fromNode(handler: NodeHandler): Application {
  const server = serverOf(handler)
  return (environ, startResponse) => callHandler((exchange) => handleNode(server, exchange), environ, startResponse)
}
