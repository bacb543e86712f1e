// What an app gets that imports `unit-http`, NGINX Unit's module for Node.js: that of Node.js, whose servers do not listen but are taken by the
// mount. As in Unit's, `listen` takes whatever it is given and `address` says port 80.
import * as http from 'node:http'
import { noteListening } from './listening.ts'

/** A server that Unit would call. */
export class Server extends http.Server {
  override listen(...given: unknown[]): this {
    const listener = given.at(-1)
    if (typeof listener === 'function') this.once('listening', listener as () => void)
    noteListening(this)
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
  options?: http.ServerOptions | http.RequestListener,
  listener?: http.RequestListener,
): Server {
  return typeof options === 'function' ? new Server(options) : new Server(options ?? {}, listener)
}

export * from 'node:http'
export default { ...http, Server, createServer }
