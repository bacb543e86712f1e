// One listener: accepts connections, lets in whom it may, recognises the protocol by the first bytes, and hands each
// connection to the door that speaks it.
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PeerError, toSidegateError, type SidegateError } from '../errors.ts'
import type { Door } from '../carrier.ts'
import { LinkedList } from '../linked-list.ts'
import type { PassedConnection, RawHandle } from '../succession.ts'
import type { Variables } from '../variables.ts'
import type { GatewayProtocol, Protocol, ProtocolOptions, ServerCodec } from '../wire/codec.ts'
import { http } from '../wire/http.ts'
import { protocolCalled } from '../wire/index.ts'
import { ProxyHeaderReader } from '../wire/proxy-header.ts'
import { formatAddress, formatEndpoint, isLocal, parseListenAddress, type Endpoint } from '../address.ts'
import { AcceptQueue } from './accept-queue.ts'
import { bind, type BindEndpoint, type Bound } from './bind.ts'
import { Crowd } from './crowd.ts'
import type { HostRules, Reception, Repair } from './door.ts'
import { applyForwarded } from './forwarded.ts'
import { httpDate } from './http-date.ts'
import { incomingOn, isLate, limit, peerOf, refuse, type Incoming } from './incoming.ts'
import { allowanceOf, type Allowance } from './limits.ts'
import { parsePeers, plainAddress, type Peers } from '../peers.ts'
import { Parting } from './parting.ts'
import { unlessHeard } from './patience.ts'
import { handleOf, passOn, socketOf } from './passing.ts'
import { protocolsTaken } from './protection.ts'
import { recognised } from './recognised.ts'
import { warnOfPeer } from './refusal.ts'
import type { ListenerSettings } from './settings.ts'
import { demandOfSystem } from './system.ts'
import { SocketConnection } from './socket.ts'
import { underscoresTold } from './underscores.ts'
import { wrongProtocol, wrongProtocolAnswer } from './wrong-protocol.ts'

/** How often connections are looked for on which nothing was ever sent. */
const SWEEP_MS = 15_000

/** Accepts connections on one address. */
export class Listener {
  readonly settings: ListenerSettings
  readonly key: string
  readonly #path: string
  readonly #reception: Reception
  readonly #repair: Repair | undefined
  readonly #server: Server
  readonly #allow: Peers
  readonly #proxies: Peers
  readonly #options: ProtocolOptions
  readonly #address: BindEndpoint
  /** The one that the address names. */
  readonly #only: Protocol | undefined
  #protocols: readonly GatewayProtocol[] = []
  readonly #allowance: Allowance
  readonly #crowd: Crowd
  readonly #doors = new Map<string, Door>()
  readonly #trust: Peers
  readonly #incoming = new LinkedList<Incoming>()
  #bound: Endpoint
  #place: Bound | undefined
  readonly #queue: AcceptQueue
  /** While it drains. */
  #parting: Parting | undefined
  #sweeps = 0
  #sweeper: NodeJS.Timeout | undefined

