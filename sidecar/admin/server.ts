// The admin interface: HTTP with JSON on a Unix socket that only the user whose it is may open.
import type { Server } from 'node:http'
import { createServer, type IncomingMessage, type ServerResponse } from '../node-http.ts'
import { listenOnPath, releasePath } from '../unix-socket.ts'
import type { Administered, Outcome } from './status.ts'

/** Who administers: a few commands, a few monitors. */
const CONNECTIONS_MAX = 64

/** An answer. */
interface Answer {
  readonly status: number
  readonly body: unknown
  /** Done when the answer has left. */
  readonly after?: () => void
}

/** Serves one. */
export class AdminServer {
  readonly #of: Administered
  readonly #server: Server
  #leave: () => void = () => {}

  constructor(of: Administered) {
    this.#of = of
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /**
   * @param path of the socket; its folder is made where that is the last one that is missing
   * @throws {ConfigError} ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; errors of the system
   */
  async open(path: string): Promise<void> {
    const options = { mode: 0o600, owner: undefined, backlog: CONNECTIONS_MAX }
    const { file } = await listenOnPath(this.#server, path, options, 'admin')
    this.#leave = () => releasePath(path, file)
  }

  /** Works twice, and before `open`. */
  close(): void {
    if (this.#server.listening) this.#leave()
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume()
    const { status, body, after } = await this.#answer(request.method ?? '', request.url ?? '')
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    response.end(`${JSON.stringify(body)}\n`, after)
  }

  async #answer(method: string, url: string): Promise<Answer> {
    const ways: Record<string, readonly [method: string, answer: () => Answer | Promise<Answer>]> = {
      '/v1/status': ['GET', async () => ({ status: 200, body: await this.#of.status() })],
      '/v1/reload': ['POST', async () => outcome(await this.#of.reload())],
      '/v1/stop': ['POST', () => ({ status: 202, body: { message: 'stops' }, after: () => this.#of.stop() })],
    }
    const way = Object.hasOwn(ways, url) ? ways[url] : undefined
    if (!way) return refusal(404, `there is nothing at ${url}; there are ${Object.keys(ways).join(', ')}`)
    if (method !== way[0]) return refusal(405, `${url} takes ${way[0]}`)
    return way[1]()
  }
}

function outcome(of: Outcome): Answer {
  return of.done
    ? { status: 200, body: { message: of.message } }
    : { status: 409, body: { code: of.code, message: of.message } }
}

function refusal(status: number, message: string): Answer {
  return { status, body: { message } }
}
