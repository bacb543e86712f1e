// What is administered where there is no supervisor: one gateway, in this process.
import { askOf, type Ask, type Controlled } from '../admin/control.ts'
import type { Administered, AdminStatus, GatewayAnswer, Outcome } from '../admin/status.ts'
import { version } from '../version.ts'

/** The gateway of this process. */
export class Alone implements Administered {
  readonly #gateway: Controlled & { readonly draining: boolean }
  readonly #since = new Date(Date.now() - process.uptime() * 1000)
  readonly stop: () => void

  /** @param stop as a signal does */
  constructor(gateway: Controlled & { readonly draining: boolean }, stop: () => void) {
    this.#gateway = gateway
    this.stop = stop
  }

  async status(): Promise<AdminStatus> {
    const { draining, report } = this.#gateway
    const { pid } = process
    const state = draining ? 'finishes' : 'serves'
    const gateways = [{ generation: 1, pid, state, since: this.#since.toISOString(), report } as const]
    return { version: version(), pid, supervised: false, gateways }
  }

  async ask(ask: Ask): Promise<GatewayAnswer[]> {
    return [{ generation: 1, answered: await askOf(this.#gateway, ask) }]
  }

  async reload(): Promise<Outcome> {
    const message =
      'what was started without --supervise has read its configuration once: start it with --supervise, or reload one mount (sidegate reload /shop)'
    return { done: false, code: 'RELOAD_ALONE', message }
  }
}
