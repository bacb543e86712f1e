// The mount `fetch`: a Fetch handler, such as an app of Hono. `Request.url` is what the client asked for, the mount's
// prefix included: an app below a prefix names it (Hono: `basePath`), as the Fetch API has no SCRIPT_NAME. Variables come as `environ`
// of the second argument.
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { hasMethod } from './bare-target.ts'
import { fetchHere } from './javascript/fetch.ts'
import { workerEntries } from './javascript/settings.ts'
import { placed } from './javascript/workers.ts'
import { LOAD_TIMEOUT } from './load.ts'
import type { MountKind } from './mount.ts'
import { prefixEntry } from './prefix-setting.ts'

const settings = v.strictObject({
  fetch: v.pipe(
    v.string(),
    v.description(
      'The module of the handler, with #name for one of its exports (else: default, app, application, handler, fetch): a function ' +
        '(request, env, context) that gives a Response, or an object with such a method fetch.',
    ),
  ),
  request: v.pipe(
    v.optional(v.picklist(['light', 'native']), 'light'),
    v.description(
      "Which Request the handler gets: a light one, or the platform's own, for handlers that pass it to a Request or fetch that is not the global one.",
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
  ...prefixEntry('SCRIPT_NAME of `environ` is empty and PATH_INFO the whole path. `request.url` is whole either way.'),
  ...workerEntries,
})

export const fetch: MountKind<typeof settings> = {
  kind: 'fetch',
  summary: 'A Fetch handler: Hono, or a function from Request to Response.',
  settings,
  loads: true,
  exports: {
    plain: 'a Fetch handler (request)',
    shapes: [
      {
        because: 'the export has a method fetch, as apps of Hono have',
        has: (value) => hasMethod(value, 'fetch'),
      },
    ],
    names: { words: ['fetch'], because: 'the export is a function called fetch' },
  },
  create: (settings, context) => placed('fetch', settings, context, fetchHere),
}
