// What a request that a codec has read becomes: an exchange, with what its host gets wrong put right.
import { RequestBody, type Demand } from '../body.ts'
import { toSidegateError, type SidegateError } from '../errors.ts'
import { Exchange } from '../exchange.ts'
import { upgradeAsked } from '../upgrade.ts'
import type { ServerEvent } from '../wire/codec.ts'
import { prepared, type Entrance } from './door.ts'
import { SocketCarrier, TunnelCarrier, type Outlet } from './socket-carrier.ts'

/**
 * Opens the exchange of a request. Its `error` is set where nobody can handle it.
 * @param demand asks for more of its body, where there is one
 */
export function openExchange(
  { id, variables, length, failure }: ServerEvent & { type: 'request' },
  outlet: Outlet,
  { reception, door, repair }: Entrance,
  demand: Demand | undefined,
): Exchange {
  let repaired = variables
  let wrong: SidegateError | undefined = failure
  try {
    if (!wrong) repaired = prepared(variables, repair, reception)
  } catch (error) {
    wrong = toSidegateError(error)
  }
  const tunnels = outlet.codec.tunnels && length === 0 && upgradeAsked(repaired, length) !== undefined
  const carrier = tunnels ? new TunnelCarrier(outlet, id) : new SocketCarrier(outlet, id)
  const exchange = new Exchange(carrier, reception, door, repaired, new RequestBody(length, demand))
  exchange.fields = outlet.codec.fields
  exchange.error = wrong
  return exchange
}
