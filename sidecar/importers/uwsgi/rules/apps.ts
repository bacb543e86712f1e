// Python apps: which they are, where they are mounted, and what they find when they start.
import { isOn, type UwsgiOption } from '../option.ts'
import type { Instance, MountDraft } from '../instance.ts'
import { environmentRules } from './environment.ts'
import { programAt } from './programs.ts'
import { always, carried, changed, left, needless, overridden, refused, type Rule, type Verdict } from '../rule.ts'
import { withoutTrailing } from '../../../trailing.ts'

const TAKEN = 'there is an app at that place already, and the first counts for uWSGI too: leave one of them out'

/** The app for a module or a file, with the callable that counts for all. */
function pythonApp(text: string, instance: Instance): string {
  const colon = text.lastIndexOf(':')
  const what = colon < 0 ? text : text.slice(0, colon)
  const callable = colon < 0 ? instance.last('callable')?.value : text.slice(colon + 1)
  const named = /[/\\]|\.(?:py|wsgi)$/.test(what) ? instance.path(what) : what
  return callable === undefined || callable === '' ? named : `${named}:${callable}`
}

function put(instance: Instance, draft: MountDraft, verdict: (to: readonly string[]) => Verdict): Verdict {
  return instance.mount(draft) ? verdict(['mounts', draft.key, draft.kind]) : left(TAKEN)
}

const MODULES = ['module', 'wsgi']
const FILES = ['wsgi-file', 'file']

/** The app without a place of its own: uWSGI loads the module, else the file, whatever comes first, and then what is mounted. */
function mainApp(instance: Instance): UwsgiOption | undefined {
  return instance.last(...MODULES) ?? instance.last(...FILES)
}

/** Of each option the last one counts. */
function asMain(option: UwsgiOption, instance: Instance, python: string): Verdict {
  const main = mainApp(instance)!
  if (main === option) return put(instance, { key: '/', kind: 'python', settings: { python } }, carried)
  const isSame = MODULES.includes(main.key) === MODULES.includes(option.key)
  return isSame ? overridden : left(`${main.key} counts for uWSGI, wherever it stands: leave one of them out`)
}

const moduleRule: Rule = {
  names: MODULES,
  here: '`python: module:callable`',
  take: (option, instance) => asMain(option, instance, pythonApp(option.value, instance)),
}

const fileRule: Rule = {
  names: FILES,
  here: '`python: /path/file.py:callable`',
  take(option, instance) {
    const callable = instance.last('callable')?.value
    const file = instance.path(option.value)
    return asMain(option, instance, callable ? `${file}:${callable}` : file)
  },
}

const paste: Rule = {
  names: ['paste', 'ini-paste', 'ini-paste-logged'],
  here: '`python: /path/production.ini#name`; its `[loggers]` count',
  take({ value }, instance) {
    const file = value.replace(/^config:/, '')
    const main = mainApp(instance)
    if (main) return left(`${main.key} counts for uWSGI, wherever it stands: leave one of them out`)
    const [path = '', name] = file.split('#')
    const python = `${instance.path(path)}${name === undefined ? '' : `#${name}`}`
    return put(instance, { key: '/', kind: 'python', settings: { python } }, carried)
  },
}

const mount: Rule = {
  names: ['mount', 'worker-mount'],
  here: 'a mount: `/prefix: { python: module:callable }`, for one host `host/prefix`. A path that no mount has is 404, where uWSGI gives it to the first app',
  take({ value }, instance) {
    const equals = value.indexOf('=')
    if (equals < 0) return left('a mount is PLACE=APP')
    const place = value.slice(0, equals)
    const what = value.slice(equals + 1)
    const key = keyOf(place)
    if (key === undefined) return left(`${place} is no place: it begins with a slash, or is HOST|/PATH`)
    const program = programAt(key, what, instance)
    const draft: MountDraft = program ?? { key, kind: 'python', settings: { python: pythonApp(what, instance) } }
    const main = key === '/' ? mainApp(instance) : undefined
    if (main) return left(`${main.key} is there, which counts for uWSGI wherever it stands: leave one of them out`)
    const manages = instance.last('manage-script-name')
    const isManaged = (manages !== undefined && isOn(manages)) || key === '/'
    if (!isManaged)
      return put(instance, draft, (to) =>
        changed('the path decides, and SCRIPT_NAME of the web server is not needed for it', to),
      )
    const hasSlash = place.length > 1 && place.endsWith('/')
    return put(instance, draft, (to) => (hasSlash ? changed('SCRIPT_NAME has no slash at its end', to) : carried(to)))
  },
}

