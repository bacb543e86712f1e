// The servers of an upstream mount, in the order of its settings.
import { parseServer, type Server } from '../../connect/server.ts'
import { ConfigError } from '../../errors.ts'
import type { MountContext } from '../mount.ts'
import type { UpstreamSettings } from './settings.ts'

/** One of them. */
export interface WeightedServer extends Server {
  /** Its share of the requests, beside the shares of the others. */
  readonly weight: number
}

/** The servers of a mount. @throws {ConfigError} ADDRESS_BAD */
export function serversOf({ upstream }: UpstreamSettings, context: MountContext): WeightedServer[] {
  const list = Array.isArray(upstream) ? upstream : [upstream]
  const seen = new Set<string>()
  const servers = list.map((one, index) => {
    const path = `${context.path}.upstream${Array.isArray(upstream) ? `.${index}` : ''}`
    const { url, weight } = typeof one === 'string' ? { url: one, weight: 1 } : one
    const server = parseServer(url, path, context.directory)
    if (seen.has(server.name)) {
      throw new ConfigError('ADDRESS_BAD', path, `${server.name} is in the list already: give it a weight instead`)
    }
    seen.add(server.name)
    return { ...server, weight }
  })
  const [first] = servers
  const other = servers.findIndex((server) => server.path !== first!.path)
  if (other < 0) return servers
  const message = `${servers[other]!.name} has another path than ${first!.name}: the servers of a mount are one app, with one path`
  throw new ConfigError('ADDRESS_BAD', `${context.path}.upstream.${other}`, message)
}
