// docs/conformance-matrix.md is about what is run (stale: `node test/write-matrix.ts`).
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cases, impossibleCases } from '../conformance/index.ts'
import { matrix } from './matrix.ts'
import { reasonsOf, rowsIn } from './matrix-table.ts'

const rows = rowsIn(readFileSync(new URL('../../docs/conformance-matrix.md', import.meta.url), 'utf8'))

test('the rows of the table are the ways that are run', () => {
  expect(rows.map(([host, , protocol]) => [host, protocol])).toEqual(matrix.map((row) => [row.host, row.protocol]))
})

test('the reasons are those that are given', () => {
  expect(rows.map((cells) => cells.at(-1))).toEqual(matrix.map((row) => reasonsOf(row)))
})

test('nothing failed, and every web server said its version', () => {
  for (const [, version, , passed, failed] of rows) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect([Number(passed) > 500, failed]).toEqual([true, '0'])
  }
})

test('a reason is given for cases that exist', () => {
  const names = new Set(cases.map(({ name }) => name))
  for (const row of matrix) {
    for (const name of Object.keys(impossibleCases(row))) expect(names).toContain(name)
  }
})
