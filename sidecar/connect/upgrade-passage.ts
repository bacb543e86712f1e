// An upgrade (WebSocket or any other, RFC 9110 7.8) to an HTTP upstream, by way of http-proxy. It writes the upstream's answer to a socket
// that makes an exchange of it, and pipes what comes after. What it leaves open when a side goes away is closed here.
import type { ClientRequest } from 'node:http'
import { IncomingMessage } from '../node-http.ts'
import type { Socket } from 'node:net'
import type { ServerOptions } from 'http-proxy'
import type { SidegateError } from '../errors.ts'
import type { Endpoint } from '../address.ts'
import type { Exchange } from '../exchange.ts'
import { UpgradeSocket } from '../handlers/node/upgrade-socket.ts'
import { connectLate, ended, headLate, notConnected } from './failure.ts'
import type { Times } from './backend.ts'

/** Where to, and how, as http-proxy wants it. */
export type ProxyOptions = Pick<ServerOptions, 'target' | 'secure' | 'ssl'> & {
  /** The Unix socket or named pipe of the target. */
  readonly local?: Endpoint | undefined
}

/** What is asked for. */
export interface UpgradeRequest {
  /** The raw target. */
  readonly path: string
  /** Names and values in turn, without Connection and Upgrade. */
  readonly fields: readonly string[]
}

const NOTHING = Buffer.alloc(0)

/** One upgrade, one upstream. */
export class UpgradePassage {
  readonly #name: string
  readonly #exchange: Exchange
  readonly #times: Times
  readonly #socket: UpgradeSocket
  readonly #settled = Promise.withResolvers<void>()
  #connected = false
  #answered = false
  #late: NodeJS.Timeout | undefined
  #verdict: SidegateError | undefined

  /** `name`: the upstream, for messages. */
  constructor(name: string, exchange: Exchange, times: Times) {
    this.#name = name
    this.#exchange = exchange
    this.#times = times
    this.#socket = new UpgradeSocket(exchange)
  }

  /**
   * Asks the upstream. Resolves when it has taken the connection, which then lasts as long as both sides want, or refused with a response.
   * @throws {UpstreamError} when it did not answer; the exchange has not been answered then.
   */
  async run({ path, fields }: UpgradeRequest, { local, ...options }: ProxyOptions): Promise<void> {
    const { createProxyServer } = await import('http-proxy')
    const { UpgradeAgent } = await import('./upgrade-agent.ts')
    const exchange = this.#exchange
    if (exchange.aborted) return this.#socket.abandon()
    const { variables } = exchange
    const request = new IncomingMessage(this.#socket as unknown as Socket)
    request.method = 'GET'
    request.url = path
    request.httpVersion = '1.1'
    request.headers = { connection: 'Upgrade', upgrade: 'websocket' }
    for (let index = 0; index < fields.length; index += 2) request.headers[fields[index]!] = fields[index + 1]!
    const proxy = createProxyServer({ prependPath: false, toProxy: true, connectTimeout: this.#times.connect })
    // It is told to the callback below too; without a listener it would be thrown.
    proxy.on('error', () => {})
    proxy.on('proxyReqWs', (asked) => {
      asked.path = path
      // http-proxy passes GET and websocket only, but what is sent is ours to say.
      asked.method = variables.REQUEST_METHOD!
      asked.setHeader('Upgrade', variables.HTTP_UPGRADE!)
      this.#watch(asked)
    })
    exchange.onAbort(() => this.#socket.destroy())
    const how = local ? { ...options, agent: new UpgradeAgent(local) } : options
    proxy.ws(request, this.#socket, NOTHING, how, (error) => this.#failed(error))
    return this.#settled.promise
  }

  #watch(asked: ClientRequest): void {
    const { firstByte } = this.#times
    const socket = this.#socket
    asked.on('socket', (connection) => {
      if (connection.connecting) connection.once('connect', () => (this.#connected = true))
      else this.#connected = true
    })
    if (firstByte > 0) {
      this.#late = setTimeout(() => {
        this.#verdict = headLate(this.#name, firstByte, 'firstByteTimeout')
        asked.destroy()
      }, firstByte)
    }
    // http-proxy lets a request wait on whose client is gone, and half a connection stay whose other half is.
    socket.on('close', () => this.#answered || asked.destroy())
    asked.on('upgrade', (_, upstream) => {
      this.#hasAnswered()
      socket.on('close', () => upstream.destroySoon())
      this.#settled.resolve()
    })
    asked.on('response', (response) => {
      this.#hasAnswered()
      response.on('data', () => {
        if (!socket.writableNeedDrain) return
        response.pause()
        socket.once('drain', () => response.resume())
      })
      response.on('error', () => this.#cut())
      socket.on('close', () => {
        response.destroy()
        this.#settled.resolve()
      })
    })
  }

  #hasAnswered(): void {
    this.#answered = true
    clearTimeout(this.#late)
  }

  /** The response of an upstream that refused ends in its middle. */
  #cut(): void {
    this.#socket.fail(ended(this.#name, 'body'))
  }

  #failed(error: Error & { code?: string }): void {
    clearTimeout(this.#late)
    if (this.#answered) return void this.#socket.destroy()
    if (this.#exchange.aborted) return this.#settled.resolve()
    this.#socket.abandon()
    this.#settled.reject(this.#verdict ?? this.#failure(error))
  }

  #failure(error: Error & { code?: string }): SidegateError {
    if (error.code === 'ECONNECT_TIMEOUT') return connectLate(this.#name, this.#times.connect)
    return this.#connected ? ended(this.#name, 'unheard', error) : notConnected(this.#name, error)
  }
}
