// What docs/migrate-wfastcgi.md says in the place of mod_wsgi's options can be written so.
import { expect, test } from 'vitest'
import { fromCommandLine } from '../../sidecar/config/source.ts'
import { validateConfig } from '../../sidecar/config/validate.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { documentWith, table } from '../document.ts'
import { daemonRows, directiveRows, type ModWsgiRow } from './mod-wsgi.ts'

/** `{ processes: 4 }`, as it is written in a configuration. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  return `{ ${members(value)} }`
}

function members(group: object): string {
  return Object.entries(group)
    .map(([key, item]) => `${/^\w+$/.test(key) ? key : `'${key}'`}: ${shown(item)}`)
    .join(', ')
}

function cells({ written, mount, gateway, note = '' }: ModWsgiRow): string[] {
  const settings = mount ?? gateway
  const names = written.split(', ').map((name) => `\`${name}\``)
  return [names.join(', '), settings ? `\`${members(settings)}\`` : 'none', note]
}

test.each([...daemonRows, ...directiveRows].filter(({ mount, gateway }) => mount ?? gateway))(
  '$written: what is written in its place is right',
  async ({ mount, gateway }) => {
    const mounts = { '/': { python: '/srv/shop.wsgi', ...mount } }
    const { problems } = await validateConfig(fromCommandLine({ mounts, ...gateway }, '/srv'), kinds, '/srv')
    expect(problems).toEqual([])
  },
)

test('docs/migrate-wfastcgi.md has every option of mod_wsgi once', async () => {
  const names = [...daemonRows, ...directiveRows].flatMap(({ written }) =>
    written.split(', ').map((one) => one.split(/[= ]/)[0]),
  )
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  const rows = (list: readonly ModWsgiRow[]): string => table(['mod_wsgi', 'here', 'to know'], list.map(cells))
  const { file, text } = documentWith('migrate-wfastcgi.md', {
    daemon: rows(daemonRows),
    directives: rows(directiveRows),
  })
  await expect(text).toMatchFileSnapshot(file)
})
