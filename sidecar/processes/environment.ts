// What programs that the gateway starts get of its environment.
import { isWindows } from '../file-names.ts'

/**
 * Of the gateway alone: the sockets that were handed to it, whom it tells that it is ready and alive (sd_listen_fds(3), sd_notify(3),
 * sd_watchdog_enabled(3)), and Node.js's channel to whoever forked it.
 */
const OWN = [
  'LISTEN_PID',
  'LISTEN_PIDFDID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  'NODE_CHANNEL_FD',
]

/** The environment of the gateway without what is its own, and `more` over it. */
export function programEnvironment(
  more: Readonly<Record<string, string>>,
  platform?: NodeJS.Platform,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...own }
  for (const name of OWN) delete env[name]
  return environmentOf([env, more], platform)
}

/** What programs need to find others, and to speak somebody's language. */
const PLAIN = /^(?:PATH|LANG|LANGUAGE|LC_\w+|TZ)$/
/** What Windows itself needs in them. */
const PLAIN_WINDOWS = /^(?:PATHEXT|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|TEMP|TMP|USERPROFILE|PROGRAMDATA)$/

/** An environment without what is the gateway's business. */
export function plainEnvironment(own: NodeJS.ProcessEnv, platform?: NodeJS.Platform): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => {
    const known = isWindows(platform) ? name.toUpperCase() : name
    return PLAIN.test(known) || (isWindows(platform) && PLAIN_WINDOWS.test(known))
  })
  return Object.fromEntries(kept)
}

/** Those that are looked up by their name. */
const KNOWN: ReadonlySet<string> = new Set(['PATH', 'PYTHONHOME', 'VIRTUAL_ENV'])

/**
 * Environments laid one over the other, the last one on top. On Windows `Path` and `PATH` are one variable: it is there once, with the
 * name that came last, and those that are looked up here are in capitals.
 */
export function environmentOf<T extends string | undefined>(
  layers: readonly Readonly<Record<string, T>>[],
  platform?: NodeJS.Platform,
): Record<string, T> {
  if (!isWindows(platform)) return Object.assign({}, ...layers) as Record<string, T>
  const found = new Map<string, [string, T]>()
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      const capitals = name.toUpperCase()
      found.set(capitals, [KNOWN.has(capitals) ? capitals : name, value])
    }
  }
  return Object.fromEntries(found.values())
}
