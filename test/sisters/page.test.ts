// docs/sisters.md is about the servers that are run, as they are mounted (stale: `npm run sisters -- --write`).
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { families } from './index.ts'
import { looked, mountOf, replaced } from './page.ts'

const page = readFileSync(new URL('../../docs/sisters.md', import.meta.url), 'utf8')

test.each(families)(
  '$title: every server, as it is mounted, and nothing that does not work',
  ({ name, title, servers }) => {
    const part = page.split(`<!-- family: ${name} -->`)[1]!.split('<!-- end -->')[0]!
    expect(part).toContain(`## ${title}\n`)
    expect(part).not.toContain('**does not work**')
    const rows = part.split('\n').filter((line) => line.startsWith('| '))
    expect(rows).toHaveLength(servers.length + 2)
    for (const [index, server] of servers.entries()) {
      expect(rows[index + 2]).toMatch(/\d+ of \d+ \|$/)
      expect(rows[index + 2]).toContain(`\`${mountOf(server, '/x')}\``)
    }
  },
)

test('it says what is looked at', () => {
  expect(replaced(page, 'generated: checks', looked)).toBe(page)
})
