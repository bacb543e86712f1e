// Lists of statuses, as settings of layers have them: 404, `5xx`, `500-599`.
import * as v from 'valibot'

const ONE = /^(?:[1-5][0-9]{2}(?:-[1-5][0-9]{2})?|[1-5]xx)$/
const WORDS = 'is a status such as 404, a class such as 5xx or a range such as 500-599'

/** One entry. */
export const statusEntry = v.union([
  v.pipe(v.string(), v.regex(ONE, WORDS)),
  v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)),
])

/** The statuses from the first to the last. */
export interface StatusRange {
  readonly first: number
  readonly last: number
}

/** What an entry means. */
export function statusRange(entry: string | number): StatusRange {
  const text = String(entry).replace(/^(.)xx$/, '$100-$199')
  const [first = '', last = first] = text.split('-')
  return { first: Number(first), last: Number(last) }
}

/** True for a status of one of the ranges. */
export function isAmong(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ first, last }) => status >= first && status <= last)
}
