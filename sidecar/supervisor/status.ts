// What the gateways of a supervisor do, as the admin interface tells it.
import type { Ask } from '../admin/control.ts'
import type { AdminStatus, GatewayAnswer, GatewayStatus } from '../admin/status.ts'
import type { Log } from '../log.ts'
import { version } from '../version.ts'
import type { GatewayProcess } from './gateway-process.ts'

/** @param serves the one that serves, or none */
export async function statusOf(
  running: Iterable<GatewayProcess>,
  serves: GatewayProcess | undefined,
): Promise<AdminStatus> {
  const gateways = [...running].map(async (gateway): Promise<GatewayStatus> => {
    const { generation, pid = 0, since } = gateway
    const state = gateway.ending ? 'finishes' : gateway === serves ? 'serves' : 'starts'
    return {
      generation,
      pid,
      state,
      since: since.toISOString(),
      report: gateway.ready ? await gateway.report() : undefined,
    }
  })
  return { version: version(), pid: process.pid, supervised: true, gateways: await Promise.all(gateways) }
}

/** Asks those that have requests; `serving`: only those that get new ones. The level of the log is that of the supervisor's own too. */
export function askAll(
  running: Iterable<GatewayProcess>,
  ask: Ask,
  serving: boolean,
  log: Log,
): Promise<GatewayAnswer[]> {
  if (ask.what === 'log') log.level = ask.level
  const asked = [...running].filter((one) => one.ready && (!serving || !one.ending))
  return Promise.all(asked.map(async (one) => ({ generation: one.generation, answered: await one.ask(ask) })))
}
