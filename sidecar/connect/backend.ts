// What an exchange can be sent to: one endpoint, spoken to in one protocol. Which of several, how often, and what a failure means for the
// next exchange is the business of who uses backends.
import type { Exchange } from '../exchange.ts'
import type { Log } from '../log.ts'
import type { Endpoint } from '../address.ts'
import type { ProtocolOptions } from '../wire/codec.ts'
import type { Scheme } from './schemes.ts'
import type { FieldOptions } from './request-fields.ts'
import type { TlsOptions } from './tls.ts'
import type { Upload } from '../upload.ts'

/** One endpoint in use. */
export interface Backend {
  /** As in logs: `fastcgi://unix:/run/php.sock`. */
  readonly name: string
  /** Loads and makes what it needs; connects nowhere. */
  open(): Promise<void>
  /**
   * Sends the exchange there and its answer back. Resolves when the exchange is answered or its client gone. The length of `upload` is known
   * where the protocol needs it (bodies.ts); who made it closes it.
   * @throws {SidegateError} at once, or by the promise: what went wrong, for `exchange.fail`, which cuts a response that has begun.
   */
  handle(exchange: Exchange, upload: Upload): Promise<void>
  /** Closes its connections. Works twice. */
  close(): void
}

/** Where a backend is. */
export interface BackendAddress {
  readonly scheme: Scheme
  readonly endpoint: Endpoint
  /** The name in the configuration when `endpoint` is one of its addresses: for messages, Host and TLS. */
  readonly host?: string | undefined
  /** What its paths begin with: as of Server. Default: nothing. */
  readonly path?: string | undefined
  /** For messages. Default: the address as it is written in the configuration. */
  readonly name: string
}

/** How long an upstream may take, in milliseconds; 0: for ever. */
export interface Times {
  /** Until there is a connection. */
  readonly connect: number
  /** From the end of the request to the head of the response. */
  readonly firstByte: number
  /** Between two pieces: of the response, or of the request while the upstream takes none of it. */
  readonly idle: number
}

/** How backends are spoken to. */
export interface BackendOptions {
  readonly times: Times
  /** The most connections at the same time; who uses the backend gives it no more exchanges. */
  readonly connections: number
  /** How long a connection without a request is kept, in milliseconds; 0: not at all. */
  readonly keepAlive: number
  /** Of the variables that steer a server, those that pass. */
  readonly allowVariables: readonly string[]
  readonly protocol: ProtocolOptions
  readonly fields: FieldOptions
  readonly tls: TlsOptions
  readonly log: Log
  /** The mount's key, for the log. */
  readonly mount: string
}
