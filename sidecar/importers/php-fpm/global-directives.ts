// Every setting of the section `global` of php-fpm, and what becomes of it here. docs/migrate-php-fpm.md has this table.
import { anyway, coreSize, left, numeric, timed, type Directive } from './directive.ts'

const LEVELS: Readonly<Record<string, string>> = {
  alert: 'error',
  error: 'error',
  warning: 'warn',
  notice: 'info',
  debug: 'info',
}

/** Those of the section `global`. */
export const globalDirectives: readonly Directive[] = [
  left('pid', 'Sidegate has no file for it: `sidegate status` names the process, a service manager knows it'),
  left('error_log', 'errors of PHP are in the log of the gateway: standard error, or `log.file`'),
  {
    name: 'log_level',
    here: '`log.level` of the gateway',
    note: 'alert is error, debug is info',
    take: ({ value }) =>
      LEVELS[value] === undefined
        ? { left: `there is no level ${value}` }
        : { gateway: ['log', 'level'], value: LEVELS[value] },
  },
  left('log_limit', 'lines are kept up to a length that is not chosen'),
  left('log_buffering', 'the gateway writes lines as they come'),
  left('syslog.facility', 'the journal takes what the gateway prints'),
  left('syslog.ident', 'the journal takes what the gateway prints'),
  anyway(
    'emergency_restart_threshold',
    'always',
    'PHP that dies is started again at once, and after longer and longer pauses',
  ),
  anyway(
    'emergency_restart_interval',
    'always',
    'PHP that dies is started again at once, and after longer and longer pauses',
  ),
  timed('process_control_timeout', ['stopTimeout'], '30 s by itself; what is under way is finished'),
  left('process.max', 'each mount has its own most'),
  numeric('process.priority', ['process', 'nice'], 'for every pool that says nothing else'),
  anyway('daemonize', 'none', 'it stays in the foreground, for a service manager'),
  numeric('rlimit_files', ['process', 'limits', 'openFiles'], 'for every pool that says nothing else'),
  coreSize('for every pool that says nothing else'),
  anyway('events.mechanism', 'none', 'Node.js has its own'),
  anyway('systemd_interval', 'always', 'a unit of Type=notify is told when it serves, and of its watchdog'),
  {
    name: 'include',
    here: 'read',
    note: '`*` and `?` in the last part of its path',
    take: () => ({ left: 'it is read' }),
  },
]
