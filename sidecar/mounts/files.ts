// The mount `files`: a folder. @fastify/send decides on path, type, conditions and ranges; it is always asked as for HEAD, so that what
// is sent is opened and read here: a small file goes out in one write, a big one at the client's speed.
import { constants } from 'node:fs'
import { open, realpath, stat, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { count } from '../quantity.ts'
import { FileFinder, isSame, type Found } from './files/find.ts'
import { redirectToFolder, refuse } from './files/answer.ts'
import { statusOfFailure, unreadable } from './files/failure.ts'
import type { MountKind } from './mount.ts'

/** Caches take a longer time for this one (RFC 9111 1.2.2): 68 years. */
const MAX_AGE = 2 ** 31

const settings = v.strictObject({
  files: v.pipe(v.string(), v.description('The folder to serve.')),
  index: v.pipe(
    v.optional(v.array(v.string()), ['index.html']),
    v.description(
      'What is served for a folder: the first of these that is there. Empty: folders are 404. Folders are never listed.',
    ),
  ),
  maxAge: count(0, 0, 'How long clients may keep a file without asking again, in seconds (Cache-Control).', MAX_AGE),
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

/** Files up to this size are read whole before anything is sent; bigger ones block by block of this size. One read of a socket. */
const BLOCK = 64 * 1024

/** How often a file is looked for again that another has taken the place of since it was found. */
const CHANGES_MAX = 100

const RESTLESS = Object.assign(new Error('it is replaced again and again'), { code: 'EAGAIN' })

/** A FIFO that has taken the place of a file makes nobody wait. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

export const files: MountKind<typeof settings> = {
  kind: 'files',
  summary:
    'A folder of static files. Scripts of other mounts are never served: what `split` names below the `root` of a PHP mount, and the folder of a `cgi` mount.',
  settings,
  claims: ({ text, found }) =>
    found?.isDirectory() ? [{ value: text, because: 'it is a folder', what: `the folder ${text}` }] : [],
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
    let finder: FileFinder | undefined
    return {
      findsFiles: true,
      async open() {
        const found = await stat(root).catch(() => undefined)
        if (!found?.isDirectory()) {
          const what = found ? 'is no folder' : 'is not there'
          throw new ConfigError('FILES_MISSING', `${context.path}.files`, `${options.files} ${what} (${root})`)
        }
        // Loaded when it is needed: it takes 19 ms of the start.
        const { send } = await import('@fastify/send')
        const { scripts = [], platform } = context
        finder = new FileFinder(send, await realpath(root), root, { ...options, scripts, platform })
      },
      async handle(exchange) {
        const { REQUEST_METHOD: method } = exchange.variables
        if (method !== 'GET' && method !== 'HEAD') return refuse(exchange, 405, [['Allow', 'GET, HEAD']])
        const now = finder!
        for (let changes = 0; ; changes++) {
          const found = await now.find(exchange.variables)
          if (exchange.aborted) return
          if (found.kind === 'folder') return redirectToFolder(exchange)
          if (found.kind === 'refused') return refuse(exchange, found.status, found.headers)
          if (await sendFile(exchange, found, method === 'HEAD')) return
          if (changes === CHANGES_MAX) throw unreadable(RESTLESS, found.path)
        }
      },
      async close() {
        finder = undefined
      },
    }
  },
}

/** @returns false when another file has taken the place of the one that was found: its length and date are not those of the head. */
async function sendFile(
  exchange: Exchange,
  found: Extract<Found, { kind: 'file' }>,
  headOnly: boolean,
): Promise<boolean> {
  const { status, reason, headers, path, stats, start, length } = found
  if (headOnly || length === 0 || status === 304) {
    exchange.respond({ status, reason, headers })
    exchange.end()
    return true
  }
  const file = await open(path, READ).catch((error: NodeJS.ErrnoException) => error)
  // Gone since it was found, or not for us to read.
  if (file instanceof Error) {
    refuse(exchange, statusOfFailure(file, path))
    return true
  }
  try {
    if (!isSame(await file.stat(), stats)) return false
    if (exchange.aborted) return true
    exchange.respond({ status, reason, headers })
    await sendBlocks(exchange, file, start, length)
    return true
  } finally {
    await file.close()
  }
}

async function sendBlocks(exchange: Exchange, file: FileHandle, start: number, length: number): Promise<void> {
  for (let position = start, left = length; ;) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK, left))
    const { bytesRead } = await file.read(block, 0, block.length, position)
    if (exchange.aborted) return
    position += bytesRead
    left -= bytesRead
    const bytes = block.subarray(0, bytesRead)
    // A file that became shorter meanwhile: the exchange sees that Content-Length is not reached, and cuts.
    if (left === 0 || bytesRead === 0) return exchange.end(bytes)
    if (!exchange.write(bytes)) await exchange.drained()
  }
}
