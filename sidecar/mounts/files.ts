// The mount `files`: a folder.
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { count } from '../quantity.ts'
import { MAX_AGE_MOST } from './files/max-age.ts'
import { FileSender } from './files/send.ts'
import type { MountKind } from './mount.ts'

const settings = v.strictObject({
  files: v.pipe(v.string(), v.description('The folder to serve.')),
  index: v.pipe(
    v.optional(v.array(v.string()), ['index.html']),
    v.description(
      'What is served for a folder: the first of these that is there. Empty: folders are 404. Folders are never listed.',
    ),
  ),
  maxAge: count(
    0,
    0,
    'How long clients may keep a file without asking again, in seconds (Cache-Control).',
    MAX_AGE_MOST,
  ),
  fallback: v.pipe(
    v.optional(v.string()),
    v.description('A file of the folder that is served where nothing else is found: the page of a single-page app.'),
  ),
  dotfiles: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      "Serves names that begin with a dot too. They often hold what is nobody's business, so they are 404.",
    ),
  ),
  followSymlinks: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Follows symbolic links that lead out of the folder. Links inside it always work.'),
  ),
})

export const files: MountKind<typeof settings> = {
  kind: 'files',
  summary:
    'A folder of static files. Scripts of other mounts are never served: what `split` names below the `root` of a PHP mount, and the folder of a `cgi` mount.',
  settings,
  // One with scripts is a PHP mount's, as files they would be handed out.
  claims: ({ text, path, cwd, found }) =>
    found?.isDirectory() && !existsSync(resolve(cwd, path, 'index.php'))
      ? [{ value: text, because: 'it is a folder', what: `the folder ${text}` }]
      : [],
  folder: ({ files: path, index, maxAge, fallback, dotfiles, followSymlinks }, directory) => ({
    path: resolve(directory, path),
    index,
    maxAge,
    fallback,
    dotfiles,
    followSymlinks,
  }),
  create(options, context) {
    const root = resolve(context.directory, options.files)
    let sender: FileSender | undefined
    return {
      findsFiles: true,
      async open() {
        const found = await stat(root).catch(() => undefined)
        if (!found?.isDirectory()) {
          const what = found ? 'is no folder' : 'is not there'
          throw new ConfigError('FILES_MISSING', `${context.path}.files`, `${options.files} ${what} (${root})`)
        }
        const { scripts = [], platform } = context
        sender = await FileSender.open(root, { ...options, scripts, platform })
      },
      handle: (exchange) => sender!.answer(exchange),
      async close() {
        sender = undefined
      },
    }
  },
}
