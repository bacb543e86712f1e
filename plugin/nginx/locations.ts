// The locations for mounts: one pair a prefix, so that it means whole segments (`/shop` and `/shop/…`, never `/shopping`).
import type { ServedFolder, SharedFiles } from '../../sidecar/served-folder.ts'
import type { PlacedMount } from '../mounts.ts'
import { remark } from '../plan.ts'
import { withheldPattern } from '../shared.ts'
import type { Passing } from './shared.ts'
import { block, expanded, word } from './words.ts'
import { withoutTrailing } from '../../sidecar/trailing.ts'

/** The lines for one mount. */
export function locations(mount: PlacedMount, passing: Passing): string[] {
  if (mount.folder) return fileLocations(mount, mount.folder)
  const body = passed(mount, passing)
  if (mount.shared) return sharedLocations(mount, mount.shared, body)
  const comment = remark(`${mount.key}: ${mount.kind}`)
  if (mount.prefix === '') return [comment, ...block('location /', body)]
  return [
    comment,
    ...block(`location = ${word(mount.prefix)}`, body.slice(body.findIndex((line) => !line.startsWith('#')))),
    '# ^~: no regular expression of this server (such as ~ \\.php$) takes requests away from the mount.',
    ...block(`location ^~ ${word(`${mount.prefix}/`)}`, body),
  ]
}

/** What hands a request for the mount over. */
function passed({ hasWorkers }: Pick<PlacedMount, 'hasWorkers'>, passing: Passing): string[] {
  const body: string[] = [...passing.note]
  if (hasWorkers) {
    body.push(
      '# A worker is free once nginx has the upload or response, however slow the client. A response that streams says so:',
      '# X-Accel-Buffering: no.',
      `${passing.prefix}_request_buffering on;`,
      `${passing.prefix}_buffering on;`,
    )
  }
  return [...body, passing.pass]
}

/** Where what nginx does not find, or does not send, goes; once for a server. */
export function sharedFallback(passing: Passing): string[] {
  return [
    '# What of the folders with scripts is no file that nginx sends itself.',
    ...block('location @sidegate', passed({ hasWorkers: true }, passing)),
  ]
}

// Files that are there are nginx's; all else of the folder is asked of Sidegate, and so is what it withholds.
function sharedLocations(mount: PlacedMount, shared: SharedFiles, pass: readonly string[]): string[] {
  const { key, kind, prefix } = mount
  const folder = withoutTrailing(shared.path, '/')
  const body = [
    prefix === '' ? `root ${expanded(folder)};` : `alias ${expanded(`${folder}/`)};`,
    'charset utf-8;',
    `add_header Cache-Control "public, max-age=${shared.maxAge}";`,
    '# nginx cannot tell where a symbolic link leads: Sidegate is asked.',
    `disable_symlinks on ${expanded(`from=${folder}`)};`,
    'try_files $uri @sidegate;',
    '# Scripts and uploads, and what is not handed out: source, settings, dumps, hidden files.',
    ...block(`location ~* ${word(withheldPattern(mount))}`, pass),
  ]
  const comment = remark(`${key}: ${kind}, of which nginx sends static files itself (${folder})`)
  if (prefix === '') return [comment, ...block('location /', body)]
  return [
    comment,
    ...block(`location = ${word(prefix)}`, pass.slice(pass.findIndex((line) => !line.startsWith('#')))),
    ...block(`location ^~ ${word(`${prefix}/`)}`, body),
  ]
}

// The answers of the mount `files`, as near as nginx comes: a folder without an index is 403 there, 404 here.
function fileLocations({ key, kind, prefix }: PlacedMount, served: ServedFolder): string[] {
  const folder = withoutTrailing(served.path, '/')
  const names = served.index
  const body = [
    prefix === '' ? `root ${expanded(folder)};` : `alias ${expanded(`${folder}/`)};`,
    // An empty list is not to be had in nginx: a name that is never served.
    `index ${names.length > 0 ? names.map(expanded).join(' ') : '.no-index'};`,
    'charset utf-8;',
    `add_header Cache-Control "public, max-age=${served.maxAge}";`,
    '# Links to /folder go to /folder/ on the host and port that the client used.',
    'absolute_redirect off;',
    '# A missing file is an answer, not an error for the log.',
    'log_not_found off;',
  ]
  if (!served.followSymlinks) {
    body.push(
      '# nginx cannot tell symbolic links inside the folder from those that lead out: it follows none.',
      `disable_symlinks on ${expanded(`from=${folder}`)};`,
    )
  }
  if (served.fallback !== undefined) {
    body.push('# The single-page app answers where no file is.')
    body.push(`error_page 404 =200 ${expanded(`${prefix}/${served.fallback.replace(/^\.?\//, '')}`)};`)
  }
  if (!served.dotfiles) {
    const hidden = `^${prefix.replace(/[\\^$.|?*+()[\]{}"]/g, '\\$&')}/(?:.*/)?\\.`
    body.push(
      "# Names that begin with a dot are nobody's business.",
      ...block(`location ~ ${word(hidden)}`, ['return 404;']),
    )
  }
  const comment = remark(`${key}: ${kind}, which nginx serves itself (${folder})`)
  if (prefix === '') return [comment, ...block('location /', body)]
  const slash = word(`${encodeURI(prefix).replaceAll('$', '%24')}/$is_args$args`)
  return [
    comment,
    ...block(`location = ${word(prefix)}`, ['absolute_redirect off;', `return 301 ${slash};`]),
    ...block(`location ^~ ${word(`${prefix}/`)}`, body),
  ]
}
