// What docs/apps.md has of each application: made from what a run has seen, so that nothing stands there that nobody saw.
import type { RealApp } from './app.ts'
import { installWords } from './install.ts'
import type { Seen } from './run.ts'

/** The part of the page for one application. */
export function section({ app, version, typed, checks }: Seen): string {
  const works = checks.filter(({ wrong }) => wrong === undefined).map(({ what }) => what)
  const not = checks.filter(({ wrong }) => wrong !== undefined).map(({ what }) => what)
  const lines = [
    `### ${app.title}`,
    '',
    `Version ${version}: \`${installWords(app.packages).join(' ')}\`${app.itself ? `; ${app.itself}` : ''}.`,
    '',
    '```json',
    // Without the braces around it.
    typed.split('\n').slice(1, -1).join('\n').replaceAll(/^ {2}/gm, ''),
    '```',
    '',
    ...(works.length > 0 ? [`Seen to work: ${works.join('; ')}.`, ''] : []),
    ...(not.length > 0 ? [`Does not work: ${not.join('; ')}.`, ''] : []),
  ]
  return lines.join('\n')
}

const mark = (name: string): string => `<!-- app: ${name} -->`
const END = '<!-- end -->'

/** The page with these sections in the place of those that it had; the others stay. */
export function replaced(page: string, sections: ReadonlyMap<string, string>, apps: readonly RealApp[]): string {
  const first = page.indexOf('<!-- app: ')
  const parts = new Map<string, string>()
  for (const [, name, text] of page.matchAll(/<!-- app: ([\w-]+) -->\n([^]*?)<!-- end -->\n/g)) parts.set(name!, text!)
  for (const [name, text] of sections) parts.set(name, text)
  const all = apps.flatMap(({ name }) => (parts.has(name) ? [`${mark(name)}\n${parts.get(name)!}${END}\n`] : []))
  return `${first < 0 ? page : page.slice(0, first)}${all.join('\n')}`
}
