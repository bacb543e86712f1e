// The mount `jsgi`: an app of CommonJS' JSGI 0.3.
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { jsgiHere } from './javascript/jsgi.ts'
import { workerEntries } from './javascript/settings.ts'
import { placed } from './javascript/workers.ts'
import { LOAD_TIMEOUT } from './load.ts'
import type { MountKind } from './mount.ts'
import { prefixEntry } from './prefix-setting.ts'

const settings = v.strictObject({
  jsgi: v.pipe(
    v.string(),
    v.description(
      'The module of the app, with #name for one of its exports (else: default, app, application): a function (request) that gives ' +
        '{ status, headers, body }, or a promise of it.',
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
  ...prefixEntry('scriptName is empty and pathInfo the whole path.'),
  ...workerEntries,
})

export const jsgi: MountKind<typeof settings> = {
  kind: 'jsgi',
  summary: 'An app of JSGI 0.3, the JavaScript sister of WSGI.',
  settings,
  loads: true,
  create: (settings, context) => placed('jsgi', settings, context, jsgiHere),
}
