// A word of warning where apps run as root: whoever finds a hole in one of them has the machine.
import type { GatewayConfig } from '../config/validate.ts'
import type { Log } from '../log.ts'

/**
 * Warns of the mounts whose apps run as root.
 * @param uid of the gateway
 */
export function warnOfRoot(
  config: Pick<GatewayConfig, 'mounts'>,
  log: Log,
  uid: number = process.getuid?.() ?? -1,
): void {
  if (uid !== 0) return
  const keys = config.mounts
    .filter(({ kind, settings }) => (kind.loads || kind.hasWorkers) && !kind.neverRoot && !hasUser(settings))
    .map(({ key }) => key)
  if (keys.length === 0) return
  const apps = keys.length === 1 ? `the app at ${keys[0]} runs` : `the apps at ${keys.join(', ')} run`
  log.warn(
    `${apps} as root: a hole in one is one in this machine. Start Sidegate as another user, by --supervise --user USER for instance, or set process.user of a mount that has processes of its own`,
    { code: 'ROOT_APPS' },
  )
}

function hasUser({ process: identity }: Readonly<Record<string, unknown>>): boolean {
  return typeof identity === 'object' && identity !== null && 'user' in identity && identity.user !== undefined
}