  /**
   * @param settings an address of systemd is one of its sockets already (inherited.ts)
   * @param path the settings' place in the configuration, for errors
   * @param host the web server in front: what is done to what it sends by a gateway protocol
   * @param key tells it from others, the same from process to process
   * @throws {ConfigError} ADDRESS_BAD, PEER_BAD; ALLOW_REQUIRED, SECRET_REQUIRED for a gateway protocol that everybody could reach;
   *   ADDRESS_SYSTEM
   */
  constructor(
    settings: ListenerSettings,
    path: string,
    reception: Reception,
    host: HostRules | undefined,
    key: string = settings.address,
  ) {
    this.settings = settings
    this.key = key
    this.#path = path
    this.#reception = reception
    this.#queue = new AcceptQueue(settings.backlog)
    this.#repair = host?.repair
    const { protocol, endpoint } = parseListenAddress(settings.address, `${path}.address`)
    if (endpoint.kind === 'systemd') throw new TypeError(`${settings.address} stands for several addresses`)
    this.#only = protocolCalled(protocol)
    this.#address = endpoint
    this.#allow = parsePeers(settings.allow, `${path}.allow`)
    this.#proxies = parsePeers(settings.proxyProtocol, `${path}.proxyProtocol`)
    this.#trust = parsePeers(settings.trust, `${path}.trust`)
    this.#options = {
      ...host?.wire,
      secret: settings.secret,
      packetSize: settings.packetSize,
      raw: reception.raw,
      underscores: settings.underscoresInHeaders,
      leftOut: underscoresTold(reception.log, () => this.text),
      date: httpDate,
      alone: endpoint.kind === 'stdin',
    }
    this.#allowance = allowanceOf(settings, reception.limits, endpoint.kind)
    this.#crowd = new Crowd(
      settings,
      (address) =>
        isLocal({ kind: 'tcp', host: plainAddress(address), port: 0 }) ||
        [this.#allow, this.#trust, this.#proxies].some((peers) => peers.has(address)),
      (error, socket) => this.#warn(error, socket),
    )
    // Where a socket that was handed down listens is known when it is open.
    this.#bound = endpoint.kind === 'fd' || endpoint.kind === 'stdin' ? { kind: 'unix', path: '' } : endpoint
    if (endpoint.kind !== 'fd') this.#protocols = this.#taken(this.#bound)
    demandOfSystem(endpoint, settings, path)
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Starts to accept connections. Throws ConfigError when the system does not let it. */
  async open(): Promise<void> {
    const succession = this.#reception.succession
    const handed = succession?.socket(this.key)
    const bound = await bind(this.#server, this.#address, this.settings, `${this.#path}.address`, handed)
    this.#place = bound
    if (!handed || bound.file !== handed.file) succession?.keep(this.key, handleOf(this.#server)!, bound.file)
    this.#bound = bound.endpoint
    try {
      if (this.#address.kind === 'fd') this.#protocols = this.#taken(this.#bound)
    } catch (error) {
      bound.close()
      throw error
    }
    if (bound.folder !== undefined)
      this.#reception.log.info(`the folder ${bound.folder} was not there: it was made for the socket, with mode 0755`)
    if (this.#allowance.idle > 0) this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  #taken(endpoint: Endpoint): readonly GatewayProtocol[] {
    const peers = { allow: this.#allow, proxies: this.#proxies }
    return protocolsTaken(endpoint, this.#only, this.settings, peers, this.#path)
  }

  /** The address in use, as written in the configuration; with the port that the system chose for port 0. */
  get text(): string {
    const bound = this.#bound
    const address = formatAddress({ protocol: this.#only?.name, endpoint: bound })
    return bound.kind === 'unix' && bound.path === '' ? this.settings.address : address
  }

  /** Of a listener whose only connection was there from the start: resolves when that has ended. There once it is open. */
  get ended(): Promise<void> | undefined {
    return this.#place?.ended
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#incoming.size
  }

  /** Where it listens. */
  get endpoint(): Endpoint {
    return this.#bound
  }

  /** The protocols accepted here. */
  get protocolNames(): string[] {
    return [...(this.#only?.gateway ? [] : [http]), ...this.#protocols].map(({ name }) => name)
  }

  /**
   * Accepts no more connections than wait already, and closes those on which nothing is under way, new ones after a moment. Resolves when all
   * others are closed too: their requests are answered, and the answers are sent. The caller bounds the time.
   */
  async drain(): Promise<void> {
    const parting = new Parting(this.#incoming, this.#allowance.promised, (incoming) => this.#pass(incoming))
    this.#parting = parting
    // At once: the response to come says that it is the last one.
    for (const { connection } of this.#incoming) if (connection?.busy) connection.retire()
    const followed = this.#reception.succession?.followed === true
    if (!followed) {
      this.#place?.leave()
      await this.#queue.empty()
    }
    this.#stop()
    if (followed) for (const incoming of this.#incoming) this.#pass(incoming)
    // What has been sent already may still have to be read.
    for (let turns = 0; turns < 2; turns++) await nextTurn()
    await parting.over()
  }

  /** While it drains: whether there are answers that are waited for. */
  get answers(): boolean {
    return this.#parting?.answers === true
  }

  /** It has not served, and never will: whoever has the socket that was handed down keeps its path. */
  giveUp(): void {
    if (this.#reception.succession?.socket(this.key)?.file === this.#place?.file) this.#place?.close()
  }

  /** Closes everything at once. */
  close(): void {
    this.#stop()
    for (const { socket } of this.#incoming) socket.destroy()
  }

  #stop(): void {
    clearInterval(this.#sweeper)
    // Whoever follows has the path.
    if (!this.#reception.succession?.followed) this.#place?.leave()
    this.#place?.close()
  }

  /** Hands a connection to the process that follows, where it may. */
  #pass(incoming: Incoming): boolean {
    const { succession } = this.#reception
    return succession?.followed === true && passOn(incoming, this.key, succession)
  }

  /** While it stops: nothing is under way any more on a connection. It goes to the process that follows once all is written. */
  rests(connection: object): void {
    for (const incoming of this.#incoming)
      if (incoming.connection === connection) incoming.socket.write('', () => this.#pass(incoming))
  }

  /** Goes on with a connection that the process before had. */
  adopt(handle: RawHandle, { protocol, begun, client }: PassedConnection): void {
    const socket = socketOf(handle)
    const incoming = this.#accept(socket)
    if (!incoming) return
    const known = protocolCalled(protocol)
    // The one before took more, or others.
    if (known && !this.protocolNames.includes(known.name)) return void socket.destroy()
    if (begun) Object.assign(incoming, { begun, client, header: undefined, until: 0 })
    if (known === http) this.#beginHttp(incoming)
    else if (known) this.#begin(incoming, known, known.server({ ...this.#options, continued: true }), this.#repair)
    incoming.connection?.rest()
    if (this.#reception.draining && !this.#pass(incoming)) this.#parting?.joined(incoming)
  }

  /** Closes connections on which nothing was sent for as long as a kept one may be idle. */
  #sweep(): void {
    const oldest = ++this.#sweeps - this.#allowance.idle / SWEEP_MS
    for (const { socket, begun, since } of this.#incoming)
      if (!begun && since < oldest) unlessHeard(socket, () => socket.destroy())
  }

  #door({ name, gateway }: Protocol): Door {
    let door = this.#doors.get(name)
    if (!door) this.#doors.set(name, (door = { protocol: name, address: this.settings.address, hop: !gateway }))
    return door
  }

  /** Gives undefined where it is not let in. */
  #accept(socket: Socket): Incoming | undefined {
    this.#queue.note()
    if (this.#allow.size > 0 && this.#bound.kind === 'tcp' && !this.#allow.has(socket.remoteAddress)) {
      this.#warn(new PeerError('PEER_REFUSED', 'the peer is not in `allow` of this listener', 403), socket)
      return void socket.destroy()
    }
    if (!this.#crowd.enter(socket)) return void socket.destroy()
    const incoming = incomingOn(socket, this.#sweeps)
    const entry = this.#incoming.add(incoming)
    socket.on('error', noError)
    socket.on('close', () => {
      this.#incoming.remove(entry)
      incoming.connection?.closed(socket.errored ?? undefined)
      this.#parting?.look()
    })
    if (this.#proxies.size > 0 && this.#proxies.has(socket.remoteAddress)) {
      incoming.header = new ProxyHeaderReader()
      limit(incoming, this.#allowance.first)
    }
    socket.on('data', (bytes: Buffer) => {
      if (incoming.connection) return incoming.connection.receive(bytes)
      if (incoming.header) this.#header(incoming, incoming.header, bytes)
      else this.#first(incoming, bytes)
      // It may have come in time, to a process that was busy.
      if (isLate(incoming)) socket.destroy()
    })
    socket.on('end', () => {
      if (incoming.connection) incoming.connection.receiveEnd()
      else socket.destroy()
    })
    return incoming
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
      // The balancer may have connected ahead of its client.
      incoming.until = 0
      incoming.socket.setTimeout(this.#allowance.idle)
      if (header.rest.length > 0) this.#first(incoming, header.rest)
    } catch (error) {
      incoming.refused = true
      this.#warn(toSidegateError(error), incoming.socket)
      incoming.socket.destroy()
    }
  }

  /** Bytes of a connection whose protocol is not known yet. */
  #first(incoming: Incoming, bytes: Buffer): void {
    if (incoming.refused) return
    incoming.begun = true
    const all = incoming.undecided ? Buffer.concat([incoming.undecided, bytes]) : bytes
    const protocol = recognised(all, this.#protocols)
    if (typeof protocol === 'object') {
      this.#begin(incoming, protocol, protocol.server(this.#options), this.#repair)
      return incoming.connection!.receive(all)
    }
    if (protocol === 'more') {
      if (!incoming.undecided) limit(incoming, this.#allowance.first)
      incoming.undecided = all
      return
    }
    const wrong = wrongProtocol(all, this.#only)
    if (wrong) return this.#refuse(incoming, wrong, all)
    this.#beginHttp(incoming)
    incoming.connection!.receive(all)
  }

  #begin(incoming: Incoming, protocol: Protocol, codec: ServerCodec, repair: Repair | undefined): void {
    const { socket } = incoming
    if (socket.timeout) socket.setTimeout(0)
    incoming.undecided = undefined
    const { remoteAddress } = socket
    // Who speaks a gateway protocol is believed all that it says.
    const trusted = protocol.gateway || remoteAddress === undefined || this.#trust.has(remoteAddress)
    incoming.connection = new SocketConnection(socket, codec, {
      reception: this.#reception,
      door: this.#door(protocol),
      repair,
      allowance: this.#allowance,
      trusted,
      home: this,
    })
    incoming.protocol = protocol.name
  }

  #beginHttp(incoming: Incoming): void {
    const { socket, client } = incoming
    // The peer of a connection is who is behind the load balancer, where that says so.
    const address = client?.address ?? socket.remoteAddress
    const peer = peerOf(incoming)
    const trusted = this.#trust.size > 0 && this.#trust.has(address)
    const { forwardedHost } = this.settings
    const repair = trusted ? (one: Variables) => applyForwarded(one, this.#trust, forwardedHost) : undefined
    // Whoever else connects is no proxy, as far as the settings know; but a host that nobody should trust cannot be told from others.
    const isProxy = trusted || socket.remoteAddress === undefined
    const { earlyHints: interim = (this.#options.interim ?? true) || !isProxy } = this.settings
    this.#begin(incoming, http, http.server({ ...this.#options, interim, peer }), repair)
  }

  #refuse(incoming: Incoming, error: PeerError, bytes: Buffer): void {
    this.#warn(error, incoming.socket)
    refuse(incoming, wrongProtocolAnswer(error, bytes, this.#only), this.#allowance.linger)
  }

  #warn(error: SidegateError, socket: Socket): void {
    warnOfPeer(this.#reception.log, error, formatEndpoint(this.#bound), socket)
  }
}

/** What breaks a connection is told to its exchange when it closes. */
function noError(): void {}
