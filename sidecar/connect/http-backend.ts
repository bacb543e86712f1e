// A server that speaks HTTP/1.1: connections are kept, and looked at before they are used again.
import { isIP } from 'node:net'
import { PeerError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { HttpClient } from '../wire/http-client.ts'
import { requestTargets } from '../targets.ts'
import { Connection, type Keeper } from './connection.ts'
import { Connections } from './connections.ts'
import { authorityOf, hostOf } from './authority.ts'
import { demandBelow } from './moved-path.ts'
import { requestFields } from './request-fields.ts'
import { socketAddress } from '../address.ts'
import { ServerSocket } from './server-socket.ts'
import { readCertificates, secureSocket } from './tls.ts'
import { UpgradePassage, type ProxyOptions } from './upgrade-passage.ts'
import type { Backend, BackendOptions, BackendAddress } from './backend.ts'
import type { Upload } from '../upload.ts'

/** Sends exchanges to one endpoint. */
export class HttpBackend implements Backend {
  readonly name: string
  readonly #address: BackendAddress
  readonly #options: BackendOptions
  readonly #connections: Connections<HttpClient>
  /** Host, when it is the upstream's own that is asked for. */
  readonly #authority: string
  /** https: the name that the certificate has to have. */
  readonly #serverName: string | undefined
  #ca: Buffer | undefined

  constructor(address: BackendAddress, options: BackendOptions) {
    this.name = address.name
    this.#address = address
    this.#options = options
    this.#authority = authorityOf(address)
    this.#serverName = address.scheme.tls ? (options.tls.serverName ?? hostOf(address)) : undefined
    this.#connections = new Connections({
      make: (owner) => this.#connect(owner),
      keepAlive: options.keepAlive,
      announced: true,
      said: () => {},
      untidy: () =>
        options.log.warn(
          `${this.name} sends a body behind a response that has none (204, 304): connections end with such a response from now on. An app answers so, and its server lets it`,
          { code: 'UPSTREAM_EXTRA', mount: options.mount },
        ),
      name: this.name,
      times: options.times,
    })
  }

  /** @throws {ConfigError} UPSTREAM_CA */
  async open(): Promise<void> {
    const { ca, path } = this.#options.tls
    if (this.#serverName !== undefined && ca !== undefined) this.#ca = await readCertificates(ca, path)
  }

  handle(exchange: Exchange, upload: Upload): Promise<void> {
    const { variables } = exchange
    const method = variables.REQUEST_METHOD!
    const { fields: rules, keepAlive } = this.#options
    const { path: base = '' } = this.#address
    const path = targetOf(exchange, rules.keepPrefix)
    if (base !== '') demandBelow(path)
    const target = base + path
    if (method === 'CONNECT') throw new PeerError('UPSTREAM_REQUEST', 'CONNECT is not passed on', 501)
    const fields = requestFields(exchange, rules, this.#authority)
    const asked = exchange.upgradeAsked
    // Other upgrades may be declined, as by any server that does not know them; a WebSocket without one is an error of the set-up.
    if (asked?.toLowerCase() === 'websocket') exchange.demandUpgradable()
    if (asked !== undefined && exchange.upgradable) {
      const upgrade = new UpgradePassage(this.name, exchange, this.#options.times)
      return upgrade.run({ path: target, fields }, this.#proxyOptions())
    }
    const head = { method, target, fields, close: keepAlive === 0 }
    const write = (codec: HttpClient): Uint8Array => codec.ask(head, upload.length)
    return this.#connections.send(exchange, upload, write)
  }

  close(): void {
    this.#connections.close()
  }

  #connect(owner: Keeper<HttpClient>): Connection<HttpClient> {
    const { endpoint } = this.#address
    const codec = new HttpClient()
    const serverName = this.#serverName
    if (serverName === undefined) return new Connection(this.name, new ServerSocket(endpoint), codec, owner)
    const socket = secureSocket(endpoint, serverName, this.#ca, this.#options.tls.verify)
    return new Connection(this.name, socket, codec, owner, 'secureConnect')
  }

  #proxyOptions(): ProxyOptions {
    const { endpoint, scheme } = this.#address
    const place =
      endpoint.kind === 'tcp'
        ? { host: endpoint.host, hostname: endpoint.host, port: endpoint.port }
        : { host: 'localhost', port: 80, socketPath: socketAddress(endpoint).path }
    if (this.#serverName === undefined) {
      return {
        target: { ...place, protocol: `${scheme.name}:` },
        local: endpoint.kind === 'tcp' ? undefined : endpoint,
      }
    }
    const ca = this.#ca === undefined ? {} : { ca: this.#ca.toString() }
    const servername = isIP(this.#serverName) === 0 ? this.#serverName : ''
    return {
      target: { ...place, ...ca, protocol: `${scheme.name}:` },
      secure: this.#options.tls.verify,
      ssl: { servername },
    }
  }
}

/** @throws {PeerError} UPSTREAM_REQUEST when the target cannot stand in a request line. */
function targetOf(exchange: Exchange, keepPrefix: boolean): string {
  const { full, below } = requestTargets(exchange.variables)
  const path = keepPrefix ? full : below
  if (path === '*') throw new PeerError('UPSTREAM_REQUEST', 'OPTIONS * asks the gateway, and is not passed on', 501)
  if (/[^\x21-\xff]/.test(path)) {
    throw new PeerError('UPSTREAM_REQUEST', 'the request target holds spaces or control characters')
  }
  return path
}
