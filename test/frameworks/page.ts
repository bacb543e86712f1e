// What docs/frameworks.md has of each framework: made from what a run has seen, so that nothing stands there that nobody saw.
import { table } from '../document.ts'
import { installWords } from '../apps/install.ts'
import type { Framework, Missing } from './framework.ts'
import { prefixes } from './mounted.ts'
import { OWN, type Seen } from './run.ts'
import { protocols } from './stage.ts'

/** One that was run, one that did not come so far with the reason, or one that cannot be run. */
export type Entry = Seen | { readonly framework: Framework; readonly failed: string } | Missing

const HEAD = ['framework', 'version', 'mount below `/x`', ...protocols.map((protocol) => `${protocol}_pass`)]

/** The mount at a place, as it is written in a configuration. */
export function mountLine(framework: Framework, prefix: (typeof prefixes)[number]): string {
  return `'${prefix || '/'}': ${written(framework.mount({ prefix, ...OWN }))}`
}

/** A value as TypeScript that fits in one line. */
export function written(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const pairs = Object.entries(value).map(([key, one]) => `${/^\w+$/.test(key) ? key : `'${key}'`}: ${written(one)}`)
  return `{ ${pairs.join(', ')} }`
}

const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')

/** The row of the table. */
export function row(entry: Entry): string[] {
  if ('missing' in entry) return [link(entry.title), '', 'not run', '', '']
  const { title } = entry.framework
  const mount = `\`${mountLine(entry.framework, '/x').replace(/^'\/x': /, '')}\``
  if ('failed' in entry) return [link(title), '', mount, 'not run', 'not run']
  const counts = protocols.map((protocol) => {
    const places = prefixes.map((prefix) => {
      const here = entry.outcomes.filter((one) => one.protocol === protocol && one.prefix === prefix)
      return `${here.filter((one) => one.wrong === undefined && one.differs === undefined).length}/${here.length}`
    })
    return places.join(', ')
  })
  return [link(title), entry.version, mount, ...counts]
}

const link = (title: string): string => `[${title}](#${anchor(title)})`

/** The part of the page for one framework. */
export function section(entry: Entry): string {
  if ('missing' in entry) return `### ${entry.title}\n\nNot run: ${entry.missing}\n`
  const { framework } = entry
  const { name, title, packages, know = [], prepare = [] } = framework
  const commands = [installWords(packages), ...prepare].map((words) => words.map(quoted).join(' '))
  const source = `[test/frameworks/${name}](../test/frameworks/${name})`
  const lines = [
    `### ${title}`,
    '',
    ...('failed' in entry
      ? [`Not run: ${entry.failed.split('\n')[0]}. ${source}`]
      : [`Version ${entry.version}; the app is ${source}.`]),
    '',
    '```sh',
    ...commands,
    '```',
    '',
    ...mountLines(framework),
    ...list(know),
    ...list('failed' in entry ? [] : [...new Set(entry.outcomes.flatMap(outcomeLine))]),
  ]
  return lines.join('\n')
}

/** Both mounts, where they are not the same. */
function mountLines(framework: Framework): string[] {
  const [root, below] = prefixes.map((prefix) => mountLine(framework, prefix))
  if (root!.replace("'/'", "'/x'") === below) return []
  return ['```ts', `${root},`, `${below},`, '```', '']
}

const list = (sentences: readonly string[]): string[] =>
  sentences.length === 0 ? [] : [...sentences.map((sentence) => `- ${sentence}`), '']

function outcomeLine({ check, prefix, differs, wrong }: Seen['outcomes'][number]): string[] {
  if (differs !== undefined) return [`Not of this framework at \`${prefix || '/'}\`: ${check}. ${capital(differs)}.`]
  return wrong === undefined ? [] : [`**Does not work** at \`${prefix || '/'}\`: ${check}.`]
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const quoted = (word: string): string => (/[<>]/.test(word) ? `'${word}'` : word)

const SECTION = /<!-- framework: ([\w-]+) -->\n([^]*?)<!-- end -->\n/g
const TABLE = /(<!-- generated: table -->\n)([^]*?)(<!-- end -->\n)/

/** The page with these entries in the place of those that it had; the others stay. `names` is the order of the sections. */
export function replaced(page: string, entries: ReadonlyMap<string, Entry>, names: readonly string[]): string {
  const parts = new Map<string, { text: string; cells: string[] }>()
  const rows = new Map<string, string[]>()
  for (const line of (TABLE.exec(page)?.[2] ?? '').split('\n')) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
    if (cells[0]?.startsWith('[')) rows.set(cells[0], cells)
  }
  for (const [, name, text] of page.matchAll(SECTION)) {
    const title = /^### (.*)$/m.exec(text!)![1]!
    parts.set(name!, { text: text!, cells: rows.get(link(title)) ?? [link(title), '', '', '', ''] })
  }
  for (const [name, entry] of entries) parts.set(name, { text: section(entry), cells: row(entry) })
  const there = names.flatMap((name) => (parts.has(name) ? [{ name, ...parts.get(name)! }] : []))
  const first = page.indexOf('<!-- framework: ')
  const head = (first < 0 ? page : page.slice(0, first)).replace(
    TABLE,
    (_, before: string, __, after: string) =>
      `${before}${table(
        HEAD,
        there.map(({ cells }) => cells),
      )}${after}`,
  )
  return head + there.map(({ name, text }) => `<!-- framework: ${name} -->\n${text}<!-- end -->\n`).join('\n')
}
