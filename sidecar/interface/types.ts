// WSGI for TypeScript: PEP 3333 with the names it uses. docs/interface.md is the specification.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Bytes of a body; strings are sent as UTF-8. */
export type BodyChunk = Uint8Array | string

/** The body of a response: sent chunk by chunk, each before the next is asked for. `return()` of its iterator is WSGI's `close`. */
export type ResponseBody = Iterable<BodyChunk> | AsyncIterable<BodyChunk>

/** A header field; latin-1 strings. */
export type HeaderTuple = readonly [name: string, value: string]

/** PEP 3333's write callable: resolves when more may be written. */
export type Write = (chunk: BodyChunk) => Promise<void>

/**
 * Gives status (`200 OK`) and headers. A second call needs `excInfo`, what was thrown; when the head has been sent it rethrows that.
 * @returns the write callable, for apps that push their body.
 */
export type StartResponse = (status: string, headers: readonly HeaderTuple[], excInfo?: unknown) => Write

/** An app: called once for each request. */
export type Application = (environ: Environ, startResponse: StartResponse) => ResponseBody | Promise<ResponseBody>

/** Middleware: an app around an app. */
export type Middleware = (app: Application) => Application

/** The request body (`wsgi.input`). Everything that may have to wait gives a promise. */
export interface InputStream extends AsyncIterable<Uint8Array> {
  /** Up to `size` bytes, at least one unless at the end; without `size` all the rest. Empty at the end. */
  read(size?: number): Promise<Uint8Array>
  /** One line with its LF, at most `limit` bytes. Empty at the end. */
  readline(limit?: number): Promise<Uint8Array>
  /** All lines; stops after the line that reaches `hint` bytes. */
  readlines(hint?: number): Promise<Uint8Array[]>
}

/** `wsgi.errors`: text for the log. */
export interface ErrorStream {
  write(text: string): void
  writelines(lines: Iterable<string>): void
  flush(): void
}

/** A file-like object for `wsgi.file_wrapper`: anything that is read in blocks and may be closed. */
export interface FileLike {
  read(size: number): Uint8Array | Promise<Uint8Array>
  close?(): void | Promise<void>
}

/** Turns a file-like object into a body that is sent in blocks of `blockSize` bytes. */
export type FileWrapper = (file: FileLike, blockSize?: number) => ResponseBody

/** What answers upgrades itself: `new WebSocketServer({ noServer: true })` of the package `ws`, and whatever has its method. */
export interface UpgradeServer<Connection> {
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (connection: Connection) => void,
  ): void
}

/**
 * Takes over the connection of a request that asks for another protocol: raw bytes both ways after a `101 Switching Protocols` with
 * these headers (Connection and Upgrade come by themselves); or, by a WebSocket server, as its WebSocket. The connection lasts until
 * either side closes it, not until the app returns. A client that is lost is an `error` event with the code ECONNRESET or EPIPE, and
 * `close`.
 * @throws {AppError} UPGRADE_HEAD, HEADER_LIST, HEADER_NAME, HEADER_VALUE, HEAD_SENT. A promise rejects with PeerError UPGRADE_REFUSED when
 * the server refused; it has answered then.
 */
export interface Upgrade {
  <Connection>(server: UpgradeServer<Connection>): Promise<Connection>
  (headers?: readonly HeaderTuple[]): Duplex
}

/** What an app is called with: the CGI variables of the request and the `wsgi.` keys (PEP 3333, "environ Variables"). */
export interface Environ {
  REQUEST_METHOD: string
  /** The part of the path that leads to the app; empty for the root. */
  SCRIPT_NAME: string
  /** The rest of the path, decoded once: latin-1 characters are bytes. `decodePathInfo` reads them as UTF-8. */
  PATH_INFO: string
  QUERY_STRING: string
  CONTENT_TYPE?: string
  CONTENT_LENGTH?: string
  SERVER_NAME: string
  SERVER_PORT: string
  SERVER_PROTOCOL: string
  REMOTE_ADDR?: string
  REQUEST_URI?: string
  'wsgi.version': readonly [1, 0]
  'wsgi.url_scheme': 'http' | 'https'
  'wsgi.input': InputStream
  'wsgi.errors': ErrorStream
  'wsgi.multithread': boolean
  'wsgi.multiprocess': boolean
  'wsgi.run_once': boolean
  'wsgi.file_wrapper': FileWrapper
  /** True: `wsgi.input` ends by itself, so an app may read to the end without CONTENT_LENGTH. */
  'wsgi.input_terminated': boolean
  /**
   * There over HTTP: sends `103 Early Hints` with these headers ahead of the response, such as `Link`, called as a method of the environ. False
   * where it is known not to arrive: the client or the web server in front takes none, or the response has begun.
   */
  'wsgi.early_hints'?: (headers: readonly HeaderTuple[]) => boolean
  /** Fires when the client goes away. */
  'sidegate.signal': AbortSignal
  /** There when the request asks for another protocol, such as WebSocket, and host and protocol can carry it. */
  'sidegate.upgrade'?: Upgrade
  [header: `HTTP_${string}`]: string | undefined
  [other: string]: unknown
}
