// A server as it is written in the settings of a mount.
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { checkSystem, formatEndpoint, parseAddress, type Endpoint } from '../address.ts'
import { schemeCalled, schemeNames, type Scheme } from './schemes.ts'

/** One server. */
export interface Server {
  /** As it is written: for messages. */
  readonly name: string
  readonly scheme: Scheme
  readonly endpoint: Endpoint
}

/**
 * Reads an address of an upstream, such as `http://10.0.0.1:8080` or `fastcgi://unix:/run/php.sock`. Relative paths start at `directory`.
 * @throws {ConfigError} ADDRESS_BAD, ADDRESS_SYSTEM
 */
export function parseServer(text: string, path: string, directory: string): Server {
  const named = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase()
  if (named === undefined) {
    const message = `${JSON.stringify(text)} does not say which protocol the server speaks: write http://${text}, or another of ${schemeNames.join(', ')}`
    throw new ConfigError('ADDRESS_BAD', path, message)
  }
  const scheme = schemeCalled(named)
  const rest = text.slice(named.length + '://'.length)
  if (scheme?.port !== undefined && !hasNoPort(rest) && /^[^/]*\/./.test(rest)) {
    const message = `${JSON.stringify(text)} has a path: what is below the mount is asked for as it is`
    throw new ConfigError('ADDRESS_BAD', path, message)
  }
  const authority = rest.replace(/\/$/, '')
  const portless = !hasNoPort(authority) && !/:[0-9]*$/.test(authority.replace(/^\[[^\]]*\]/, ''))
  const full = portless && scheme?.port !== undefined ? `${authority}:${scheme.port}` : authority
  const { endpoint } = parseAddress(`${scheme?.protocol.name ?? named}://${full}`, path)
  checkSystem(endpoint, path)
  const absolute: Endpoint =
    endpoint.kind === 'unix' ? { kind: 'unix', path: resolve(directory, endpoint.path) } : endpoint
  return { name: `${named}://${formatEndpoint(endpoint)}`, scheme: scheme!, endpoint: absolute }
}

function hasNoPort(place: string): boolean {
  return place.startsWith('unix:') || place.startsWith('pipe:')
}
