// What the doors of this folder share: whom they hand an exchange to, and their time limits.
import type { Door, Exchange, ExchangeObserver } from '../exchange.ts'
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
  /** For the first bytes of a connection, from which its protocol is told, and for a PROXY header; all of them. */
  readonly first: number
  /** For a kept connection without a request; above the 60 s of nginx, so that the host is the one who closes. */
  readonly idle: number
  /** Without a byte of a request body that the app waits for; nginx waits as long between two reads. */
  readonly body: number
  /** What was waited for a body before its rate counts: a client whose window opens begins slowly; mod_reqtimeout's own. */
  readonly bodyGrace: number
  /** Without a byte taken of a response that waits to be sent; nginx waits as long between two writes. */
  readonly send: number
  /** Without a byte of what a client still sends after its response is complete; nginx waits as long (lingering_timeout). */
  readonly linger: number
  /** For all that it sends after that; nginx's lingering_time. */
  readonly lingerTotal: number
  /** The same where a web server sends it, which admits what its own configuration says, at the speed of its client. */
  readonly lingerTrusted: number
  /** Without a byte either way on a connection that a mount took over, once the gateway stops. */
  readonly farewell: number
}

/** The limits in use. */
export const LIMITS: Limits = {
  first: 30_000,
  idle: 75_000,
  body: 60_000,
  bodyGrace: 20_000,
  send: 60_000,
  linger: 5000,
  lingerTotal: 30_000,
  lingerTrusted: 300_000,
  farewell: 5000,
}

/** Bytes that are taken and thrown away behind bytes that were no request, so that the client can read the answer. */
export const REFUSED_BYTES: number = 1024 * 1024

/** What a request body may take. */
export interface BodyLimits {
  /** Bytes a second, on average; 0: as slow as it likes. */
  readonly rate: number
  /** Milliseconds in all. */
  readonly total: number
}

/** What one listener allows those who connect. */
export interface Allowance {
  /** Milliseconds that a request head may take in all, from its first byte. */
  readonly head: number
  readonly body: BodyLimits
}

/** The way in of one connection. */
export interface Entrance {
  readonly reception: Reception
  readonly door: Door
  readonly repair: Repair | undefined
  readonly allowance: Allowance
  /** The peer is a web server, which sends what its own configuration admits. */
  readonly trusted: boolean
}
