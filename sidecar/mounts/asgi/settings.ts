// The settings of an ASGI mount.
import * as v from 'valibot'
import { identityEntries } from '../../processes/identity.ts'
import { count, seconds } from '../../quantity.ts'
import { prefixEntry } from '../prefix-setting.ts'
import { processesEntry, pythonEntries } from '../python/app-settings.ts'
import { lifeEntries } from '../worker-settings.ts'

/** Requests at the same time in one process, at most: each has a place there. */
const REQUESTS_MAX = 100_000

/** Bytes of a message of a client, unless set. */
const MESSAGE = 16 * 1024 * 1024
/** As long as a buffer of `ws` may be. */
const MESSAGE_MAX = 2 ** 30

const webSocketSettings = v.strictObject({
  maxMessage: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_MAX)), MESSAGE),
    v.description('Bytes of a message of a client; a larger one closes the WebSocket with 1009.'),
  ),
  compress: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Whether messages are compressed (permessage-deflate) where a client wants it.'),
  ),
  ping: seconds(
    20,
    'Seconds between two pings to a client; one of which nothing has come by the next is given up. 0: none are sent.',
  ),
})

/** The settings of an ASGI mount. */
export const asgiSettings = v.strictObject({
  asgi: v.pipe(
    v.string(),
    v.nonEmpty('must name an app: module:callable'),
    v.description(
      'The ASGI app: module:callable, module:factory("/srv", debug=True) with Python literals, or a file such as ./shop.py:callable. Without a callable: application, else app.',
    ),
  ),
  wrap: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.nonEmpty())), []),
    v.description(
      'ASGI middleware round the app, the first outermost: module:factory or module:factory(minimum_size=500), which is called with the app first.',
    ),
  ),
  ...processesEntry,
  requests: count(
    1,
    1000,
    'Requests that one process takes at the same time, WebSockets and work behind responses among them.',
    REQUESTS_MAX,
  ),
  ...pythonEntries,
  loop: v.pipe(
    v.optional(v.picklist(['auto', 'asyncio', 'uvloop']), 'auto'),
    v.description('The event loop: auto is uvloop where it is installed, else asyncio.'),
  ),
  lifespan: v.pipe(
    v.optional(v.picklist(['auto', 'on', 'off']), 'auto'),
    v.description(
      'Whether the app is told of its start and end: with auto an app that raises then is taken for one that has no lifespan, with on it does not start, with off it is not asked.',
    ),
  ),
  webSockets: v.pipe(v.optional(webSocketSettings, {}), v.description('How WebSockets are spoken to clients.')),
  queue: count(0, 100, 'Requests that may wait for a place in a worker; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait for a place in a worker; then it gets 503.'),
  ...prefixEntry('root_path is empty.'),
  startTimeout: seconds(60, 'Seconds a worker may take to load the app and for its lifespan.startup.'),
  stopTimeout: seconds(
    30,
    'Seconds a worker gets to end: for what the app does behind its responses, then for lifespan.shutdown. Then it is killed.',
  ),
  abortTimeout: seconds(
    60,
    'Seconds the app may go on with a request whose client is gone; then its task is cancelled, and a worker where that does not help is replaced.',
  ),
  stuckTimeout: seconds(
    30,
    'Seconds an app may keep the event loop to itself, so that its worker answers nothing; then the worker is killed, and another one starts.',
    2,
  ),
  ...lifeEntries,
  ...identityEntries,
})

/** The settings of an ASGI mount, defaults filled in. */
export type AsgiSettings = v.InferOutput<typeof asgiSettings>
