// docs/config.md says what the settings say.
import type { GenericSchema } from 'valibot'
import { expect, test } from 'vitest'
import { settingsOf, type Setting } from '../../sidecar/config/describe.ts'
import { gatewaySettings } from '../../sidecar/config/settings.ts'
import { listenerSettings } from '../../sidecar/listen/settings.ts'
import { layers } from '../../sidecar/middleware/index.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { documentWith, table } from '../document.ts'

function rows(settings: readonly Setting[], before = ''): string[][] {
  return settings.flatMap((setting) => {
    const name = `${before}${setting.name}`
    const list = setting.type.startsWith('list of ')
    if (setting.settings.length > 0 && !list) return rows(setting.settings, `${name}.`)
    const initial = setting.required
      ? 'required'
      : setting.default === undefined
        ? ''
        : `\`${JSON.stringify(setting.default)}\``
    const inside = list ? rows(setting.settings, `${name}[].`) : []
    return [[`\`${name}\``, setting.type, initial, setting.description], ...inside]
  })
}

function settingsTable(schema: GenericSchema): string {
  return table(['setting', 'type', 'default', ''], rows(settingsOf(schema)))
}

test('docs/config.md has every setting with its default', async () => {
  const { file, text } = documentWith('config.md', {
    gateway: settingsTable(gatewaySettings),
    listen: settingsTable(listenerSettings),
    mounts: kinds
      .map(({ kind, summary, settings }) => `### \`${kind}\`\n\n${summary}\n\n${settingsTable(settings)}`)
      .join('\n')
      .concat('\n'),
  })
  await expect(text).toMatchFileSnapshot(file)
})

test('docs/middleware.md has every layer with its settings', async () => {
  const { file, text } = documentWith('middleware.md', {
    layers: layers
      .map(({ name, summary, settings }) => `### \`${name}\`\n\n${summary}\n\n${settingsTable(settings)}`)
      .join('\n')
      .concat('\n'),
  })
  await expect(text).toMatchFileSnapshot(file)
})
