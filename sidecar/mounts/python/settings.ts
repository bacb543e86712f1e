// The settings of a Python mount.
import * as v from 'valibot'
import { identityEntries } from '../../processes/identity.ts'
import { count, seconds, WORKERS_MAX } from '../../quantity.ts'
import { bodyEntries } from '../../take-body.ts'
import { prefixEntry } from '../prefix-setting.ts'
import { lifeEntries } from '../worker-settings.ts'
import { processesEntry, pythonEntries } from './app-settings.ts'

/** The settings of a Python mount. */
export const pythonSettings = v.strictObject({
  python: v.pipe(
    v.string(),
    v.nonEmpty('must name an app: module:callable'),
    v.description(
      'The WSGI app: module:callable, module:factory("/srv", debug=True) with Python literals, a file such as ./shop.wsgi:callable, or a file of Paste Deploy such as ./production.ini#name. Without a callable: application, else app.',
    ),
  ),
  wrap: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.nonEmpty())), []),
    v.description(
      'WSGI middleware round the app, the first outermost: module:factory or module:factory(x_prefix=1), which is called with the app first; egg:Paste#gzip or config:/etc/shop.ini#gzip for a filter of Paste Deploy.',
    ),
  ),
  interface: v.pipe(
    v.optional(v.picklist(['wsgi', 'web3']), 'wsgi'),
    v.description(
      'What the app is called by: wsgi is PEP 3333, web3 is PEP 444 (app(environ) gives body, status and headers, all of bytes). `wrap` is of the same.',
    ),
  ),
  ...processesEntry,
  threads: count(1, 1, 'Threads in each worker process: requests that it runs at the same time.', WORKERS_MAX),
  ...pythonEntries,
  queue: count(0, 100, 'Requests that may wait for a free worker; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait for a free worker; then it gets 503.'),
  ...bodyEntries,
  streamBodies: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'Whether the app runs as soon as the head of a request is there, and reads its body while the client sends it. A client that sends slowly keeps a worker then, and a body without a length comes without CONTENT_LENGTH.',
    ),
  ),
  ...prefixEntry('SCRIPT_NAME is empty and PATH_INFO the whole path.'),
  startTimeout: seconds(60, 'Seconds a worker may take to load the app.'),
  stopTimeout: seconds(30, 'Seconds a worker gets to end by itself before it is killed.'),
  abortTimeout: seconds(
    60,
    'Seconds the app may go on with a request whose client is gone; then the worker is replaced.',
  ),
  ...lifeEntries,
  ...identityEntries,
})

/** The settings of a Python mount, defaults filled in. */
export type PythonSettings = v.InferOutput<typeof pythonSettings>