/** `/shop/`, `example.com|/shop`, `example.com|`. */
function keyOf(place: string): string | undefined {
  const bar = place.indexOf('|')
  const host = bar < 0 ? '' : place.slice(0, bar)
  const path = withoutTrailing(place.slice(bar + 1), '/')
  if ((path !== '' && !path.startsWith('/')) || (bar < 0 && place === '')) return undefined
  return `${host}${path}` || '/'
}

const callable: Rule = {
  names: ['callable'],
  here: 'behind the colon: `python: module:callable`',
  take: (_, instance) =>
    instance.last('module', 'wsgi', 'wsgi-file', 'file', 'mount')
      ? carried(['app', 'python'])
      : left('there is no module and no file that it is in'),
}

const workingFolder: Rule = {
  names: ['chdir'],
  here: '`cwd` of the mount, and where relative paths start',
  take(_, instance) {
    instance.set('cwd', instance.last('chdir2') ? instance.path(instance.last('chdir2')!.value) : instance.folder)
    return carried(['app', 'cwd'])
  },
}

const laterFolder: Rule = {
  names: ['chdir2'],
  here: '`cwd`, which is so before the app is loaded; the folder of before is put into `path`',
  take({ value }, instance) {
    instance.set('cwd', instance.path(value))
    addPath(instance)
    return changed('it is so before the app is loaded; the folder of before is in path', ['app', 'cwd'])
  },
}

const pythonPath: Rule = {
  names: ['pythonpath', 'python-path', 'pp', 'early-pythonpath', 'early-python-path'],
  here: '`path`, in the order in which they count: the last one first',
  take(_, instance) {
    addPath(instance)
    return carried(['app', 'path'])
  },
}

/** uWSGI puts each in front of those before it. */
function addPath(instance: Instance): void {
  const folders = instance
    .all(...pythonPath.names)
    .map(({ value }) => instance.path(value))
    .toReversed()
  instance.set('path', [...folders, ...(instance.last('chdir2') ? [instance.folder] : [])])
}

const venv: Rule = {
  names: ['home', 'virtualenv', 'venv', 'pyhome'],
  here: '`venv`',
  take({ value }, instance) {
    instance.set('venv', instance.path(value))
    return carried(['app', 'venv'])
  },
}

/** Plugins whose work is done here without them. */
const PLUGINS_HERE =
  /^(?:\d:)?(?:python[\d_]*|http|corerouter|cgi|php\d*|psgi|rack[\d_]*|cheaper_busyness|router_(?:redirect|rewrite|static|basicauth|uwsgi|http)|syslog|logfile|systemd_logger|gevent[\d_]*|greenlet[\d_]*|asyncio[\d_]*|ping|signal|nagios|rpc|ugreen|transformation_\w+|router_\w+)$/

