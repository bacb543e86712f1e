// A configuration that was checked → its gateway, whose errors name their places in the configuration. What the package gives to programs, and
// what the commands that serve are made of.
import type { Validated } from '../config/validate.ts'
import { Gateway, type GatewayOptions } from '../gateway.ts'
import type { Log } from '../log.ts'
import type { Next } from '../middleware/middleware.ts'
import type { MountContext } from '../mounts/mount.ts'
import { ConfigProblems, demand, problemsOf } from '../problem.ts'
import { createLayers } from './layers.ts'
import { createMounts, scriptPlaces } from './mounts.ts'

/** What is around it. */
export interface Surroundings extends Pick<GatewayOptions, 'succession'> {
  /** Which of those that serve at the same time, from 0 on. */
  readonly place?: number | undefined
  /** Hears of each file that an app loads. */
  readonly source?: MountContext['source']
}

/**
 * The gateway of a configuration; nothing is started.
 * @throws {ConfigProblems} for what is wrong with it, and for addresses and mounts that cannot be
 */
export function gatewayOf(
  { config, problems, locate }: Validated,
  log: Log,
  { succession, place = 0, source }: Surroundings = {},
): Gateway {
  demand({ problems })
  if (config.processes > 1 && !succession) {
    const message = `${config.processes} gateways on the same addresses take a supervisor: start it with --supervise, or leave processes out`
    demand({ problems: locate([{ code: 'PROCESSES_ALONE', path: 'processes', message }]) })
  }
  /** Requests of layers themselves come once the gateway is there. */
  const ask: Next = (exchange) => gateway.handle(exchange)
  const created = createMounts(config, log, ask, { place, of: config.processes }, source)
  const { directory, use } = config
  const front = createLayers(use, { mount: undefined, directory, log, ask, scripts: scriptPlaces(config) })
  demand({ problems: locate([...front.problems, ...created.problems]) })
  /** Errors of the configuration get their places in it. */
  const located = (error: unknown): unknown => {
    const [first, ...others] = locate(problemsOf(error) ?? [])
    return first ? new ConfigProblems([first, ...others]) : error
  }
  const { listen, host, drainTimeout, readiness } = config
  const { mounts } = created
  const { layers } = front
  let gateway: Gateway
  try {
    const timeout = drainTimeout * 1000
    gateway = new Gateway({ listen, mounts, layers, log, host, drainTimeout: timeout, readiness, located, succession })
  } catch (error) {
    throw located(error)
  }
  return gateway
}
