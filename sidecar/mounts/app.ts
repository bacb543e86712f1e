// The mount `app`: an app with the WSGI interface (docs/interface.md).
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { appHere } from './javascript/app.ts'
import { workerEntries } from './javascript/settings.ts'
import { placed } from './javascript/workers.ts'
import { LOAD_TIMEOUT } from './load.ts'
import type { MountKind } from './mount.ts'
import { prefixEntry } from './prefix-setting.ts'

const settings = v.strictObject({
  app: v.pipe(
    v.string(),
    v.description(
      'The module of the app, with #name for one of its exports (else: default, app, application): a function ' +
        '(environ, startResponse) that returns the body.',
    ),
  ),
  wrap: v.pipe(
    v.optional(v.array(v.union([v.pipe(v.string(), v.nonEmpty()), v.record(v.string(), v.unknown())])), []),
    v.description(
      'Middleware round the app, the first outermost: modules with #name for one of their exports (else: default, middleware), functions ' +
        '(app) that give an app; or a group with the module as its one key, whose value is the second argument.',
    ),
  ),
  lint: v.pipe(
    v.optional(v.boolean()),
    v.description(
      'Checks every request and response against the specification of the interface, and fails what breaks it. On by default only ' +
        'where NODE_ENV is development or test: a production server whose NODE_ENV nobody set must neither pay for it nor refuse what worked.',
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
  ...prefixEntry('SCRIPT_NAME is empty and PATH_INFO the whole path.'),
  ...workerEntries,
})

export const app: MountKind<typeof settings> = {
  kind: 'app',
  summary: 'An app with the WSGI interface for TypeScript.',
  settings,
  loads: true,
  exports: {
    plain: 'an app (environ, startResponse)',
    shapes: [],
    names: {
      words: ['application', 'app'],
      because: 'the export is a function called application or app, the names that WSGI has',
    },
  },
  create: (settings, context) => placed('app', settings, context, appHere),
}
