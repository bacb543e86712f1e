// Documents of which a part is made from the code. `npx vitest run FILE -u` writes them anew (the option last: it takes a value).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

/** Checks that `docs/NAME` has `generated` between its two marks, `<!-- generated: TOPIC -->` and `<!-- end -->`. */
export async function expectGenerated(name: string, parts: Readonly<Record<string, string>>): Promise<void> {
  const file = join(import.meta.dirname, '../docs', name)
  let text = readFileSync(file, 'utf8')
  for (const [topic, generated] of Object.entries(parts)) {
    const pattern = new RegExp(`(<!-- generated: ${topic} -->\n)[^]*?(<!-- end -->)`)
    expect(text, `the marks of ${topic}`).toMatch(pattern)
    text = text.replace(pattern, (_, before: string, after: string) => `${before}${generated}${after}`)
  }
  await expect(text).toMatchFileSnapshot(file)
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
