// What programs that the gateway starts get of its environment.

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
export function programEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env }
  for (const name of OWN) delete env[name]
  return { ...env, ...more }
}
