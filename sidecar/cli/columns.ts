// Rows as columns, for people to read.
import { visible } from '../line.ts'

/** What stands in a column: words begin at its left, numbers end at its right. */
export type Cell = string | number

/**
 * A head and its rows, each as one line, with two spaces between columns. Columns in which no row has anything are left out.
 * @param head the names of the columns
 */
export function columns(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const used = head.map((_, index) => rows.some((row) => row[index] !== '' && row[index] !== undefined))
  const only = (row: readonly Cell[]): Cell[] => row.filter((_, index) => used[index])
  const all = [head, ...rows].map((row) => only(row).map((cell) => visible(String(cell))))
  const kept = rows.map(only)
  const right = all[0]!.map((_, index) => kept.every((row) => isNumber(row[index])))
  const widths = all[0]!.map((_, index) => Math.max(...all.map((row) => row[index]!.length)))
  return all.map((row) =>
    row
      .map((text, index) => (right[index] ? text.padStart(widths[index]!) : text.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd(),
  )
}

function isNumber(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || cell === '' || cell === undefined || /^[0-9.]+ ?(?:ms|s|min|h|d|MB|%)?$/.test(cell)
}
