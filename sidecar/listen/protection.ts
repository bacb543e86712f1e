// Which protocols a listener takes: who speaks a gateway protocol is believed what it says of its client, and so not everybody may.
import { isLocal, type Endpoint } from '../address.ts'
import { ConfigError } from '../errors.ts'
import type { Peers } from '../peers.ts'
import type { GatewayProtocol, Protocol } from '../wire/codec.ts'
import { protocols } from '../wire/index.ts'
import type { ListenerSettings } from './settings.ts'

/**
 * The gateway protocols that an address takes.
 * @param only the one that the address names
 * @param path the place of the listener's settings, for errors
 * @throws {ConfigError} ALLOW_REQUIRED, SECRET_REQUIRED for those that would be open to everybody
 */
export function protocolsTaken(
  endpoint: Endpoint,
  only: Protocol | undefined,
  settings: ListenerSettings,
  { allow, proxies }: { readonly allow: Peers; readonly proxies: Peers },
  path: string,
): readonly GatewayProtocol[] {
  const open = endpoint.kind === 'pipe' && settings.access === 'everyone'
  const local = isLocal(endpoint) && !open
  // Who speaks a gateway protocol asserts REMOTE_ADDR and REMOTE_USER: recognising it must not hand that to everybody, and a peer that
  // writes PROXY headers passes on what everybody sends.
  const recognised = local && proxies.size === 0
  const taken = protocols.filter((protocol) => (only ? protocol === only : recognised))
  if (local || !only?.gateway) return taken
  const { address, secret } = settings
  if (open ? !allow.has(undefined) : allow.size === 0) {
    const out = open
      ? `and every account of this machine reaches this one, and over the network (\\\\HOST\\pipe) those that may log on to it; where that is meant, write allow: ['pipe'], else listen on 127.0.0.1 or leave access: 'everyone' out`
      : "name the peers, such as allow: ['10.0.0.5']"
    throw new ConfigError(
      'ALLOW_REQUIRED',
      `${path}.allow`,
      `${address}: whoever reaches a listener for ${only.name} can pose as any client; ${out}`,
    )
  }
  if (only.secret && secret === undefined) {
    throw new ConfigError(
      'SECRET_REQUIRED',
      `${path}.secret`,
      `${address}: an ${only.name} listener that others than this machine can reach needs a secret, the same as in the host's configuration (Apache: ProxyPass … secret=…)`,
    )
  }
  return taken
}
