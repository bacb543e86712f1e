// A connection that a listener has accepted: what is known of it until its protocol is.
import type { Socket } from 'node:net'
import { plainAddress } from '../peers.ts'
import type { Peer } from '../wire/codec.ts'
import type { ProxiedClient, ProxyHeaderReader } from '../wire/proxy-header.ts'
import { unlessHeard } from './patience.ts'
import type { SocketConnection } from './socket.ts'

/** One accepted connection. */
export interface Incoming {
  readonly socket: Socket
  /** The sweep after which it came. */
  readonly since: number
  /** When it came, as performance.now() has it. */
  readonly at: number
  /** Something was sent. */
  begun: boolean
  /** Reads the PROXY protocol header that has to come first. */
  header: ProxyHeaderReader | undefined
  /** Who is behind the peer, as that header says. */
  client: ProxiedClient | undefined
  /** Set once a protocol was recognised. */
  connection: SocketConnection | undefined
  /** Its name, then. */
  protocol?: string
  /** Another process has it. */
  passed?: boolean
  /** Bytes that were too few to recognise a protocol. */
  undecided?: Buffer | undefined
  refused?: boolean
  /** Until when it has to be known what it speaks, or has to be closed; 0: as long as the sweeper lets it. */
  until?: number
}

/** A connection of which nothing is known; `since`: the sweep after which it came. */
export function incomingOn(socket: Socket, since: number): Incoming {
  const at = performance.now()
  return { socket, since, at, begun: false, header: undefined, client: undefined, connection: undefined }
}

/** Who asks: who is behind the load balancer, where that says so. */
export function peerOf({ socket, client }: Incoming): Peer {
  return {
    address: plainAddress(client?.address ?? socket.remoteAddress ?? ''),
    port: client?.port ?? socket.remotePort ?? 0,
    localPort: client?.localPort ?? socket.localPort ?? 0,
  }
}

/** Closes a connection that is silent for so long; what comes after that has to say what it speaks (isLate). */
export function limit(incoming: Incoming, milliseconds: number): void {
  const { socket, until } = incoming
  incoming.until = performance.now() + milliseconds
  socket.setTimeout(milliseconds)
  if (until === undefined)
    socket.on(
      'timeout',
      () => incoming.connection ?? unlessHeard(socket, () => incoming.connection ?? socket.destroy()),
    )
}

/** Not even what was just read says what it speaks, and its time is over. */
export function isLate({ connection, until }: Incoming): boolean {
  return connection === undefined && until !== undefined && until > 0 && performance.now() > until
}

/** Ends a connection that speaks what is not taken here, with an answer where there is one that it can read. */
export function refuse(incoming: Incoming, answer: string | Uint8Array | undefined, linger: number): void {
  const { socket } = incoming
  incoming.refused = true
  if (answer === undefined) return void socket.destroy()
  socket.end(answer)
  limit(incoming, linger)
}
