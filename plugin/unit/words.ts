// Unit's syntax: patterns of routes, and strings with variables.
import { ConfigError } from '../../sidecar/errors.ts'
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { isIP } from 'node:net'
import type { Place } from './json.ts'

/** A pattern for `uri` that stands for itself; it is compared to the decoded path. */
export function uriPattern(path: string): string {
  return path.replace(/[%*]/g, (character) => encodeURIComponent(character).replace('*', '%2A'))
}

/**
 * A path of a file in `share` and `chroot`, in which `$` begins a variable.
 * @throws {ConfigError} PLUG_NAME for a backquote: where Unit was built with JavaScript, a program begins there.
 */
export function filePath(path: string): string {
  if (path.includes('`')) throw unwritable(path)
  return path.replaceAll('$', '${dollar}')
}

/**
 * The address of `proxy`.
 * @throws {ConfigError} PLUG_NAME for a name: Unit looks none up.
 */
export function proxyAddress(endpoint: SocketEndpoint): string {
  if (endpoint.kind === 'tcp' && isIP(endpoint.host) === 0) {
    throw new ConfigError(
      'PLUG_NAME',
      'plug',
      `Unit looks up no names: let Sidegate listen on an address such as 127.0.0.1:${endpoint.port}, not on ${formatEndpoint(endpoint)}`,
    )
  }
  return `http://${formatEndpoint(endpoint)}`
}

/** A place as `pass` names it: `routes/a%2Fb`. */
export function passText(place: Place): string {
  return place.map((step) => String(step).replace(/[%/]/g, encodeURIComponent)).join('/')
}

/** The place that a `pass` names; as it is written where that is no encoding. */
export function passPlace(text: string): string[] {
  try {
    return text.split('/').map((step) => decodeURIComponent(step))
  } catch {
    return text.split('/')
  }
}

function unwritable(text: string): ConfigError {
  return new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in Unit's configuration`)
}
