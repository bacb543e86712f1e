// What every file for IIS is written from: the programs, the way to Sidegate, and the folders that IIS serves itself.
import { win32 } from 'node:path'
import { formatEndpoint, isLocal, parseListenAddress, type Endpoint } from '../../sidecar/address.ts'
import { ConfigError } from '../../sidecar/errors.ts'
import type { PlugInput } from '../host.ts'
import { placed } from '../mounts.ts'
import { sharedPart, sharingMounts, unsharedNote } from '../shared.ts'
import { SHARED_PLACE, type SharedFolder } from './shared.ts'

/** A folder that IIS serves. */
export interface ServedFolder {
  /** Without slashes at its ends. */
  readonly prefix: string
  readonly path: string
}

/** All that the files are written from. Paths are those of Windows. */
export interface IisPlan {
  readonly node: string
  /** The command `sidegate`. */
  readonly main: string
  readonly site: string
  readonly logs: string
  /** The arguments of the FastCGI process. */
  readonly words: readonly string[]
  /** `handler`: a process that passes on; `serve`: Sidegate itself. */
  readonly way: 'handler' | 'serve'
  /** Where Sidegate is, for people. */
  readonly place: string
  readonly folders: readonly ServedFolder[]
  /** Those of scripts, of which it can send what is none. */
  readonly shared: readonly SharedFolder[]
  /** On mounts whose static files are left to Sidegate. */
  readonly notes: readonly string[]
}

/** As npm and the installer of Node.js put them. */
const NODE = String.raw`C:\Program Files\nodejs\node.exe`

/** @throws {ConfigError} PLUG_LISTENER, ADDRESS_BAD */
export function planOf(input: PlugInput): IisPlan {
  const { directory: site, programs } = input
  const folder = programs?.folder ?? win32.join(site, String.raw`node_modules\sidegate\dist`)
  const node = programs?.node ?? NODE
  const main = win32.join(folder, String.raw`sidecar\main.js`)
  const logs = win32.join(site, 'logs')
  const common = { node, main, site, logs, folders: foldersOf(input), ...sharedOf(input) }
  const way = wayTo(input)
  if (way === 'stdin') {
    const config = input.config ?? win32.join(site, 'sidegate.config.ts')
    const words = [main, 'serve', '--config', config, '--log-file', win32.join(logs, 'sidegate.log')]
    return { ...common, words, way: 'serve', place: 'the process that IIS starts' }
  }
  const words = [win32.join(folder, String.raw`plugin\iis\handler.js`), formatEndpoint(way), site, '--start']
  return { ...common, words, way: 'handler', place: formatEndpoint(way) }
}

/** How IIS reaches Sidegate: a pipe before an address of this machine before standard input. */
function wayTo({ listeners }: PlugInput): Endpoint | 'stdin' {
  const places = listeners.map((listener, index) => {
    const { protocol, endpoint } = parseListenAddress(listener.address, `listen.${index}`)
    return { protocol: protocol ?? listener.protocol, endpoint, proxies: listener.proxyProtocol?.length ?? 0 }
  })
  const fitting = places.filter(
    ({ protocol, proxies }) => protocol === 'fastcgi' || (protocol === undefined && proxies === 0),
  )
  for (const { endpoint } of fitting) if (endpoint.kind === 'pipe') return endpoint
  for (const { endpoint } of fitting) if (endpoint.kind === 'tcp' && isLocal(endpoint)) return endpoint
  if (fitting.some(({ endpoint }) => endpoint.kind === 'stdin')) return 'stdin'
  const there = listeners.map(({ address }) => address).join(', ')
  throw new ConfigError(
    'PLUG_LISTENER',
    'listen',
    `no listener takes fastcgi where the handler for IIS can connect (there are: ${there || 'none'}): add "pipe:NAME", or a port of 127.0.0.1`,
  )
}

/** Those of every host name; what one host name alone has is left to Sidegate. */
function foldersOf({ mounts }: PlugInput): ServedFolder[] {
  return placed(mounts).flatMap(({ host, prefix, folder }) =>
    host === '' && prefix !== '' && folder ? [{ prefix: prefix.slice(1), path: folder.path }] : [],
  )
}

function sharedOf({ mounts }: PlugInput): Pick<IisPlan, 'shared' | 'notes'> {
  const all = placed(mounts)
  const sharing = sharingMounts(all)
  const shared = sharing.flatMap((mount, index): SharedFolder[] => {
    const part = sharedPart(mount, all)
    // In braces URL Rewrite finds what it knows of the request.
    if (!part || /[{}]/.test(part.folder)) return []
    const { folder: path, withheld, maxAge } = part
    const { key, kind, prefix: mounted } = mount
    return [{ prefix: `${SHARED_PLACE}${index + 1}`, of: `${key}: ${kind}`, mounted, path, withheld, maxAge }]
  })
  const left = all.filter((mount) => mount.shared && !shared.some(({ of }) => of === `${mount.key}: ${mount.kind}`))
  return { shared, notes: left.map((mount) => unsharedNote(mount, 'IIS could not be told what is not handed out.')) }
}

/** One text for a command line, as CommandLineToArgvW reads it. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) =>
      /[\s"]/.test(word) || word === ''
        ? `"${word.replace(/(\\*)("|$)/g, (_, back: string, quote: string) => back + back + (quote && '\\"'))}"`
        : word,
    )
    .join(' ')
}
