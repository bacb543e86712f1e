// docs/migrate-uwsgi.md: its tables are those that the importer works by. `npx vitest run test/importers/uwsgi/document.test.ts -u` writes it anew.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { families, refusal, ruleOf, topics } from '../../../sidecar/importers/uwsgi/table.ts'
import { documentWith, table } from '../../document.ts'
import { imported } from './read.ts'

const MET = join(import.meta.dirname, 'met')
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

function options(): string {
  const parts = topics.map(
    ([title, rules]) =>
      `### ${title}\n\n${table(
        ['uWSGI', 'here'],
        rules.map(({ names, here }) => [code(names), here]),
      )}\n`,
  )
  const kinds = table(
    ['uWSGI', 'here'],
    families.map(({ names, here }) => [code(names), here]),
  )
  return `\n${parts.join('')}### Kinds of options\n\nWhat no row above has, by how it begins:\n\n${kinds}\n`
}

/** What became of each option of each file, as its report has it. */
async function met(): Promise<string> {
  const rows: string[][] = []
  const seen = new Set<string>()
  for (const file of readdirSync(MET).toSorted()) {
    const { report } = await imported({ cwd: MET, file })
    let outcome = ''
    for (const line of report.full().split('\n')) {
      if (/^(?:Carried|Changed|Not)/.test(line)) outcome = line.toLowerCase()
      const [, key] = /^ {2}\S+\.ini:\d+: ([\w-]+)/.exec(line) ?? []
      if (key === undefined || outcome === '') continue
      const rule = ruleOf(key)
      const row = [
        `\`${key}\``,
        file.replace('.ini', ''),
        outcome,
        rule ? rule.here : 'an option that uWSGI does not know either',
      ]
      if (seen.has(`${key} ${outcome}`)) {
        const before = rows.find(([name, , same]) => name === row[0] && same === outcome)!
        if (!before[1]!.split(', ').includes(row[1]!)) before[1] += `, ${row[1]}`
        continue
      }
      seen.add(`${key} ${outcome}`)
      rows.push(row)
    }
  }
  return `\n${table(
    ['option', 'where', 'outcome', 'here'],
    rows.toSorted((one, other) => (one[0]! < other[0]! ? -1 : 1)),
  )}\n`
}

test('the tables are those of the importer', async () => {
  const { file, text } = documentWith('migrate-uwsgi.md', { options: options(), met: await met() })
  await expect(text).toMatchFileSnapshot(file)
})

test('no option has two rows', () => {
  const names = topics.flatMap(([, rules]) => rules.flatMap((rule) => rule.names))
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  expect(topics.flatMap(([, rules]) => rules).filter((rule) => refusal(rule) === '')).toEqual([])
})
