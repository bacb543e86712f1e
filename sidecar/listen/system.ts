// What a listener asks of the system, and Windows has not.
import { checkSystem, type Endpoint, type Inherited } from '../address.ts'
import { isWindows } from '../file-names.ts'
import { ConfigProblems, problemsOf, type Problem } from '../problem.ts'
import type { ListenerSettings } from './settings.ts'

/**
 * Refuses an address, and settings of Unix sockets, that this system does not have.
 * @param path the settings' place
 * @throws {ConfigError} ADDRESS_SYSTEM, for all of them at once
 */
export function demandOfSystem(
  endpoint: Endpoint | Inherited,
  { mode, owner }: Pick<ListenerSettings, 'mode' | 'owner'>,
  path: string,
  platform?: NodeJS.Platform,
): void {
  const problems: Problem[] = []
  try {
    checkSystem(endpoint, `${path}.address`, platform)
  } catch (error) {
    problems.push(...(problemsOf(error) ?? []))
  }
  if (isWindows(platform)) {
    for (const [name, value] of Object.entries({ mode, owner })) {
      if (value === undefined) continue
      const message = `${name} is of Unix sockets, which are not to be had on Windows: leave it out; who may connect to pipe:NAME is said by access`
      problems.push({ code: 'ADDRESS_SYSTEM', path: `${path}.${name}`, message })
    }
  }
  const [first, ...others] = problems
  if (first) throw new ConfigProblems([first, ...others])
}
