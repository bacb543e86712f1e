// What becomes of each option, and that each has a word said about it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ruleOf } from '../../../sidecar/importers/uwsgi/table.ts'
import { program, temporaryFolder } from '../../harness.ts'
import { imported, lineFor } from './read.ts'

const { path: cwd, remove } = temporaryFolder()
afterAll(remove)
mkdirSync(join(cwd, 'static'))
writeFileSync(join(cwd, 'static/robots.txt'), 'none')
mkdirSync(join(cwd, 'variables'))
writeFileSync(join(cwd, 'variables/COLOUR'), 'green\n')

let count = 0
async function read(lines: string, environment: Record<string, string> = {}, words: readonly string[] = []) {
  const file = `options-${count++}.ini`
  writeFileSync(join(cwd, file), `[uwsgi]\n${lines}\n`)
  return imported({ cwd, file, environment, words })
}

const app = 'module = shop:app'
const shop = { python: 'shop:app', cwd }

/** The lines, a part of the configuration that comes of them, and what the report has of the option that is asked for. */
const CASES: readonly (readonly [lines: string, option: string, config: object, report: string])[] = [
  [`${app}\nsocket = 127.0.0.1:3031`, 'socket', { listen: ['uwsgi://127.0.0.1:3031'] }, '→ listen.0'],
  [`${app}\nsocket = run/s.sock\nchdir = /srv`, 'socket', { listen: ['uwsgi://unix:/srv/run/s.sock'] }, '→ listen.0'],
  [
    `${app}\nsocket = :3031`,
    'socket',
    { listen: [{ address: 'uwsgi://0.0.0.0:3031', allow: ['127.0.0.0/8', '::1'] }] },
    '→ listen.0: who may connect has to be named, which is this machine alone for now: put the address of the web server into allow',
  ],
  [
    `${app}\nsocket = @abstract`,
    'socket',
    {},
    'Sidegate has no abstract sockets: give it a path, there and in the web server',
  ],
  [`${app}\nsocket = a.sock\nprotocol = http`, 'socket', { listen: [`http://unix:${cwd}/a.sock`] }, '→ listen.0'],
  [
    `${app}\nshared-socket = 127.0.0.1:3031\nsocket = =0`,
    'socket',
    { listen: ['uwsgi://127.0.0.1:3031'] },
    '→ listen.0',
  ],
  [`${app}\nhttp = :8080`, 'http', { listen: ['http://0.0.0.0:8080'] }, '→ listen.0'],
  [`${app}\nhttp-socket = [::1]:8080`, 'http-socket', { listen: ['http://[::1]:8080'] }, '→ listen.0'],
  [`${app}\nfastcgi-socket = 127.0.0.1:9000`, 'fastcgi-socket', { listen: ['fastcgi://127.0.0.1:9000'] }, '→ listen.0'],
  [
    `${app}\nscgi-nph-socket = 127.0.0.1:4000`,
    'scgi-nph-socket',
    { listen: ['scgi://127.0.0.1:4000'] },
    '→ listen.0: the answer begins with Status:, as the protocol has it, and not with a line of HTTP',
  ],
  [
    `${app}\nhttps = :443,a.crt,a.key`,
    'https',
    {},
    'TLS is of the web server in front: have it listen on 443, and pass on to an address of listen',
  ],
  [
    `${app}\nsocket = /run/a.sock\nchmod-socket`,
    'chmod-socket',
    { listen: [{ address: 'uwsgi://unix:/run/a.sock', mode: '0666' }] },
    '→ listen.0.mode',
  ],
  [
    `${app}\nsocket = /run/a.sock\nchown-socket = root:root\nuid = daemon`,
    'chown-socket',
    { listen: [{ address: 'uwsgi://unix:/run/a.sock', owner: 'root:root' }] },
    '→ listen.0.owner',
  ],
  [
    `${app}\nsocket = /run/a.sock\nuid = daemon\ngid = 1`,
    'uid',
    {
      listen: [{ address: 'uwsgi://unix:/run/a.sock', owner: 'daemon:1' }],
      mounts: { '/': { ...shop, process: { user: 'daemon', group: 1 } } },
    },
    '→ mounts./.process.user',
  ],
  [
    `${app}\nsocket = /run/a.sock\numask = 007`,
    'umask',
    {
      listen: [{ address: 'uwsgi://unix:/run/a.sock', mode: '0770' }],
      mounts: { '/': { ...shop, process: { umask: '007' } } },
    },
    '→ mounts./.process.umask',
  ],
  [
    `${app}\nsocket = 127.0.0.1:1\nlisten = 1024`,
    'listen',
    { listen: [{ address: 'uwsgi://127.0.0.1:1', backlog: 1024 }] },
    '→ listen.0.backlog',
  ],
  [
    `wsgi-file = shop.wsgi\ncallable = main`,
    'callable',
    { mounts: { '/': { python: `${cwd}/shop.wsgi:main`, cwd } } },
    '→ mounts./.python',
  ],
  [`module = shop:make()`, 'module', { mounts: { '/': { python: 'shop:make()', cwd } } }, '→ mounts./.python'],
  [
    `ini-paste = config:shop.ini#other`,
    'ini-paste',
    { mounts: { '/': { python: `${cwd}/shop.ini#other`, cwd } } },
    '→ mounts./.python',
  ],
  [
    `mount = /a=a.py\nmount = example.com|/b=b:app\nmanage-script-name = true`,
    'mount = example',
    { mounts: { '/a': { python: `${cwd}/a.py`, cwd }, 'example.com/b': { python: 'b:app', cwd } } },
    '→ mounts.example.com/b.python',
  ],
  [
    `mount = /a=a:app`,
    'mount',
    { mounts: { '/a': { python: 'a:app', cwd } } },
    '→ mounts./a.python: the path decides, and SCRIPT_NAME of the web server is not needed for it',
  ],
  [
    `${app}\nmount = /=b:app`,
    'mount',
    { mounts: { '/': shop } },
    'module is there, which counts for uWSGI wherever it stands: leave one of them out',
  ],
  [
    `mount = /=b:app\nmodule = shop:app`,
    'mount',
    { mounts: { '/': shop } },
    'module is there, which counts for uWSGI wherever it stands: leave one of them out',
  ],
  [`module = b:app\n${app}`, 'module = b', { mounts: { '/': shop } }, 'a later line says otherwise, which counts'],
  [
    `wsgi-file = b.py\n${app}`,
    'wsgi-file',
    { mounts: { '/': shop } },
    'module counts for uWSGI, wherever it stands: leave one of them out',
  ],
  [
    `wsgi-file = b.py\nwsgi-file = c.py`,
    'wsgi-file = b',
    { mounts: { '/': { python: `${cwd}/c.py`, cwd } } },
    'a later line says otherwise, which counts',
  ],
  [
    `mount = /a=a:app\nmount = /a=b:app\nmanage-script-name = true`,
    'mount = /a=b',
    { mounts: { '/a': { python: 'a:app', cwd } } },
    'there is an app at that place already, and the first counts for uWSGI too: leave one of them out',
  ],
  [
    `${app}\nchdir = /srv\nchdir2 = data`,
    'chdir2',
    { mounts: { '/': { python: 'shop:app', path: ['/srv'], cwd: '/srv/data' } } },
    '→ mounts./.cwd: it is so before the app is loaded; the folder of before is in path',
  ],
  // An app is found where uWSGI was started, which is its folder until it is loaded.
  [
    `${app}\nchdir2 = /srv/data`,
    'chdir2',
    { mounts: { '/': { python: 'shop:app', path: [cwd], cwd: '/srv/data' } } },
    '→ mounts./.cwd: it is so before the app is loaded; the folder of before is in path',
  ],
  [
    `${app}\npythonpath = a\npp = /b`,
    'pythonpath',
    { mounts: { '/': { ...shop, path: ['/b', `${cwd}/a`] } } },
    '→ mounts./.path',
  ],
  [`${app}\nvirtualenv = v`, 'virtualenv', { mounts: { '/': { ...shop, venv: `${cwd}/v` } } }, '→ mounts./.venv'],
  [`${app}\nenv = KEY=a=b`, 'env', { mounts: { '/': { ...shop, env: { KEY: 'a=b' } } } }, '→ mounts./.env.KEY'],
  [`${app}\nenv = KEY=$(KEY)`, 'env', { mounts: { '/': shop } }, 'apps have what the gateway was started with'],
  [
    `${app}\nenvdir = variables`,
    'envdir',
    { mounts: { '/': { ...shop, env: { COLOUR: 'green' } } } },
    '→ mounts./.env: with what its files say now',
  ],
  [
    `${app}\nprocesses = 4\nthreads = 2`,
    'threads',
    { mounts: { '/': { ...shop, processes: 4, threads: 2 } } },
    '→ mounts./.threads',
  ],
  [
    `${app}\nprocesses = 4000`,
    'processes',
    { mounts: { '/': { ...shop, processes: 1000 } } },
    '→ mounts./.processes: here it is 1000 at most',
  ],
  [`${app}\nworkers = 2\nprocesses = 4`, 'workers', { mounts: { '/': { ...shop, processes: 4 } } }, 'which counts'],
  [`${app}\nmax-requests = 2\nmax-requests = 4`, 'max-requests = 2', {}, 'a later line says otherwise, which counts'],
  [`${app}\nprocesses = many`, 'processes', { mounts: { '/': shop } }, '"many" is no number'],
  [
    `${app}\nworkers = 4\ncheaper = 2`,
    'cheaper',
    { mounts: { '/': { ...shop, processes: { min: 2, max: 4 } } } },
    '→ mounts./.processes.min',
  ],
  [
    `${app}\nworkers = 4\nidle = 600`,
    'idle',
    { mounts: { '/': { ...shop, processes: { min: 0, max: 4, idle: 600 } } } },
    '→ mounts./.processes.idle',
  ],
  [
    `${app}\ngevent = 500`,
    'gevent',
    { mounts: { '/': { ...shop, threads: 100 } } },
    '→ mounts./.threads: threads, 100 of them are in its place; an app that wants to be patched calls monkey.patch_all() itself',
  ],
  [
    `${app}\nharakiri = 30\nharakiri-graceful-timeout = 5`,
    'harakiri-graceful',
    { mounts: { '/': { ...shop, requestTimeout: 30, killTimeout: 5 } } },
    '→ mounts./.killTimeout',
  ],
  [
    `${app}\nmax-requests = 1000\nmax-requests-delta = 50\nworkers = 4`,
    'max-requests-delta',
    { mounts: { '/': { ...shop, processes: 4, recycle: { requests: 1000, jitter: 0.2 } } } },
    '→ mounts./.recycle.jitter: up to 0.2 more of it, by chance, in the place of 50 for each worker',
  ],
  [
    `${app}\nmax-worker-lifetime = 3600`,
    'max-worker-lifetime',
    { mounts: { '/': { ...shop, recycle: { age: 3600 } } } },
    '→ mounts./.recycle.age',
  ],
  [
    `${app}\nreload-on-rss = 256\nevil-reload-on-rss = 512`,
    'evil-reload-on-rss',
    { mounts: { '/': { ...shop, recycle: { memory: 268_435_456, killMemory: 536_870_912 } } } },
    '→ mounts./.recycle.killMemory',
  ],
  [
    `${app}\nlimit-as = 1024\nmax-fd = 4096\nprio = 5`,
    'limit-as',
    { mounts: { '/': { ...shop, process: { limits: { memory: 1_073_741_824, openFiles: 4096 }, nice: 5 } } } },
    '→ mounts./.process.limits.memory',
  ],
  [
    `${app}\nreload-mercy = 8\nworker-reload-mercy = 9`,
    'reload-mercy',
    { drainTimeout: 8, mounts: { '/': { ...shop, stopTimeout: 9 } } },
    '→ drainTimeout',
  ],
  [
    `${app}\ntouch-reload = a\ntouch-reload = b`,
    'touch-reload = b',
    { reloadOnTouch: [`${cwd}/a`, `${cwd}/b`] },
    '→ reloadOnTouch.1: with sidegate serve --supervise',
  ],
  [
    `${app}\ntouch-chain-reload = a`,
    'touch-chain-reload',
    { mounts: { '/': { ...shop, recycle: { touch: [`${cwd}/a`] } } } },
    '→ mounts./.recycle.touch',
  ],
  [
    `${app}\npost-buffering = 8192`,
    'post-buffering',
    { mounts: { '/': { ...shop, spoolMemory: 8192 } } },
    '→ mounts./.spoolMemory',
  ],
  [
    `${app}\nadd-gid = audio\nadd-gid = 5`,
    'add-gid',
    { mounts: { '/': { ...shop, process: { groups: ['audio', 5] } } } },
    '→ mounts./.process.groups',
  ],
  [
    `${app}\nlazy-apps = false`,
    'lazy-apps',
    { mounts: { '/': shop } },
    'each worker loads the app itself: nothing is loaded before workers are forked, and they share no memory',
  ],
  [
    `${app}\ndie-on-term = true`,
    'die-on-term',
    { mounts: { '/': shop } },
    'SIGTERM stops it; SIGHUP reloads, with --supervise',
  ],
  [
    `${app}\nstatic-map = /s=static\nstatic-index = i.html\nstatic-expires = /* 60`,
    'static-map',
    { mounts: { '/': shop, '/s': { files: `${cwd}/static`, index: ['i.html'], maxAge: 60 } } },
    '→ mounts./s.files: a file that is not there is 404, where uWSGI asks the app for it',
  ],
  [
    `${app}\nstatic-map = /robots.txt=static/robots.txt`,
    'static-map',
    {
      mounts: {
        '/': shop,
        '/robots.txt': { files: `${cwd}/static`, index: [], use: [{ rewrite: { rules: [{ to: '/robots.txt' }] } }] },
      },
    },
    '→ mounts./robots.txt.files',
  ],
  [
    `${app}\nstatic-map2 = /s=/srv`,
    'static-map2',
    { mounts: { '/': shop, '/s': { files: '/srv/s', index: [] } } },
    '→ mounts./s.files: a file that is not there is 404, where uWSGI asks the app for it',
  ],
  [
    `${app}\ncheck-static = static\nstatic-gzip-all = true`,
    'check-static',
    { use: [{ 'try-files': { root: `${cwd}/static`, index: [], precompressed: ['gzip'] } }] },
    '→ use.0.try-files',
  ],
  [`${app}\noffload-threads = 4`, 'offload-threads', {}, 'the gateway sends them, and no worker'],
  [
    `${app}\nlogto = a.log\nchdir = /srv\ndisable-logging = true`,
    'logto',
    { log: { file: `${cwd}/a.log`, access: false } },
    '→ log.file',
  ],
  [
    `${app}\nlogto = 10.0.0.1:514`,
    'logto',
    {},
    'Sidegate sends no records over a network: have the journal or a collector do it',
  ],
  [
    `${app}\nreq-logger = file:/var/log/r.log`,
    'req-logger',
    { log: { file: '/var/log/r.log' } },
    '→ log.file: all records go there',
  ],
  [
    `${app}\ndaemonize = /var/log/a.log`,
    'daemonize',
    { log: { file: '/var/log/a.log' } },
    '→ log.file: it stays in the foreground: have a service manager run it',
  ],
  [
    `${app}\nlog-format = %(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size)`,
    'log-format',
    { log: { format: 'combined' } },
    '→ log.format: the combined format of Apache and nginx is near it',
  ],
  [
    `${app}\nlog-slow = 1500`,
    'log-slow',
    { mounts: { '/': { ...shop, slow: 1.5 } } },
    '→ mounts./.slow: the log says what the app is doing, too',
  ],
  [
    `${app}\nroute = ^/old/(.*)$ redirect-permanent:/new/$1`,
    'route',
    { use: [{ redirect: { rules: [{ match: '^/old/(.*)$', to: '/new/$1', permanent: true }] } }] },
    '→ use.0.redirect',
  ],
  [
    `${app}\nroute = ^/a$ rewrite:/b\nroute-host = ^www\\. redirect:https://example.com\${REQUEST_URI}`,
    'route-host',
    {
      use: [
        { rewrite: { rules: [{ match: '^/a$', to: '/b' }] } },
        { redirect: { rules: [{ when: { HTTP_HOST: '/^www\\./' }, scheme: 'https', host: 'example.com' }] } },
      ],
    },
    '→ use.1.redirect',
  ],
  [
    `${app}\nroute-if-not = equal:\${HTTPS};on redirect-301:https://\${HTTP_HOST}\${REQUEST_URI}`,
    'route-if-not',
    { use: [{ redirect: { rules: [{ scheme: 'https', permanent: true }] } }] },
    '→ use.0.redirect',
  ],
  [
    `${app}\nroute = ^/admin basicauth:Admins,anna:secret`,
    'route',
    {
      use: [
        { auth: { realm: 'Admins', users: ['anna:secret'], plain: true, path: '/admin', passAuthorization: true } },
      ],
    },
    '→ use.0.auth: a hash is better than the password itself: htpasswd -B',
  ],
  [
    `${app}\nroute = ^/private break:403 Forbidden`,
    'route',
    { use: [{ access: { deny: 'all', path: '/private' } }] },
    '→ use.0.access',
  ],
  [
    `${app}\nroute-host = ^(.*)$ redirect:/$1`,
    'route-host',
    {},
    '$1 is of a regular expression for the path here, and of nothing else: write it as a route for the path',
  ],
  [
    `${app}\nroute = .* cache:key=x`,
    'route',
    {},
    'there is nothing like the action cache here: put it into the app, or into a layer of your own',
  ],
  [
    `${app}\nadd-header = X-A: b\nadd-header = X-A: c\nrem-header = Server`,
    'add-header',
    { use: [{ headers: { response: { add: { 'X-A': ['b', 'c'] }, remove: ['Server'] } } }] },
    '→ use.0.headers',
  ],
  [`${app}\nlimit-post = 1000`, 'limit-post', { use: [{ limit: { body: 1000 } }] }, '→ use.0.limit.body'],
  [
    `${app}\nerror-page-404 = static/robots.txt`,
    'error-page-404',
    { use: [{ errors: { pages: { 404: `${cwd}/static/robots.txt` }, of: 'sidegate' } }] },
    '→ use.0.errors',
  ],
  [
    `cgi = /cgi-bin/=/usr/lib/cgi\ncgi-helper = .pl=perl\ncgi-index = i.cgi\ncgi-timeout = 9`,
    'cgi-helper',
    { mounts: { '/cgi-bin': { cgi: '/usr/lib/cgi', interpreters: { '.pl': 'perl' }, index: ['i.cgi'], timeout: 9 } } },
    '→ mounts./cgi-bin.interpreters',
  ],
  [
    `plugin = php\nphp-docroot = /srv/php\nphp-index = a.php\nphp-app = /srv/php/a.php\nphp-set = memory_limit=64M\nprocesses = 3\nmax-requests = 50`,
    'max-requests',
    {
      mounts: {
        '/': {
          php: '/srv/php',
          index: ['a.php'],
          frontController: '/a.php',
          ini: { memory_limit: '64M' },
          processes: 3,
          maxRequests: 50,
        },
      },
    },
    '→ mounts./.maxRequests: the next worker is ready before the old one goes',
  ],
  [
    `psgi = a.psgi\nprocesses = 3`,
    'processes',
    {
      mounts: {
        '/': {
          run: ['plackup', '-s', 'FCGI', '--listen', '$SOCKET', '--nproc', '3', `${cwd}/a.psgi`],
          speaks: 'fastcgi',
          cwd,
        },
      },
    },
    '→ mounts./.run',
  ],
  [
    `rack = config.ru\nthreads = 5`,
    'rack',
    {
      mounts: {
        '/': {
          run: ['puma', '--bind', 'unix://$SOCKET', '--threads', '5:5', `${cwd}/config.ru`],
          speaks: 'http',
          keepPrefix: false,
          cwd,
        },
      },
    },
    '→ mounts./.run: puma serves it, which has to be installed',
  ],
  [`${app}\nplugins = python3,http`, 'plugins', {}, 'nothing has to be loaded'],
  [
    `${app}\nplugin = python311`,
    'plugin',
    { mounts: { '/': { ...shop, interpreter: 'python3.11' } } },
    '→ mounts./.interpreter',
  ],
  [
    `${app}\nplugin = lua`,
    'plugin',
    {},
    'there is nothing like lua here: a run mount starts whatever serves HTTP, FastCGI, SCGI or uwsgi',
  ],
  [`${app}\ncron = 59 2 -1 -1 -5 /bin/true`, 'cron', {}, 'a line of crontab: 59 2 * * */5 /bin/true'],
  [
    `${app}\nstats = :1717`,
    'stats',
    {},
    'sidegate status --json, sidegate top, and HTTP with JSON on the admin socket: admin.md',
  ],
  [
    `${app}\nproceses = 3`,
    'proceses',
    {},
    'it is no option of uWSGI that is known, and nothing uses it as a placeholder: is it processes?',
  ],
  [`${app}\numask 027`, 'umask', {}, 'there is no = in it, so that uWSGI does nothing with it: umask = 027?'],
  [`${app}\nsite = a\npythonpath = /%(site)`, 'site', {}, 'a placeholder'],
  [`${app}\nsocket = /run/%(nobody).sock`, 'socket', {}, 'nothing says what %(nobody) is'],
  [`check-static = static\nthreads = 2`, 'threads', {}, 'nothing that is mounted takes it'],
]

