// What a host that speaks HTTP needs on Sidegate's side: its X-Forwarded-* are only headers unless the listener trusts it.
import { isIP } from 'node:net'
import type { SocketEndpoint } from '../sidecar/address.ts'
import { parsePeers } from '../sidecar/peers.ts'
import type { PlugListener } from './host.ts'

/**
 * Comment lines with what is to be written; none when the listener trusts the host already.
 * @param label the host's name for people
 * @param endpoint where the host connects to
 * @param before proxies in front of the host, which stand in X-Forwarded-For too
 */
export function trustNote(
  label: string,
  { address, trust = [] }: PlugListener,
  endpoint: SocketEndpoint,
  before: readonly string[] = [],
): string[] {
  const trusted = parsePeers(trust, 'trust')
  const known = (peer: string): boolean => trust.includes(peer) || (isIP(peer) > 0 && trusted.has(peer))
  const missing = [...untrusted(trust, endpoint), ...before.filter((peer) => !known(peer))]
  if (missing.length === 0) return []
  const all = [...trust, ...missing]
  // JSON, which TypeScript and YAML read too.
  const list = all.map((peer) => JSON.stringify(peer)).join(', ')
  return [
    `# X-Forwarded-* count only from peers that Sidegate trusts: else ${label} is the client of every request, and http its scheme. Write`,
    `#     listen: [{ address: ${JSON.stringify(address)}, trust: [${list}] }]`,
    `# in Sidegate's configuration, or serve with \`${all.map((peer) => `--trust ${peer}`).join(' ')}\`.`,
  ]
}

/** True when the listener believes a host that connects to `endpoint` what it says of its client. */
export function isTrusting({ trust = [] }: PlugListener, endpoint: SocketEndpoint): boolean {
  return untrusted(trust, endpoint).length < peersAt(endpoint).length
}

function untrusted(trust: readonly string[], endpoint: SocketEndpoint): string[] {
  const trusted = parsePeers(trust, 'trust')
  return peersAt(endpoint).filter((peer) => !trusted.has(peer === 'unix' ? undefined : peer))
}

/** As whom Sidegate sees a host on its own machine. Who connects to an address of the machine comes from that address. */
function peersAt(endpoint: SocketEndpoint): string[] {
  if (endpoint.kind === 'unix') return ['unix']
  return isIP(endpoint.host) === 0 ? ['127.0.0.1', '::1'] : [endpoint.host]
}
