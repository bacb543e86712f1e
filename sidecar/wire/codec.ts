// What every protocol of this folder has: a server codec (requests in, responses out) and a client codec (the mirror image).
// Rules: a codec does no I/O. It is blind to splits: the same bytes in any pieces give the same events (body events may be
// cut differently). It throws PeerError when the other side breaks the protocol and stays dead after that. It keeps a bounded
// amount, and says in its file how much.
import type { PeerError } from '../errors.ts'
import type { Variables } from '../variables.ts'
import type { Head } from './head.ts'

/** What a server codec makes of the bytes it gets. `id` tells requests of one connection apart. */
export type ServerEvent =
  /**
   * A request's variables are complete. `length`: of the body; undefined when only the `end` event tells. `failure`: why it cannot
   * be handed on: it is to be answered with that.
   */
  | { type: 'request'; id: number; variables: Variables; length: number | undefined; failure?: PeerError }
  | { type: 'body'; id: number; bytes: Uint8Array }
  /** The request body is complete. Comes once after each `request`, at once when there is no body. */
  | { type: 'end'; id: number }
  /** The peer takes the request back. */
  | { type: 'abort'; id: number }
  /**
   * The codec's own answer, to be written back as it is (management records, ping); `close`: and then the connection ends; `why`: what was
   * turned away by it, for the log.
   */
  | { type: 'reply'; bytes: Uint8Array; close?: boolean; why?: PeerError }

/** The server's side of one connection. */
export interface ServerCodec {
  /** True when what follows a response head with status 101 is raw, both ways: the connection can change to another protocol. */
  readonly tunnels: boolean
  /** Bytes of the last `receive` that came behind a request after which no other comes: where `tunnels`, the first of the new protocol. */
  readonly surplus?: Uint8Array | undefined
  /** True while a request that is over has not been sent to its end: the peer goes on sending what nobody needs. */
  readonly unfinished?: boolean
  /** Name, value, name, value … of the last request's header as received, where the protocol has one. */
  readonly fields?: readonly string[] | undefined
  /** True where requests may be in flight side by side on one connection. */
  readonly multiplexes?: boolean
  /** The first request of whose head a part is here and not all; undefined: there is none. Absent where no head comes beside a request in flight. */
  readonly begun?: number | undefined
  /**
   * True while bytes of a next request wait in the codec for the end of the response to this one: `receive` without bytes goes on
   * with them then. The connection should not be read meanwhile.
   */
  readonly pending?: boolean
  /**
   * True between two requests, with nothing of a next one here: another codec, with the option `continued`, could go on. Absent where a
   * connection carries one request.
   */
  readonly between?: boolean
  /**
   * Takes bytes that arrived, gives the events they complete. The events may point into `bytes`.
   * @throws {PeerError} when the peer breaks the protocol.
   */
  receive(bytes: Uint8Array): ServerEvent[]
  /**
   * The peer will send no more.
   * @throws {PeerError} when that cuts a request short.
   */
  receiveEnd(): void
  /**
   * The response head, with the first bytes of the body when there are any; `last`: that is the whole response.
   * @throws {AppError} AJP_HEAD when the head is too long for the protocol; nothing is begun then.
   */
  start(id: number, head: Head, chunk: Uint8Array | undefined, last: boolean): Uint8Array
  /** An interim response, ahead of `start`; undefined where it cannot be sent. Absent where the protocol has none. */
  interim?(id: number, head: Head): Uint8Array | undefined
  /** More of the body, as pieces to write in order. */
  data(id: number, chunk: Uint8Array): Uint8Array[]
  /** The end of the response; undefined when the protocol has no mark for it. */
  finish(id: number): Uint8Array | undefined
  /**
   * The response cannot be completed: what to send ahead of the end of the connection, maybe nothing, so that no reader takes what it has
   * for all. Undefined or absent where only a reset tells: the end of the connection is the end of the response.
   */
  cut?(id: number): Uint8Array | undefined
  /** The app waits for body bytes; gives what to send to ask for them, where the protocol wants to be asked. */
  demand(id: number): Uint8Array | undefined
  /** Whether the connection stays open for another request after the response to `id`. */
  keepsOpen(id: number): boolean
  /** The next response head says that no request is taken after it: that of the one in flight, unless it is gone, where the protocol can. */
  retire?(): void
  /**
   * The last word to a peer whose bytes made `receive` throw, so that its log and its client see why; undefined when the
   * protocol has no way to answer a request that could not be read.
   */
  refuse(head: Head, chunk: Uint8Array): Uint8Array | undefined
}

/** What a client codec makes of the bytes that a server answered. */
export type ClientEvent =
  /** A response ahead of the response: status 102 to 199 (RFC 9110 15.2). */
  | { type: 'interim'; head: Head }
  | { type: 'head'; head: Head }
  | { type: 'body'; bytes: Uint8Array }
  /** FastCGI's STDERR: text for the log. */
  | { type: 'stderr'; bytes: Uint8Array }
  /** The response is complete; `reuse`: the connection may carry another request; `exit`: what FastCGI has for the exit code of a program, unless 0. */
  | { type: 'end'; reuse: boolean; exit?: number }
  /** AJP: the server asks for up to `size` bytes of the request body, and `data` has not been given any that wait. */
  | { type: 'demand'; size: number }
  /** Bytes to be written back as they are: body bytes that waited for being asked for (AJP). */
  | { type: 'reply'; bytes: Uint8Array }
  /** The answer to `ping`. */
  | { type: 'pong' }

