// The public types of layers: what a module of `use: ['./my-layer.ts']` is given, and what it gives (docs/middleware-own.md).
import type { Duplex } from 'node:stream'
import type { SidegateError } from '../../errors.ts'
import type { LogFields } from '../../log.ts'

/** Makes a layer, once for each place in `use`: at the start, and anew when its mount is reloaded. */
export type LayerFactory<Settings = Record<string, unknown>> = (
  /** As written in the configuration, and nowhere checked: throw an Error whose message names what is wrong. Without settings: `{}`. */
  settings: Settings,
  context: LayerContext,
) => Layer | Promise<Layer>

/** Where a layer stands. */
export interface LayerContext {
  /** The mount that it stands in front of, as `/shop`; undefined: it stands in front of them all. */
  readonly mount: string | undefined
  /** Absolute: the folder of the configuration, where relative paths in the settings start. */
  readonly directory: string
  readonly log: LayerLog
}

/** Writes lines into the log of the gateway. */
export interface LayerLog {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** What stands between a web server and apps. */
export interface Layer {
  /** Prepares what it needs; requests come when all layers and mounts have done so. What it throws stops the start. */
  open?(): void | Promise<void>
  /**
   * Answers a request, or hands it on with `next`: as it is, or as one that `through` made of it. Now or later; where it gives a promise, before
   * that is settled. What it throws becomes an error response (LAYER_RAISED, 500).
   */
  handle(request: LayerRequest, next: (request: LayerRequest) => void): void | Promise<void>
  /** The gateway stops, or the mount was reloaded; no request is under way. */
  close?(): void | Promise<void>
}

/** A request and its response, as a layer has them. Strings are latin-1: each character is a byte. */
export interface LayerRequest {
  /** Its name in logs and error pages. */
  readonly id: string
  /** What the web server speaks: `http`, `uwsgi`, `fastcgi`, `scgi`, `ajp`, `cgi`. */
  readonly protocol: string
  /** The CGI variables (docs/variables.md). Not to be changed: `through` hands on others. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The value of a header field of the request; undefined when it is not there. */
  header(name: string): string | undefined
  /** The body, for one reader: who reads it hands on another one (`through`), or answers. */
  readonly body: LayerBody
  /** Fires when the client goes away before the response is complete. */
  readonly signal: AbortSignal
  /** The protocol that the request asks to change to, such as `websocket`; undefined for an ordinary request. */
  readonly upgradeAsked: string | undefined
  /** The head of the response has left, and cannot be replaced. */
  readonly headSent: boolean
  /** The response is complete, or was cut. */
  readonly over: boolean
  /**
   * Gives the head of the response; it leaves with the first bytes, or at the end. Connection and the like are left out of it.
   * @throws {SidegateError} STATUS_LINE, HEADER_NAME, HEADER_VALUE, CONTENT_LENGTH when it may not be sent; HEAD_SENT; CLIENT_GONE
   */
  respond(head: LayerHead): void
  /**
   * Sends bytes of the body; a string as UTF-8. After `respond`.
   * @returns false when the client is slow: wait for `drained` before the next
   * @throws {SidegateError} CLIENT_GONE; NO_HEAD; BODY_TOO_LONG for more than Content-Length
   */
  write(chunk: Uint8Array | string): boolean
  /** Waits until the client has taken enough. Rejects when it goes away. */
  drained(): Promise<void>
  /** Completes the response, with last bytes when there are any. */
  end(chunk?: Uint8Array | string): void
  /** Answers with an error page, or cuts the response when its head has left. */
  fail(error: unknown): void
  /**
   * Takes the connection over (status 101), where `upgradeAsked` says so and the protocol of the web server can carry it.
   * @returns what follows on the connection, both ways; it ends the response
   * @throws {SidegateError} UPGRADE_NOT_ASKED (400), UPGRADE_UNSUPPORTED (501)
   */
  upgrade(head: LayerHead): Duplex
  /** Of a request that `through` made: has whoever answers it go on, after `body` of the hooks gave false for a reason of its own. */
  resume(): void
}

/** The body of a request. */
export interface LayerBody extends AsyncIterable<Uint8Array> {
  /** Bytes that were announced; undefined: it ends where it ends. 0: there is none. */
  readonly length: number | undefined
  /** The next bytes, or null at the end. Rejects when the client went away before (BODY_CUT). */
  read(): Promise<Uint8Array | null>
}

/** The head of a response, as a layer gives it. */
export interface LayerHead {
  /** 200 to 999. */
  readonly status: number
  /** Default: empty, and the web server has its own. */
  readonly reason?: string
  /** Names and values; a field that comes twice is there twice. Default: none. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

/** What a layer does with the response of a request that it hands on; what it has not passes unchanged. */
export interface LayerHooks {
  /**
   * The head is about to leave: gives the one that is sent in its place, without Content-Length where `body` changes the size. It comes for error
   * pages too, and anew where one takes the place of a head that could not be sent.
   * @returns undefined: none is sent yet, and `body` responds when it knows better
   */
  head?(head: Required<LayerHead>, request: LayerRequest): LayerHead | undefined
  /**
   * Bytes of the body on their way, none for a response without; `last`: the response is complete. Writes to `request` what is to be sent, now or
   * later, and ends it after the last.
   * @returns false when no more should come until the client has taken enough, or until `resume`; so it is by itself when `write` gave false here
   */
  body?(bytes: Uint8Array | undefined, last: boolean, request: LayerRequest): boolean | void
  /** The connection is taken over: does `request.upgrade(head)` and gives that, or a stream around it that ends and breaks with it. */
  upgrade?(head: Required<LayerHead>, request: LayerRequest): Duplex
  /**
   * It went wrong. As long as `request.headSent` is false it can be answered in another way.
   * @returns true: the layer does so, with `through` and `next` for instance; what went wrong is told to nobody
   */
  failed?(error: SidegateError, request: LayerRequest): boolean | void
  /** Whoever answered is done: with the response, by an error, or as the client is gone. */
  over?(): void
}

/** What of a request is another one behind a layer. */
export interface PassedOn {
  /** All variables, in the place of those that were there: `{ ...request.variables, REMOTE_USER: 'me' }`. Undefined: not there. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** A body in the place of the one that was there, read as it is wanted. */
  readonly body?: AsyncIterable<Uint8Array>
  /** Its bytes in all, of which CONTENT_LENGTH is made; undefined: it ends where it ends. */
  readonly length?: number
}
