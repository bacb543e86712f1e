// The files beside the scripts of a mount, for hosts that send them: which of them they do not.
import type { PlacedMount } from './mounts.ts'

/**
 * What Sidegate is asked for below a mount, whatever is there: a regular expression of the decoded path of the request, in any letters; as PCRE and
 * RE2 read it alike.
 */
export function withheldPattern({ prefix, shared }: PlacedMount): string {
  const before = prefix.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
  // At the beginning of an alternative; elsewhere it is one of a class.
  return shared!.withheld.replace(/(^|\|)\^(?=\/)/g, (_, bar: string) => `${bar}^${before}`)
}
