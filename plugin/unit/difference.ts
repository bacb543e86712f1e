// A change as people read it: lines that go and lines that come.
import { placeText, type Json } from './json.ts'
import type { Write } from './change.ts'

/** Lines that stay are shown up to so far from those that change. */
const AROUND = 3

/** More pairs of lines than this are not compared, as it takes their number in memory: then all of it goes and comes. */
const PAIRS_MAX = 4_000_000

/** The place, and below it the lines: `-` goes, `+` comes. */
export function difference({ place, before, after }: Write): string[] {
  return [placeText(place), ...lineDifference(linesOf(before), linesOf(after)).map((line) => `  ${line}`.trimEnd())]
}

function linesOf(value: Json | undefined): string[] {
  return value === undefined ? [] : JSON.stringify(value, null, 4).split('\n')
}

function lineDifference(before: readonly string[], after: readonly string[]): string[] {
  const all = pairs(before, after)
  const lines: string[] = []
  let [from, to] = [0, 0]
  for (const [left, right] of [...all, [before.length, after.length] as const]) {
    while (from < left) lines.push(`- ${before[from++]!}`)
    while (to < right) lines.push(`+ ${after[to++]!}`)
    if (left < before.length) lines.push(`  ${before[left]!}`)
    from = left + 1
    to = right + 1
  }
  return around(lines)
}

/** The pairs of lines that stay. */
function pairs(before: readonly string[], after: readonly string[]): (readonly [number, number])[] {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  let end = 0
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const [from, to] = [before.slice(start, before.length - end), after.slice(start, after.length - end)]
  const between = from.length * to.length > PAIRS_MAX ? [] : stays(from, to)
  return [
    ...Array.from({ length: start }, (_, index) => [index, index] as const),
    ...between.map(([left, right]) => [start + left, start + right] as const),
    ...Array.from({ length: end }, (_, index) => [before.length - end + index, after.length - end + index] as const),
  ]
}

/** The pairs of a longest common subsequence. */
function stays(before: readonly string[], after: readonly string[]): (readonly [number, number])[] {
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  const found: (readonly [number, number])[] = []
  for (let [i, j] = [0, 0]; i < before.length && j < after.length;) {
    if (before[i] === after[j]) found.push([i++, j++])
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++
    else j++
  }
  return found
}

/** Without what stays far from every change. */
function around(lines: readonly string[]): string[] {
  const near = new Set<number>()
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('  ')) continue
    for (let other = index - AROUND; other <= index + AROUND; other++) near.add(other)
  }
  return lines.flatMap((line, index) => (near.has(index) ? [line] : near.has(index - 1) || index === 0 ? ['  …'] : []))
}
