// A server as it is written in the settings of a mount.
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { formatEndpoint, parseAddress, protocolNames, type Endpoint } from '../listen/address.ts'

/** One server. */
export interface Server {
  /** As it is written: for messages. */
  readonly name: string
  readonly protocol: string
  readonly endpoint: Endpoint
}

/**
 * Reads an address of an upstream, such as `http://10.0.0.1:8080` or `fastcgi://unix:/run/php.sock`. Relative paths start at `directory`.
 * @throws {ConfigError} ADDRESS_BAD
 */
export function parseServer(text: string, path: string, directory: string): Server {
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
  if (endpoint.kind === 'tcp') return { name: `${scheme}://${formatEndpoint(endpoint)}`, protocol: scheme, endpoint }
  const absolute: Endpoint = { kind: 'unix', path: resolve(directory, endpoint.path) }
  return { name: `${scheme}://${formatEndpoint(endpoint)}`, protocol: scheme, endpoint: absolute }
}