test.each(CASES)('%s', async (lines, option, config, report) => {
  const found = await read(lines, { KEY: 'of the environment' })
  expect(found.config).toMatchObject(config)
  for (const [key, mount] of Object.entries((config as { mounts?: object }).mounts ?? {}))
    expect((found.config.mounts as Record<string, unknown>)[key]).toEqual(mount)
  const line = lineFor(found, option)
  expect(line.slice(-report.length)).toBe(report)
})

test('what says how a file is read is told, and so is what stands in a block that does not hold', async () => {
  const lines = `${app}\ndeclare-option = crew=processes=$1\ncrew = 3\nif-env = NOWHERE=s3cret\nthreads = 2\nendif =\nif-not-env = NOWHERE\nharakiri = 5\nendif =\nfor =\ndb = s3cret\nendfor =`
  const { config, report } = await read(lines)
  expect(config).toMatchObject({ mounts: { '/': { processes: 3, requestTimeout: 5 } } })
  expect(config).not.toHaveProperty(['mounts', '/', 'threads'])
  const shown = report.full()
  expect(shown).toMatch(/declare-option = crew=processes=\$1: it says how the file is read/)
  expect(shown).toMatch(/threads = 2: if-env = NOWHERE=… does not hold here and now/)
  expect(shown).toMatch(/db = …: for = {2}?does not hold here and now/)
  expect(shown).not.toContain('s3cret')
})

