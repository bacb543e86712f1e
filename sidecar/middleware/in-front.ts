// The requests that the layers of the gateway have: no mount has them yet, and none may ever.
import type { SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'

/** All that came to the layers of the gateway and are not over, whoever has them now. */
export class InFront {
  readonly #all = new Set<Exchange>()

  add(exchange: Exchange): void {
    if (!exchange.over) this.#all.add(exchange)
  }

  /** It is over. Works for one that was never here. */
  over(exchange: Exchange): void {
    this.#all.delete(exchange)
  }

  /** Those that no mount has. */
  get waiting(): Exchange[] {
    return [...this.#all].filter((exchange) => !isMounted(exchange))
  }

  /** Cuts those that no mount has. */
  abort(reason: SidegateError): void {
    for (const exchange of this.waiting) exchange.abort(reason)
  }
}

function isMounted(exchange: Exchange): boolean {
  for (let one: Exchange | undefined = exchange; one; one = one.inner) if (one.mount) return true
  return false
}
