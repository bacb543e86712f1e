// Connections for upgrades over a Unix socket or a named pipe, made as those of all other requests are: with patience where the server's queue
// is full.
import { Agent } from 'node:http'
import type { Endpoint } from '../address.ts'
import { ServerSocket } from './server-socket.ts'

/** Makes one connection for each request, to the same place. */
export class UpgradeAgent extends Agent {
  readonly #endpoint: Endpoint

  constructor(endpoint: Endpoint) {
    super()
    this.#endpoint = endpoint
  }

  override createConnection(): ServerSocket {
    return new ServerSocket(this.#endpoint)
  }
}
