// What goes from one process to the one that follows it: listening sockets, so that no connection is refused meanwhile, and connections on
// which nothing is under way, so that no host finds one closed that it is about to use.
import type { SocketFile } from './unix-socket.ts'

/** A listening socket that was handed down. */
export interface HandedSocket {
  readonly fd: number
  /** The file of a Unix socket, as it was when it was made: an inode and its device. */
  readonly file?: SocketFile | undefined
  /** It was made by whoever started Sidegate, and is named by its number there. */
  readonly inherited?: boolean | undefined
}

/** A connection that is handed over: all that is known of it. */
export interface PassedConnection {
  /** The key of its listener. */
  readonly listener: string
  /** What it speaks; undefined: nothing was sent yet. */
  readonly protocol: string | undefined
  /** Something was sent: a PROXY header, if one had to come, has been read. */
  readonly begun: boolean
  /** Who is behind the peer, as its PROXY protocol header said. */
  readonly client: PassedClient | undefined
}

/** As of a PROXY protocol header. */
export interface PassedClient {
  readonly address: string
  readonly port: number
  readonly localPort: number
}

/** A socket as node:net has it inside: what can be handed to another process without a byte being lost. */
export interface RawHandle {
  readonly fd: number
  /** Reads no more; what comes stays with the system. */
  readStop(): void
  /** This process has it no more; others may. */
  close(): void
}

/** The line of processes that serve one after the other. */
export interface Succession {
  /** True once another process follows: it accepts connections already. */
  readonly followed: boolean
  /** The process that was started as Sidegate: sockets of systemd are for it. */
  readonly startedPid: number
  /** The listening socket that was handed down for a listener. */
  socket(listener: string): HandedSocket | undefined
  /** Closes the listening sockets that were handed down for other listeners: who connects there shall be refused, and not wait for ever. */
  closeOthers(listeners: readonly string[]): void
  /** A listening socket was made: whoever follows gets it too. */
  keep(listener: string, handle: RawHandle, file: HandedSocket['file']): void
  /** Hands a connection to the process that follows; `gone` is called when it has it, or nobody will have it. */
  pass(connection: PassedConnection, handle: RawHandle, gone: () => void): void
  /** Has `take` called for each connection that the process before hands over. */
  onPassed(take: (connection: PassedConnection, handle: RawHandle) => void): void
}
