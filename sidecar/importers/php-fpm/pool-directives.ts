// Every setting of a pool of php-fpm, and what becomes of it here. docs/migrate-php-fpm.md has this table.
import { anyway, code, coreSize, left, numeric, secondsOf, timed, type Directive } from './directive.ts'
import type { FpmSetting } from './lines.ts'
import type { Fate, Pool } from './pool.ts'

/** How many processes there are is said by several settings together. */
function staff(name: string, here: string, note: string, modes: readonly string[], fate: Fate): Directive {
  return {
    name,
    here,
    note,
    take: (_, pool) =>
      modes.includes(pool.value('pm') ?? '') ? fate : { anyway: `it is for pm = ${modes.join(', ')} alone` },
  }
}

/** One of several that make one setting, nothing of which is lost. */
export const WITH_PM = 'with pm'

const WRITABLE = 'the user as whom PHP runs opens it, where php-fpm does that as root: it has to be theirs'

const WAITING = 'as many wait as with pm.max_spare_servers'

/** In the order of the manual: those of a pool. */
export const poolDirectives: readonly Directive[] = [
  {
    name: 'listen',
    here: '`listen`',
    note: 'by FastCGI, at the same address. Open to all of the network without `listen.allowed_clients`: 127.0.0.1',
    take: listen,
  },
  {
    name: 'listen.allowed_clients',
    here: '`allow` of the listener',
    note: 'on a Unix socket it means nothing',
    take: ({ value }, pool) =>
      isSocket(pool.value('listen') ?? '')
        ? { anyway: 'the listener is a Unix socket, whose permissions count' }
        : { listener: 'allow', value: clients(value) },
  },
  {
    name: 'listen.backlog',
    here: '`backlog` of the listener',
    note: '-1 and 0 are 511',
    take: ({ value }) =>
      Number(value) > 0 ? { listener: 'backlog', value: Number(value) } : { anyway: '511 connections may wait' },
  },
  { name: 'listen.owner', here: '`owner` of the listener', note: '', take: owner },
  { name: 'listen.group', here: '`owner` of the listener', note: '', take: owner },
  {
    name: 'listen.mode',
    here: '`mode` of the listener',
    note: '',
    take: ({ value }, pool) =>
      isSocket(pool.value('listen') ?? '')
        ? { listener: 'mode', value: value.padStart(4, '0') }
        : { anyway: 'the listener is no Unix socket' },
  },
  left(
    'listen.acl_users',
    'who may connect is said by owner and mode of the socket: a group of theirs as listen.group',
  ),
  left(
    'listen.acl_groups',
    'who may connect is said by owner and mode of the socket: a group of theirs as listen.group',
  ),
  left('listen.setfib', 'routing tables of FreeBSD are not chosen'),
  {
    name: 'user',
    here: '`process.user`',
    note: 'where the gateway runs as root, as php-fpm then has it',
    take: ({ value }) => ({ at: ['process', 'user'], value }),
  },
  {
    name: 'group',
    here: '`process.group`',
    note: 'where the gateway runs as root',
    take: ({ value }) => ({ at: ['process', 'group'], value }),
  },
  {
    name: 'pm',
    here: '`processes`',
    note: 'static: a number; dynamic: `{ min, max }`; ondemand: `{ min: 0, max, idle }`',
    take: processes,
  },
  {
    name: 'pm.max_children',
    here: '`processes`, `processes.max`',
    note: 'requests beyond that wait in the gateway, `queue` of them, and not in the backlog of the socket',
    take: ({ value }, pool) =>
      pool.number('pm.max_children') === undefined
        ? {
            left: `${JSON.stringify(value)} is no number: php-fpm does not start with it, and here there is one process`,
          }
        : { anyway: WITH_PM, at: pool.value('pm') === 'static' ? ['processes'] : ['processes', 'max'] },
  },
  staff('pm.start_servers', '`processes.min`', WAITING, ['dynamic'], { anyway: WAITING, at: ['processes', 'min'] }),
  staff('pm.min_spare_servers', '`processes.min`', 'one waits at least, as far as max goes', ['dynamic'], {
    anyway: 'one waits at least, as far as max goes',
    at: ['processes', 'min'],
  }),
  staff('pm.max_spare_servers', '`processes.min`', '', ['dynamic'], { anyway: WITH_PM, at: ['processes', 'min'] }),
  staff('pm.max_spawn_rate', 'none', 'as php-fpm has it by itself: 32', ['dynamic'], {
    left: 'as php-fpm has it by itself: 32',
  }),
  staff('pm.process_idle_timeout', '`processes.idle`', 'for ondemand; 10 s by itself', ['ondemand'], {
    anyway: WITH_PM,
    at: ['processes', 'idle'],
  }),
  numeric('pm.max_requests', ['maxRequests'], 'never by itself: 0'),
  left('pm.status_path', '`sidegate status` and `sidegate top` tell of processes and requests'),
  left('pm.status_listen', '`sidegate status` and `sidegate top` tell of processes and requests'),
  {
    name: 'ping.path',
    here: '`readiness` of the gateway',
    note: '200 while it serves, 503 once it is to stop',
    take: ({ value }) => ({
      gateway: ['readiness'],
      value,
      changed: true,
      note: 'Sidegate answers, 200 while it serves and 503 once it is to stop',
    }),
  },
  left('ping.response', 'what `readiness` answers with is not chosen: its status counts'),
  timed('request_terminate_timeout', ['requestTimeout'], 'the client gets 502'),
  left('request_terminate_timeout_track_finished', 'what goes on after fastcgi_finish_request() has no limit'),
  {
    name: 'request_slowlog_timeout',
    here: '`slowLog.after`',
    note: '',
    take({ value }, pool) {
      const seconds = secondsOf(value)
      if (!seconds) return { anyway: 'there is no slow log unless one is set' }
      return pool.value('slowlog') === undefined
        ? { left: 'there is no slowlog, the file for it' }
        : { at: ['slowLog', 'after'], value: seconds }
    },
  },
  {
    name: 'slowlog',
    here: '`slowLog.file`',
    note: WRITABLE,
    take({ value }, pool) {
      if (!secondsOf(pool.value('request_slowlog_timeout') ?? '0'))
        return { anyway: 'it is not written without request_slowlog_timeout' }
      const file = pool.path(value)
      return file === undefined
        ? { left: RELATIVE }
        : { at: ['slowLog', 'file'], value: file, changed: true, note: WRITABLE }
    },
  },
  left('request_slowlog_trace_depth', 'as php-fpm has it by itself: 20'),
  left('access.log', 'the log of the gateway has a record of each request, with its time'),
  left('access.format', 'how records are written is log.format of the gateway'),
  left('access.suppress_path', 'the log of the gateway has a record of each request'),
  anyway('catch_workers_output', 'always', 'what scripts print there is in the log of the gateway always'),
  anyway('decorate_workers_output', 'none', 'the log names the mount and the process'),
  {
    name: 'clear_env',
    here: '`clearEnv`',
    note: 'yes by itself. PATH, the language and the time zone stay',
    take: ({ value }) => ({ at: ['clearEnv'], value: value === '1' }),
  },
  {
    name: 'env[NAME]',
    here: '`env`',
    note: '`$NAME` is what the variable is at the time of the import',
    take: ({ key = '', value }) => ({ at: ['env', key], value }),
  },
  ini('php_value', 'ini'),
  ini('php_flag', 'ini'),
  ini('php_admin_value', 'adminIni'),
  ini('php_admin_flag', 'adminIni'),
  {
    name: 'security.limit_extensions',
    here: '`split`',
    note: '`.php` alone by itself. Empty, every file would run',
    take({ value }) {
      const endings = value.split(/[\s,]+/).filter((one) => one !== '')
      return endings.length === 0
        ? { left: 'every file would run as PHP, an upload too: name the endings in `split`' }
        : { at: ['split'], value: endings }
    },
  },
  {
    name: 'chdir',
    here: '`php`, where no folder is given',
    note: 'a script runs in its own folder, as by php-fpm',
    take: (_, pool) =>
      pool.value('chdir') === pool.mount.php
        ? { anyway: 'taken for the folder of the scripts, as none was given', at: ['php'] }
        : { anyway: 'a script runs in its own folder, as by php-fpm' },
  },
  left('chroot', 'PHP is not locked into a folder: `open_basedir` in adminIni, or `RootDirectory=` of a systemd unit'),
  anyway('prefix', 'none', 'relative paths of the pool were made absolute by it'),
  numeric('rlimit_files', ['process', 'limits', 'openFiles']),
  coreSize(''),
  numeric('process.priority', ['process', 'nice']),
  left('process.dumpable', 'whether processes can be traced is left to the system'),
  left('apparmor_hat', 'a profile of AppArmor is given to the service as a whole: `AppArmorProfile=` of its unit'),
]

