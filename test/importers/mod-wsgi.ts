// What takes the place of each directive and option of mod_wsgi: the rows of docs/migrate-wfastcgi.md. There is no importer that could be asked;
// what a row writes is held against the settings that there are.

/** A directive or an option. */
export interface ModWsgiRow {
  /** As it is written for Apache. */
  readonly written: string
  /** Settings of a `python` mount, or of the gateway, that say the same. Undefined: there is nothing to set. */
  readonly mount?: Readonly<Record<string, unknown>>
  readonly gateway?: Readonly<Record<string, unknown>>
  /** What is different, or why there is nothing to set. */
  readonly note?: string
}

const OWN = 'mod_wsgi’s own'
const BETWEEN = 'between Apache’s processes and mod_wsgi’s own, which are not there'
const READY = 'the next worker serves before one ends; `recycle.jitter` makes it up to a tenth more'

/** Options of `WSGIDaemonProcess`. */
export const daemonRows: readonly ModWsgiRow[] = [
  { written: 'processes=4', mount: { processes: 4 } },
  { written: 'threads=15', mount: { threads: 15 }, note: 'unless it is set: 15 for mod_wsgi, 1 here' },
  { written: 'home=/srv/shop', mount: { cwd: '/srv/shop' }, note: 'it is on sys.path' },
  { written: 'python-home=/srv/venv', mount: { venv: '/srv/venv' }, note: 'of any Python from 3.8 on' },
  {
    written: 'python-path=/srv/a:/srv/b',
    mount: { path: ['/srv/a', '/srv/b'] },
    note: '`.pth` files in them are not read',
  },
  { written: 'python-eggs=/var/cache/eggs', mount: { env: { PYTHON_EGG_CACHE: '/var/cache/eggs' } } },
  {
    written: 'user=shop group=shop',
    mount: { process: { user: 'shop', group: 'shop' } },
    note: '`#1001` is the number 1001',
  },
  {
    written: 'supplementary-groups=a,b',
    mount: { process: { groups: ['a', 'b'] } },
    note: 'these alone; unless set, all that the user is in',
  },
  { written: 'umask=0027', mount: { process: { umask: '027' } } },
  { written: 'lang=C.UTF-8', mount: { env: { LANG: 'C.UTF-8' } } },
  { written: 'locale=C.UTF-8', mount: { env: { LC_ALL: 'C.UTF-8' } } },
  { written: 'maximum-requests=5000', mount: { recycle: { requests: 5000 } }, note: READY },
  { written: 'restart-interval=86400', mount: { recycle: { age: 86_400 } }, note: READY },
  {
    written: 'inactivity-timeout=300',
    mount: { processes: { min: 0, max: 4, idle: 300 } },
    note: 'the next request starts a worker; mod_wsgi starts one at once',
  },
  {
    written: 'request-timeout=30',
    mount: { requestTimeout: 30 },
    note: 'for each request, whatever `threads` is. The client gets 504, the app an exception',
  },
  {
    written: 'interrupt-timeout=10',
    mount: { requestTimeout: 30, killTimeout: 10 },
    note: 'a worker that does not get out of the request by then is replaced and killed',
  },
  {
    written: 'deadlock-timeout=60',
    mount: { requestTimeout: 30, killTimeout: 10 },
    note: 'what holds Python’s lock is killed by it too',
  },
  {
    written: 'startup-timeout=20',
    mount: { startTimeout: 20 },
    note: 'the start fails then; on a reload the workers before serve on',
  },
  {
    written: 'graceful-timeout, eviction-timeout, shutdown-timeout',
    mount: { stopTimeout: 15 },
    note: 'so long what is under way may take, then the worker is killed',
  },
  { written: 'queue-timeout=45', mount: { queueTimeout: 45 }, note: 'the client gets 503, and not 504' },
  { written: 'listen-backlog=100', mount: { queue: 100 }, note: 'requests that wait in the gateway; more get 503' },
  {
    written: 'socket-user=www-data',
    gateway: { listen: [{ address: 'unix:/run/shop.sock', owner: 'www-data' }] },
  },
  {
    written: 'memory-limit, virtual-memory-limit',
    mount: { process: { limits: { memory: 1_000_000_000 } } },
    note: 'address space; `recycle: { memory: … }` counts what is in use, and costs no request',
  },
  {
    written: 'cpu-time-limit=3600',
    mount: { process: { limits: { cpuTime: 3600 } } },
    note: 'the kernel ends the process, and the request that it has gets 502',
  },
  { written: 'cpu-priority=5', mount: { process: { nice: 5 } }, note: '-20 to 19' },
  { written: 'display-name=%{GROUP}', note: '`sidegate status` has the processes of each mount' },
  { written: 'chroot=/srv/jail', note: 'a container, or `RootDirectory=` of a systemd unit' },
  { written: 'script-user, script-group', note: 'whose files they are is left to the file system' },
  { written: 'switch-interval=0.002', note: '`sys.setswitchinterval()` in the app' },
  { written: 'stack-size', note: 'threads have the stack that Python gives them' },
  {
    written: 'connect-timeout, socket-timeout, response-socket-timeout',
    note: `${BETWEEN}; for Apache and Sidegate: \`ProxyTimeout\``,
  },
  { written: 'send-buffer-size, receive-buffer-size, header-buffer-size, response-buffer-size', note: BETWEEN },
  { written: 'server-metrics=on', note: 'Apache’s scoreboard is not read' },
]

