// Tells of fields that apps send though they belong to one connection: once for each app and field. Servers such as Gunicorn leave them
// out as well, so that an app is none the worse for it; but an app that relies on one should be known.
import type { Exchange } from './exchange.ts'
import type { Log } from './log.ts'

/** Remembers what was told: the names are those of HOP_BY_HOP, the mounts those of the configuration. */
export class LeftOut {
  readonly #log: Log
  readonly #told = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `names` of fields that were left out of a response. */
  tell(exchange: Exchange, names: readonly string[]): void {
    const mount = exchange.mount?.key
    for (const name of names) {
      const once = `${mount} ${name.toLowerCase()}`
      if (this.#told.has(once)) continue
      this.#told.add(once)
      const message = `the app sent the hop-by-hop header ${name}, which belongs to one connection (RFC 9110 7.6.1, PEP 3333): it is left out. This is said once`
      this.#log.warn(message, { code: 'HEADER_HOP_BY_HOP', mount, request: exchange.id })
    }
  }
}
