// What a gateway is not: daemons beside it, tasks at a time, queues and caches of an app, clusters. Each is named with what to use instead.
import { logicNames } from '../logic.ts'
import { readerNames } from '../reader.ts'
import { left, needless, refused, type Rule } from '../rule.ts'

const SERVICE = 'have a service manager run it: a unit of systemd with `PartOf=` the service of Sidegate'

const daemon: Rule = {
  names: [
    'attach-daemon',
    'attach-daemon2',
    'attach-control-daemon',
    'smart-attach-daemon',
    'smart-attach-daemon2',
    'legion-attach-daemon',
    'legion-smart-attach-daemon',
    'legion-smart-attach-daemon2',
  ],
  here: `${SERVICE}; one that serves HTTP, FastCGI, SCGI or uwsgi is a [\`run\` mount](run.md)`,
}

const FIELDS = 5

/** `59 2 -1 -1 -1 command`: -1 is every one, -N every Nth. */
function crontab(value: string): string | undefined {
  const words = value.trim().split(/\s+/)
  const numbers = words.slice(0, FIELDS)
  if (words.length <= FIELDS || !numbers.every((word) => /^-?[0-9]+$/.test(word))) return undefined
  const fields = numbers.map((word) => (word === '-1' ? '*' : word.startsWith('-') ? `*/${word.slice(1)}` : word))
  return `${fields.join(' ')} ${words.slice(FIELDS).join(' ')}`
}

const cron: Rule = {
  names: ['cron', 'unique-cron', 'legion-cron', 'cron-legion', 'unique-legion-cron', 'unique-cron-legion'],
  here: 'a line of crontab, which the report has, or a timer of systemd',
  take({ value }) {
    const line = crontab(value)
    return left(line === undefined ? 'write it as a line of crontab' : `a line of crontab: ${line}`)
  },
}

/** The rows. */
export const otherRules: readonly Rule[] = [
  daemon,
  cron,
  refused(['cron2', 'cron-harakiri'], 'a line of crontab, or a timer of systemd'),
  refused(
    ['pidfile', 'pidfile2', 'safe-pidfile', 'safe-pidfile2'],
    'a service manager knows the process; `sidegate stop`, `reload` and the others find it without one',
  ),
  refused(
    ['stats', 'stats-server', 'emperor-stats', 'emperor-stats-server'],
    '`sidegate status --json`, `sidegate top`, and HTTP with JSON on the admin socket: [admin.md](admin.md)',
  ),
  refused(
    ['stats-http', 'stats-minified', 'stats-min', 'stats-no-cores', 'stats-no-metrics'],
    '`sidegate status --json`: [admin.md](admin.md)',
    true,
  ),
  refused(
    [
      'chroot',
      'pivot-root',
      'pivot_root',
      'cap',
      'emperor-cap',
      'unshare',
      'unshare2',
      'setns',
      'setns-socket',
      'setns-preopen',
      'setns-socket-skip',
      'namespace',
      'namespace-keep-mount',
      'namespace-net',
      'ns',
      'ns-net',
      'fork-server',
      'uidmap',
      'gidmap',
      'ambient-caps',
      'wait-for-interface',
      'wait-for-interface-timeout',
      'wait-interface',
      'wait-interface-timeout',
      'wait-for-iface',
      'wait-for-iface-timeout',
      'wait-iface',
      'wait-iface-timeout',
      'wait-for-fs',
      'wait-for-file',
      'wait-for-dir',
      'wait-for-mountpoint',
      'wait-for-fs-timeout',
      'wait-for-file-timeout',
      'wait-for-dir-timeout',
      'wait-for-mountpoint-timeout',
      'wait-for-socket',
      'wait-for-socket-timeout',
      'limit-stack',
      'file-write',
      'flock',
      'flock2',
      'flock-wait',
      'flock-wait2',
    ],
    'a setting of the service: systemd has it (`RootDirectory=`, `CapabilityBoundingSet=`, `Slice=`, `ExecStartPre=`)',
  ),
  refused(
    ['cgroup', 'cgroup-opt', 'cgroup-dir-mode'],
    '`process.cgroup` of the mount: `memory` and `cpu` of all its processes together',
  ),
  refused(
    [
      'cache',
      'cache2',
      'cache-blocksize',
      'cache-store',
      'cache-store-sync',
      'cache-no-expire',
      'cache-expire-freq',
      'cache-report-freed-items',
      'cache-udp-server',
      'cache-udp-node',
      'cache-sync',
      'cache-use-last-modified',
      'add-cache-item',
      'load-file-in-cache',
      'load-file-in-cache-gzip',
      'check-cache',
    ],
    'what an app keeps goes to Redis or Memcached; responses are kept by the [layer `cache`](middleware-cache.md)',
  ),
  refused(
    [
      'vassals-start-hook',
      'vassals-stop-hook',
      'vassal-sos-backlog',
      'vassal-sos',
      'heartbeat',
      'early-emperor',
      'imperial-monitor-list',
      'imperial-monitors-list',
    ],
    'vassals are mounts of one Sidegate: there is no emperor over them',
  ),
  needless(
    [
      ...readerNames,
      ...logicNames,
      'blacklist',
      'end-blacklist',
      'whitelist',
      'end-whitelist',
      'ignore-initial-env',
      'get',
      'print',
      'show-config',
      'help',
      'usage',
      'version',
      'dump-options',
      'cflags',
      'dot-h',
      'print-sym',
      'print-symbol',
      'mode',
      'binary-path',
      'fallback-config',
      'resolve',
      'exit-after-config',
      'plugin-list',
      'plugins-list',
      'config-py',
      'build-plugin',
      'freq-hook',
      'clock-list',
      'clocks-list',
      'iprint',
      'exit',
      'declare-option2',
    ],
    'it says how the file is read, or nothing that is served',
  ),
  refused(
    [
      'privileged-binary-patch',
      'unprivileged-binary-patch',
      'privileged-binary-patch-arg',
      'unprivileged-binary-patch-arg',
      'binary-append-data',
      'safe-fd',
      'fd-safe',
      'connect-and-read',
      'extract',
      'force-cwd',
      'binsh',
      'profiler',
      'weight',
      'auto-weight',
      'upload-progress',
      'lazy-sleep',
      'jailed',
      'shutdown-sockets',
      'mem-collector-freq',
      'start-unsubscribed',
      'daemons-honour-stdin',
      'response-headers-limit',
      'inject-before',
      'inject-after',
      'setns-skip',
      'check-mountpoint',
      'mountpoint-check',
      'check-mount',
      'notify-socket',
    ],
    'there is nothing like it: it is of the program of uWSGI',
  ),
]

