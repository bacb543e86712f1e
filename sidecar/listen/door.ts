// What the doors of this folder share: whom they hand an exchange to, and their time limits.
import type { Exchange, ExchangeObserver } from '../exchange.ts'
import type { Log } from '../log.ts'
import { completeRequest } from '../request.ts'
import type { Variables } from '../variables.ts'

/** What a door works for: the gateway. */
export interface Reception extends ExchangeObserver {
  readonly log: Log
  /** Takes a new exchange, but none that is over already; never throws. */
  handle(exchange: Exchange): void
  /** True where requests are looked at and never handed to an app: nothing that a host sends is left out of their variables. */
  readonly raw?: boolean
  /** True while the gateway stops: connections are not kept. */
  readonly draining: boolean
}

/** Repairs what a host gets wrong in the variables of a request. */
export type Repair = (variables: Variables) => Variables

/**
 * The variables of a request as mounts get them: repaired, then complete.
 * @throws {PeerError} what the repair and completeRequest throw
 */
export function prepared(variables: Variables, repair: Repair | undefined, { raw }: Reception): Variables {
  const right = repair ? repair(variables) : variables
  if (!raw) completeRequest(right)
  return right
}

/** Time limits of a connection, in milliseconds. */
export interface Limits {
  /** For a request head that has begun to arrive; nginx waits as long for its clients. */
  readonly head: number
  /** For a kept connection without a request; above the 60 s of nginx, so that the host is the one who closes. */
  readonly idle: number
  /** Without a byte of a request body that the app waits for; nginx waits as long between two reads. */
  readonly body: number
  /** Without a byte taken of a response that waits to be sent; nginx waits as long between two writes. */
  readonly send: number
  /** For what a client still sends after its response is complete. */
  readonly linger: number
  /** Without a byte either way on a connection that a mount took over, once the gateway stops. */
  readonly farewell: number
}

/** The limits in use. */
export const LIMITS: Limits = { head: 30_000, idle: 75_000, body: 60_000, send: 60_000, linger: 5000, farewell: 5000 }

/**
 * Bytes of an unread request body that are taken and thrown away so that the client can read the response: what people attach to a
 * form, so that they see why it was refused. nginx sets a time alone.
 */
export const LINGER_BYTES: number = 8 * 1024 * 1024

/** How long a host may take to read what was sent of a response before the reset that says it is not complete: some forget it then (Caddy). */
export const CUT_MS = 200

/** The same behind bytes that were no request. */
export const REFUSED_BYTES: number = 1024 * 1024
