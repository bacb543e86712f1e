// Which listener a host should be pointed at.
import { isAbsolute, resolve } from 'node:path'
import { ConfigError } from '../sidecar/errors.ts'
import { formatAddress, isLocal, parseAddress, type SocketEndpoint } from '../sidecar/address.ts'
import { protocolCalled } from '../sidecar/wire/index.ts'
import type { PlugInput, PlugListener } from './host.ts'

/** A listener, and where a host connects to it. */
export interface Listening {
  readonly listener: PlugListener
  /** Socket paths are absolute, `0.0.0.0` and `[::]` the loopback address. */
  readonly endpoint: SocketEndpoint
}

/** As listenerFor, of which only the endpoint is wanted. @throws {ConfigError} PLUG_LISTENER */
export function endpointFor(input: PlugInput, protocol: string): SocketEndpoint {
  return listenerFor(input, protocol).endpoint
}

/** True when a listener takes it. */
export function isTaken(input: PlugInput, protocol: string): boolean {
  return placedListeners(input).some((address) => takes(address, protocol))
}

/**
 * The listener on which Sidegate takes `protocol`: a Unix socket before a loopback address before any other.
 * @throws {ConfigError} PLUG_LISTENER when no listener takes it.
 */
export function listenerFor(input: PlugInput, protocol: string): Listening {
  const addresses = placedListeners(input)
  const fitting = addresses.filter((address) => takes(address, protocol))
  const best =
    fitting.find(({ endpoint }) => endpoint.kind === 'unix') ??
    fitting.find(({ endpoint }) => isLocal(endpoint)) ??
    fitting[0]
  if (!best) {
    const there = addresses.map((address) => `${formatAddress(address)}${limited(address)}`).join(', ')
    throw new ConfigError(
      'PLUG_LISTENER',
      'listen',
      `no listener takes ${protocol} (there are: ${there || 'none with an address'})`,
    )
  }
  return { listener: best.listener, endpoint: reachable(best.endpoint, input.directory) }
}

interface Placed {
  readonly listener: PlugListener
  readonly protocol: string | undefined
  readonly endpoint: SocketEndpoint
}

function placedListeners(input: PlugInput): Placed[] {
  return (
    input.listeners
      // What is handed down by another process has no name that a host could connect to.
      .filter(({ address }) => !/^(?:[a-z]+:\/\/)?(?:fd|systemd|stdin):/.test(address))
      .flatMap((listener, index) => {
        const { protocol: named, endpoint } = parseAddress(listener.address, `listen.${index}`)
        // Named pipes are Windows' own, and none of these web servers connects to one.
        return endpoint.kind === 'pipe' ? [] : [{ listener, protocol: named ?? listener.protocol, endpoint }]
      })
  )
}

/** As the listener has it: a gateway protocol is recognised only where nobody but this machine can speak it. */
function takes(address: Placed, protocol: string): boolean {
  if (address.protocol !== undefined) return address.protocol === protocol
  return protocolCalled(protocol)?.gateway === false || !limited(address)
}

/** Why a listener that names no protocol takes HTTP only; empty when it takes all. */
function limited({ protocol, endpoint, listener }: Placed): string {
  if (protocol !== undefined) return ''
  if ((listener.proxyProtocol?.length ?? 0) > 0) return ', for HTTP only, as it takes PROXY headers'
  return isLocal(endpoint) ? '' : ', for HTTP only, as others than this machine can connect'
}

function reachable(endpoint: SocketEndpoint, directory: string): SocketEndpoint {
  if (endpoint.kind === 'unix') {
    return isAbsolute(endpoint.path) ? endpoint : { kind: 'unix', path: resolve(directory, endpoint.path) }
  }
  if (endpoint.host === '0.0.0.0') return { ...endpoint, host: '127.0.0.1' }
  return endpoint.host === '::' ? { ...endpoint, host: '::1' } : endpoint
}