/** Options of a kind, by how their names begin. */
export interface Family {
  readonly pattern: RegExp
  /** As docs name them. */
  readonly names: readonly string[]
  readonly here: string
}

/** Families: what no row has. */
export const families: readonly Family[] = [
  {
    pattern: /^(?:spooler|mule|mules|farm|queue|sharedarea|signal|signals|rpc|timer|touch-mules|touch-spoolers)(?:-|$)/,
    names: ['spooler*', 'mule*', 'farm*', 'queue*', 'sharedarea', 'signal*', 'rpc*', 'timer'],
    here: 'a queue of its own: Celery, RQ or another, run by a service manager',
  },
  {
    pattern: /^(?:emperor|vassals?|imperial|zerg|zergpool)-|^(?:zerg|zergpool|zeus)$/,
    names: ['emperor-*', 'vassal-*', 'vassals-*', 'zerg*'],
    here: 'vassals are mounts of one Sidegate; a reload costs no request',
  },
  {
    pattern: /^(?:hook|exec|call|mount|umount|after-request|early-exec|early-hook)-/,
    names: ['hook-*', 'exec-*', 'call-*', 'mount-*', 'umount-*'],
    here: 'a step of the service: `ExecStartPre=`, `ExecStopPost=` and mounts of systemd',
  },
  {
    pattern:
      /^(?:legion|subscri|unsubscribe|st$|fastrouter|rawrouter|sslrouter|forkptyrouter|forkpty|tuntap|cluster|dns|carbon|ganglia|corerouter|uwsgi-cap)/,
    names: ['legion*', 'subscribe*', 'fastrouter*', 'rawrouter*', 'sslrouter*', 'forkptyrouter*', 'tuntap*', 'carbon*'],
    here: 'the web server in front balances; servers elsewhere are an [`upstream`](upstream.md)',
  },
  {
    pattern:
      /^(?:alarm|log-alarm|backlog-alarm|lq-alarm|listen-queue-alarm|enable-metrics|not-alarm|not-log-alarm|segfault-alarm|metric|stats-push|stats-pusher|statsd|rrdtool|snmp|nagios|zabbix|mongodb|pushover|curl|xmpp|airbrake|raven)/,
    names: ['alarm*', 'metric*', 'stats-push*', 'snmp*', 'carbon*', 'rrdtool*'],
    here: '`sidegate status --json` for whoever watches it, and the records of the log',
  },
  {
    pattern: /^(?:final|error|response)-route/,
    names: ['final-route*', 'error-route*', 'response-route*'],
    here: 'a [layer of your own](middleware-own.md)',
  },
  {
    pattern: /^(?:ssl|https2?|sni|tls)-?/,
    names: ['ssl-*', 'https-*', 'sni-*'],
    here: 'TLS is of the web server in front',
  },
  {
    pattern: /^websockets?-/,
    names: ['websockets-*'],
    here: '`uwsgi.websocket_handshake()` is not here: apps of an [`asgi`](asgi.md) mount have WebSockets, and so have servers by `run` ([websockets.md](websockets.md))',
  },
  { pattern: /^http-/, names: ['http-*'], here: 'Sidegate takes HTTP itself: there is no router process' },
  { pattern: /^(?:php)-/, names: ['php-*'], here: 'settings of PHP go into `ini` of the mount: [php.md](php.md)' },
  { pattern: /^(?:cgi)-/, names: ['cgi-*'], here: 'the settings of a `cgi` mount are in [cgi.md](cgi.md)' },
  {
    pattern:
      /^(?:psgi|perl|plshell|rb|ruby|rack|lua|jvm|jwsgi|ring|mono|v8|go|gccgo|erlang|pypy|symcall|gridfs|glusterfs|rados|pam|ldap|ssi|webdav|xattr|dumbloop|asyncio|tornado|gevent|greenlet|coroae|fiber|graylog2|logsocket|logzmq|msgpack|ping|notfound|echo|systemd|upstart|pty|servlet|clojure|matheval|xslt|geoip|nagios|redislog|mongodblog|logcrypto|logpipe|logfile|syslog|cplusplus|example|objc|tcc|libffi|exception-log|emperor_pg|ugreen|stackless|router|transformation|tofile|toupper|offload|airbrake|alarm_|cheaper|cheaper-busyness|sqlite3|yaml|kqueue|ipcsem|avahi|bonjour)/,
    names: ['perl-*', 'ruby-*', 'lua-*', 'jvm-*', 'mono-*', 'v8-*', 'pypy-*', 'ldap*', 'pam*', 'webdav*', '…'],
    here: 'it is of a plugin: a [`run` mount](run.md) starts whatever serves HTTP, FastCGI, SCGI or uwsgi',
  },
]
