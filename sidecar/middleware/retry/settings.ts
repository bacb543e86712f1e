// The settings of the layer `retry`.
import * as v from 'valibot'
import { count, seconds } from '../../quantity.ts'

/** How often, after what, and after how long. */
export const retrySettings = v.strictObject({
  attempts: count(2, 3, 'How often a request is tried in all.', 20),
  statuses: v.pipe(
    v.optional(
      v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599))), v.minLength(1)),
      [502, 503, 504],
    ),
    v.description(
      'The statuses after which GET, HEAD, OPTIONS, TRACE, PUT and DELETE are tried again, of the app or of what has failed before it. Other methods are tried again where the request has reached nobody.',
    ),
  ),
  delay: seconds(
    0.1,
    'Seconds before the second try; twice as many before each one after that, with a little chance in it.',
    0.001,
  ),
  maxDelay: seconds(
    5,
    'But no more seconds than these. A Retry-After of the app holds if it is not longer, else it is not tried again.',
    0.001,
  ),
  budget: count(
    1,
    20,
    'Of a hundred requests so many may be tried once more, and ten beyond that: what is down already is not asked twice as often.',
    100,
  ),
})

/** The settings, defaults filled in. */
export type RetrySettings = v.InferOutput<typeof retrySettings>
