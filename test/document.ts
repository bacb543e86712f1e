// Documents of which a part is made from the code. `npx vitest run FILE -u` writes them anew (the option last: it takes a value).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `docs/NAME` as it should be: with the parts between their marks, `<!-- generated: TOPIC -->` and `<!-- end -->`. */
export function documentWith(name: string, parts: Readonly<Record<string, string>>): { file: string; text: string } {
  const file = join(import.meta.dirname, '../docs', name)
  let text = readFileSync(file, 'utf8')
  for (const [topic, generated] of Object.entries(parts)) {
    const pattern = new RegExp(`(<!-- generated: ${topic} -->\n)[^]*?(<!-- end -->)`)
    if (!pattern.test(text)) throw new Error(`docs/${name} has no marks for ${topic}`)
    text = text.replace(pattern, (_, before: string, after: string) => `${before}${generated}${after}`)
  }
  return { file, text }
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
