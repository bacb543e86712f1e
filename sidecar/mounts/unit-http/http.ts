// What an app gets that imports `unit-http`, NGINX Unit's module for Node.js: that of Node.js, whose servers do not listen but are taken by the
// mount. As in Unit's, `listen` takes whatever it is given and `address` says port 80.
import type * as types from 'node:http'
import { noteListening } from './listening.ts'

const http = process.getBuiltinModule('node:http')

/** A server that Unit would call. */
export class Server extends http.Server {
  override listen(...given: unknown[]): this {
    const listener = given.at(-1)
    if (typeof listener === 'function') this.once('listening', listener as () => void)
    noteListening(this, import.meta.filename)
    // Apps use what `listen` gives back in the listener.
    setImmediate(() => this.emit('listening'))
    return this
  }

  override address(): { family: string; address: string; port: number } {
    return { family: 'IPv4', address: '127.0.0.1', port: 80 }
  }
}

/** As of node:http. */
export function createServer(
  options?: types.ServerOptions | types.RequestListener,
  listener?: types.RequestListener,
): Server {
  return typeof options === 'function' ? new Server(options) : new Server(options ?? {}, listener)
}

// Its names one by one: the module of Node.js has others that load undici when they are looked at (node-http.ts).
export const {
  Agent,
  ClientRequest,
  get,
  globalAgent,
  IncomingMessage,
  maxHeaderSize,
  METHODS,
  OutgoingMessage,
  request,
  ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} = http

const own = Object.getOwnPropertyDescriptors({ Server, createServer })
export default Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(http), ...own }) as typeof http