test('secrets are named, and not shown', async () => {
  const lines = `${app}\nenv = TOKEN=s3cret\nphp-set = x=s3cret\nroute-run = basicauth:All,a:s3cret\ndb_password = s3cret\nbase = redis://u:s3cret@host\npythonpath = /%(db_password)%(base)\nset-ph = token=s3cret\nset = db=s3cret\nthreads = %(db)\nlegion = a 225.1.1.1:4242 98 bf-cbc:s3cret\nroute-run = addheader:X-Api-Key: s3cret\nattach-daemon = run --password s3cret\ncron = 1 2 -1 -1 -1 curl -H "Authorization: Bearer s3cret" host\nlogger = redis://u:s3cret@logs`
  const { report } = await read(lines)
  const shown = report.full()
  expect(shown).not.toContain('s3cret')
  for (const name of ['env = TOKEN=…', 'basicauth:All,…', 'db_password = …', 'db = …', 'redis://…@logs'])
    expect(shown).toContain(name)
})

test('options come from a command line and from the environment, too', async () => {
  const found = await read(app, { UWSGI_THREADS: '3', UWSGI_RELOADS: '1' }, [
    '--master',
    '-p',
    '4',
    '--http=:80',
    '--need-app',
    '--chdir',
    '/srv',
  ])
  expect(found.config).toEqual({
    listen: ['http://0.0.0.0:80'],
    mounts: { '/': { python: 'shop:app', processes: 4, threads: 3, cwd: '/srv' } },
  })
  expect(lineFor(found, 'threads')).toBe('threads = 3 → mounts./.threads')
  expect(found.report.full()).toContain('$UWSGI_THREADS: threads = 3')
})

