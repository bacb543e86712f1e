// What stands on the other side of an exchange: the door that its response goes out by.
import type { GivenConnection, TunnelEnd } from './upgrade.ts'
import type { Head } from './wire/head.ts'

/** What a door gives an exchange to answer through. `start`, `write`: false when the output should pause until `drained`. */
export interface Carrier {
  /** The head, with the first bytes of the body when there are any; `last`: that is the whole response. */
  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean
  write(chunk: Uint8Array): boolean
  /** The end of a response that `start` did not finish. */
  finish(): void
  /** The response cannot be completed: cut it so that the client can tell. */
  cut(): void
  /** Sends an interim response; false where the protocol, or the client's version of it, has none. */
  interim?(head: Head): boolean
  /** No other request is taken from the connection, and the head of this response says so, where it is still to come. */
  retire?(): void
  /**
   * Sends a head with status 101 and gives the connection away: bytes both ways, those that came behind the request first. `over` is
   * called once when it has ended. Only there where the protocol can carry that.
   */
  upgrade?(head: Head, over: (end: TunnelEnd) => void): GivenConnection
}

/** Where a request came in. */
export interface Door {
  /** The protocol spoken: `uwsgi`, `http`, … */
  readonly protocol: string
  /** The listener's address as printed at the start. */
  readonly address: string
  /**
   * What requests name in Connection is about the connection to this door (HTTP). By a gateway protocol it was about that to the web server,
   * which is over. Default: false.
   */
  readonly hop?: boolean
  /** The process is there for one request (CGI). Default: false. */
  readonly once?: boolean
}
