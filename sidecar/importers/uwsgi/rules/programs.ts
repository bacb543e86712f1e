// Apps in other languages, which uWSGI has plugins for: PHP and CGI are mounts of their own, Perl and Ruby are served by their own servers.
import { extname } from 'node:path'
import { numberIn } from '../option.ts'
import type { Instance, MountDraft } from '../instance.ts'
import { carried, changed, left, needless, refused, type Rule } from '../rule.ts'
import { withoutTrailing } from '../../../trailing.ts'

const TAKEN = 'there is an app at that place already'

const numberOf = (instance: Instance, ...names: string[]): number => {
  const option = instance.last(...names)
  return Math.max(1, (option && numberIn(option)) ?? 1)
}

/** plackup and puma, as docs/run.md has them. */
function perl(key: string, file: string, instance: Instance): MountDraft {
  const count = numberOf(instance, 'processes', 'workers')
  const run = [
    'plackup',
    '-s',
    'FCGI',
    '--listen',
    '$SOCKET',
    ...(count > 1 ? ['--nproc', String(count)] : []),
    instance.path(file),
  ]
  return { key, kind: 'run', settings: { run, speaks: 'fastcgi' }, words: ['processes'] }
}

function ruby(key: string, file: string, instance: Instance): MountDraft {
  const count = numberOf(instance, 'processes', 'workers')
  const threads = numberOf(instance, 'threads', 'rbthreads', 'rb-threads', 'ruby-threads')
  const words = ['--threads', `${threads}:${threads}`, ...(count > 1 ? ['--workers', String(count)] : [])]
  const run = ['puma', '--bind', 'unix://$SOCKET', ...words, instance.path(file)]
  return {
    key,
    kind: 'run',
    settings: { run, speaks: 'http', keepPrefix: key !== '/' },
    words: ['processes', 'threads'],
  }
}

/** The mount for an app that is no Python, by the ending of its file. */
export function programAt(key: string, file: string, instance: Instance): MountDraft | undefined {
  const ending = extname(file)
  if (ending === '.psgi' || ending === '.pl') return perl(key, file, instance)
  return ending === '.ru' ? ruby(key, file, instance) : undefined
}

function program(names: readonly string[], here: string, note: string, draft: typeof perl): Rule {
  return {
    names,
    here,
    take: ({ value }, instance) =>
      instance.mount(draft('/', value, instance)) ? changed(note, ['mounts', '/', 'run']) : left(TAKEN),
  }
}

const cgi: Rule = {
  names: ['cgi'],
  here: 'a mount: `/cgi-bin: { cgi: /usr/lib/cgi-bin }`',
  take({ value }, instance) {
    const equals = value.indexOf('=')
    const place = equals < 0 ? '' : withoutTrailing(value.slice(0, equals), '/')
    const path = instance.path(value.slice(equals + 1))
    if (place !== '' && !place.startsWith('/')) return left(`${place} is no place: it begins with a slash`)
    const key = place || '/'
    const index = instance.all('cgi-index').map((one) => one.value)
    const interpreters = Object.fromEntries(
      instance.all('cgi-helper', 'cgi-map-helper').flatMap((one) => {
        const [, ending, helper] = /^(\.?[^=]+)=(.+)$/.exec(one.value) ?? []
        return ending === undefined ? [] : [[ending.startsWith('.') ? ending : `.${ending}`, helper!]]
      }),
    )
    const time = instance.last('cgi-timeout')
    const timeout = time && numberIn(time)
    const settings = {
      cgi: path,
      ...(Object.keys(interpreters).length > 0 && { interpreters }),
      ...(index.length > 0 && { index }),
      ...(timeout && { timeout }),
    }
    return instance.mount({ key, kind: 'cgi', settings }) ? carried(['mounts', key, 'cgi']) : left(TAKEN)
  },
}

/** A setting of another option that stands in the mount of its own. */
function part(names: readonly string[], here: string, kind: 'php' | 'cgi', setting: string): Rule {
  return {
    names,
    here,
    take(_, instance) {
      const found = instance.mounts.find((one) => one.kind === kind)
      return found ? carried(['mounts', found.key, setting]) : left(`there is no ${kind} that it is for`)
    },
  }
}

