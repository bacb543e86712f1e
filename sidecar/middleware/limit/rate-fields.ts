// What clients are told of the rate that holds for them, in header fields of responses and refusals.
import type { HeaderPair } from '../../wire/head.ts'
import type { Rate, Verdict } from './rates.ts'

/** Gives the fields for what was said of a request. */
export type RateFields = (verdict: Verdict) => readonly HeaderPair[]

/**
 * Fields of one of two forms.
 * @param form `draft`: draft-ietf-httpapi-ratelimit-headers from its version 08 on; `x`: as most services write them
 */
export function rateFields(form: 'draft' | 'x', { interval, burst }: Rate): RateFields {
  const quota = burst + 1
  if (form === 'x') {
    return ({ left, reset }) => [
      ['X-RateLimit-Limit', String(quota)],
      ['X-RateLimit-Remaining', String(left)],
      ['X-RateLimit-Reset', String(wholeSeconds(reset))],
    ]
  }
  const policy = `"default";q=${quota};w=${wholeSeconds(quota * interval)}`
  return ({ left, reset }) => [
    ['RateLimit-Policy', policy],
    ['RateLimit', `"default";r=${left};t=${wholeSeconds(reset)}`],
  ]
}

/** Rounded up, 1 at least: who comes earlier is refused again (RFC 9110 10.2.3). */
export function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}
