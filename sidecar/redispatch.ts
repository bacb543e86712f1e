// A request that is answered by another one, handled inside the gateway: what a local redirect of a CGI script asks for (RFC 3875
// 6.2.2). The other one is an exchange of its own without a body, which answers through the first; logs name both by one id.
import { RequestBody } from './body.ts'
import type { Exchange } from './exchange.ts'
import { through, type Layer } from './layer.ts'
import type { Variables } from './variables.ts'

/** Local redirects that one request may take; Apache's LimitInternalRecursion too is 10. */
export const REDISPATCH_MAX = 10

/**
 * Has a request, of which no head was sent, answered by another one, whatever mount its path leads to. The caller bounds `hops`, and
 * leaves the exchange alone from then on.
 * @returns false where nobody can do that
 */
export function redispatch(exchange: Exchange, variables: Variables): boolean {
  const { observer } = exchange
  if (!observer.redispatch) return false
  return exchange.over || observer.redispatch(exchange, variables)
}

const UNCHANGED: Layer = {}

/** Gateway: an exchange with other variables that answers through `outer`, of which no head was sent. */
export function redispatched(outer: Exchange, variables: Variables): Exchange {
  const inner = through(outer, UNCHANGED, { variables, body: new RequestBody(0) })
  inner.hops++
  return inner
}