const RELATIVE = 'a relative path begins at a folder that php-fpm was built for: write it out'

function isSocket(value: string): boolean {
  return !/^(?:\d+|.*:\d+)$/.test(value)
}

function clients(value: string): string[] {
  const list = value.split(/[\s,]+/).filter((one) => one !== '')
  return list.includes('any') ? ['0.0.0.0/0', '::/0'] : list
}

function listen({ value }: FpmSetting, pool: Pool): Fate {
  if (isSocket(value)) {
    const path = pool.path(value)
    return path === undefined ? { left: RELATIVE } : { listener: 'address', value: `fastcgi://unix:${path}` }
  }
  const [, host = '', port = ''] = /^(?:(.*):)?(\d+)$/.exec(value) ?? []
  const everywhere = ['', '*', '0.0.0.0', '[::]'].includes(host)
  const local = /^(?:localhost|127\..*|\[::1\])$/.test(host)
  if (local || clients(pool.value('listen.allowed_clients') ?? '').length > 0) {
    const address = everywhere && host !== '0.0.0.0' ? `[::]:${port}` : `${host}:${port}`
    return { listener: 'address', value: `fastcgi://${address}` }
  }
  return {
    listener: 'address',
    value: `fastcgi://127.0.0.1:${port}`,
    changed: true,
    note: 'everybody who reaches it could run scripts: this machine alone, until `allow` names the web servers',
  }
}

