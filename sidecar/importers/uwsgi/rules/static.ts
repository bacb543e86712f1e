// Static files.
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { isOn, numberIn } from '../option.ts'
import type { Instance, Settings } from '../instance.ts'
import { carried, changed, left, needless, refused, type Rule, type Verdict } from '../rule.ts'
import { withoutTrailing } from '../../../trailing.ts'

/** Of `maxAge`. */
const YEAR = 31_536_000

/** What `static-map` names that is a file and no folder, which has to be known before. */
export async function findStaticFiles(instance: Instance): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const { key, value } of instance.all('static-map', 'static-map2')) {
    const path = mappedTo(value, key === 'static-map2', instance)
    if ((await stat(path).catch(() => undefined))?.isFile()) found.add(path)
  }
  return found
}

/** The folder or file of `PLACE=FOLDER`. @param appends the place goes on behind it */
function mappedTo(value: string, appends: boolean, instance: Instance): string {
  const equals = value.indexOf('=')
  const root = instance.path(value.slice(equals + 1))
  return appends ? `${root === '/' ? '' : root}${withoutTrailing(value.slice(0, equals), '/')}` : root
}

/** What all static files have. */
function common(instance: Instance): Settings {
  const index = instance.all('static-index').map(({ value }) => value)
  const maxAge = instance
    .all('static-expires')
    .map(({ value }) => secondsForAll(value))
    .find((one) => one !== undefined)
  return {
    index,
    ...(maxAge !== undefined && { maxAge }),
    ...(instance.last('static-safe') && { followSymlinks: true }),
  }
}

/** Of an expiry whose regular expression fits every path. */
function secondsForAll(value: string): number | undefined {
  const [, seconds] = /^(?:\^?\/?(?:\.?\*)?(?:\.\*)?\$?) +([0-9]+)$/.exec(value) ?? []
  return seconds === undefined ? undefined : Math.min(YEAR, Number(seconds))
}

const ABSENT = 'a file that is not there is 404, where uWSGI asks the app for it'

function map(names: readonly string[], here: string, appends: boolean): Rule {
  return {
    names,
    here,
    take({ value }, instance) {
      const equals = value.indexOf('=')
      if (equals < 0) return left('it is PLACE=FOLDER')
      const place = withoutTrailing(value.slice(0, equals), '/')
      if (place !== '' && !place.startsWith('/')) return left(`${place} is no place: it begins with a slash`)
      const files = mappedTo(value, appends, instance)
      if (place === '') return layer(files, instance)
      if (instance.staticFiles.has(files)) return file(place, files, instance)
      if (!instance.mount({ key: place, kind: 'files', settings: { files, ...common(instance) } }))
        return left('there is something at that place already: put the files of both into one folder')
      return changed(ABSENT, ['mounts', place, 'files'])
    },
  }
}

/** A single file. */
function file(key: string, path: string, instance: Instance): Verdict {
  const use = [{ rewrite: { rules: [{ to: `/${encodeURIComponent(basename(path))}` }] } }]
  if (!instance.mount({ key, kind: 'files', settings: { files: dirname(path), ...common(instance), use } }))
    return left('there is something at that place already')
  return carried(['mounts', key, 'files'])
}

/** A folder whose files come before the app. */
function layer(root: string, instance: Instance): Verdict {
  const gzip = ['static-gzip-all', 'static-gzip', 'static-gzip-dir', 'static-gzip-prefix'].some((name) =>
    instance.last(name),
  )
  instance.layers.files.push({ 'try-files': { root, ...common(instance), ...(gzip && { precompressed: ['gzip'] }) } })
  return carried(['use', 'try-files', instance.layers.files.length - 1])
}

const check: Rule = {
  names: ['check-static', 'static-check'],
  here: 'the layer `try-files` in front of all: a file that is there, else the app',
  take: ({ value }, instance) => layer(instance.path(value), instance),
}

const usesStatic = (instance: Instance): boolean =>
  instance.last('static-map', 'static-map2', 'check-static', 'static-check') !== undefined

const index: Rule = {
  names: ['static-index'],
  here: '`index`',
  take: (_, instance) =>
    usesStatic(instance) ? carried(undefined, 'index of the folders') : left('there are no static files'),
}

const expires: Rule = {
  names: ['static-expires'],
  here: '`maxAge`, where it is for every file',
  take({ value }, instance) {
    if (!usesStatic(instance)) return left('there are no static files')
    return secondsForAll(value) === undefined
      ? left('maxAge is for every file of a folder: give these files a folder and a mount of their own')
      : carried(undefined, 'maxAge of the folders (Cache-Control in the place of Expires)')
  },
}

const gzip: Rule = {
  names: ['static-gzip-all', 'static-gzip', 'static-gzip-dir', 'static-gzip-prefix'],
  here: '`precompressed` of `try-files`; a `files` mount sends files as they are, and the layer `compress` compresses them',
  take(option, instance) {
    if (!isOn(option)) return carried(undefined, 'it is off')
    if (instance.last('check-static', 'static-check')) return carried(['use', 'try-files', 0, 'precompressed'])
    return left('a files mount sends files as they are: have the layer compress in front of it')
  },
}

const safe: Rule = {
  names: ['static-safe'],
  here: '`followSymlinks`: links may lead out of the folder, to anywhere',
  take: (_, instance) =>
    usesStatic(instance)
      ? changed('followSymlinks: links may lead out of the folder, to anywhere')
      : left('there are no static files'),
}

const offload: Rule = {
  names: ['offload-threads', 'offload-thread'],
  here: 'files and responses never keep a worker: the gateway sends them at the speed of the client',
  take: (option) =>
    numberIn(option) === 0
      ? changed('the gateway sends files all the same')
      : carried(undefined, 'the gateway sends them, and no worker'),
}

/** The rows. */
export const staticRules: readonly Rule[] = [
  map(
    ['static-map'],
    'a mount: `/static: { files: /srv/static }`; a file that is not there is 404. At `/`: the layer `try-files`',
    false,
  ),
  map(['static-map2'], 'a mount: `/static: { files: /srv/site/static }`', true),
  check,
  index,
  expires,
  gzip,
  safe,
  offload,
  refused(['check-static-docroot'], 'name the folder: the layer `try-files`', true),
  refused(['static-skip-ext'], 'keep scripts and static files in folders of their own; a `php` mount serves no source'),
  refused(
    [
      'static-expires-type',
      'static-expires-type-mtime',
      'static-expires-mtime',
      'static-expires-uri',
      'static-expires-uri-mtime',
      'static-expires-path-info',
      'static-expires-path-info-mtime',
    ],
    '`maxAge` is for every file of a folder: give these files a folder and a mount of their own',
  ),
  refused(['static-gzip-ext', 'static-gzip-suffix'], 'compressed files end in `.gz`, `.br` or `.zst`'),
  refused(
    ['file-serve-mode', 'fileserve-mode'],
    'the gateway sends files itself; the web server sends those of `files` mounts with the config of `sidegate plug`',
  ),
  refused(['mimefile', 'mime-file'], 'media types are those of a table that comes with it'),
  needless(
    ['static-cache-paths', 'static-cache-paths-name', 'disable-sendfile', 'honour-range'],
    'it is always so, or nothing needs it',
    true,
  ),
]