/** The client's side of one connection: one request at a time. */
export interface ClientCodec {
  /** The request head; `length` as in ServerEvent. */
  request(variables: Variables, length: number | undefined): Uint8Array
  /**
   * Bytes of the request body, as pieces to write in order. Where the server must ask for its body (AJP), what it has not asked
   * for is kept, and leaves as `reply` events: who gives no more while `held` is not 0 keeps no more than one chunk there.
   */
  data(chunk: Uint8Array): Uint8Array[]
  /** Body bytes that `data` kept: 0 where the server does not ask for its body. `receive` takes from them. */
  readonly held: number
  /** True once bytes came that no request asked for: they are dropped, and no other request may go there. */
  readonly spoiled?: boolean
  /** True once a response came whose status has no body, where nothing else marks its end (HTTP: 204, 304). */
  readonly bare?: boolean
  /** True while the beginning of a response head is here, and not all of it. */
  readonly partial?: boolean
  /** The end of the request body; undefined when the protocol has no mark for it. */
  finish(): Uint8Array | undefined
  /**
   * Takes bytes that arrived, gives the events they complete.
   * @throws {PeerError} when the server breaks the protocol.
   */
  receive(bytes: Uint8Array): ClientEvent[]
  /**
   * The server will send no more; gives the `end` event where that is how a response ends.
   * @throws {PeerError} when that cuts a response short.
   */
  receiveEnd(): ClientEvent[]
  /** Between two requests: asks whether the server is there, which a `pong` event answers. Absent where no such question exists. */
  ping?(): Uint8Array
}

/** Whether a connection's first bytes are of a protocol. */
export type Recognition = 'yes' | 'no' | 'more'

/** Who is at the other end of a connection. */
export interface Peer {
  /** Empty for a Unix socket or a named pipe. */
  readonly address: string
  readonly port: number
  /** The port that was connected to; 0 when there is none. */
  readonly localPort: number
}

/** What a connection may have to know beside its bytes; each protocol ignores what is not its own. */
export interface ProtocolOptions {
  /** HTTP server: whose requests these are. */
  readonly peer?: Peer | undefined
  /** HTTP server: the time, as of RFC 9110 5.6.7; unset: responses get no Date. */
  readonly date?: (() => string) | undefined
  /** AJP: what a host has to say before its requests are taken; unset: nothing. */
  readonly secret?: string | undefined
  /** AJP: the most bytes of a packet that is sent, 8192 to 65536, default 8192; the other side must have the same. */
  readonly packetSize?: number | undefined
  /** AJP server: the host sends the path decoded (lighttpd), so that a `%` in it is no escape but a `%`. */
  readonly decodedPath?: boolean | undefined
  /**
   * FastCGI server: a response that breaks off ends with the header of a record that is none, as the host takes an end between two records
   * for that of the response. Not for everybody: to HAProxy 2.6 it is the end.
   */
  readonly brokenEnd?: boolean | undefined
  /**
   * FastCGI server: the host has started this process for itself and cannot connect again. One request at a time, and the connection stays
   * whatever its requests say of it.
   */
  readonly alone?: boolean | undefined
  /**
   * HTTP server: false where the host takes an interim response for the final one; `never` where it hands on what clients expect too, so that
   * 100 is no better. Default true.
   */
  readonly interim?: boolean | 'never' | undefined
  /** Server: the connection is not new, another codec has answered requests on it. */
  readonly continued?: boolean | undefined
  /** HTTP and AJP server: header fields with `_` in their name are taken; unset: they are left out. */
  readonly underscores?: boolean | undefined
  /** HTTP and AJP server: is told the name of each field that is left out for that. */
  readonly leftOut?: ((field: string) => void) | undefined
  /** Server: variables that no app may see (refused.ts) are left in, for who looks at what a host sends and runs no app. */
  readonly raw?: boolean | undefined
}

/** What a codec has to know of the web server at the other end. */
export type HostOptions = Pick<ProtocolOptions, 'decodedPath' | 'interim' | 'brokenEnd'>

/** One protocol, and what there is to know of it: an entry of the lists in index.ts. */
export interface Protocol {
  /** As in addresses: `uwsgi`, `fastcgi`, … */
  readonly name: string
  /**
   * Between a web server and an app, not between a client and a server. Who speaks it is believed what it says of its client; a server of it
   * has a process or a thread for each connection, and few of them.
   */
  readonly gateway: boolean
  /** What it carries of a request: header fields, or CGI variables, and then CONTENT_LENGTH is where apps look for the length of a body. */
  readonly carries: 'variables' | 'fields'
  /**
   * Bodies have an end of their own, both ways. Where not, the length of a request body has to be known before it, and a response without
   * Content-Length ends with the connection.
   */
  readonly framed: boolean
  /** Its messages can carry a secret (`ProtocolOptions.secret`), and do where others than this machine may connect. */
  readonly secret: boolean
  /**
   * Its servers run scripts that SCRIPT_FILENAME names: PHP-FPM. A process that has called fastcgi_finish_request is busy though its response
   * is complete, so that a connection that is kept would have the next request wait for it.
   */
  readonly scripts: boolean
  /** The port of a server whose address names none; undefined: it has to be named. */
  readonly port?: number
  /** How a web server's configuration says that requests go by it, and what stands there for HTTP instead. */
  readonly words: { readonly host: string; readonly own: string; readonly http: string }
  /** @throws {RangeError} for options that are out of range. */
  server(options?: ProtocolOptions): ServerCodec
  client(options?: ProtocolOptions): ClientCodec
}

/** A protocol that is told from others by how a connection begins. */
export interface GatewayProtocol extends Protocol {
  readonly gateway: true
  /** Looks at the first bytes of a connection (protocols differ within the first two bytes, SCGI within its digits). */
  recognise(bytes: Uint8Array): Recognition
}
