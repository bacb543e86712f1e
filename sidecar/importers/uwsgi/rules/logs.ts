// What uWSGI writes, and where.
import { resolve } from 'node:path'
import type { Instance } from '../instance.ts'
import { always, carried, changed, counted, left, needless, refused, type Rule, type Verdict } from '../rule.ts'

/** A file; uWSGI takes an address of UDP too. */
function toFile(path: string, instance: Instance, note?: string): Verdict {
  if (/^[^/]*:[0-9]+$/.test(path))
    return left('Sidegate sends no records over a network: have the journal or a collector do it')
  instance.log.file = resolve(instance.started, path)
  return note === undefined ? carried(['log', 'file']) : changed(note, ['log', 'file'])
}

const file: Rule = {
  names: ['logto', 'logto2', 'log-file'],
  here: '`log.file`',
  take: ({ value }, instance) => toFile(value, instance),
}

const daemonize: Rule = {
  names: ['daemonize', 'daemonize2'],
  here: '`log.file`; it stays in the foreground, and a service manager has it run: [systemd.md](systemd.md)',
  take: ({ value }, instance) => toFile(value, instance, 'it stays in the foreground: have a service manager run it'),
}

const logger: Rule = {
  names: ['logger', 'req-logger', 'logger-req'],
  here: '`log.file` for `file:PATH`; standard output else, which the journal or a collector takes',
  take({ value }, instance) {
    const path = /(?:^|\s)file:(?:logfile=)?([^,\s]+)/.exec(value)?.[1]
    if (path !== undefined) return toFile(path, instance, 'all records go there')
    if (/(?:^|\s)(?:stdio|stderr)\b/.test(value))
      return carried(undefined, 'records go to standard output and standard error')
    return left('records go to standard output and standard error, which the journal or a collector takes')
  },
}

const silent: Rule = {
  names: ['disable-logging'],
  here: '`log.access: false`',
  isSwitch: true,
  // uWSGI asks for no value of this one: whatever is written, it is on.
  take(_, instance) {
    instance.log.access = false
    return carried(['log', 'access'])
  },
}

/** Requests in the way of Apache. */
const COMBINED = /%\((?:addr|var\.REMOTE_ADDR)\).*%\(method\).*%\((?:status)\).*%\((?:size|rsize)\)/

const format: Rule = {
  names: ['log-format', 'logformat'],
  here: '`log.format`: `text`, `json` or `combined`, without formats of your own',
  take({ value }, instance) {
    if (!COMBINED.test(value)) return left('log.format is text, json or combined')
    instance.log.format = 'combined'
    return changed('the combined format of Apache and nginx is near it', ['log', 'format'])
  },
}

const SOME = 'every request has a record, or none; the levels of `log.level` are of all else'

/** The rows. */
export const logRules: readonly Rule[] = [
  file,
  daemonize,
  logger,
  silent,
  format,
  counted(['log-slow'], '`slow`, in seconds: with what the app is doing', {
    setting: 'slow',
    factor: 0.001,
    least: 0.001,
    most: 1_000_000,
    note: 'the log says what the app is doing, too',
  }),
  always(
    ['log-master', 'log-date', 'logdate', 'log-prefix', 'threaded-logger', 'log-micros', 'log-zero'],
    'records have a time, and the gateway writes them',
    'it is so all the same',
  ),
  needless(['log-master-bufsize', 'logfile-chmod'], 'nothing here needs it: the file is of who started Sidegate'),
  needless(
    [
      'log-master-stream',
      'log-master-req-stream',
      'logfile-chown',
      'log-reopen',
      'logger-list',
      'loggers-list',
      'logformat-strftime',
      'log-format-strftime',
      'log-ipcsem',
      'no-initial-output',
    ],
    'nothing here needs it',
    true,
  ),
  refused(['log-4xx', 'log-5xx', 'log-sendfile', 'log-ioerror'], SOME, true),
  refused(['log-big', 'log-drain', 'log-filter', 'log-route', 'log-req-route', 'log-encoder', 'log-req-encoder'], SOME),
  refused(
    ['log-maxsize', 'log-backupname', 'touch-logrotate', 'touch-logreopen'],
    '`log.file` is begun anew with 10 MiB, and five files are kept',
  ),
  refused(['log-truncate'], '`log.file` goes on where it was', true),
  refused(
    [
      'log-syslog',
      'log-rsyslog',
      'log-socket',
      'log-zeromq',
      'rsyslog-packet-size',
      'rsyslog-split-messages',
      'zeromq-logger',
    ],
    'records go to standard output, which the journal or a collector takes',
  ),
  refused(
    ['log-x-forwarded-for'],
    '`trust` of a listener, or the layer `proxy-fix`: the client is known then to apps too',
    true,
  ),
]
