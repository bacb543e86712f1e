// One listener: accepts connections, lets in whom it may, recognises the protocol by the first bytes, and hands each
// connection to the door that speaks it.
import { createServer, type Server, type Socket } from 'node:net'
import { ConfigError, PeerError, toSidegateError, type SidegateError } from '../errors.ts'
import type { Door } from '../exchange.ts'
import type { Protocol, ProtocolOptions } from '../wire/codec.ts'
import { protocols } from '../wire/index.ts'
import { mayBeProxyHeader, ProxyHeaderReader, type ProxiedClient } from '../wire/proxy-header.ts'
import { formatAddress, formatEndpoint, isLocal, parseListenAddress, type Endpoint } from './address.ts'
import { bind } from './bind.ts'
import { LIMITS, type Reception, type Repair } from './door.ts'
import { HttpDoor } from './http.ts'
import { parsePeers, type Peers } from './peers.ts'
import type { ListenerSettings } from './settings.ts'
import { SocketConnection } from './socket.ts'

/** More bytes than any protocol needs to be told apart. */
const SNIFF_MAX = 32

/** How often connections are looked for on which nothing was ever sent. */
const SWEEP_MS = 15_000

/** One accepted connection. */
interface Incoming {
  readonly socket: Socket
  /** The sweep after which it came. */
  readonly since: number
  /** Something was sent. */
  begun: boolean
  /** Reads the PROXY protocol header that has to come first. */
  header: ProxyHeaderReader | undefined
  /** Who is behind the peer, as that header says. */
  client: ProxiedClient | undefined
  /** Set once a gateway protocol was recognised. */
  connection: SocketConnection | undefined
  /** Bytes that were too few to recognise a protocol. */
  undecided?: Buffer
  refused?: boolean
}

/** Accepts connections on one address. */
export class Listener {
  readonly settings: ListenerSettings
  readonly #path: string
  readonly #reception: Reception
  readonly #repair: Repair | undefined
  readonly #server: Server
  readonly #allow: Peers
  readonly #proxies: Peers
  readonly #options: ProtocolOptions
  readonly #address: Endpoint | { readonly kind: 'fd'; readonly fd: number }
  readonly #protocol: string | undefined
  #protocols: readonly Protocol[] = []
  readonly #doors = new Map<string, Door>()
  readonly #http: HttpDoor
  readonly #httpAllowed: boolean
  readonly #incoming = new Set<Incoming>()
  #bound: Endpoint
  #sweeps = 0
  #sweeper: NodeJS.Timeout | undefined

