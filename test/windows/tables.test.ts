// The tables in docs/hosts/iis.md, of a run in which nothing failed (stale: `npm run test:windows -- conformance proof write`).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apps } from '../conformance/index.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/hosts/iis.md'), 'utf8')

function rowsOf(topic: string): string[][] {
  const [, part] = new RegExp(`<!-- generated: ${topic} -->\n([^]*?)<!-- end -->`).exec(text)!
  const lines = part!.trimEnd().split('\n').slice(2)
  return lines.map((line) => line.slice(2, -2).split(' | '))
}

test('every interface, and no case failed', () => {
  const rows = rowsOf('conformance')
  // Workers of asgi mounts have not been run there.
  expect(rows.map(([name]) => name)).toEqual(Object.keys(apps).filter((name) => name !== 'asgi'))
  for (const [, passed, failed] of rows) expect([Number(passed) > 100, failed]).toEqual([true, '0'])
})

test('no response of the proof was wrong', () => {
  const rows = rowsOf('proof')
  const about = rows.filter(([, result]) => result!.includes('wrong'))
  expect(about.map(([what]) => /^[0-9]+ \w+/.exec(what!)![0])).toEqual([
    '10000 requests',
    '1000 requests',
    '20 restarts',
  ])
  for (const [, result] of about) expect(result).toMatch(/(?:^|\D)0 wrong/)
})
