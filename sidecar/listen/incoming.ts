// A connection that a listener has accepted: what is known of it until its protocol is.
import type { Socket } from 'node:net'
import type { ProxiedClient, ProxyHeaderReader } from '../wire/proxy-header.ts'
import type { SocketConnection } from './socket.ts'

/** One accepted connection. */
export interface Incoming {
  readonly socket: Socket
  /** The sweep after which it came. */
  readonly since: number
  /** Something was sent. */
  begun: boolean
  /** Reads the PROXY protocol header that has to come first. */
  header: ProxyHeaderReader | undefined
  /** Who is behind the peer, as that header says. */
  client: ProxiedClient | undefined
  /** Set once a protocol was recognised. */
  connection: SocketConnection | undefined
  /** Bytes that were too few to recognise a protocol. */
  undecided?: Buffer | undefined
  refused?: boolean
  /** Until when it has to be known what it speaks, or has to be closed; 0: as long as the sweeper lets it. */
  until?: number
}

/** Closes a connection that is silent for so long, or as soon as it is not in the end after that. */
export function limit(incoming: Incoming, milliseconds: number): void {
  incoming.until = performance.now() + milliseconds
  incoming.socket.setTimeout(milliseconds, () => incoming.connection ?? incoming.socket.destroy())
}
