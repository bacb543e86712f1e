// What a request has to be → the host and the prefix of a mount, where it is no more than that.
import type { Conditions } from './conditions.ts'

/** A host and a prefix; empty: every one. */
export interface SimplePlace {
  readonly host: string
  readonly prefix: string
  /** The prefix itself is not asked for, only what is below it: `/shop/*`. */
  readonly below: boolean
}

/** Undefined: it is more. */
export function placesOf(conditions: Conditions): readonly SimplePlace[] | undefined {
  let hosts: readonly string[] = ['']
  let prefixes: readonly { prefix: string; below: boolean }[] = [{ prefix: '', below: false }]
  for (const { variable, patterns } of conditions) {
    if (patterns.some(({ negated }) => negated)) return undefined
    if (variable === 'HTTP_HOST') {
      const names = patterns.map(({ exact }) => exact)
      if (names.some((name) => name === undefined || !/^[a-z0-9.-]+$/.test(name))) return undefined
      const before = hosts
      hosts = (names as string[]).filter((name) => before.includes('') || before.includes(name))
    } else if (variable === undefined) {
      const wanted = patterns.filter(({ prefix }) => prefix !== undefined)
      const paths = wanted.map(({ prefix }) => prefix!)
      const exact = patterns.flatMap((pattern) => (pattern.prefix === undefined ? [pattern.exact] : []))
      // `/shop` beside `/shop/*` is the prefix itself.
      if (exact.some((path) => path === undefined || !paths.includes(path))) return undefined
      if (paths.some((path) => !/^(?:\/[^/]+)*$/.test(path))) return undefined
      const own = paths.map((prefix) => ({ prefix, below: prefix !== '' && !exact.includes(prefix) }))
      prefixes = prefixes.flatMap((one) => own.flatMap((other) => narrower(one, other)))
    } else return undefined
  }
  return hosts.flatMap((host) => prefixes.map((prefix) => ({ host, ...prefix })))
}

interface Prefix {
  readonly prefix: string
  readonly below: boolean
}

/** What is below both. */
function narrower(one: Prefix, other: Prefix): Prefix[] {
  if (one.prefix === other.prefix) return [{ prefix: one.prefix, below: one.below || other.below }]
  if (isBelow(one.prefix, other.prefix)) return [one]
  return isBelow(other.prefix, one.prefix) ? [other] : []
}

/** Whether a prefix is another one or below it. */
export function isBelow(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}

/** As a key of `mounts`. */
export function keyOf({ host, prefix }: SimplePlace): string {
  return host + (prefix === '' && host !== '' ? '' : prefix === '' ? '/' : prefix)
}
