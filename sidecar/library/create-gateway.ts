// `createGateway` of the package: a gateway of a program's own, in its own process.
import { resolve } from 'node:path'
import type { GatewayReport } from '../admin/report.ts'
import type { Config } from '../config/define.ts'
import { loadConfig } from '../config/load.ts'
import { fromCommandLine } from '../config/source.ts'
import { validateConfig, type GatewayConfig } from '../config/validate.ts'
import type { BoundAddress } from '../gateway.ts'
import { Log } from '../log.ts'
import { kinds } from '../mounts/index.ts'
import { gatewayOf } from './gateway.ts'

/** What `createGateway` takes beside the configuration. */
export interface CreateGatewayOptions {
  /** Where relative paths of the configuration start; for a file, where its name does. Default: the working directory. */
  readonly directory?: string | undefined
  /** Where records go. Default: as `log` of the configuration says, to standard output and standard error; `log.file` is for `serve`. */
  readonly log?: Log | undefined
}

/** A gateway of a program's own. Signals, and the end of the process, are the program's. */
export interface OwnGateway {
  /**
   * Opens every mount, then every address.
   * @throws {ConfigError} for the first thing that is wrong: then nothing is open; START_TWICE when it was started or closed before
   * @throws {PeerError} GATEWAY_CLOSED when it is closed meanwhile
   */
  start(): Promise<void>
  /** Where it listens, once it is started: with the port that the system chose for port 0. */
  readonly addresses: readonly Pick<BoundAddress, 'text' | 'endpoint' | 'protocols'>[]
  /** What it does now, and has done since the start. */
  readonly report: GatewayReport
  /**
   * Has another mount of the same settings take over from one; no request is lost by that.
   * @param mount its key in the configuration: `/shop`
   * @throws {ConfigError} MOUNT_UNKNOWN; MOUNT_STAYS for an app in this process, whose modules Node.js loads once; what `start` throws: then
   *   the one before serves on
   */
  reload(mount: string): Promise<void>
  /**
   * Has the caches forget what they have stored.
   * @param url as clients have it (`http://example.com/a?b=1`), or what comes behind its host (`/a?b=1`), of all hosts; with `*` at its end all
   *   that begin so
   * @returns how many responses that were
   */
  purge(url: string): number
  /** Accepts nothing more, lets what is under way end (at most `drainTimeout` of the configuration), and closes. */
  drain(): Promise<void>
  /** Closes at once: what is under way is cut. Works twice, and before `start`. */
  close(): Promise<void>
}

/**
 * A gateway, not started yet.
 * @param config as `defineConfig` takes it, or the path of a configuration file
 * @throws {ConfigError} for what is wrong with the configuration: its `problems` are all that was found
 */
export async function createGateway(
  config: Config | string,
  { directory = process.cwd(), log }: CreateGatewayOptions = {},
): Promise<OwnGateway> {
  const folder = resolve(directory)
  const source =
    typeof config === 'string' ? await loadConfig(config, folder, process.env) : fromCommandLine(config, folder)
  const validated = await validateConfig(source, kinds, folder)
  return gatewayOf(validated, log ?? logOf(validated.config.log))
}

function logOf({ format, level, access }: GatewayConfig['log']): Log {
  const log = new Log(format, process.stdout, process.stderr, access)
  log.level = level
  return log
}
