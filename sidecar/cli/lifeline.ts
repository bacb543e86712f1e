// The lifeline of a gateway: who starts one beside itself and may be ended without a word (the FastCGI processes of IIS) holds a connection
// to it, and so do all who use it. While somebody does, it is known to live; when nobody has for a while, it stops. It says `ready` to each
// once it serves, so that nobody has to ask again and again.
import { createServer, type Server, type Socket } from 'node:net'
import { parseAddress, socketAddress } from '../address.ts'
import { ConfigError } from '../errors.ts'

/** How long nobody may hold it, in milliseconds: who goes on with the next request connects again within that time. */
export const LET_GO_MS: number = 60_000

export class Lifeline {
  /** Resolves when nobody has held it for LET_GO_MS. */
  readonly letGo: Promise<void>
  readonly #server: Server
  readonly #held = new Set<Socket>()
  readonly #patience: number
  #over: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #ready = false

  private constructor(patience: number) {
    this.#patience = patience
    this.letGo = new Promise((resolve) => (this.#over = resolve))
    this.#server = createServer((socket) => this.#hold(socket))
    this.#wait()
  }

  /**
   * @param patience as LET_GO_MS, for tests
   * @throws {ConfigError} ADDRESS_BAD; LIFELINE when it cannot be made there
   */
  static async open(address: string, patience: number = LET_GO_MS): Promise<Lifeline> {
    const { endpoint } = parseAddress(address, '--lifeline')
    const line = new Lifeline(patience)
    const server = line.#server
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(socketAddress(endpoint), resolve)
      })
    } catch (error) {
      line.close()
      throw new ConfigError('LIFELINE', '--lifeline', `${address}: ${(error as Error).message}`, { cause: error })
    }
    return line
  }

  /** The gateway serves: whoever holds the line, or takes it from now on, hears of it. */
  ready(): void {
    this.#ready = true
    for (const socket of this.#held) socket.write('ready\n')
  }

  /** Lets everybody go. Works twice. */
  close(): void {
    clearTimeout(this.#timer)
    this.#server.close()
    for (const socket of this.#held) socket.destroy()
  }

  #hold(socket: Socket): void {
    clearTimeout(this.#timer)
    this.#held.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#held.delete(socket)
      if (this.#held.size === 0) this.#wait()
    })
    // Nothing is said there; it is read to hear of its end.
    socket.resume()
    if (this.#ready) socket.write('ready\n')
  }

  #wait(): void {
    this.#timer = setTimeout(this.#over, this.#patience)
  }
}
