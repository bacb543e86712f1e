// docs/frameworks.md is about the frameworks that are run, as they are mounted (stale: `npm run frameworks -- NAME --write`).
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { frameworks, missing } from './index.ts'
import { mountLine, replaced } from './page.ts'

const page = readFileSync(new URL('../../docs/frameworks.md', import.meta.url), 'utf8')

test('each has its section, and each section its framework', () => {
  const sections = [...page.matchAll(/<!-- framework: ([\w-]+) -->\n### (.*)\n/g)].map(([, name, title]) => [
    name,
    title,
  ])
  expect(sections).toEqual([...frameworks, ...missing].map(({ name, title }) => [name, title]))
})

test.each(frameworks)('$title: the mounts, and nothing that does not work', (framework) => {
  const text = page.split(`<!-- framework: ${framework.name} -->`)[1]!.split('<!-- end -->')[0]!
  expect(text).toMatch(/^Version \d+\.\d+/m)
  expect(text).not.toContain('**Does not work**')
  for (const prefix of ['', '/x'] as const) {
    const line = mountLine(framework, prefix)
    const shown = text.includes(`${line},`) || page.includes(`| \`${line.replace(/^'[^']*': /, '')}\` |`)
    expect([line, shown]).toEqual([line, true])
  }
})

test('a part that is not written anew stays as it is', () => {
  expect(
    replaced(
      page,
      new Map(),
      [...frameworks, ...missing].map(({ name }) => name),
    ),
  ).toBe(page)
})
