// A configuration that was checked → its gateway, whose errors name their places in the configuration. What the package gives to programs, and
// what the commands that serve are made of.
import type { Validated } from '../config/validate.ts'
import { Gateway, type GatewayOptions } from '../gateway.ts'
import type { Log } from '../log.ts'
import { ConfigProblems, demand, problemsOf } from '../problem.ts'
import { createMounts } from './mounts.ts'

/**
 * The gateway of a configuration; nothing is started.
 * @throws {ConfigProblems} for what is wrong with it, and for addresses and mounts that cannot be
 */
export function gatewayOf(
  { config, problems, locate }: Validated,
  log: Log,
  options: Pick<GatewayOptions, 'succession'> = {},
): Gateway {
  demand({ problems })
  const created = createMounts(config, log)
  demand({ problems: locate(created.problems) })
  /** Errors of the configuration get their places in it. */
  const located = (error: unknown): unknown => {
    const [first, ...others] = locate(problemsOf(error) ?? [])
    return first ? new ConfigProblems([first, ...others]) : error
  }
  const { listen, host, drainTimeout, readiness } = config
  const { mounts } = created
  try {
    return new Gateway({ listen, mounts, log, host, drainTimeout: drainTimeout * 1000, readiness, located, ...options })
  } catch (error) {
    throw located(error)
  }
}
