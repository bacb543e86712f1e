// What the doors of this folder share: whom they hand an exchange to, and what they do to its variables first.
import type { Door } from '../carrier.ts'
import type { Exchange, ExchangeObserver } from '../exchange.ts'
import type { Log } from '../log.ts'
import { completeRequest } from '../request.ts'
import type { Succession } from '../succession.ts'
import type { Variables } from '../variables.ts'
import type { HostOptions } from '../wire/codec.ts'
import type { Allowance, Limits } from './limits.ts'

/** What a door works for: the gateway. */
export interface Reception extends ExchangeObserver {
  readonly log: Log
  /** How long a connection may take, where no setting says it. */
  readonly limits: Limits
  /** Takes a new exchange, but none that is over already; never throws. */
  handle(exchange: Exchange): void
  /** True where requests are looked at and never handed to an app: nothing that a host sends is left out of their variables. */
  readonly raw?: boolean
  /** True while the gateway stops: connections are not kept, but handed to the process that follows, where one does. */
  readonly draining: boolean
  /** Where processes follow one another. */
  readonly succession?: Succession | undefined
}

/** Repairs what a host gets wrong in the variables of a request. */
export type Repair = (variables: Variables) => Variables

/** What is done about the web server in front of a listener. */
export interface HostRules {
  readonly repair: Repair
  readonly wire?: HostOptions
}

/**
 * The variables of a request as mounts get them: repaired, then complete.
 * @throws {PeerError} what the repair and completeRequest throw
 */
export function prepared(variables: Variables, repair: Repair | undefined, { raw }: Reception): Variables {
  const right = repair ? repair(variables) : variables
  if (!raw) completeRequest(right)
  return right
}

/** Bytes that are taken and thrown away behind bytes that were no request, so that the client can read the answer. */
export const REFUSED_BYTES: number = 1024 * 1024

/** Who has a connection. */
export interface Home {
  rests(connection: object): void
}

/** The way in of one connection. */
export interface Entrance {
  readonly reception: Reception
  readonly door: Door
  readonly repair: Repair | undefined
  readonly allowance: Allowance
  /** The peer is a web server, which sends what its own configuration admits. */
  readonly trusted: boolean
  /** Is told while the gateway stops that nothing is under way on a connection any more. */
  readonly home: Home
}
