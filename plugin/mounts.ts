// The mounts as a host has to know them: where they are, and which of them a request can reach.
import { parseMountPlace } from '../sidecar/mount-place.ts'
import type { PlugMount } from './host.ts'

/** A mount with its key taken apart. */
export interface PlacedMount extends PlugMount {
  readonly host: string
  /** As people write it, which a config file in UTF-8 is too. */
  readonly prefix: string
}

/** Takes the keys apart; longest prefix first, as Sidegate looks for them. */
export function placed(mounts: readonly PlugMount[]): PlacedMount[] {
  return mounts
    .map((mount) => {
      const { host, prefix } = parseMountPlace(mount.key)
      return { ...mount, host, prefix: Buffer.from(prefix, 'latin1').toString() }
    })
    .toSorted((a, b) => b.prefix.length - a.prefix.length || (a.key < b.key ? -1 : 1))
}

/** The mounts that requests for `host` can reach: its own, and those of every host that none of its own is in front of. */
export function reachableFrom(host: string, mounts: readonly PlacedMount[]): PlacedMount[] {
  const own = mounts.filter((mount) => mount.host === host)
  if (host === '') return own
  const hidden = (prefix: string): boolean =>
    own.some((mount) => prefix === mount.prefix || prefix.startsWith(`${mount.prefix}/`))
  return [...own, ...mounts.filter((mount) => mount.host === '' && !hidden(mount.prefix))].toSorted(
    (a, b) => b.prefix.length - a.prefix.length,
  )
}

/**
 * The prefixes below which something is mounted, for whatever host; only the root when something is mounted there. For web servers
 * that leave the choice of the mount to Sidegate.
 */
export function prefixes(mounts: readonly PlacedMount[]): string[] {
  const all = [...new Set(mounts.map(({ prefix }) => prefix))]
  return all.includes('') ? [''] : all
}
