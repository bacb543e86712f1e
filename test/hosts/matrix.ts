// Every web server and protocol that the conformance suite runs through: what the plugins list, as far as Sidegate speaks it.
import { readFileSync } from 'node:fs'
import { hosts } from '../../plugin/index.ts'
import { protocolNames } from '../../sidecar/address.ts'

/** One way to Sidegate. */
export interface Row {
  /** As in the setting `host`. */
  readonly host: string
  /** What is spoken between host and Sidegate. */
  readonly protocol: string
  /** The shipped config, complete. */
  config(): string
}

// The relay for CGI hosts is no web server, and NGINX Unit is in no registry: its stand-in is in test/unit.
const servers = hosts.filter(({ name, files }) => !files && name !== 'unit')

/** The rows, in the order of the list of hosts. */
export const matrix: readonly Row[] = servers.flatMap((host) =>
  host.protocols
    .filter((protocol) => protocolNames.includes(protocol))
    .map((protocol) => ({
      host: host.name,
      protocol,
      config: () =>
        readFileSync(
          new URL(`../../configs/${host.name}/${host.name}-${protocol}.${host.extension}`, import.meta.url),
          'utf8',
        ),
    })),
)

/** The socket in the shipped configs. */
export const EXAMPLE_SOCKET = '/run/sidegate/sidegate.sock'
