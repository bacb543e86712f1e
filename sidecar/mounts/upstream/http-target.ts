// A server that speaks HTTP/1.1, by way of undici's pool: connections are kept, and looked at before they are used again.
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { buildConnector, Dispatcher, Pool } from 'undici'
import { ConfigError, PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { requestTargets } from '../target.ts'
import { requestFields } from './fields.ts'
import { HttpLine } from './http-line.ts'
import { Passage } from './passage.ts'
import { Tunnel, type TunnelOptions } from './tunnel.ts'
import type { Target, TargetOptions, TargetPlace } from './target.ts'
import { Upload } from './upload.ts'

/** What is asked of an https upstream. */
export interface TlsOptions {
  /** A file with the certificates that vouch for the upstream's, instead of the system's. */
  readonly ca?: string | undefined
  /** False: any certificate is accepted. */
  readonly verify: boolean
  /** The name that the certificate has to have. Default: the host of the address. */
  readonly serverName?: string | undefined
  /** The setting's place, for errors. */
  readonly path: string
}

/** The largest response head, as for the other protocols. */
const HEAD_MAX = 256 * 1024

/** Sends exchanges to one endpoint. */
export class HttpTarget implements Target {
  readonly name: string
  readonly #place: TargetPlace
  readonly #options: TargetOptions
  /** Host, when it is the upstream's own that is asked for. */
  readonly #authority: string
  /** https: the name in the certificate. undici would take the Host of each request. */
  readonly #serverName: string | undefined
  #ca: Buffer | undefined
  #pool: Pool | undefined

  constructor(place: TargetPlace, options: TargetOptions) {
    this.name = place.name
    this.#place = place
    this.#options = options
    const { endpoint, protocol } = place
    const host = place.host ?? (endpoint.kind === 'tcp' ? endpoint.host : 'localhost')
    const usual = endpoint.kind === 'unix' || endpoint.port === (protocol === 'https' ? 443 : 80)
    this.#authority = (host.includes(':') ? `[${host}]` : host) + (usual ? '' : `:${endpoint.port}`)
    this.#serverName = protocol === 'https' ? (options.tls.serverName ?? host) : undefined
  }

  /** @throws {ConfigError} UPSTREAM_CA */
  async open(): Promise<void> {
    const { protocol, endpoint } = this.#place
    const { times, connections, keepAlive } = this.#options
    // Loaded when it is needed: it takes 90 ms of the start.
    const undici = await import('undici')
    const socketPath = endpoint.kind === 'unix' ? endpoint.path : undefined
    const host =
      endpoint.kind === 'unix' ? 'localhost' : endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
    const port = endpoint.kind === 'unix' ? '' : `:${endpoint.port}`
    this.#pool = new undici.Pool(`${protocol}://${host}${port}`, {
      connections,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: HEAD_MAX,
      // The server's own hint (Keep-Alive: timeout=…) may only make it shorter.
      keepAliveTimeout: Math.max(1, keepAlive),
      keepAliveMaxTimeout: Math.max(1, keepAlive),
      // Passage has the clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: await this.#connector(undici.buildConnector, {
        timeout: times.connect,
        allowH2: false,
        ...(socketPath === undefined ? {} : { socketPath }),
      }),
    })
  }

  async handle(exchange: Exchange, given?: Upload): Promise<void> {
    const upload = given ?? new Upload(exchange.body)
    if (exchange.aborted) return
    const { variables } = exchange
    const method = variables.REQUEST_METHOD ?? 'GET'
    const { fields, keepAlive } = this.#options
    const path = pathOf(exchange, fields.keepPrefix)
    if (method === 'CONNECT') throw new PeerError('UPSTREAM_REQUEST', 'CONNECT is not passed on', 501)
    const headers = requestFields(variables, upload.length, fields, this.#authority)
    const asked = exchange.upgradeAsked
    // Other upgrades may be declined, as by any server that does not know them; a WebSocket without one is an error of the set-up.
    if (asked?.toLowerCase() === 'websocket') exchange.demandUpgradable()
    if (asked !== undefined && exchange.upgradable) {
      const tunnel = new Tunnel(this.name, exchange, this.#options.times)
      return tunnel.run({ path, fields: headers }, this.#tunnelOptions())
    }
    const line = new HttpLine(this.name, upload, this.#options.times.connect)
    const passage = new Passage(exchange, this.name, this.#options.times, line)
    line.passage = passage
    passage.clock('connect')
    const options: Dispatcher.DispatchOptions & { servername?: string } = {
      path,
      method,
      headers,
      body: line.body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(keepAlive === 0 ? { reset: true } : {}),
      ...(this.#serverName === undefined ? {} : { servername: this.#serverName }),
    }
    this.#pool!.dispatch(options, line)
    await passage.settled
  }

  close(): void {
    const pool = this.#pool
    if (!pool || pool.destroyed) return
    pool.destroy().catch(() => {})
  }

  #tunnelOptions(): TunnelOptions {
    const { endpoint, protocol } = this.#place
    const place =
      endpoint.kind === 'unix'
        ? { host: 'localhost', port: 80, socketPath: endpoint.path }
        : { host: endpoint.host, hostname: endpoint.host, port: endpoint.port }
    if (this.#serverName === undefined) return { target: { ...place, protocol: `${protocol}:` } }
    const ca = this.#ca === undefined ? {} : { ca: this.#ca.toString() }
    const servername = isIP(this.#serverName) === 0 ? this.#serverName : ''
    return {
      target: { ...place, ...ca, protocol: `${protocol}:` },
      secure: this.#options.tls.verify,
      ssl: { servername },
    }
  }

  /** @throws {ConfigError} UPSTREAM_CA */
  async #connector(
    build: typeof buildConnector,
    options: buildConnector.BuildOptions,
  ): Promise<buildConnector.connector> {
    const serverName = this.#serverName
    if (serverName === undefined) return build(options)
    const { ca, verify, path } = this.#options.tls
    if (ca !== undefined) this.#ca = await readCertificates(ca, path)
    const trusted = this.#ca === undefined ? {} : { ca: this.#ca }
    const connect = build({ ...options, ...trusted, rejectUnauthorized: verify })
    // RFC 6066 3: an address is not named; the certificate has to have it all the same.
    const named = isIP(serverName) === 0 ? serverName : ''
    return (to, made) => connect({ ...to, servername: named }, made)
  }
}

async function readCertificates(file: string, path: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new ConfigError('UPSTREAM_CA', path, `cannot read the certificates ${file}: ${(error as Error).message}`)
  }
}

/** @throws {PeerError} UPSTREAM_REQUEST when the target cannot stand in a request line. */
function pathOf(exchange: Exchange, keepPrefix: boolean): string {
  const { full, below } = requestTargets(exchange.variables)
  const path = keepPrefix ? full : below
  if (path === '*') throw new PeerError('UPSTREAM_REQUEST', 'OPTIONS * asks the gateway, and is not passed on', 501)
  if (/[^\x21-\xff]/.test(path)) {
    throw new PeerError('UPSTREAM_REQUEST', 'the request target holds spaces or control characters')
  }
  return path
}
