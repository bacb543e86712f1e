// Responses whose maker has failed, though all that it said was sent: a script that ends with an exit code, a FastCGI server that says as much.
// To clients they are complete, as from every web server, and nobody keeps them: the layers here do not, and where the head has not left
// yet it says so to caches on the way.
import type { Exchange } from './exchange.ts'
import type { Head } from './wire/head.ts'

const doubtful = new WeakSet<Exchange>()

/** How long a response may be kept, for all caches or those of one kind (RFC 9111 5, RFC 9213, Edge Architecture 1.0, nginx). In lower case. */
const LIFETIMES: ReadonlySet<string> = new Set([
  'cache-control',
  'expires',
  'cdn-cache-control',
  'surrogate-control',
  'x-accel-expires',
])

/**
 * Has a response be doubtful, here and where it passes, unless its Content-Length shows that it is whole.
 * @param head that was given
 */
export function doubt(exchange: Exchange, head: Head): void {
  if (exchange.missing === 0) return
  if (exchange.state === 'held') exchange.respond(unkept(head))
  for (let one: Exchange | undefined = exchange; one; one = one.outer) doubtful.add(one)
}

/** Whether nobody should keep a response that is complete. */
export function isDoubtful(exchange: Exchange): boolean {
  return doubtful.has(exchange)
}

function unkept({ status, reason, headers }: Head): Head {
  const others = headers.filter(([name]) => !LIFETIMES.has(name.toLowerCase()))
  return { status, reason, headers: [...others, ['Cache-Control', 'no-store']] }
}
