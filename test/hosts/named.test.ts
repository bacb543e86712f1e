// A config says what is to be written on Sidegate's side so that it knows the host, unless it is written there already.
import { expect, test } from 'vitest'
import type { Host } from '../../plugin/host.ts'
import { hosts } from '../../plugin/index.ts'

/** `iis` and `cgi` start Sidegate themselves, or are it. */
const CASES = hosts
  .filter(({ name }) => name !== 'iis' && name !== 'cgi')
  .flatMap((host) => host.protocols.map((protocol) => [host.name, protocol, host] as const))

/** The remarks at the top. */
function top(host: Host, protocol: string, named: string | undefined): string {
  const listeners = [{ address: 'unix:/run/s.sock', trust: host.name === 'unit' ? [] : ['unix'], host: named }]
  const text = host.render({ directory: '/srv', listeners, mounts: [{ key: '/', kind: 'app' }] }, { protocol })
  return text.slice(0, text.indexOf('\n\n'))
}

test.each(CASES)('%s by %s', (name, protocol, host) => {
  const other = name === 'apache' ? 'nginx' : 'apache'
  expect(top(host, protocol, other)).toContain(`     host: "${name}"\n`)
  expect(top(host, protocol, other)).toContain(`\`--host ${name}\``)
  expect(top(host, protocol, name)).not.toContain('--host')
  expect(top(host, protocol, undefined)).not.toContain('--host')
})
