// Medians, and ratios of what was measured in the same round.

/** The middle of some numbers, and how far they reach. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws {RangeError} for no numbers at all. */
export function spread(numbers: readonly number[]): Spread {
  if (numbers.length === 0) throw new RangeError('no numbers')
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** Joins two series round by round: what disturbs a round disturbs both. */
export function paired(a: readonly number[], b: readonly number[], join: (a: number, b: number) => number): Spread {
  return spread(a.map((one, round) => join(one, b[round]!)))
}
