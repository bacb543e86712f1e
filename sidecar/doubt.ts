// Responses whose maker has failed, though all that it said was sent: a script that ends with an exit code, a FastCGI server that says as much.
// To clients they are complete, as from every web server, and nobody keeps them.
import type { Exchange } from './exchange.ts'

const doubtful = new WeakSet<Exchange>()

/** Has a response be doubtful, here and where it passes, unless its Content-Length shows that it is whole. */
export function doubt(exchange: Exchange): void {
  if (exchange.missing === 0) return
  for (let one: Exchange | undefined = exchange; one; one = one.outer) doubtful.add(one)
}

/** Whether nobody should keep a response that is complete. */
export function isDoubtful(exchange: Exchange): boolean {
  return doubtful.has(exchange)
}
