// What every protocol of this folder has: a server codec (requests in, responses out) and a client codec (the mirror image).
// Rules: a codec does no I/O. It is blind to splits: the same bytes in any pieces give the same events (body events may be
// cut differently). It throws PeerError when the other side breaks the protocol and stays dead after that. It keeps a bounded
// amount, and says in its file how much.
import type { Variables } from '../variables.ts'
import type { Head } from './head.ts'

/** What a server codec makes of the bytes it gets. `id` tells requests of one connection apart. */
export type ServerEvent =
  /** A request's variables are complete. `length`: of the body; undefined when only the `end` event tells. */
  | { type: 'request'; id: number; variables: Variables; length: number | undefined }
  | { type: 'body'; id: number; bytes: Uint8Array }
  /** The request body is complete. Comes once after each `request`, at once when there is no body. */
  | { type: 'end'; id: number }
  /** The peer takes the request back. */
  | { type: 'abort'; id: number }
  /** The codec's own answer, to be written back as it is (management records, ping); `close`: and then the connection ends. */
  | { type: 'reply'; bytes: Uint8Array; close?: boolean }

/** The server's side of one connection. */
export interface ServerCodec {
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
  /** The response head, with the first bytes of the body when there are any; `last`: that is the whole response. */
  start(id: number, head: Head, chunk: Uint8Array | undefined, last: boolean): Uint8Array
  /** More of the body, as pieces to write in order. */
  data(id: number, chunk: Uint8Array): Uint8Array[]
  /** The end of the response; undefined when the protocol has no mark for it. */
  finish(id: number): Uint8Array | undefined
  /** The app waits for body bytes; gives what to send to ask for them, where the protocol wants to be asked. */
  demand(id: number): Uint8Array | undefined
  /** Whether the connection stays open for another request after the response to `id`. */
  keepsOpen(id: number): boolean
  /**
   * The last word to a peer whose bytes made `receive` throw, so that its log and its client see why; undefined when the
   * protocol has no way to answer a request that could not be read.
   */
  refuse(head: Head, chunk: Uint8Array): Uint8Array | undefined
}

/** What a client codec makes of the bytes that a server answered. */
export type ClientEvent =
  | { type: 'head'; head: Head }
  | { type: 'body'; bytes: Uint8Array }
  /** FastCGI's STDERR: text for the log. */
  | { type: 'stderr'; bytes: Uint8Array }
  /** The response is complete; `reuse`: the connection may carry another request. */
  | { type: 'end'; reuse: boolean }
  /** The server asks for up to `size` bytes of the request body (AJP). */
  | { type: 'demand'; size: number }

/** The client's side of one connection: one request at a time. */
export interface ClientCodec {
  /** The request head; `length` as in ServerEvent. */
  request(variables: Variables, length: number | undefined): Uint8Array
  /** Bytes of the request body, as pieces to write in order. */
  data(chunk: Uint8Array): Uint8Array[]
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
}

/** Whether a connection's first bytes are of a protocol. */
export type Recognition = 'yes' | 'no' | 'more'

/** One protocol: what the list in index.ts holds. */
export interface Protocol {
  /** As in addresses: `uwsgi`, `fastcgi`, … */
  readonly name: string
  /** Looks at the first bytes of a connection (protocols differ within the first two bytes, SCGI within its digits). */
  recognise(bytes: Uint8Array): Recognition
  server(): ServerCodec
  client(): ClientCodec
}
