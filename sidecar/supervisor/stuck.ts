// A gateway that an app keeps busy for longer than a service manager waits for a sign of life: it is ended, and so replaced, before the manager
// ends them all.
import type { Log } from '../log.ts'
import type { GatewayProcess } from './gateway-process.ts'

/** @param most milliseconds that one may say nothing */
export async function endIfStuck(serving: readonly GatewayProcess[], most: number, log: Log): Promise<void> {
  const look = async (gateway: GatewayProcess): Promise<void> => {
    if (!gateway.ready || (await gateway.report()) || gateway.ending || gateway.silent <= most) return
    const time = `${most / 1000} s (the time of the service manager's watchdog)`
    log.error(`gateway ${gateway.generation} has not answered for ${time}, and is ended`, { code: 'GATEWAY_STUCK' })
    gateway.kill()
  }
  await Promise.all(serving.map(look))
}
