// Options of Unit, for the docs, and those that have no place here.

const ENGINE = 'Unit’s own: Sidegate has one event loop in each of its processes'
const WEBSOCKET = 'WebSockets are the app’s, and pass as they are'

/** Paths of the configuration, and why there is nothing like them. */
export const leftOptions: Readonly<Record<string, string>> = {
  'settings.listen_threads': ENGINE,
  'settings.js_module': 'modules of JavaScript for the configuration: a layer of your own',
  'settings.telemetry': 'metrics are fetched in the format of Prometheus',
  'settings.http.body_read_timeout': 'a body has a rate and a time in all: bodyRate, bodyTimeout of the listener',
  'settings.http.send_timeout': 'a client that takes nothing is given up by itself',
  'settings.http.idle_timeout': 'a connection without a request is kept for 75 s',
  'settings.http.body_buffer_size': 'what stays in memory of a body is said by the mount: spoolMemory',
  'settings.http.body_temp_path': 'bodies are spooled below TMPDIR of the gateway',
  'settings.http.large_header_buffer_size': 'a request head has 64 KB at most',
  'settings.http.large_header_buffers': 'a request head has 64 KB at most',
  'settings.http.log_route': 'the log has the mount of each request',
  'settings.http.server_version': 'the field Server is not sent',
  'settings.http.chunked_transform': 'bodies without a length are always taken',
  'settings.http.body_min_rate': 'a body has a rate of its own: bodyRate of the listener',
  'settings.http.send_min_rate': 'a client that takes nothing is given up by itself',
  'settings.http.static': 'types of files are built in',
  'settings.http.websocket': WEBSOCKET,
}

/** An option, its place here, and what to know. */
export type OptionRow = readonly [option: string, here: string, note: string]

/** Every option of Unit: a path, and further ones that differ in their last name. `*` is a name of one's own. */
export const optionRows: readonly OptionRow[] = [
  [
    'listeners',
    '`listen`',
    '`*:80` is `0.0.0.0:80`. Unix sockets have mode 0666, as in Unit. All have to lead to the same place; others are for a Sidegate of their own.',
  ],
  ['listeners.*.pass, application', '`mounts`', 'Not with variables.'],
  [
    'listeners.*.tls',
    '`listen`, without it',
    'TLS is for the web server in front; the listener becomes one of this machine, with 10000 more as its port.',
  ],
  [
    'listeners.*.forwarded, client_ip',
    '`trust` of the listener',
    'X-Forwarded-For and X-Forwarded-Proto; addresses and networks.',
  ],
  ['listeners.*.backlog', '`backlog` of the listener', ''],
  ['routes[].match.uri, host', 'the place of a mount, or `rewrite`', ''],
  [
    'routes[].match.method, headers, arguments, cookies, query, scheme, source',
    '`when` and `unless` of `rewrite`',
    'Values of arguments and cookies as they are written, and not by regular expressions. Of IPv6 only whole addresses.',
  ],
  ['routes[].match.destination, if', 'none', 'A step that has one answers 503 for whatever else it matches.'],
  ['routes[].action.pass', 'a mount', 'What a route has no step for is 404, as in Unit.'],
  ['routes[].action.proxy', '`upstream`', 'X-Forwarded-* are set, connections kept.'],
  [
    'routes[].action.return, location',
    '`respond`, `redirect`',
    '200 to 599. `$host` and `$request_uri` in a location.',
  ],
  [
    'routes[].action.share, index',
    '`files`, `try-files`',
    '`$uri` at the end, or one file. Hidden files are not served.',
  ],
  [
    'routes[].action.fallback',
    '`try-files` in front of it',
    'Source and settings of the folder are left to what is behind it.',
  ],
  [
    'routes[].action.types',
    'none',
    'A step that has it answers 503: by their names (`*.css`) files can be told apart.',
  ],
  [
    'routes[].action.chroot, follow_symlinks',
    '`followSymlinks`',
    'Links lead out of the folder only where `follow_symlinks` is true and no `chroot` set.',
  ],
  ['routes[].action.traverse_mounts', 'none', 'File systems below the folder are served as it is.'],
  ['routes[].action.rewrite', '`rewrite`', 'With `$uri`; not in front of a route.'],
  ['routes[].action.response_headers', '`headers`', ''],
  ['upstreams.*.servers.*.weight', '`upstream` with `weight`', ''],
  ['applications.*.type', 'the kind of a mount', 'Of Python with a version and without `home`: that interpreter.'],
  ['applications.*.module, callable, factory', '`python`', ''],
  ['applications.*.path, home', '`path`, `venv`', ''],
  ['applications.*.working_directory', '`cwd`, `php`, `node`', 'Of PHP and Node.js: where relative paths start.'],
  ['applications.*.prefix', 'the place of the mount', 'What is not below it is 404.'],
  ['applications.*.targets', 'a mount each', 'Each has processes of its own.'],
  ['applications.*.protocol', '`asgi`, `python`', 'Unless it is set, an app is taken for one of WSGI.'],
  ['applications.*.threads', '`threads`', ''],
  ['applications.*.thread_stack_size', 'none', ''],
  [
    'applications.*.root, script, index, options.user, options.admin',
    '`php`, `frontController`, `index`, `ini`, `adminIni`',
    'Of PHP: only scripts, as in Unit.',
  ],
  ['applications.*.options.file', 'none', 'The `php.ini` of php-fpm is read.'],
  [
    'applications.*.executable, arguments',
    '`node` for a script of Node.js',
    '`unit-http` is Sidegate’s there. Go and others: a `run` mount.',
  ],
  [
    'applications.*.hooks, webapp, classpath, options, unit_jars, request_handler, malloc_handler, free_handler, module_init_handler, module_end_handler, request_init_handler, request_end_handler, response_end_handler, component, access, execution_timeout',
    'none',
    'Apps in Ruby, Perl, Java and WebAssembly have servers of their own: `run` or `upstream` mounts.',
  ],
  ['applications.*.processes', '`processes`', '`spare` is how many stay.'],
  [
    'applications.*.limits.timeout, start_timeout, requests',
    '`requestTimeout`, `startTimeout`, `recycle.requests`, of PHP `maxRequests`',
    '',
  ],
  ['applications.*.limits.shm, reschedule_timeout', 'none', 'They are about what Unit does by itself.'],
  ['applications.*.user, group', '`process`', ''],
  ['applications.*.environment', '`env`', ''],
  ['applications.*.isolation', 'none', 'A service manager or a container isolates.'],
  ['applications.*.stdout, stderr', 'none', 'What an app prints is in the log.'],
  ['settings.http.header_read_timeout', '`headTimeout` of the listener', ''],
  ['settings.http.max_body_size', '`limit` with `body`', '8 MiB unless set, as in Unit.'],
  ['settings.http.discard_unsafe_fields', '`underscoresInHeaders` of the listener', ''],
  [
    'settings.http.compression',
    '`compress`',
    'zstd, br and gzip. Without `types` those of text are compressed, and not all.',
  ],
  ['access_log', '`log`', 'Unless set no requests are logged. One file for all records.'],
  ...Object.entries(leftOptions).map(([path, why]): OptionRow => [path, 'none', why]),
]
