// docs/cli.md says what the commands and the rules for targets say.
import { expect, test } from 'vitest'
import type { Option } from '../../sidecar/cli/command.ts'
import { commands } from '../../sidecar/cli/commands.ts'
import { moduleRules } from '../../sidecar/cli/module-kind.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { documentWith, table } from '../document.ts'

function optionRow({ name, short, value, text, repeat, default: initial }: Option): string[] {
  const flag = `\`${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}\``
  return [flag, initial ?? '', `${text}${repeat ? ' May be repeated.' : ''}`]
}

test('docs/cli.md has every command and option', async () => {
  const parts = commands.map(({ name, summary, synopsis, options, examples }) => {
    const lines = examples.map(([line, what]) => `# ${what}\n${line}\n`).join('')
    return (
      `### sidegate ${name}\n\n${summary}\n\n    sidegate ${name} ${synopsis}\n\n` +
      `${table(['option', 'default', ''], options.map(optionRow))}\n\`\`\`sh\n${lines}\`\`\`\n\n`
    )
  })
  const rules = moduleRules(kinds).map(({ kind, because }) => [because, `\`${kind}\``])
  const { file, text } = documentWith('cli.md', {
    commands: `\n${parts.join('')}`,
    exports: table(['the first that holds', 'kind'], rules),
  })
  await expect(text).toMatchFileSnapshot(file)
})
