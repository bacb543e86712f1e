// A response that is kept, and what is left of its time.
import type { Entry as Place } from '../../linked-list.ts'
import type { Variables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'
import type { Body } from './body.ts'
import type { Described } from './described.ts'
import { valueOf } from './key.ts'
import { ageOf, type Times } from './policy.ts'

/** A stored response. */
export interface Entry extends Described {
  head: Head
  times: Times
  readonly body: Body
  /** What it takes of the room, in bytes. */
  readonly size: number
  /** Among those that were used, the last used last. */
  place: Place<Entry> | undefined
  /** Another one is being fetched. */
  refreshing: boolean
}

/** Seconds that a response is still fresh; below 0 it is stale. */
export function freshFor({ times }: Described, now: number = Date.now()): number {
  return times.lifetime - ageOf(times, now)
}

/** True for one that is stale and may be sent while another one is fetched (RFC 5861 3). */
export function mayRevalidate(entry: Described): boolean {
  return freshFor(entry) + entry.times.whileRevalidate > 0
}

/** True for one that is stale and may be sent where no other one can be had (RFC 5861 4). */
export function mayReplaceError(entry: Described): boolean {
  return freshFor(entry) + entry.times.ifError > 0
}

/** True when a request would have been answered with this response, as far as its Vary tells. */
export function fits({ vary }: Described, variables: Variables): boolean {
  return vary.every(([name, value]) => valueOf(variables, name) === value)
}
