// What the gateways of a supervisor do, as the admin interface tells it.
import type { Ask } from '../admin/control.ts'
import type { AdminStatus, GatewayAnswer, GatewayStatus } from '../admin/status.ts'
import type { Log } from '../log.ts'
import { version } from '../version.ts'
import type { GatewayProcess } from './gateway-process.ts'

/** Another one may be installed before anybody asks. */
const VERSION = version()

/** Those of one generation. */
interface Processes {
  readonly processes: readonly GatewayProcess[]
}

/** @param serves the one that serves, or none */
export async function statusOf(running: Iterable<Processes>, serves: Processes | undefined): Promise<AdminStatus> {
  const status = async (gateway: GatewayProcess, serving: boolean): Promise<GatewayStatus> => {
    const { generation, pid = 0, since, ending, ready } = gateway
    const state = ending ? 'finishes' : serving && ready ? 'serves' : 'starts'
    return { generation, pid, state, since: since.toISOString(), report: ready ? await gateway.report() : undefined }
  }
  const gateways = [...running].flatMap((one) => one.processes.map((gateway) => status(gateway, one === serves)))
  return { version: VERSION, pid: process.pid, supervised: true, gateways: await Promise.all(gateways) }
}

/** Asks those that have requests; `serving`: only those that get new ones. The level of the log is that of the supervisor's own too. */
export function askAll(running: Iterable<Processes>, ask: Ask, serving: boolean, log: Log): Promise<GatewayAnswer[]> {
  if (ask.what === 'log') log.level = ask.level
  const processes = [...running].flatMap((one) => one.processes)
  const asked = processes.filter((one) => one.ready && (!serving || !one.ending))
  return Promise.all(asked.map(async (one) => ({ generation: one.generation, answered: await one.ask(ask) })))
}
