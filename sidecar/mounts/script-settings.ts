// The settings of a mount whose server runs PHP scripts.
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { count } from '../quantity.ts'
import { MAX_AGE_MOST } from './files/max-age.ts'

const path = (description: string) => v.pipe(v.optional(v.pipe(v.string(), v.nonEmpty())), v.description(description))

const folder = v.pipe(v.string(), v.regex(/^\/./, 'must be a path below the folder, such as "/uploads/"'))

/** What scripts.ts finds scripts by. */
export const scriptEntries = {
  root: path('FastCGI to PHP: the folder of the scripts. With it, what runs is a file that is there; all else is 404.'),
  scriptRoot: path('FastCGI to PHP: the same folder as PHP-FPM sees it, when that has another path (a container).'),
  index: v.pipe(v.optional(v.array(v.string()), ['index.php']), v.description('PHP: what runs for a folder.')),
  split: v.pipe(
    v.optional(v.pipe(v.array(v.pipe(v.string(), v.startsWith('.'))), v.minLength(1)), ['.php']),
    v.description('PHP: how the name of a script ends. What follows in the path is PATH_INFO.'),
  ),
  frontController: v.pipe(
    v.optional(v.pipe(v.string(), v.startsWith('/'))),
    v.description('PHP: the script, such as "/index.php", that runs where there is no file, as WordPress wants it.'),
  ),
  followSymlinks: v.pipe(
    v.optional(v.boolean(), false),
    v.description('PHP: scripts, and static files, may be symbolic links that lead out of root.'),
  ),
  static: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'PHP: the other files below root are served too, but no source, settings, dumps and hidden files ([php.md](php.md#static-files)).',
    ),
  ),
  maxAge: count(
    0,
    0,
    'PHP: how long clients may keep such a file without asking again, in seconds (Cache-Control).',
    MAX_AGE_MOST,
  ),
  closed: v.pipe(
    v.optional(v.array(folder)),
    v.description(
      'PHP: folders and files below root of which nothing runs and nothing is served, such as "/private/".',
    ),
  ),
  uploads: v.pipe(
    v.optional(v.array(folder)),
    v.description(
      'PHP: folders below root into which users of the site put files, such as "/uploads/": no script runs there, and HTML is served as text.',
    ),
  ),
}

const scriptObject = v.strictObject(scriptEntries)

/** These settings, defaults filled in. */
export type ScriptSettings = v.InferOutput<typeof scriptObject>

/**
 * Refuses what has a server find other scripts than those that the paths of clients name.
 * @param path the mount's place in the configuration
 * @param other what else does so, in words
 * @throws {ConfigError} UPSTREAM_ROOT
 */
export function demandPlainPaths(
  { root, keepPrefix }: Pick<ScriptSettings, 'root'> & { readonly keepPrefix: boolean },
  path: string,
  other = keepPrefix ? 'keepPrefix' : undefined,
): void {
  if (root === undefined || other === undefined) return
  throw new ConfigError(
    'UPSTREAM_ROOT',
    `${path}.root`,
    `root finds scripts by the paths of clients: leave ${other} out`,
  )
}
