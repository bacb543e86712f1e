// What a connection may take of time.
import type { ListenerSettings } from './settings.ts'

/** Time limits that no setting has, in milliseconds. */
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
  /** For the request of a connection that is new when the gateway stops; Go's http.Server waits as long. */
  readonly promised: number
}

/** Those in use. */
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
  promised: 5000,
}

/** What one listener allows those who connect: those, and what its settings say. */
export interface Allowance extends Limits {
  /** Milliseconds that a request head may take in all, from its first byte. */
  readonly head: number
  /** Bytes a second that a request body has to bring, on average; 0: as slow as it likes. */
  readonly bodyRate: number
  /** Milliseconds that a request body may take in all. */
  readonly bodyTotal: number
}

/** What a listener with these settings allows. `kind`: of its address. */
export function allowanceOf(settings: ListenerSettings, limits: Limits, kind: string): Allowance {
  const { headTimeout, bodyRate, bodyTimeout } = settings
  // Who cannot connect again says itself when it is over.
  const idle = kind === 'stdin' ? 0 : limits.idle
  return { ...limits, idle, head: headTimeout * 1000, bodyRate, bodyTotal: bodyTimeout * 1000 }
}
