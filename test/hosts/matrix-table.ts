// The table in docs/conformance-matrix.md: what is known without a run (rows, reasons), and what a run adds (version, counts).
import { impossibleCases } from '../conformance/index.ts'
import { table } from '../document.ts'
import type { Row } from './matrix.ts'

/** What a run of one row gave, all interfaces and places together. */
export interface RowResult extends Pick<Row, 'host' | 'protocol'> {
  readonly version: string
  readonly passed: number
  readonly failed: number
}

const HEAD = ['web server', 'version', 'protocol', 'passed', 'failed', 'not applicable, and why']

/** The table, as Markdown. */
export function matrixTable(results: readonly RowResult[]): string {
  return table(
    HEAD,
    results.map((row) => [row.host, row.version, row.protocol, String(row.passed), String(row.failed), reasonsOf(row)]),
  )
}

/** The last cell of a row: cases with one reason together. */
export function reasonsOf(row: Pick<Row, 'host' | 'protocol'>): string {
  const names = new Map<string, string[]>()
  for (const [name, reason] of Object.entries(impossibleCases(row))) {
    names.set(reason, [...(names.get(reason) ?? []), `\`${name}\``])
  }
  return [...names].map(([reason, cases]) => `${cases.join(', ')}: ${reason}`).join('; ') || 'none'
}

/** The cells of each row of the table in a text. */
export function rowsIn(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^\| (?!web server|---)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '))
}
