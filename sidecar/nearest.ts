// The known name that somebody most likely meant.
import { extname } from 'node:path'

/** Names that are listed for who meant none that is like them. */
const LISTED = 10

/** Edits between two words: insertions, deletions, replacements and swapped neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}

/**
 * The candidate nearest to `name`, or undefined when none is near: more than a third of the letters differ, or all of them. Upper and lower
 * case, `-` and `_` make no difference; of two that are equally near the first counts.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, '')
  const wanted = plain(name)
  let best: string | undefined
  let least = Infinity
  for (const candidate of candidates) {
    const edits = distance(wanted, plain(candidate))
    const longest = Math.max(wanted.length, candidate.length)
    const most = Math.max(1, Math.floor(longest / 3))
    if (edits <= most && edits < longest && edits < least) {
      best = candidate
      least = edits
    }
  }
  return best
}

/** `a, b, c`, of many the first ten and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - LISTED
  return names.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** The file nearest to `name`, by their names without the endings; of those that are equally near one with the same ending counts first. */
export function nearestFile(name: string, files: readonly string[]): string | undefined {
  const ending = extname(name)
  const ordered = [
    ...files.filter((file) => extname(file) === ending),
    ...files.filter((file) => extname(file) !== ending),
  ]
  const stems = ordered.map(stemOf)
  const found = nearest(stemOf(name), stems)
  return found === undefined ? undefined : ordered[stems.indexOf(found)]
}

function stemOf(file: string): string {
  return file.slice(0, file.length - extname(file).length)
}
