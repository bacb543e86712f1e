// What serve says once it serves: where it listens, what is mounted, what to put into the web server.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hosts } from '../../plugin/index.ts'
import type { PlugInput, PlugListener } from '../../plugin/host.ts'
import { problemsOf } from '../problem.ts'
import type { GatewayConfig } from '../config/validate.ts'
import type { BoundAddress } from '../gateway.ts'
import { visible } from '../line.ts'
import type { Log } from '../log.ts'
import type { Context } from './command.ts'
import { scriptOverlaps } from '../library/mounts.ts'
import type { MountTarget } from './targets.ts'
import { version } from '../version.ts'

/** Where this program is: two folders above this one. */
const PROGRAM = fileURLToPath(new URL('../..', import.meta.url))

/** Writes it to standard error, which leaves standard output to the access records: as lines, or as one JSON record. */
export function announce(
  addresses: readonly BoundAddress[],
  config: GatewayConfig,
  targets: readonly MountTarget[],
  context: Context,
  log: Log,
): void {
  if (config.log.format === 'json') {
    const places = addresses.map(({ text }) => text).join(', ')
    log.info(`listening on ${places}; mounted ${config.mounts.map(({ key }) => key).join(', ')}`)
    return
  }
  const lines = [`sidegate ${version()}`]
  for (const { text, endpoint, protocols } of addresses) {
    const browse =
      endpoint.kind === 'tcp' && protocols.includes('http') ? `  http://${text.replace(/^http:\/\//, '')}/` : ''
    lines.push(`  listening  ${text} (${protocols.join(', ')})${browse}`)
  }
  const width = Math.max(...config.mounts.map(({ key }) => key.length))
  for (const { key, kind, settings } of config.mounts) {
    const value = settings[kind.kind]
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    const found = targets.find((target) => target.key === key && target.because !== undefined)
    lines.push(`  mounted    ${key.padEnd(width)}  ${kind.kind}:${oneLine(shown)}`)
    if (found)
      lines.push(`             taken as ${found.kind}, because ${found.because}; written out: ${written(found)}`)
  }
  lines.push(...hint(addresses, config))
  context.stderr.write(`${lines.map(visible).join('\n')}\n`)
}

function written({ key, kind, value }: MountTarget): string {
  return `${key === '/' ? '' : `${key}=`}${kind}:${value}`
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

/** The line for the web server in front, and where there is more. */
function hint(addresses: readonly BoundAddress[], config: GatewayConfig): string[] {
  const host = hosts.find(({ name }) => name === config.host)
  if (!host?.brief) return []
  const input = plugInput(
    config,
    addresses.map(({ text, settings }) => ({
      address: text,
      trust: settings.trust,
      proxyProtocol: settings.proxyProtocol,
    })),
  )
  try {
    const label = `  ${host.name}:`.padEnd(13)
    const named = ` --${config.foreign?.option ?? 'config'} ${config.file}`
    // What stands behind it may be a secret.
    const words = config.foreign?.hasWords ? ', and the same behind it' : ''
    const same = config.file === undefined ? ' with the same targets and options' : named + words
    const all = `sidegate plug ${host.name}${same}`
    return [`${label}${host.brief(input)}`, `${' '.repeat(13)}(all of it, with comments: ${all})`]
  } catch (error) {
    // No listener that this host could use: nothing to say, the host may be another one.
    if (problemsOf(error)) return []
    throw error
  }
}

/** What a plugin is told of the configuration; `listeners` as they are in use. */
export function plugInput(config: GatewayConfig, listeners: readonly PlugListener[]): PlugInput {
  const withScripts = new Set(scriptOverlaps(config).map(({ files }) => files))
  return {
    listeners: listeners.map((listener) => ({ ...listener, host: listener.host ?? config.host })),
    mounts: config.mounts.map(({ key, kind, settings, use, path }) => {
      // What layers do with a request, to let nobody in for instance, no host does.
      const layered = config.use.length > 0 || use.length > 0
      return {
        key,
        kind: kind.kind,
        hasWorkers: kind.hasWorkers,
        // With scripts of other mounts in it, whose source Sidegate does not serve, no host may either.
        folder: withScripts.has(path) || layered ? undefined : kind.folder?.(settings, config.directory),
        shared: layered ? undefined : kind.shared?.(settings, config.directory),
      }
    }),
    directory: config.directory,
    // A file of another server is nothing that `--config` reads.
    config: config.file === undefined || config.foreign ? undefined : resolve(config.file),
    programs: process.platform === 'win32' ? { node: process.execPath, folder: PROGRAM } : undefined,
  }
}
