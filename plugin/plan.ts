// What every host's config begins with: the protocol, where Sidegate takes it, the mounts, and the lines at the top.
import { ConfigError } from '../sidecar/errors.ts'
import { formatEndpoint, type SocketEndpoint } from '../sidecar/address.ts'
import { protocolCalled } from '../sidecar/wire/index.ts'
import type { Host, PlugInput, PlugListener, PlugOptions } from './host.ts'
import { isTaken, listenerFor } from './listener.ts'
import { placed, type PlacedMount } from './mounts.ts'
import { hostNote } from './named.ts'
import { trustNote } from './trust.ts'

/** All that a config is written from. */
export interface Plan {
  readonly protocol: string
  readonly endpoint: SocketEndpoint
  /** Longest prefix first. */
  readonly mounts: readonly PlacedMount[]
  /** Relative paths in the settings of mounts start here. */
  readonly directory: string
  readonly full: boolean
  readonly port: number
  /** Comment lines that say what this is. */
  readonly title: readonly string[]
}

/**
 * @param label the host's name for people
 * @param trust the lines on X-Forwarded-*, where the host speaks HTTP
 * @throws {ConfigError} PLUG_PROTOCOL when the host and Sidegate have no such protocol in common; PLUG_LISTENER, ADDRESS_BAD
 */
export function planFor(
  host: Pick<Host, 'name' | 'protocols'>,
  label: string,
  input: PlugInput,
  options: PlugOptions = {},
  trust: (label: string, listener: PlugListener, endpoint: SocketEndpoint) => readonly string[] = trustNote,
): Plan {
  const { full = false, port = 8080 } = options
  const protocol = options.protocol ?? firstTaken(host.protocols, input)
  // Before the endpoint is looked for: a protocol that the host lacks is the first thing to say.
  if (!host.protocols.includes(protocol)) {
    const known = host.protocols.join(' or ')
    throw new ConfigError('PLUG_PROTOCOL', 'plug', `${host.name} is plugged in by ${known}, not by ${protocol}`)
  }
  const { listener, endpoint } = listenerFor(input, protocol)
  const chosen = protocol === host.protocols[0] ? '' : ` --protocol ${protocol}`
  const command = `sidegate plug ${host.name}${chosen}${full ? ' --full' : ''}`
  return {
    protocol,
    endpoint,
    mounts: placed(input.mounts),
    directory: input.directory,
    full,
    port,
    title: [
      remark(`${label} in front of Sidegate, over ${protocol} to ${formatEndpoint(endpoint)}`),
      `# Written by \`${command}\`: run it again after a change of listeners or mounts.`,
      ...hostNote(host, label, listener),
      ...(protocolCalled(protocol)?.gateway === false ? trust(label, listener, endpoint) : []),
    ],
  }
}

/** The recommended protocol of those that a listener takes; the recommended one where none does, for the error. */
function firstTaken(protocols: readonly string[], input: PlugInput): string {
  return protocols.find((protocol) => isTaken(input, protocol)) ?? protocols[0]!
}

/** A comment of one line, as all hosts write it. */
export function remark(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return `# ${text.replace(/[\0-\x1f\x7f]/g, ' ')}`
}

/** Lines inside a block. */
export function indented(lines: readonly string[], by: string = '    '): string[] {
  return lines.map((line) => (line === '' ? '' : by + line))
}
