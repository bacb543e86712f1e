// The files beside the scripts of a mount, for hosts that send them: which of them they do not.
import { linksIn } from './links.ts'
import type { PlacedMount } from './mounts.ts'
import { withoutTrailing } from '../sidecar/trailing.ts'
import { literal } from '../sidecar/literal.ts'

/**
 * What Sidegate is asked for below a mount, whatever is there: a regular expression of the decoded path of the request, in any letters; as PCRE and
 * RE2 read it alike.
 */
export function withheldPattern({ prefix, shared }: PlacedMount): string {
  const before = literal(prefix)
  // At the beginning of an alternative; elsewhere it is one of a class.
  return shared!.withheld.replace(/(^|\|)\^(?=\/)/g, (_, bar: string) => `${bar}^${before}`)
}

/** The prefixes of mounts that lie below a mount. */
export function innerPrefixes(mount: PlacedMount, mounts: readonly PlacedMount[]): string[] {
  const inner = mounts.filter((other) => other !== mount && other.prefix.startsWith(`${mount.prefix}/`))
  return [...new Set(inner.map(({ prefix }) => prefix))]
}

/**
 * The mounts of whose folder a host may send files, where it does not divide by the host asked for: none where there are mounts for one host
 * alone, as Sidegate knows best which of them a request is for.
 */
export function sharingMounts(mounts: readonly PlacedMount[]): PlacedMount[] {
  return mounts.some(({ host }) => host !== '') ? [] : mounts.filter(({ shared }) => shared)
}

/** What a host sends of a folder that does not see where links lead, or cannot ask Sidegate when it meets one. */
export interface SharedPart {
  /** Absolute, without links on the way, without a slash at its end. */
  readonly folder: string
  /** As of `withheldPattern`: links, and mounts that lie below this one, too. */
  readonly withheld: string
  readonly maxAge: number
}

/** The links that are there now count as withheld; undefined where they cannot be named. */
export function sharedPart(mount: PlacedMount, mounts: readonly PlacedMount[]): SharedPart | undefined {
  const { prefix, shared } = mount
  const below = new RegExp(shared!.withheld, 'i')
  const found = linksIn(shared!.path, (path) => below.test(path))
  if (!found) return undefined
  const others = [...found.links.map((link) => prefix + link), ...innerPrefixes(mount, mounts)].map(literal)
  const more = others.length > 0 ? [`^(?:${others.join('|')})(?:/|$)`] : []
  const folder = withoutTrailing(found.path, '/')
  return { folder, withheld: [withheldPattern(mount), ...more].join('|'), maxAge: shared!.maxAge }
}

/** What a host says where `sharedPart` gives nothing. */
export function unsharedNote({ key, kind }: PlacedMount, why: string): string {
  return `${key}: ${kind}, whose static files Sidegate sends too: ${why}`
}
