// Every stable code has its row in docs/errors.md, and every row a code.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import { documentedCodes } from '../codes/documented.ts'
import { errorResponse, PeerError } from '../../sidecar/errors.ts'

const root = join(import.meta.dirname, '../..')
const sources = globSync(['sidecar/**/*.{ts,py}', 'plugin/**/*.{ts,py}'], { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
const documented = documentedCodes()

test('every code that the sources raise is documented', () => {
  const raised = [
    ...sources.matchAll(/(?:Error|Failed|Violation)\(\s*'([A-Z]+_[A-Z_]+)'|\bcode[:=] ?'([A-Z]+_[A-Z_]+)'/g),
  ].map(([, first, second]) => first ?? second!)
  expect(raised.length).toBeGreaterThan(80)
  expect([...new Set(raised)].filter((code) => !documented.includes(code)).toSorted()).toEqual([])
})

/** What a constructor makes of an error without a status. */
const DEFAULTS: Readonly<Record<string, number>> = { PeerError: 400, AppError: 500, UpstreamError: 502 }

interface Node {
  readonly type: string
  readonly [name: string]: unknown
}

/** The code and the status of each error that is made in a source, where both stand there. */
function statusesIn(text: string): [code: string, status: number][] {
  const found: [string, number][] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (typeof value !== 'object' || value === null || typeof (value as Node).type !== 'string') return
    const node = value as Node
    if (node.type === 'NewExpression') {
      const [code, , status] = (node.arguments as Node[]).map(({ type, value: own }) =>
        type === 'Literal' ? own : type,
      )
      const usual = DEFAULTS[(node.callee as Node).name as string]
      if (usual !== undefined && typeof code === 'string' && (status === undefined || typeof status === 'number'))
        found.push([code, status ?? usual])
    }
    Object.values(node).forEach(visit)
  }
  visit(parseAst(text, { lang: 'ts' }))
  return found
}

test('a status that a code is raised with stands in its row', () => {
  const rows = readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `?([A-Z_]+)`? \| ([^|]*) \|/gm)
  const told = new Map(Array.from(rows, ([, code, cell]) => [code!, cell!.match(/\b[45][0-9][0-9]\b/g)?.map(Number)]))
  const texts = globSync(['sidecar/**/*.ts', 'plugin/**/*.ts'], { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  )
  const raised = texts.filter((text) => /new (?:Peer|App|Upstream)Error\(/.test(text)).flatMap(statusesIn)
  expect(raised.length).toBeGreaterThan(150)
  // Where the row has no status, no client gets one.
  const other = raised.filter(([code, status]) => told.get(code) && !told.get(code)!.includes(status))
  expect(other).toEqual([])
})

test('every status that an error has is called by its name', () => {
  const statuses = [...sources.matchAll(/Error\([^;]*?, ([45][0-9][0-9])(?:,[^;]*)?\)/g)].map(([, status]) =>
    Number(status),
  )
  expect(statuses.length).toBeGreaterThan(30)
  // 499 is never sent: its client is gone.
  const sent = [...new Set([...statuses, 505])].filter((status) => status !== 499)
  const named = sent.map((status) => errorResponse(new PeerError('X', '', status), '').reason)
  expect(named).not.toContain('Error')
  expect(errorResponse(new PeerError('X', '', 505), '').reason).toBe('HTTP Version Not Supported')
})

test('the rows are in the order of their codes (vitest run test/core/errors.test.ts --update sorts them)', async () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const row = /^\| `?[A-Z][A-Z_]+`? \|.*$/gm
  const sorted = page.match(row)!.toSorted((one, other) => (codeOf(one) < codeOf(other) ? -1 : 1))
  await expect(page.replace(row, () => sorted.shift()!)).toMatchFileSnapshot('../../docs/errors.md')
})

const codeOf = (row: string): string => /[A-Z_]+/.exec(row)![0]

test('every documented code is raised somewhere, and stands once', () => {
  expect(documented.filter((code) => !new RegExp(`['"]${code}['"]`).test(sources))).toEqual([])
  expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([])
})