const php: Rule = {
  names: ['php-docroot'],
  here: 'a mount: `/: { php: /srv/site }`, whose php-fpm Sidegate starts ([php.md](php.md))',
  take({ value }, instance) {
    const index = instance.all('php-index').map((one) => one.value)
    const app = instance.last('php-app', 'php-fallback', 'php-fallback2')?.value
    const ini = Object.fromEntries(
      instance.all('php-set').flatMap((one) => {
        const [, name, text] = /^([^=]+)=(.*)$/s.exec(one.value) ?? []
        return name === undefined ? [] : [[name, text]]
      }),
    )
    const software = instance.last('php-server-software')?.value
    const folder = instance.path(value)
    const settings = {
      php: folder,
      ...(index.length > 0 && { index }),
      ...(app !== undefined && { frontController: frontController(app, folder) }),
      ...(Object.keys(ini).length > 0 && { ini }),
      ...(software !== undefined && { serverSoftware: software }),
    }
    if (!instance.mount({ key: '/', kind: 'php', settings })) return left(TAKEN)
    return changed('php-fpm runs the scripts, which has to be installed', ['mounts', '/', 'php'])
  },
}

/** Of uWSGI a path on disk, or below the folder. */
function frontController(app: string, folder: string): string {
  return app.startsWith(`${folder}/`) ? app.slice(folder.length) : app.startsWith('/') ? app : `/${app}`
}

const SERVER = 'a `run` mount starts whatever serves HTTP, FastCGI, SCGI or uwsgi: [run.md](run.md)'

/** The rows. */
export const programRules: readonly Rule[] = [
  php,
  part(['php-index'], '`index`', 'php', 'index'),
  part(['php-app', 'php-fallback', 'php-fallback2'], '`frontController`', 'php', 'frontController'),
  part(['php-set'], '`ini`', 'php', 'ini'),
  part(['php-server-software'], '`serverSoftware`', 'php', 'serverSoftware'),
  needless(['php-allowed-ext', 'php-allowed-script'], 'what ends in `.php` runs, and nothing else: `split`'),
  needless(['php-allowed-docroot'], 'the folder is that of the mount, and no variable of the web server changes it'),
  refused(
    [
      'php-ini',
      'php-config',
      'php-ini-append',
      'php-config-append',
      'php-var',
      'php-app-qs',
      'php-fallback-qs',
      'php-app-bypass',
      'php-dump-config',
      'php-exec-before',
      'php-exec-begin',
      'php-exec-after',
      'php-exec-end',
      'php-sapi-name',
      'early-php',
      'early-php-sapi-name',
    ],
    'settings of PHP go into `ini` of the mount: [php.md](php.md)',
  ),
  cgi,
  part(['cgi-helper', 'cgi-map-helper'], '`interpreters`', 'cgi', 'interpreters'),
  part(['cgi-index'], '`index`', 'cgi', 'index'),
  part(['cgi-timeout'], '`timeout`', 'cgi', 'timeout'),
  refused(
    ['cgi-allowed-ext'],
    'every file of the folder that may be executed is a script, and one whose ending is in `interpreters`: leave no others there',
  ),
  refused(
    ['cgi-from-docroot', 'cgi-unset', 'cgi-loadlib', 'cgi-safe', 'cgi-path-info', 'cgi-do-not-kill-on-error'],
    'the settings of a `cgi` mount are in [cgi.md](cgi.md)',
    true,
  ),
  needless(
    ['cgi-optimize', 'cgi-optimized', 'cgi-buffer-size', 'cgi-close-stdin-on-eof', 'cgi-async-max-attempts'],
    'nothing here needs it',
    true,
  ),
  program(
    ['psgi'],
    'a `run` mount: `plackup -s FCGI --listen $SOCKET app.psgi`',
    'plackup serves it, which has to be installed',
    perl,
  ),
  program(
    ['rack'],
    'a `run` mount: `puma --bind unix://$SOCKET config.ru`',
    'puma serves it, which has to be installed',
    ruby,
  ),
  refused(
    ['rails', 'rbthreads', 'rb-threads', 'ruby-threads', 'rvm', 'rvm-path', 'gemset', 'gemhome', 'gem-home', 'rbenv'],
    '`rack = config.ru` becomes a `run` mount of puma; its own words say the rest',
  ),
  refused(
    [
      'lua',
      'wsapi',
      'rados',
      'gridfs',
      'glusterfs',
      'jvm-main-class',
      'jwsgi',
      'ring-load',
      'ring-app',
      'servlet',
      'mono-app',
      'mono-index',
      'mono-key',
      'go-load',
      'goscript',
      'gccgo-args',
      'v8-load',
      'v8-jsgi',
      'v8-preemptive',
      'v8-gc-freq',
      'v8-module-path',
      'coffee',
      'erlang',
      'erlang-cookie',
      'tcc',
      'ruby',
      'wasm',
    ],
    SERVER,
  ),
  refused(['worker-exec', 'worker-exec2', 'command-mode', 'no-server', 'cgi-mode'], SERVER),
]
