// One listener: accepts connections, lets in whom it may, recognises the protocol by the first bytes, and hands each
// connection to the door that speaks it.
import { createServer, type Server, type Socket } from 'node:net'
import { ConfigError, PeerError } from '../errors.ts'
import type { Door } from '../exchange.ts'
import type { Protocol } from '../wire/codec.ts'
import { protocols } from '../wire/index.ts'
import { formatAddress, formatEndpoint, isLocal, parseAddress, type Address, type Endpoint } from './address.ts'
import { bind } from './bind.ts'
import { LIMITS, type Reception, type Repair } from './door.ts'
import { HttpDoor } from './http.ts'
import { parsePeers, type Peers } from './peers.ts'
import type { ListenerSettings } from './settings.ts'
import { SocketConnection } from './socket.ts'

/** More bytes than any protocol needs to be told apart. */
const SNIFF_MAX = 32

/** One accepted connection. */
interface Incoming {
  readonly socket: Socket
  /** Set once a gateway protocol was recognised. */
  connection: SocketConnection | undefined
  /** Bytes that were too few to recognise a protocol. */
  undecided?: Buffer
  refused?: boolean
}

/** Accepts connections on one address. */
export class Listener {
  readonly address: Address
  readonly #settings: ListenerSettings
  readonly #path: string
  readonly #reception: Reception
  readonly #repair: Repair | undefined
  readonly #server: Server
  readonly #allow: Peers
  readonly #protocols: readonly Protocol[]
  readonly #doors = new Map<string, Door>()
  readonly #http: HttpDoor
  readonly #httpAllowed: boolean
  readonly #incoming = new Set<Incoming>()
  #bound: Endpoint

  /**
   * @param path the settings' place in the configuration, for errors
   * @param repair what is done to variables that a host sends by a gateway protocol
   * @throws {ConfigError} ADDRESS_BAD, PEER_BAD; ALLOW_REQUIRED for a gateway protocol that everybody could reach
   */
  constructor(settings: ListenerSettings, path: string, reception: Reception, repair: Repair | undefined) {
    this.#settings = settings
    this.#path = path
    this.#reception = reception
    this.#repair = repair
    this.address = parseAddress(settings.address, `${path}.address`)
    this.#bound = this.address.endpoint
    this.#allow = parsePeers(settings.allow, `${path}.allow`)
    const { protocol } = this.address
    const open = !isLocal(this.address.endpoint) && this.#allow.size === 0
    if (open && protocol !== undefined && protocol !== 'http') {
      throw new ConfigError(
        'ALLOW_REQUIRED',
        `${path}.allow`,
        `${settings.address}: whoever reaches a ${protocol} listener can pose as any client; name the peers, such as allow: ['10.0.0.5']`,
      )
    }
    // Who speaks a gateway protocol asserts REMOTE_ADDR and REMOTE_USER: recognising it must not hand that to everybody.
    this.#protocols = protocols.filter(({ name }) =>
      protocol === undefined ? isLocal(this.address.endpoint) : name === protocol,
    )
    this.#httpAllowed = protocol === undefined || protocol === 'http'
    this.#http = new HttpDoor(reception, this.#door('http'), parsePeers(settings.trust, `${path}.trust`))
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Starts to accept connections. Throws ConfigError when the system does not let it. */
  async open(): Promise<void> {
    this.#bound = await bind(this.#server, this.address.endpoint, this.#settings, `${this.#path}.address`)
    this.#doors.clear()
  }

  /** The address in use, as written in the configuration; with the port that the system chose for port 0. */
  get text(): string {
    return formatAddress({ protocol: this.address.protocol, endpoint: this.#bound })
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
    if (this.#server.listening) this.#server.close()
    this.#http.closeIdle()
    for (const { socket, connection } of this.#incoming) if (connection && !connection.busy) socket.destroy()
  }

  /** Closes everything at once. */
  close(): void {
    if (this.#server.listening) this.#server.close()
    this.#http.close()
    for (const { socket } of this.#incoming) socket.destroy()
  }

  #door(protocol: string): Door {
    let door = this.#doors.get(protocol)
    if (!door) this.#doors.set(protocol, (door = { protocol, address: this.#settings.address }))
    return door
  }

  #accept(socket: Socket): void {
    if (this.#allow.size > 0 && this.#bound.kind === 'tcp' && !this.#allow.has(socket.remoteAddress)) {
      this.#warn(new PeerError('PEER_REFUSED', 'the peer is not in `allow` of this listener', 403), socket)
      return void socket.destroy()
    }
    const incoming: Incoming = { socket, connection: undefined }
    this.#incoming.add(incoming)
    socket.on('error', noError)
    socket.on('close', () => {
      this.#incoming.delete(incoming)
      incoming.connection?.closed(socket.errored ?? undefined)
    })
    if (this.#protocols.length === 0) return this.#http.accept(socket)
    socket.on('data', (bytes: Buffer) => {
      if (incoming.connection) incoming.connection.receive(bytes)
      else this.#first(incoming, bytes)
    })
    socket.on('end', () => {
      if (incoming.connection) incoming.connection.receiveEnd()
      else socket.destroy()
    })
  }

  /** Bytes of a connection whose protocol is not known yet. */
  #first(incoming: Incoming, bytes: Buffer): void {
    const { socket } = incoming
    if (incoming.refused) return
    const all = incoming.undecided ? Buffer.concat([incoming.undecided, bytes]) : bytes
    let undecided = false
    for (const protocol of this.#protocols) {
      const recognition = protocol.recognise(all)
      if (recognition === 'yes') {
        if (incoming.undecided) socket.setTimeout(0)
        const door = this.#door(protocol.name)
        incoming.connection = new SocketConnection(socket, protocol.server(), this.#reception, door, this.#repair)
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
    this.#http.accept(socket)
    // Handed over as an event and not by unshift(): Node's parser reads from the handle itself, past the stream's buffer,
    // and would see later bytes first.
    socket.emit('data', all)
  }

  #refuse(incoming: Incoming, bytes: Buffer): void {
    const { socket } = incoming
    const { protocol } = this.address
    incoming.refused = true
    const http = /^[A-Z]+ [^ ]* ?HTTP\/|^[A-Z]{3,10} \//.test(bytes.toString('latin1', 0, 200))
    const message = http
      ? `this looks like HTTP, but the listener speaks ${protocol} only: in nginx change proxy_pass to ${protocol}_pass, or listen without ${protocol}:// in front`
      : `the first bytes (${bytes.subarray(0, 8).toString('hex')}) are not ${protocol}`
    this.#warn(new PeerError('WRONG_PROTOCOL', message), socket)
    if (!http) return void socket.destroy()
    const body = `400 Bad Request\nWRONG_PROTOCOL: this port speaks ${protocol}\n`
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    socket.setTimeout(LIMITS.linger, () => socket.destroy())
  }

  #warn(error: PeerError, socket: Socket): void {
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
