// The settings of gunicorn that have a place here. docs/migrate-gunicorn.md is made from these.
import { settingsOf, type Setting } from './setting.ts'

export const carriedSettings: readonly Setting[] = [
  ...settingsOf([['wsgi_app', 'text']], '`python` of the mount', 'The word of the command line stands for it.'),
  ...settingsOf([['paste', 'text', '--paste --paster']], '`python` of the mount', 'The file of Paste Deploy.'),
  ...settingsOf([['bind', 'list', '-b --bind']], '`listen`', 'With `http://` in front, as nothing else was taken.'),
  ...settingsOf([['backlog', 'number', '--backlog']], '`backlog` of the listeners', ''),
  ...settingsOf(
    [['workers', 'number', '-w --workers']],
    '`processes`',
    'A number that is computed becomes what it is where it is imported.',
  ),
  ...settingsOf([['threads', 'number', '--threads']], '`threads`', ''),
  ...settingsOf(
    [['worker_class', 'text', '-k --worker-class']],
    '`threads`',
    '`sync` and `gthread` are as they were. Greenlets (`gevent`, `eventlet`) become threads. Workers for ASGI (`asgi`, those of Uvicorn) become an `asgi` mount.',
  ),
  ...settingsOf(
    [['worker_connections', 'number', '--worker-connections']],
    '`threads` for greenlets, `requests` for ASGI',
    'A request takes a thread, so 64 at most. For `gthread` there is no such bound.',
  ),
  ...settingsOf(
    [['max_requests', 'number', '--max-requests']],
    '`recycle.requests`',
    'The next worker is ready before one ends.',
  ),
  ...settingsOf(
    [['max_requests_jitter', 'number', '--max-requests-jitter']],
    '`recycle.jitter`',
    'A share of `requests`.',
  ),
  ...settingsOf(
    [['timeout', 'number', '-t --timeout']],
    '`requestTimeout`',
    'For `sync`, where it bounds a request; the client gets 504. For the other workers it says that one hangs as a whole: `requestTimeout` may be set.',
  ),
  ...settingsOf([['graceful_timeout', 'number', '--graceful-timeout']], '`stopTimeout`, `drainTimeout`', ''),
  ...settingsOf([['asgi_loop', 'text', '--asgi-loop']], '`loop`', 'Of an `asgi` mount.'),
  ...settingsOf([['asgi_lifespan', 'text', '--asgi-lifespan']], '`lifespan`', 'Of an `asgi` mount.'),
  ...settingsOf(
    [['websocket_max_message_size', 'number', '--websocket-max-message-size']],
    '`webSockets.maxMessage`',
    'Of an `asgi` mount.',
  ),
  ...settingsOf([['chdir', 'text', '--chdir']], '`cwd`', 'Unless set: the folder where it is imported.'),
  ...settingsOf([['pythonpath', 'text', '--pythonpath']], '`path`', ''),
  ...settingsOf([['raw_env', 'list', '-e --env']], '`env`', 'SCRIPT_NAME becomes the prefix of the mount.'),
  ...settingsOf([['user', 'text', '-u --user']], '`process.user`', ''),
  ...settingsOf([['group', 'text', '-g --group']], '`process.group`', ''),
  ...settingsOf(
    [['umask', 'octal', '-m --umask']],
    '`process.umask`, `mode` of Unix sockets',
    'Unless set it is that of Sidegate, and not 0.',
  ),
  ...settingsOf(
    [['initgroups', 'flag', '--initgroups']],
    '`process.groups`',
    'Its default here: all groups that the user is in. Without `initgroups` gunicorn kept those of root.',
  ),
  ...settingsOf(
    [['forwarded_allow_ips', 'peers', '--forwarded-allow-ips']],
    '`trust` of the listeners',
    'The client becomes REMOTE_ADDR too, so that the proxy has to set X-Forwarded-For. Unless set: this machine, as in gunicorn.',
  ),
  ...settingsOf(
    [
      ['proxy_protocol', 'word', '--proxy-protocol'],
      ['proxy_allow_ips', 'peers', '--proxy-allow-from'],
    ],
    '`proxyProtocol` of the listeners',
    'Both versions are taken.',
  ),
  ...settingsOf(
    [
      ['protocol', 'text', '--protocol'],
      ['uwsgi_allow_ips', 'peers', '--uwsgi-allow-from'],
    ],
    '`uwsgi://` in `listen`, with `allow`',
    'Variables of the web server (SCRIPT_NAME, REMOTE_ADDR, REMOTE_USER) reach the app.',
  ),
  ...settingsOf(
    [['header_map', 'text', '--header-map']],
    '`underscoresInHeaders` of the listeners',
    'For `dangerous`. `refuse` is as `drop`: such fields are left out.',
  ),
  ...settingsOf(
    [['accesslog', 'text', '--access-logfile']],
    '`log.access`, `log.file`',
    'There is one file for all records.',
  ),
  ...settingsOf(
    [['access_log_format', 'text', '--access-logformat']],
    '`log.format`',
    'The format of gunicorn is `combined`. Others are not taken: `json` has all that they could name.',
  ),
  ...settingsOf([['errorlog', 'text', '--error-logfile --log-file']], '`log.file`', ''),
  ...settingsOf([['loglevel', 'text', '--log-level']], '`log.level`', '`debug` is `info`, `critical` is `error`.'),
  ...settingsOf(
    [['reload_extra_files', 'list', '--reload-extra-file']],
    '`recycle.touch`',
    'Where `reload` is set, and for files, not patterns.',
  ),
]
