// Every stable code has its row in docs/errors.md, and every row a code.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const sources = globSync(['sidecar/**/*.{ts,py}', 'plugin/**/*.{ts,py}'], { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
const documented = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `?([A-Z][A-Z_]+)`? \|/gm)].map(
  ([, code]) => code!,
)

test('every code that the sources raise is documented', () => {
  const raised = [
    ...sources.matchAll(/(?:Error|Failed|Violation)\(\s*'([A-Z]+_[A-Z_]+)'|\bcode[:=] ?'([A-Z]+_[A-Z_]+)'/g),
  ].map(([, first, second]) => first ?? second!)
  expect(raised.length).toBeGreaterThan(80)
  expect([...new Set(raised)].filter((code) => !documented.includes(code)).toSorted()).toEqual([])
})

test('every documented code is raised somewhere, and stands once', () => {
  expect(documented.filter((code) => !new RegExp(`['"]${code}['"]`).test(sources))).toEqual([])
  expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([])
})
