// What came of it, for people.
import type { Findings, Result } from './run.ts'
import type { Lost } from './tally.ts'

const COLUMNS = [
  'happened',
  'times',
  'asked',
  'right',
  'told to end',
  'lost in hand',
  'lost',
  'wrong',
  'slowest',
] as const
const WIDTHS = [20, 6, 8, 8, 12, 13, 6, 6, 9]

/** The first line of the table. */
export const heading: string = row(COLUMNS)

/** The line of one, the reasons below it, and what has to be looked into. */
export function lines({ name, times, tally, explained, problems }: Result, most: number): string {
  const { asked, right, told, failed, wrong, slowest } = tally
  const lost = failed.length - explained.length
  const counts = [times, asked, right, told, explained.length, lost, wrong.length, `${Math.round(slowest)} ms`]
  const left = problems.length - most
  return [
    row([name, ...counts]),
    ...reasons(explained).map((text) => `    ${text}`),
    ...problems.slice(0, most).map((text) => `  ! ${text}`),
    ...(left > 0 ? [`  ! and ${left} more`] : []),
  ].join('\n')
}

/** What Sidegate held before and after. */
export function resources({ before, after, problems }: Findings): string {
  const megabytes = (of: readonly number[]): string => of.map((bytes) => (bytes / 1e6).toFixed(0)).join(' + ')
  const text = ({ descriptors, processes, memory }: typeof before): string =>
    `${descriptors.join(' + ')} descriptors, ${processes} processes, ${megabytes(memory)} MB`
  return [
    'Of the supervisor and the gateway, and for memory (without files) all below them:',
    `  before  ${text(before)}`,
    `  after   ${text(after)}`,
    ...problems.map((problem) => `  ! ${problem}`),
  ].join('\n')
}

function reasons(lost: readonly Lost[]): string[] {
  const counts = new Map<string, number>()
  for (const { why, way } of lost) counts.set(`${why}, ${way}`, (counts.get(`${why}, ${way}`) ?? 0) + 1)
  return [...counts].toSorted(([, one], [, other]) => other - one).map(([why, count]) => `${count} × ${why}`)
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, index) => (index === 0 ? String(cell).padEnd(WIDTHS[0]!) : String(cell).padStart(WIDTHS[index]!)))
    .join('')
}
