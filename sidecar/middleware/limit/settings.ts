// The settings of the layer `limit`.
import * as v from 'valibot'
import { count, openBytes, openCount, seconds } from '../../quantity.ts'
import { whereEntries } from '../where.ts'
import { RATE } from './rates.ts'

/** What is bounded, and for whom. */
export const limitSettings = v.strictObject({
  rate: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(RATE, 'is a rate, such as 10/s, 300/m, 1000/h or 5/10s'))),
    v.description(
      'Requests in a time for each `key`: `10/s`, `300/m`, `1000/h`, `5/10s`. More get 429 with Retry-After.',
    ),
  ),
  burst: openCount(
    0,
    '`rate`: so many may come at once beyond the first. Unless set: one less than the number of the rate, 9 for `10/s`.',
  ),
  delay: openCount(
    1,
    '`rate`: so many beyond those wait for their turn, one each so often, instead of being refused (nginx: `burst` without `nodelay`); none for longer than 60 s.',
  ),
  waiting: count(1, 1000, '`delay`: so many wait at the same time, of all clients; more are refused.'),
  concurrent: openCount(
    1,
    'Requests at a time for each `key`; WebSockets and event streams count as long as they last. More get 503 with Retry-After.',
  ),
  key: v.pipe(
    v.optional(
      v.pipe(
        v.string(),
        v.regex(
          /^(?:address|all|[A-Z][A-Z0-9_]*)$/,
          'is address, all or the name of a variable such as HTTP_X_API_KEY',
        ),
      ),
      'address',
    ),
    v.description(
      'Who counts as one: `address`, the client; `all`, everybody together; or the name of a variable, such as `REMOTE_USER` or `HTTP_X_API_KEY`, and the address where a request has none.',
    ),
  ),
  ipv6: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(48), v.maxValue(128)), 64),
    v.description('So many bits of an IPv6 address are one client, who has all of a network as a rule.'),
  ),
  status: v.pipe(
    v.optional(v.union([v.literal(429), v.literal(503)]), 429),
    v.description('The status where `rate` is exceeded.'),
  ),
  fields: v.pipe(
    v.optional(v.picklist(['draft', 'x'])),
    v.description(
      'Tells clients of `rate`: `draft`, RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers; `x`, X-RateLimit-Limit, -Remaining and -Reset. Unless set: not at all.',
    ),
  ),
  body: openBytes('Bytes of a request body. Larger ones get 413.'),
  head: openBytes('Bytes of the request target and the header fields together. More get 431.'),
  bodyRate: openBytes(
    'Bytes a second that a request body has to bring on average; else the answer is 408. What counts is the time for which the app waits for it.',
  ),
  bodyGrace: seconds(20, '`bodyRate`: as many seconds may be waited beyond that.', 0.001),
  ...whereEntries,
})

/** The settings, defaults filled in. */
export type LimitSettings = v.InferOutput<typeof limitSettings>
