// Patterns of file names as shells and glob(3) have them: `*`, `?` and `[…]` in the segments of a path. A name that begins with a dot is
// found only by a pattern that does.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A pattern that finds more is a slip. */
const FOUND_MAX = 10_000

/** Whether a text is a pattern, and no plain name. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text)
}

/**
 * The files and folders that a pattern names, in the order of their names.
 * @param pattern absolute
 * @returns none where nothing fits; at most 10,000
 */
export async function glob(pattern: string): Promise<string[]> {
  let found = ['/']
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    const fits = isPattern(segment) ? nameMatcher(segment) : undefined
    const next: string[] = []
    for (const folder of found) {
      const names = fits ? (await namesIn(folder)).filter(fits) : [segment]
      next.push(...names.slice(0, FOUND_MAX - next.length).map((name) => join(folder, name)))
    }
    found = next
  }
  const there = await Promise.all(found.map((path) => stat(path).catch(() => undefined)))
  return found.filter((_, index) => there[index] !== undefined)
}

/** Whether a name fits a pattern. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[^]/g, (piece, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`
    if (piece === '*') return '[^/]*'
    if (piece === '?') return '[^/]'
    return piece.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
  })
  const whole = new RegExp(`^${source}$`, 's')
  return (name) => whole.test(name) && (!name.startsWith('.') || pattern.startsWith('.'))
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.toSorted()
}
