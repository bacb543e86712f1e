// A server as it is written in the settings of a mount.
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { checkSystem, formatEndpoint, parseAddress, type Endpoint } from '../address.ts'
import { encodePath } from '../variables.ts'
import { schemeCalled, schemeNames, type Scheme } from './schemes.ts'
import { withoutTrailing } from '../trailing.ts'

/** One server. */
export interface Server {
  /** As it is written: for messages. */
  readonly name: string
  readonly scheme: Scheme
  readonly endpoint: Endpoint
  /** What its paths begin with, as it stands in the address, without a slash at its end; empty: the root. */
  readonly path: string
}

/**
 * Reads an address of an upstream, such as `http://10.0.0.1:8080/examples/` or `fastcgi://unix:/run/php.sock`. Relative paths start at
 * `directory`. As in nginx a path stands behind another colon where the address is a Unix socket: `http://unix:/run/s.sock:/examples/`.
 * @throws {ConfigError} ADDRESS_BAD, ADDRESS_SYSTEM
 */
export function parseServer(text: string, path: string, directory: string): Server {
  const named = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase()
  if (named === undefined) {
    const message = `${JSON.stringify(text)} does not say which protocol the server speaks: write http://${text}, or another of ${schemeNames.join(', ')}`
    throw new ConfigError('ADDRESS_BAD', path, message)
  }
  const scheme = schemeCalled(named)
  const { authority, below } = takeApart(text.slice(named.length + '://'.length))
  const portless = !hasNoPort(authority) && !/:[0-9]*$/.test(authority.replace(/^\[[^\]]*\]/, ''))
  const full = portless && scheme?.port !== undefined ? `${authority}:${scheme.port}` : authority
  const { endpoint } = parseAddress(`${scheme?.protocol.name ?? named}://${full}`, path)
  checkSystem(endpoint, path)
  const wrong = whatIsWrong(below)
  if (wrong !== undefined) throw new ConfigError('ADDRESS_BAD', path, `${JSON.stringify(text)} has ${wrong}`)
  const absolute: Endpoint =
    endpoint.kind === 'unix' ? { kind: 'unix', path: resolve(directory, endpoint.path) } : endpoint
  const mark = endpoint.kind === 'unix' && below !== '' ? ':' : ''
  return {
    name: `${named}://${formatEndpoint(endpoint)}${mark}${below}`,
    scheme: scheme!,
    endpoint: absolute,
    path: below,
  }
}

/** The place of a server, and the path below it. */
function takeApart(rest: string): { authority: string; below: string } {
  const at = rest.startsWith('unix:') ? rest.indexOf(':/', 'unix:'.length) : rest.indexOf('/')
  if (at < 0) return { authority: rest, below: '' }
  const below = rest.slice(rest.startsWith('unix:') ? at + 1 : at)
  return { authority: rest.slice(0, at), below: withoutTrailing(below, '/') }
}

function whatIsWrong(below: string): string | undefined {
  if (/[?#]/.test(below)) return 'a query or a fragment: an address ends with a path'
  if (/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]|%(?![0-9A-Fa-f]{2})/.test(below))
    return `a path that no URL can have: write ${encodePath(Buffer.from(below).toString('latin1'))}`
  return below.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
    ? 'a path with . or .. in it: write what it leads to'
    : undefined
}

function hasNoPort(place: string): boolean {
  return place.startsWith('unix:') || place.startsWith('pipe:')
}
