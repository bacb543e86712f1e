// The settings of an upstream mount.
import * as v from 'valibot'
import { backendEntries } from '../../connect/settings.ts'
import { count, seconds } from '../../quantity.ts'
import { scriptEntries } from '../script-settings.ts'

const one = v.strictObject({
  url: v.pipe(v.string(), v.description('The address.')),
  weight: count(1, 1, 'Its share of the requests, beside the shares of the others.'),
})

/** A health check. */
const health = v.strictObject({
  path: v.pipe(
    v.string(),
    v.startsWith('/'),
    v.description('What is asked for, by GET, below the path of the address. A status from 200 to 399 is healthy.'),
  ),
  host: v.pipe(v.optional(v.string()), v.description('The Host that is sent. Default: the address.')),
  interval: seconds(10, 'Seconds between two checks.', 0.01),
  timeout: seconds(5, 'Seconds a check may take.', 0.01),
  healthy: count(1, 2, 'So many good answers in a row, and a server that was out of use is in use again.'),
  unhealthy: count(1, 3, 'So many bad ones in a row, and it is out of use.'),
})

/** The settings of an upstream mount. */
export const upstreamSettings = v.strictObject({
  upstream: v.pipe(
    v.union([v.string(), one, v.pipe(v.array(v.union([v.string(), one])), v.minLength(1))]),
    v.description(
      'The servers: PROTOCOL://HOST:PORT, PROTOCOL://unix:PATH or PROTOCOL://pipe:NAME, with http, https, uwsgi, fastcgi, scgi or ajp; one, or a list, where {url, weight} gives one a share.',
    ),
  ),
  balance: v.pipe(
    v.optional(v.picklist(['round-robin', 'weighted', 'least-busy', 'client-hash']), 'round-robin'),
    v.description(
      'Which of several gets a request: the next by turns, with weights as these say (round-robin, or weighted); the one with the fewest under way; always the same one for a client address.',
    ),
  ),
  retries: count(
    0,
    1,
    'How often a failed request is sent to another server, when nothing was sent back and either nothing was sent to the first or the method is idempotent (RFC 9110 9.2.2); or to the same one, when it closed a kept connection as it was used again.',
  ),
  queue: count(0, 100, 'Requests that may wait when every server has all its connections in use; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait so; then it gets 503.'),
  maxFails: count(
    0,
    3,
    'So many failures within failTimeout, and a server is left out for as long. When all are, they are used all the same. 0: never.',
  ),
  failTimeout: seconds(10, 'Seconds; see maxFails.'),
  slowStart: seconds(0, 'Seconds in which the share of a server grows to its whole when it is new or back.'),
  resolve: seconds(
    30,
    'Seconds after which the names of servers are looked up again; every address of a name is a server. 0: only at the start.',
  ),
  health: v.pipe(v.optional(health), v.description('Asks every server from time to time whether it is well.')),
  ...backendEntries,
  ...scriptEntries,
})

/** The settings of an upstream mount, defaults filled in. */
export type UpstreamSettings = v.InferOutput<typeof upstreamSettings>
