// Requests that a layer has let in for who they are from. A cache in front of such a layer would answer others with what it has let nobody see
// but those: it keeps no response that came by way of one.
import type { Exchange } from './exchange.ts'

const times = new WeakMap<Exchange, number>()

/** Notes that a layer hands an exchange on because of who it is from. */
export function letIn(exchange: Exchange): void {
  for (let one: Exchange | undefined = exchange; one; one = one.outer) times.set(one, timesLetIn(one) + 1)
}

/** How often an exchange, or one that answers through it, was let in so far. */
export function timesLetIn(exchange: Exchange): number {
  return times.get(exchange) ?? 0
}
