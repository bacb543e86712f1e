// The configuration of a php-fpm with one pool, which is made anew for each start.
import type { PhpSettings } from './settings.ts'

/** Seconds without a request after which a process ends, where processes come as they are needed. */
const IDLE = 10
/** Connections that wait in the system; the gateway gives no more than there are processes, but a script may go on after its response. */
const BACKLOG = 511

/** What of the settings it is made from. */
export type PoolSettings = Pick<
  PhpSettings,
  'processes' | 'maxRequests' | 'requestTimeout' | 'slowLog' | 'stopTimeout' | 'split' | 'adminIni'
>

/** @param socket the path where it listens */
export function fpmConfig(settings: PoolSettings, socket: string): string {
  const { maxRequests, requestTimeout = 0, slowLog, stopTimeout, split, adminIni } = settings
  const lines = [
    '[global]',
    '; With -O it goes to standard error all the same. /dev/stderr itself cannot be opened where that is a socket.',
    'error_log = /dev/null',
    'log_level = warning',
    '; Without it, what is under way is cut when php-fpm is asked to end.',
    `process_control_timeout = ${Math.ceil(stopTimeout)}s`,
    '[php]',
    `listen = ${quoted(socket)}`,
    'listen.mode = 0600',
    `listen.backlog = ${BACKLOG}`,
    ...manager(settings),
    `pm.max_requests = ${maxRequests}`,
    `request_terminate_timeout = ${requestTimeout === 0 ? 0 : `${Math.max(1, Math.ceil(requestTimeout))}s`}`,
    ...(slowLog
      ? [`request_slowlog_timeout = ${Math.max(1, Math.ceil(slowLog.after))}s`, `slowlog = ${quoted(slowLog.file)}`]
      : []),
    `security.limit_extensions = ${split.join(' ')}`,
    '; What scripts write to php://stderr.',
    'catch_workers_output = yes',
    'decorate_workers_output = no',
    '; The environment is the one that php-fpm is started with.',
    'clear_env = no',
    ...Object.entries(adminIni).map(([name, value]) => `php_admin_value[${name}] = ${iniValue(value)}`),
  ]
  return `${lines.join('\n')}\n`
}

function manager({ processes }: PoolSettings): string[] {
  if (typeof processes === 'number') return ['pm = static', `pm.max_children = ${processes}`]
  const { min, max, idle = IDLE } = processes
  const most = `pm.max_children = ${max}`
  if (min === 0) return ['pm = ondemand', most, `pm.process_idle_timeout = ${Math.max(1, Math.ceil(idle))}s`]
  const spare = [`pm.start_servers = ${min}`, 'pm.min_spare_servers = 1', `pm.max_spare_servers = ${min}`]
  return ['pm = dynamic', most, ...spare]
}

/** As it stands in php.ini, whose syntax this is. */
export function iniValue(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}
