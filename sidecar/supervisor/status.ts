// What the gateways of a supervisor do, as the admin interface tells it.
import type { AdminStatus, GatewayStatus } from '../admin/status.ts'
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
      report: gateway.ready ? await gateway.ask() : undefined,
    }
  })
  return { version: version(), pid: process.pid, supervised: true, gateways: await Promise.all(gateways) }
}
