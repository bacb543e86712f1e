// Help is read in a terminal: what the docs link to is named as a file.
import { expect, test } from 'vitest'
import { commands } from '../../sidecar/cli/commands.ts'
import { commandHelp, kindHelp } from '../../sidecar/cli/help.ts'
import { kinds } from '../../sidecar/mounts/index.ts'

test('no help has the marks of a link', () => {
  const texts = [...kinds.map(kindHelp), ...commands.map(commandHelp)]
  expect(texts.join('\n')).not.toMatch(/\]\(/)
  expect(kindHelp(kinds.find(({ kind }) => kind === 'run')!)).toContain('More in docs/run.md.')
})