const place = (prefix: string, settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  mounts: { [prefix]: settings },
})
const EACH_PROCESS = 'each mount has processes of its own, with one interpreter each'

/** Directives. */
export const directiveRows: readonly ModWsgiRow[] = [
  { written: 'WSGIScriptAlias /shop /srv/shop.wsgi', gateway: place('/shop', { python: '/srv/shop.wsgi' }) },
  {
    written: 'WSGIScriptAliasMatch, AddHandler wsgi-script',
    gateway: place('/blog', { python: '/srv/blog.wsgi' }),
    note: 'a mount for each app',
  },
  {
    written: 'WSGICallableObject app',
    mount: { python: '/srv/shop.wsgi:app' },
    note: '`callable-object=app` of an alias likewise',
  },
  { written: 'WSGIPythonHome /srv/venv', mount: { venv: '/srv/venv' }, note: 'of any Python from 3.8 on' },
  {
    written: 'WSGIPythonPath /srv/a:/srv/b',
    mount: { path: ['/srv/a', '/srv/b'] },
    note: '`.pth` files in them are not read',
  },
  { written: 'WSGIPythonEggs /var/cache/eggs', mount: { env: { PYTHON_EGG_CACHE: '/var/cache/eggs' } } },
  { written: 'WSGIPythonOptimize 1', mount: { env: { PYTHONOPTIMIZE: '1' } } },
  { written: 'WSGIPythonWarnings error', mount: { env: { PYTHONWARNINGS: 'error' } } },
  { written: 'WSGIPythonHashSeed 0', mount: { env: { PYTHONHASHSEED: '0' } } },
  { written: 'WSGIDontWriteBytecode On', mount: { env: { PYTHONDONTWRITEBYTECODE: '1' } } },
  {
    written: 'WSGIScriptReloading On',
    mount: { recycle: { touch: '/srv/shop.wsgi' } },
    note: 'workers are replaced when the script is changed, and not with the next request',
  },
  {
    written: 'WSGITrustedProxies 10.0.0.1, WSGITrustedProxyHeaders',
    gateway: { listen: [{ address: 'http://127.0.0.1:8000', trust: ['10.0.0.1'] }] },
    note: 'X-Forwarded-For and X-Forwarded-Proto; others by the layer `proxy-fix`',
  },
  {
    written: 'WSGIImportScript, WSGILazyInitialization',
    note: 'an app is loaded at the start, before there are requests',
  },
  { written: 'WSGIProcessGroup, WSGIApplicationGroup', note: EACH_PROCESS },
  {
    written: 'WSGIInterpreterOptions, WSGIPerInterpreterGIL, WSGIFreeThreading, WSGIDestroyInterpreter',
    note: EACH_PROCESS,
  },
  {
    written: 'WSGIPassAuthorization On',
    note: 'always: `sidegate plug apache` has `CGIPassAuth On` where it is needed',
  },
  { written: 'WSGIChunkedRequest On', note: 'always: bodies without a length are taken' },
  { written: 'WSGIMapHEADToGET', note: 'the app sees HEAD' },
  { written: 'WSGIErrorOverride On', note: '`ProxyErrorOverride On` of Apache' },
  {
    written: 'WSGIRestrictStdin, WSGIRestrictStdout',
    note: 'what an app prints is in the log, standard input is empty',
  },
  {
    written: 'WSGIAuthUserScript, WSGIAuthGroupScript, WSGIAccessScript',
    note: 'layers ([middleware-guards.md](middleware-guards.md)), or what Apache has',
  },
  { written: 'WSGIDispatchScript, WSGIHandlerScript, WSGIPassApacheRequest', note: 'no script runs inside Apache' },
  { written: 'WSGISlowRequests', mount: { slow: 5 }, note: 'in the log, with what the app is doing' },
  {
    written: 'WSGIServerMetrics, WSGITelemetryService, WSGITelemetryOptions',
    note: '`sidegate status`, `sidegate top`, and metrics in the format of Prometheus: [admin.md](admin.md)',
  },
  { written: 'WSGISwitchInterval', note: '`sys.setswitchinterval()` in the app' },
  {
    written:
      'WSGIAcceptMutex, WSGICaseSensitivity, WSGIEnableSendfile, WSGIIgnoreActivity, WSGIRestrictEmbedded, WSGIRestrictProcess, WSGIRestrictSignal, WSGISocketPrefix, WSGISocketRotation',
    note: OWN,
  },
]
