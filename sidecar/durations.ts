// How long things took, as counts of ranges: what percentiles are read from, of all the time since the start, or of the time between two looks.
// To add one takes no memory. A range is at most a quarter wider than where it begins, so no percentile is further off than that.

/** Four ranges an octave, from a microsecond to 2^31 µs, 36 minutes: what is longer counts as that. */
const PARTS = 4
const OCTAVES = 31

/** What was counted: JSON. */
export interface DurationsReport {
  readonly count: number
  /** Of all, in milliseconds. */
  readonly sum: number
  /** The ranges that have any: up to how many milliseconds, and how many. In ascending order. */
  readonly ranges: readonly (readonly [upTo: number, count: number])[]
}

/** Counts durations. */
export class Durations {
  readonly #counts = new Float64Array(PARTS * OCTAVES)
  #count = 0
  #sum = 0

  /** @param milliseconds below zero counts as zero */
  add(milliseconds: number): void {
    this.#count++
    if (milliseconds > 0) this.#sum += milliseconds
    const index = rangeOf(milliseconds)
    this.#counts[index] = this.#counts[index]! + 1
  }

  get report(): DurationsReport {
    const ranges: [number, number][] = []
    for (const [index, count] of this.#counts.entries()) if (count > 0) ranges.push([upTo(index), count])
    return { count: this.#count, sum: this.#sum, ranges }
  }
}

/** The index of the range; each begins where the one before ends. */
function rangeOf(milliseconds: number): number {
  const micros = Math.min(milliseconds * 1000, 2 ** OCTAVES - 1) | 0
  if (micros < 1) return 0
  const octave = 31 - Math.clz32(micros)
  const part = octave < 2 ? (micros << (2 - octave)) & 3 : (micros >> (octave - 2)) & 3
  return octave * PARTS + part
}

/** Where a range ends, in milliseconds. */
function upTo(index: number): number {
  return (2 ** Math.floor(index / PARTS) * (1 + ((index % PARTS) + 1) / PARTS)) / 1000
}

/**
 * How long so great a share of them took at most.
 * @param share 0.5 for the median
 * @returns milliseconds, the end of the range it is in; undefined where there are none
 */
export function percentile({ count, ranges }: DurationsReport, share: number): number | undefined {
  let left = Math.max(1, Math.ceil(count * share))
  for (const [end, some] of ranges) {
    left -= some
    if (left <= 0) return end
  }
  return undefined
}

/** What came between an earlier report and a later one of the same, or all of the later one where it has begun anew. */
export function since(earlier: DurationsReport | undefined, later: DurationsReport): DurationsReport {
  if (!earlier || earlier.count > later.count) return later
  const before = new Map(earlier.ranges)
  const ranges = later.ranges
    .map(([end, count]) => [end, count - (before.get(end) ?? 0)] as const)
    .filter(([, count]) => count > 0)
  return { count: later.count - earlier.count, sum: later.sum - earlier.sum, ranges }
}

/** Several as one. */
export function together(reports: readonly DurationsReport[]): DurationsReport {
  const counts = new Map<number, number>()
  for (const { ranges } of reports) for (const [end, count] of ranges) counts.set(end, (counts.get(end) ?? 0) + count)
  return {
    count: reports.reduce((all, { count }) => all + count, 0),
    sum: reports.reduce((all, { sum }) => all + sum, 0),
    ranges: [...counts].toSorted(([a], [b]) => a - b),
  }
}