const plugins: Rule = {
  names: ['plugin', 'plugins', 'need-plugin', 'need-plugins'],
  here: 'nothing has to be loaded: what is served says what serves it; `python311` is `interpreter: python3.11`',
  take({ value }, instance) {
    const unknown = value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => !PLUGINS_HERE.test(one.replace(/^.*\//, '').replace(/_plugin\.so$/, '')))
    const [, major, minor] = /(?:^|,|\/)\s*python([23])(\d+)/.exec(value) ?? []
    if (minor !== undefined && !instance.last(...venv.names)) {
      instance.set('interpreter', `python${major}.${minor}`)
      return carried(['app', 'interpreter'])
    }
    if (unknown.length === 0) return carried(undefined, 'nothing has to be loaded')
    return left(
      `there is nothing like ${unknown.join(', ')} here: a run mount starts whatever serves HTTP, FastCGI, SCGI or uwsgi`,
    )
  },
}

const manage: Rule = {
  names: ['manage-script-name'],
  here: 'the path decides which mount has a request, and SCRIPT_NAME is its prefix',
  isSwitch: true,
  take: (option) => (isOn(option) ? carried(undefined, 'it is always so') : changed('it is always so')),
}

const autoReload: Rule = {
  names: ['py-autoreload', 'py-auto-reload', 'python-autoreload', 'python-auto-reload'],
  here: '[`sidegate dev`](dev.md) serves what was saved; in production `recycle.touch` and `reloadOnTouch`',
  take: (option: UwsgiOption) =>
    option.value !== '' && !isOn(option)
      ? carried(undefined, 'it is off')
      : left('sidegate dev serves what was saved; in production there is recycle.touch'),
}

/** The rows. */
export const appRules: readonly Rule[] = [
  moduleRule,
  fileRule,
  callable,
  mount,
  manage,
  paste,
  workingFolder,
  laterFolder,
  pythonPath,
  venv,
  ...environmentRules,
  plugins,
  autoReload,
  refused(
    ['py-auto-reload-ignore', 'py-autoreload-ignore', 'python-auto-reload-ignore', 'python-autoreload-ignore'],
    '`sidegate dev` looks at what apps have loaded, and not at what is installed ([dev.md](dev.md))',
  ),
  refused(['no-default-app'], 'a path that no mount has is always 404', true),
  refused(
    ['ignore-script-name', 'vhost', 'vhost-host', 'vhost-name'],
    'a mount for one host has its name in front: `example.com/shop`',
    true,
  ),
  refused(
    [
      'eval',
      'eval-file',
      'exec-file',
      'pyrun',
      'python-raw',
      'pyshell',
      'pyshell-oneshot',
      'python',
      'py',
      'early-python',
      'python-worker-override',
    ],
    'write it into a module, and name that in `python`',
  ),
  refused(
    ['web3'],
    "mount it as `python: module:callable` with `interface: 'web3'`, where the values of environ are bytes (PEP 444)",
  ),
  refused(
    ['pecan', 'pump', 'wsgi-lite'],
    'wrap it as a WSGI app in a module, and name that in `python`: `wrap` takes middleware of WSGI',
  ),
  refused(
    [
      'pymodule-alias',
      'post-pymodule-alias',
      'import',
      'pyimport',
      'py-import',
      'python-import',
      'shared-import',
      'shared-pyimport',
      'shared-py-import',
      'shared-python-import',
      'spooler-import',
      'spooler-pyimport',
      'spooler-py-import',
      'spooler-python-import',
      'early-pyimport',
      'early-py-import',
      'early-python-import',
    ],
    'import it in the module of the app',
  ),
  refused(
    [
      'pyargv',
      'optimize',
      'no-site',
      'reload-os-env',
      'py-programname',
      'py-program-name',
      'py-executable',
      'py-sys-executable',
      'paste-logger',
      'test',
      'executable',
      'python-version',
    ],
    '`interpreter` names another Python; variables such as PYTHONOPTIMIZE go into `env`',
  ),
  refused(['py-tracebacker'], '`sidegate stacks` shows what the workers are doing'),
  refused(
    [
      'py-sharedarea',
      'py-master-check-signals',
      'wsgi-accept-buffer',
      'wsgi-accept-buffers',
      'wsgi-manage-chunked-input',
    ],
    'apps get PEP 3333, and nothing of `import uwsgi`',
    true,
  ),
  refused(['wsgi-disable-file-wrapper'], '`wsgi.file_wrapper` is always there', true),
  needless(['wsgi-env-behaviour', 'wsgi-env-behavior'], 'each request has an environ of its own'),
  always(
    ['start_response-nodelay', 'wsgi-strict'],
    'PEP 3333 holds: the head leaves with the first part of the body that is not empty',
    'PEP 3333 holds all the same',
  ),
  needless(
    ['plugins-dir', 'plugin-dir', 'autoload', 'dlopen', 'allowed-modifiers', 'remap-modifier'],
    'nothing has to be loaded',
  ),
]
