// The layer `try-files`: the file if there is one, else the app. What is no file of the site (source, settings, dumps) is none here either.
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { MAX_AGE_MOST } from '../mounts/files/max-age.ts'
import { FileSender } from '../mounts/files/send.ts'
import { count } from '../quantity.ts'
import { isUnserved } from '../unserved.ts'
import { CODINGS, negotiate } from './compress/negotiate.ts'
import type { MiddlewareKind } from './middleware.ts'

const settings = v.strictObject({
  root: v.pipe(v.string(), v.description('The folder with the files.')),
  index: v.pipe(
    v.optional(v.array(v.string()), ['index.html']),
    v.description(
      'What is served for a folder: the first of these that is there. A folder that has none of them is left to the app.',
    ),
  ),
  precompressed: v.pipe(
    v.optional(v.array(v.picklist(CODINGS)), []),
    v.description(
      'Codings of which there are compressed files beside the others: `style.css.zst`, `style.css.br`, `style.css.gz`. One is sent to clients that take it, unless it is older than the file itself.',
    ),
  ),
  maxAge: count(
    0,
    0,
    'How long clients may keep a file without asking again, in seconds (Cache-Control).',
    MAX_AGE_MOST,
  ),
  followSymlinks: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Follows symbolic links that lead out of the folder. Links inside it always work.'),
  ),
})

/** Source of what apps are written in, keys, and settings: nobody wants them served, and they may lie in the folder of an app. */
const SOURCE = [
  'py[ciow]?|rb|erb|ru|rake|gemspec|p[lm]|psgi|wsgi|f?cgi|lua',
  '[cm]?tsx?|jsx|vue|svelte',
  'java|class|jar|war|jsp[fx]?|kt|scala|groovy|clj',
  'asax?|as[chmp]x|asp|cshtml|vbhtml|vb|cs|csproj|go|rs|[ch]|exs?|hs|swift',
  'toml|cfg|conf|properties|key|pem|p12|pfx|jks|keystore|htaccess|htpasswd|dump|mdb|tfstate',
].join('|')
const NAMES = 'gemfile|rakefile|procfile|pipfile|makefile|htpasswd|requirements[^/]*\\.txt|id_(?:rsa|dsa|ecdsa|ed25519)'
/** What stands behind the name of a file that is packed, or kept. Not whatever may stand there: bundlers call scripts `App.vue_type-4f2a.js`. */
const COPY = '(?:\\.(?:[gx]z|br|zst|bz2|z|zip|[0-9]+)|,v| ?\\([0-9]+\\))*'
const WITHHELD = new RegExp(`(?:\\.(?:${SOURCE})|/(?:${NAMES}))${COPY}$`, 'i')

export const tryFiles: MiddlewareKind<'try-files', typeof settings, 'root'> = {
  name: 'try-files',
  summary: 'Serves a file where there is one in a folder, and leaves all else to the app.',
  settings,
  short: 'root',
  create({ root: written, precompressed, ...options }, context) {
    const root = resolve(context.directory, written)
    let sender: FileSender | undefined
    return {
      async open() {
        const found = await stat(root).catch(() => undefined)
        if (!found?.isDirectory()) {
          const what = found ? 'is no folder' : 'is not there'
          throw new ConfigError('FILES_MISSING', `${context.path}.root`, `${written} ${what} (${root})`)
        }
        const withheld = (path: string): boolean => isUnserved(path) || WITHHELD.test(path)
        const { scripts = [], platform } = context
        sender = await FileSender.open(root, { ...options, dotfiles: true, scripts, withheld, platform })
      },
      async handle(exchange, next) {
        const { REQUEST_METHOD: method, HTTP_ACCEPT_ENCODING: accept } = exchange.variables
        if (method !== 'GET' && method !== 'HEAD') return next(exchange)
        // It is asked for by GET, and no file is one.
        if (exchange.upgradeAsked?.toLowerCase() === 'websocket') return next(exchange)
        const compressed = precompressed.length === 0 ? undefined : { coding: negotiate(accept, precompressed) }
        if (!(await sender!.offer(exchange, compressed))) next(exchange)
      },
      async close() {
        sender = undefined
      },
    }
  },
}
