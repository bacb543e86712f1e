// The admin interface: HTTP with JSON on a Unix socket that only the user whose it is may open; on Windows on a named pipe.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { ConfigError } from '../errors.ts'
import { isWindows } from '../file-names.ts'
import { jsonLine } from '../line.ts'
import { createServer, type IncomingMessage, type ServerResponse } from '../node-http.ts'
import { listenOnPath, releasePath } from '../unix-socket.ts'
import { answerOf, type Answer } from './ways.ts'
import type { Administered } from './status.ts'

/** Who administers: a few commands, a few monitors. One more takes the place of the connection that has asked for nothing for longest. */
const CONNECTIONS_MAX = 64

/** How long whoever has asked is answered once nobody is let in any more, in milliseconds. */
const LAST_WORDS_MS = 1000

/** By this who asks knows that it is one. */
export const SERVER = 'Sidegate'

/** The field that says why an answer is not all that there is. */
export const INCOMPLETE = 'Sidegate-Incomplete'

/** Serves one. */
export class AdminServer {
  readonly #of: Administered
  readonly #server: Server
  /** In the order in which they came, or were last answered. */
  readonly #idle = new Set<Socket>()
  readonly #busy = new Set<Socket>()
  #leave: () => void = () => {}
  #opening = false
  #closed = false

  constructor(of: Administered) {
    this.#of = of
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.on('connection', (socket: Socket) => this.#take(socket))
    // A command that waits for a drain is no reason to stay.
    this.#server.unref()
  }

  /**
   * @param path of the socket; its folder is made where that is the last one that is missing. Or of a named pipe, on Windows
   * @throws {ConfigError} ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; errors of the system
   */
  async open(path: string): Promise<void> {
    // It may be closed while it waits for the one before to leave.
    if (this.#closed) return
    this.#opening = true
    try {
      await this.#listen(path)
    } finally {
      this.#opening = false
      if (this.#closed) this.close()
    }
  }

  async #listen(path: string): Promise<void> {
    if (isWindows()) {
      // Who else may open it is what Windows has as default: this user, administrators.
      this.#server.listen({ path })
      try {
        await once(this.#server, 'listening')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
        throw new ConfigError('ADDRESS_IN_USE', 'admin', `${path} is in use: another process answers there`)
      }
      return
    }
    const options = { mode: 0o600, owner: undefined, backlog: CONNECTIONS_MAX }
    const { file } = await listenOnPath(this.#server, path, options, 'admin')
    this.#leave = () => releasePath(path, file)
  }

  /** Nobody is let in any more; who has asked is answered, if that is soon. Works twice, and before `open`. */
  close(): void {
    this.#closed = true
    // A server that is closed while it begins to listen never says that it does.
    if (this.#opening) return
    if (this.#server.listening) this.#leave()
    this.#server.close()
    for (const socket of this.#idle) socket.destroy()
    for (const socket of this.#busy) socket.unref()
    if (this.#busy.size > 0) setTimeout(() => this.#server.closeAllConnections(), LAST_WORDS_MS).unref()
  }

  #take(socket: Socket): void {
    if (this.#idle.size + this.#busy.size >= CONNECTIONS_MAX) {
      const [oldest = socket] = this.#idle
      this.#idle.delete(oldest)
      oldest.destroy()
    }
    if (socket.destroyed) return
    this.#idle.add(socket)
    socket.once('close', () => {
      this.#idle.delete(socket)
      this.#busy.delete(socket)
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request
    this.#idle.delete(socket)
    this.#busy.add(socket)
    response.once('close', () => {
      if (this.#busy.delete(socket) && !socket.destroyed) this.#idle.add(socket)
    })
    request.resume()
    const { status, body, allow, incomplete, after } = await this.#answer(request)
    response.writeHead(status, {
      ...(this.#closed && { Connection: 'close' }),
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Server: SERVER,
      ...(allow !== undefined && { Allow: allow }),
      ...(incomplete !== undefined && { [INCOMPLETE]: incomplete }),
    })
    response.end(jsonLine(body), after)
  }

  async #answer({ method = '', url = '' }: IncomingMessage): Promise<Answer> {
    try {
      return await answerOf(this.#of, method, url)
    } catch (error) {
      return { status: 500, body: { message: (error as Error).message } }
    }
  }
}
