// The configs of every host: what is checked in under configs/ is what `sidegate plug` writes (stale: `node test/write-configs.ts`), and the
// host itself accepts it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { example, filesOf } from '../../plugin/example.ts'
import type { Host, PlugInput } from '../../plugin/host.ts'
import { hosts } from '../../plugin/index.ts'
import { installed } from './servers.ts'

const servers: readonly Host[] = hosts.filter((host: Host) => !host.files)

function input(listeners: string[], mounts: [key: string, kind: string][]): PlugInput {
  return {
    directory: '/srv/site',
    listeners: listeners.map((address) => ({ address })),
    mounts: mounts.map(([key, kind]) => ({ key, kind })),
  }
}

describe.each(servers)('configs/$name', (host) => {
  const folder = new URL(`../../configs/${host.name}/`, import.meta.url)
  const files = filesOf(host)

  test.each(Object.entries(files))('%s is what render writes', (name, options) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(host.render(example, options))
  })

  test('there is nothing else but a README and a compose set-up', () => {
    const compose = readdirSync(folder).filter((name) => /compose|^Dockerfile$/.test(name))
    expect(readdirSync(folder).toSorted()).toEqual(['README.md', ...compose, ...Object.keys(files)].toSorted())
  })

  test('the README lists them', () => {
    const text = readFileSync(new URL('README.md', folder), 'utf8')
    for (const name of Object.keys(files)) expect(text).toContain(`\`${name}\``)
    expect(existsSync(new URL(`../../docs/hosts/${host.name}.md`, import.meta.url))).toBe(true)
  })

  test.each(host.protocols)('a listener that takes %s has to be there', (protocol) => {
    const other = protocol === 'http' ? 'uwsgi://127.0.0.1:1' : 'http://127.0.0.1:1'
    expect(() => host.render(input([other], [['/', 'app']]), { protocol })).toThrow(
      expect.objectContaining({ code: 'PLUG_LISTENER' }),
    )
  })

  test('a protocol that the host does not speak is refused', () => {
    expect(() => host.render(example, { protocol: 'gopher' })).toThrow(
      expect.objectContaining({ code: 'PLUG_PROTOCOL' }),
    )
  })
})

// NGINX Unit looks at a configuration when it takes it: test/unit.
describe.each(servers.filter(({ check }) => check))('$name looks at its config', (host) => {
  describe.skipIf(!installed(host.name))('checked', () => {
    const mounted = input(
      ['127.0.0.1:3031'],
      [
        ['/shop', 'python'],
        ['/a.b+c (1)', 'app'],
        ['other.example/api', 'node'],
      ],
    )

    test.each(host.protocols)('over %s', async (protocol) => {
      for (const one of [example, mounted]) {
        const found = await host.check!(one, { protocol })
        expect(found).toMatchObject({ result: 'ok', message: expect.not.stringMatching(/\/tmp\/|warning/i) })
      }
    })

    test('what it does not accept is said in its words', async () => {
      const { result, message } = await host.check!(example, { port: Number.NaN })
      expect(result).toBe('bad')
      expect(message).not.toBe('')
    })
  })

  test('without the host nothing is checked, and that is said', async () => {
    const check = host.check as (one: PlugInput, options: object, program: string) => Promise<unknown>
    expect(await check(example, {}, 'no-such-host')).toMatchObject({
      result: 'missing',
      message: expect.stringMatching(/is not installed on this machine; the config was not checked$/),
    })
  })
})