test('as Debian has it: a file in front, and the name of the instance behind', async () => {
  writeFileSync(
    join(cwd, 'default.ini'),
    '[uwsgi]\ndeclare-option = deb-confname=$1\nworkers = 2\nsocket = /run/%(deb-confname)/socket\n',
  )
  writeFileSync(join(cwd, 'wiki.ini'), '[uwsgi]\nmodule = wiki\nworkers = 3\n')
  const { config } = await imported({
    cwd,
    file: 'default.ini',
    words: ['--ini', 'wiki.ini', '--deb-confname', 'wiki'],
  })
  expect(config).toEqual({
    listen: ['uwsgi://unix:/run/wiki/socket'],
    mounts: { '/': { python: 'wiki', processes: 3, cwd } },
  })
})

test('a file with another ending is INI, and a section is named behind it', async () => {
  writeFileSync(join(cwd, 'site.conf'), '[uwsgi]\nmodule = one\n[other]\nmodule = two\n')
  expect((await imported({ cwd, file: 'site.conf' })).config).toEqual({ mounts: { '/': { python: 'one', cwd } } })
  expect((await imported({ cwd, file: 'site.conf:other' })).config).toEqual({ mounts: { '/': { python: 'two', cwd } } })
})

test('a file without an app says what is missing', async () => {
  const { report } = await read('socket = /run/a.sock')
  expect(report.full()).toContain('no app: it names no app (module, wsgi-file, mount, …)')
})

test.skipIf(!program('uwsgi'))('every option that uWSGI and its plugins name is known', () => {
  const plugins = readdirSync('/usr/lib/uwsgi/plugins').map((name) => name.replace('_plugin.so', ''))
  // The two of Python cannot be loaded together.
  const loaded = plugins.filter((name) => !/^python3\d+$/.test(name)).join(',')
  const help = execFileSync(program('uwsgi')!, ['--plugins', loaded, '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const names = [...help.matchAll(/^\s+(?:-\w\|)?--([\w-]+)/gm)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(800)
  expect(names.filter((name) => !ruleOf(name))).toEqual([])
})