function owner(_: FpmSetting, pool: Pool): Fate {
  if (!isSocket(pool.value('listen') ?? '')) return { anyway: 'the listener is no Unix socket' }
  const [user = '', group] = [pool.value('listen.owner'), pool.value('listen.group')]
  return { listener: 'owner', value: group === undefined ? user : `${user}:${group}` }
}

function processes({ value }: FpmSetting, pool: Pool): Fate {
  const max = pool.number('pm.max_children') ?? 1
  const at = ['processes']
  switch (value) {
    case 'static':
      return { at, value: max }
    case 'ondemand':
      return { at, value: { min: 0, max, idle: secondsOf(pool.value('pm.process_idle_timeout') ?? '10') ?? 10 } }
    case 'dynamic':
      return { at, value: { min: Math.max(1, Math.min(max, pool.number('pm.max_spare_servers') ?? 1)), max } }
    default:
      return { left: 'pm is static, dynamic or ondemand' }
  }
}

/** As it was written: both are read by the rules of php.ini. */
function ini(name: string, setting: 'ini' | 'adminIni'): Directive {
  const admin = setting === 'adminIni'
  return {
    name: `${name}[NAME]`,
    here: code(setting),
    note: admin ? 'nothing that a script or a .user.ini does changes it' : 'over php.ini; a .user.ini may change it',
    take: ({ key = '', raw, value }) => ({
      at: [setting, key],
      // What it would be filled in from later is another environment.
      value: name.endsWith('flag')
        ? value === '1'
          ? '1'
          : '0'
        : raw.includes('${')
          ? `"${value.replace(/["\\]/g, '\\$&')}"`
          : raw,
    }),
  }
}