  /**
   * @param settings an address of systemd is one of its sockets already (inherited.ts)
   * @param path the settings' place in the configuration, for errors
   * @param repair what is done to variables that a host sends by a gateway protocol
   * @throws {ConfigError} ADDRESS_BAD, PEER_BAD; ALLOW_REQUIRED, SECRET_REQUIRED for a gateway protocol that everybody could reach
   */
  constructor(settings: ListenerSettings, path: string, reception: Reception, repair: Repair | undefined) {
    this.settings = settings
    this.#path = path
    this.#reception = reception
    this.#repair = repair
    const { protocol, endpoint } = parseListenAddress(settings.address, `${path}.address`)
    if (endpoint.kind === 'systemd') throw new TypeError(`${settings.address} stands for several addresses`)
    this.#protocol = protocol
    this.#address = endpoint
    this.#allow = parsePeers(settings.allow, `${path}.allow`)
    this.#proxies = parsePeers(settings.proxyProtocol, `${path}.proxyProtocol`)
    this.#options = { secret: settings.secret, packetSize: settings.packetSize, raw: reception.raw }
    // Where a socket that was handed down listens is known when it is open.
    this.#bound = endpoint.kind === 'fd' ? { kind: 'unix', path: '' } : endpoint
    if (endpoint.kind !== 'fd') this.#protect(endpoint)
    this.#httpAllowed = protocol === undefined || protocol === 'http'
    this.#http = new HttpDoor(reception, this.#door('http'), parsePeers(settings.trust, `${path}.trust`))
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Starts to accept connections. Throws ConfigError when the system does not let it. */
  async open(): Promise<void> {
    this.#bound = await bind(this.#server, this.#address, this.settings, `${this.#path}.address`)
    try {
      if (this.#address.kind === 'fd') this.#protect(this.#bound)
    } catch (error) {
      this.#server.close()
      throw error
    }
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** Decides which protocols an address takes; refuses those that would be open to everybody. */
  #protect(endpoint: Endpoint): void {
    const protocol = this.#protocol
    const local = isLocal(endpoint)
    // Who speaks a gateway protocol asserts REMOTE_ADDR and REMOTE_USER: recognising it must not hand that to everybody.
    this.#protocols = protocols.filter(({ name }) => (protocol === undefined ? local : name === protocol))
    if (local || protocol === undefined || protocol === 'http') return
    const { address, secret } = this.settings
    if (this.#allow.size === 0) {
      throw new ConfigError(
        'ALLOW_REQUIRED',
        `${this.#path}.allow`,
        `${address}: whoever reaches a ${protocol} listener can pose as any client; name the peers, such as allow: ['10.0.0.5']`,
      )
    }
    if (protocol === 'ajp' && secret === undefined) {
      throw new ConfigError(
        'SECRET_REQUIRED',
        `${this.#path}.secret`,
        `${address}: an ajp listener that others than this machine can reach needs a secret, the same as in the host's configuration (Apache: ProxyPass … secret=…)`,
      )
    }
  }

  /** The address in use, as written in the configuration; with the port that the system chose for port 0. */
  get text(): string {
    const bound = this.#bound
    const address = formatAddress({ protocol: this.#protocol, endpoint: bound })
    return bound.kind === 'unix' && bound.path === '' ? this.settings.address : address
  }

  /** Where it listens. */
  get endpoint(): Endpoint {
    return this.#bound
  }

  /** The protocols accepted here. */
  get protocolNames(): string[] {
    return [...(this.#httpAllowed ? ['http'] : []), ...this.#protocols.map(({ name }) => name)]
  }

  /** Accepts no more connections, and closes those without a request in flight. */
  drain(): void {
    this.#stop()
    this.#http.closeIdle()
    for (const { socket, connection } of this.#incoming) if (connection && !connection.busy) socket.destroy()
  }

  /** Closes everything at once. */
  close(): void {
    this.#stop()
    this.#http.close()
    for (const { socket } of this.#incoming) socket.destroy()
  }

  #stop(): void {
    clearInterval(this.#sweeper)
    if (this.#server.listening) this.#server.close()
  }

  /** Closes connections on which nothing was sent for as long as a kept one may be idle. */
  #sweep(): void {
    const oldest = ++this.#sweeps - LIMITS.idle / SWEEP_MS
    for (const { socket, begun, since } of this.#incoming) if (!begun && since < oldest) socket.destroy()
  }

  #door(protocol: string): Door {
    let door = this.#doors.get(protocol)
    if (!door) this.#doors.set(protocol, (door = { protocol, address: this.settings.address }))
    return door
  }

  #accept(socket: Socket): void {
    if (this.#allow.size > 0 && this.#bound.kind === 'tcp' && !this.#allow.has(socket.remoteAddress)) {
      this.#warn(new PeerError('PEER_REFUSED', 'the peer is not in `allow` of this listener', 403), socket)
      return void socket.destroy()
    }
    const incoming: Incoming = {
      socket,
      since: this.#sweeps,
      begun: false,
      header: undefined,
      client: undefined,
      connection: undefined,
    }
    this.#incoming.add(incoming)
    socket.on('error', noError)
    socket.on('close', () => {
      this.#incoming.delete(incoming)
      incoming.connection?.closed(socket.errored ?? undefined)
    })
    if (this.#proxies.size > 0 && this.#proxies.has(socket.remoteAddress)) {
      incoming.header = new ProxyHeaderReader()
      socket.setTimeout(LIMITS.head, () => incoming.header && socket.destroy())
    } else if (this.#protocols.length === 0) {
      incoming.begun = true
      return this.#http.accept(socket)
    }
    socket.on('data', (bytes: Buffer) => {
      if (incoming.connection) incoming.connection.receive(bytes)
      else if (incoming.header) this.#header(incoming, incoming.header, bytes)
      else this.#first(incoming, bytes)
    })
    socket.on('end', () => {
      if (incoming.connection) incoming.connection.receiveEnd()
      else socket.destroy()
    })
  }

  /** Bytes of a connection that has to begin with a PROXY protocol header. */
  #header(incoming: Incoming, reader: ProxyHeaderReader, bytes: Buffer): void {
    if (incoming.refused) return
    incoming.begun = true
    try {
      const header = reader.receive(bytes)
      if (!header) return
      incoming.header = undefined
      incoming.client = header.client
      incoming.socket.setTimeout(0)
      if (this.#protocols.length === 0 || header.rest.length > 0) this.#first(incoming, header.rest)
    } catch (error) {
      incoming.refused = true
      this.#warn(toSidegateError(error), incoming.socket)
      incoming.socket.destroy()
    }
  }

  /** Bytes of a connection whose protocol is not known yet. */
  #first(incoming: Incoming, bytes: Buffer): void {
    const { socket } = incoming
    if (incoming.refused) return
    incoming.begun = true
    const all = incoming.undecided ? Buffer.concat([incoming.undecided, bytes]) : bytes
    let undecided = false
    for (const protocol of this.#protocols) {
      const recognition = protocol.recognise(all)
      if (recognition === 'yes') {
        if (incoming.undecided) socket.setTimeout(0)
        const codec = protocol.server(this.#options)
        incoming.connection = new SocketConnection(
          socket,
          codec,
          this.#reception,
          this.#door(protocol.name),
          this.#repair,
        )
        return incoming.connection.receive(all)
      }
      if (recognition === 'more') undecided = true
    }
    if (undecided && all.length < SNIFF_MAX) {
      if (!incoming.undecided) socket.setTimeout(LIMITS.head, () => incoming.connection ?? socket.destroy())
      incoming.undecided = all
      return
    }
    if (!this.#httpAllowed) return this.#refuse(incoming, all)
    if (incoming.undecided) socket.setTimeout(0)
    socket.removeAllListeners('data').removeAllListeners('end')
    this.#http.accept(socket, incoming.client)
    // Handed over as an event and not by unshift(): Node's parser reads from the handle itself, past the stream's buffer,
    // and would see later bytes first.
    if (all.length > 0) socket.emit('data', all)
  }

  #refuse(incoming: Incoming, bytes: Buffer): void {
    const { socket } = incoming
    const protocol = this.#protocol
    incoming.refused = true
    const http = /^[A-Z]+ [^ ]* ?HTTP\/|^[A-Z]{3,10} \//.test(bytes.toString('latin1', 0, 200))
    const message = http
      ? `this looks like HTTP, but the listener speaks ${protocol} only: in nginx change proxy_pass to ${protocol}_pass, or listen without ${protocol}:// in front`
      : mayBeProxyHeader(bytes)
        ? 'this is a PROXY protocol header, and the peer is not in `proxyProtocol` of this listener'
        : `the first bytes (${bytes.subarray(0, 8).toString('hex')}) are not ${protocol}`
    this.#warn(new PeerError('WRONG_PROTOCOL', message), socket)
    if (!http) return void socket.destroy()
    const body = `400 Bad Request\nWRONG_PROTOCOL: this port speaks ${protocol}\n`
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    socket.setTimeout(LIMITS.linger, () => socket.destroy())
  }

  #warn(error: SidegateError, socket: Socket): void {
    this.#reception.log.warn(error.message, {
      code: error.code,
      blame: error.blame,
      listener: formatEndpoint(this.#bound),
      peer: socket.remoteAddress ?? 'unix',
    })
  }
}

/** What breaks a connection is told to its exchange when it closes. */
function noError(): void {}
