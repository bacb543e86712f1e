// The servers of a mount as they are written in its settings, and the options of their targets.
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { formatEndpoint, parseAddress, protocolNames, type Endpoint } from '../listen/address.ts'
import type { MountContext } from '../mounts/mount.ts'
import type { TargetSettings, UpstreamSettings } from '../mounts/upstream/settings.ts'
import type { TargetOptions } from './backend.ts'

/** One server of a mount. */
export interface Server {
  /** As it is written: for messages. */
  readonly name: string
  readonly protocol: string
  readonly endpoint: Endpoint
  readonly weight: number
}

/**
 * Reads an address of an upstream, such as `http://10.0.0.1:8080` or `fastcgi://unix:/run/php.sock`. Relative paths start at `directory`.
 * @throws {ConfigError} ADDRESS_BAD
 */
export function parseServer(text: string, weight: number, path: string, directory: string): Server {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    const message = `${JSON.stringify(text)} does not say which protocol the server speaks: write http://${text}, or another of https, ${protocolNames.join(', ')}`
    throw new ConfigError('ADDRESS_BAD', path, message)
  }
  const web = scheme === 'http' || scheme === 'https'
  const rest = text.slice(scheme.length + '://'.length)
  if (web && !rest.startsWith('unix:') && /^[^/]*\/./.test(rest)) {
    const message = `${JSON.stringify(text)} has a path: what is below the mount is asked for as it is`
    throw new ConfigError('ADDRESS_BAD', path, message)
  }
  const authority = rest.replace(/\/$/, '')
  const portless = web && !authority.startsWith('unix:') && !/:[0-9]*$/.test(authority.replace(/^\[[^\]]*\]/, ''))
  const full = portless ? `${authority}:${scheme === 'https' ? 443 : 80}` : authority
  const { endpoint } = parseAddress(`${web ? 'http' : scheme}://${full}`, path)
  if (endpoint.kind === 'tcp')
    return { name: `${scheme}://${formatEndpoint(endpoint)}`, protocol: scheme, endpoint, weight }
  const absolute: Endpoint = { kind: 'unix', path: resolve(directory, endpoint.path) }
  return { name: `${scheme}://${formatEndpoint(endpoint)}`, protocol: scheme, endpoint: absolute, weight }
}

/** The servers of a mount. @throws {ConfigError} ADDRESS_BAD */
export function serversOf({ upstream }: UpstreamSettings, context: MountContext): Server[] {
  const list = Array.isArray(upstream) ? upstream : [upstream]
  const seen = new Set<string>()
  return list.map((one, index) => {
    const path = `${context.path}.upstream${Array.isArray(upstream) ? `.${index}` : ''}`
    const { url, weight } = typeof one === 'string' ? { url: one, weight: 1 } : one
    const server = parseServer(url, weight, path, context.directory)
    if (seen.has(server.name)) {
      throw new ConfigError('ADDRESS_BAD', path, `${server.name} is in the list already: give it a weight instead`)
    }
    seen.add(server.name)
    return server
  })
}

/** Seconds: node:http drops connections after 5 s, and a server that closes first costs a request. */
const KEEP_ALIVE = 4

/**
 * The options of a mount's targets that speak `protocol`. FastCGI connections are not kept unless that is asked for, as by other hosts: a
 * process of PHP-FPM that has called fastcgi_finish_request is busy though its response is complete.
 */
export function targetOptions(settings: TargetSettings, context: MountContext, protocol: string): TargetOptions {
  const { keepAlive = protocol === 'fastcgi' ? 0 : KEEP_ALIVE } = settings
  const { ca, secret, packetSize, forwarded, hostHeader: host, keepPrefix } = settings
  return {
    times: {
      connect: settings.connectTimeout * 1000,
      firstByte: settings.firstByteTimeout * 1000,
      idle: settings.idleTimeout * 1000,
    },
    connections: settings.connections,
    keepAlive: keepAlive * 1000,
    allowVariables: settings.allowVariables,
    protocol: { secret, packetSize },
    fields: { forwarded, host, keepPrefix },
    tls: {
      ca: ca === undefined ? undefined : resolve(context.directory, ca),
      verify: settings.verify,
      serverName: settings.serverName,
      path: `${context.path}.ca`,
    },
    log: context.log,
    mount: context.key,
  }
}
