// The layer `cache`: a shared cache (RFC 9111) in front of an app.
import { resolve } from 'node:path'
import * as v from 'valibot'
import { bytes, count, memory, seconds } from '../quantity.ts'
import { parsePeers } from '../peers.ts'
import type { Cache } from './cache/cache.ts'
import { CONDITION } from './cache/bypass.ts'
import type { MiddlewareKind } from './middleware.ts'

const VARIABLE = /^[A-Z][A-Z0-9_]*$/

const settings = v.strictObject({
  ttl: seconds(
    0,
    'How long a response is kept that says nothing of it, in seconds: of status 200, 203, 300, 301, 308, 404 or 410. 0: not at all.',
  ),
  memory: memory(64 * 1024 * 1024, 'Bytes that stored responses may take in memory, where no `folder` is named.'),
  folder: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description('Keeps responses in files of this folder, and over restarts. It is for Sidegate alone.'),
  ),
  disk: bytes(1024 * 1024 * 1024, 'Bytes that they may take there.'),
  maxEntry: memory(4 * 1024 * 1024, 'Bytes of one response; a longer one is passed on and not stored.'),
  staleWhileRevalidate: seconds(
    0,
    'How long after its time a response is sent while another one is fetched, in seconds, where it does not say so itself (RFC 5861).',
  ),
  staleIfError: seconds(
    0,
    'How long after its time a response is sent where the app fails (500, 502, 503, 504), in seconds, where it does not say so itself (RFC 5861).',
  ),
  lock: seconds(
    5,
    'How long requests for the same URL wait for the first of them, in seconds; then they go on by themselves. 0: none waits.',
  ),
  waiting: count(1, 1000, 'Requests that wait so at the same time; more go on at once.'),
  bypass: v.pipe(
    v.optional(
      v.array(
        v.pipe(
          v.string(),
          v.regex(CONDITION, 'is cookie:NAME, header:NAME, query:NAME or the name of a variable, such as REMOTE_USER'),
        ),
      ),
      [],
    ),
    v.description(
      'Requests that have one of these pass the cache: `cookie:NAME`, `header:NAME`, `query:NAME`, or a variable.',
    ),
  ),
  key: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.regex(VARIABLE, 'is the name of a variable, such as HTTP_X_COUNTRY'))), []),
    v.description('Variables that tell responses apart, beside the URL and what Vary names: `HTTP_X_COUNTRY`.'),
  ),
  setCookie: v.pipe(
    v.optional(v.picklist(['refuse', 'strip', 'keep']), 'refuse'),
    v.description(
      'What becomes of a response with Set-Cookie: it is not stored, or stored without it, or with it: then all clients get that cookie.',
    ),
  ),
  authorization: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'Stores responses to requests with Authorization or REMOTE_USER as those to others. Else they have to say `public`, `s-maxage` or `must-revalidate`.',
    ),
  ),
  clients: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'Lets clients pass the cache by `Cache-Control: no-cache`, `no-store` and `max-age`, and ask for nothing but what is stored (`only-if-cached`).',
    ),
  ),
  purgeFrom: v.pipe(
    v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
    v.description(
      'Whose requests with the method PURGE have what is stored of their URL forgotten: addresses, networks (`10.0.0.0/8`) or `unix`. Others get 403. Unless set, PURGE goes to the app.',
    ),
  ),
  cacheStatus: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Says in each response what the cache did (Cache-Status, RFC 9211).'),
  ),
})

export const cache: MiddlewareKind<'cache', typeof settings, 'ttl'> = {
  name: 'cache',
  summary: 'Stores responses that may be, and answers with them (RFC 9111).',
  settings,
  short: 'ttl',
  create(options, { path, mount, directory, log }) {
    const folder = options.folder === undefined ? undefined : resolve(directory, options.folder)
    const place = `${path}.folder`
    const purgers = options.purgeFrom && parsePeers(options.purgeFrom, `${path}.purgeFrom`)
    let open: Cache | undefined
    return {
      // Loaded by who uses it.
      async open() {
        const { openCache } = await import('./cache/make.ts')
        open = await openCache({ ...options, folder, mount, purgers }, place, log)
      },
      async check() {
        if (folder === undefined) return
        const { checkFolder } = await import('./cache/disk.ts')
        await checkFolder(folder, place)
      },
      handle(exchange, next) {
        open!.handle(exchange, next)
      },
      purge: (pattern) => open?.keeper.purge(pattern) ?? 0,
      status: () => ({ layer: 'cache', counts: open?.counts ?? {} }),
      async close() {
        open?.keeper.close()
      },
    }
  },
}
