// The result, for people: Markdown tables.
import type { Row } from './row.ts'
import { spread } from './statistics.ts'
import { findings, type Series } from './targets.ts'

/** The table of the rows, and the one of the targets. */
export function tables(rows: readonly Row[], series: ReadonlyMap<string, Series>): string {
  return `${table(speedHead, speedLines(rows, series))}\n${table(targetHead, targetLines(series))}`
}

const speedHead = [
  'row',
  'requests/s',
  '(min to max)',
  'CPU µs a request',
  'main process',
  'nginx',
  'p50 µs, 1 connection',
]

function speedLines(rows: readonly Row[], series: ReadonlyMap<string, Series>): string[][] {
  return rows.flatMap((row) => {
    const measured = series.get(row.name)
    if (!measured) return []
    const { rounds, single } = measured
    const speed = spread(rounds.map(({ requestsPerSecond }) => requestsPerSecond))
    return [
      [
        `${row.title} \`${row.name}\``,
        whole(speed.median),
        `${whole(speed.min)} to ${whole(speed.max)}`,
        spread(rounds.map(({ cpu }) => cpu)).median.toFixed(1),
        spread(rounds.map(({ mainCpu }) => mainCpu)).median.toFixed(1),
        spread(rounds.map(({ nginxCpu }) => nginxCpu)).median.toFixed(1),
        single.length > 0 ? whole(spread(single.map(({ p50 }) => p50)).median) : '',
      ],
    ]
  })
}

const targetHead = ['row', 'beside', 'what', 'median', '(min to max)', 'target', '', 'CPU']

function targetLines(series: ReadonlyMap<string, Series>): string[][] {
  return findings(series).map(({ row, beside, what, bound, measured, met, cpu }) => {
    const ratio = what === 'requests/s'
    const text = (number: number): string =>
      ratio ? number.toFixed(2) : `${number < 0 ? '−' : '+'}${whole(Math.abs(number))} µs`
    const { median, min, max } = measured
    const target = bound === undefined ? '' : ratio ? `≥ ${bound.toFixed(2)}` : `≤ +${bound} µs`
    const verdict = met === undefined ? '' : met ? 'met' : 'missed'
    return [
      row,
      beside,
      what,
      text(median),
      `${text(min)} to ${text(max)}`,
      target,
      verdict,
      cpu === undefined ? '' : `× ${cpu.median.toFixed(2)}`,
    ]
  })
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en')
}

/** A Markdown table; the first column is on the left, the others on the right. */
export function table(head: readonly string[], lines: readonly string[][]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...lines.map((line) => line[column]!.length)))
  const write = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return `${[write(head), rule, ...lines.map(write)].join('\n')}\n`
}
