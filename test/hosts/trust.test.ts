// A config that hands requests over by HTTP says what is to be written on Sidegate's side, unless it is written there already.
import { describe, expect, test } from 'vitest'
import type { PlugInput, PlugListener } from '../../plugin/host.ts'
import { hosts } from '../../plugin/index.ts'

const input = (...listeners: PlugListener[]): PlugInput => ({
  directory: '/srv/site',
  listeners,
  mounts: [{ key: '/', kind: 'app' }],
})

/** The comments at the top. */
const top = (config: string): string => config.slice(0, config.indexOf('\n\n'))

// NGINX Unit sets none of these headers: test/unit/tls.test.ts.
describe.each(hosts.filter(({ name, protocols }) => protocols.includes('http') && name !== 'unit'))('$name', (host) => {
  const plugged = (listener: PlugListener, protocol = 'http', full = false): string =>
    top(host.render(input(listener), { protocol, full }))

  test.each([
    ['unix:run/s.sock', '{ address: "unix:run/s.sock", trust: ["unix"] }', '--trust unix'],
    ['127.0.0.1:3031', '{ address: "127.0.0.1:3031", trust: ["127.0.0.1"] }', '--trust 127.0.0.1'],
    ['http://0.0.0.0:80', '{ address: "http://0.0.0.0:80", trust: ["127.0.0.1"] }', '--trust 127.0.0.1'],
    ['http://[::]:80', '{ address: "http://[::]:80", trust: ["::1"] }', '--trust ::1'],
    ['10.0.0.5:80', '{ address: "10.0.0.5:80", trust: ["10.0.0.5"] }', '--trust 10.0.0.5'],
    ['localhost:80', '{ address: "localhost:80", trust: ["127.0.0.1", "::1"] }', '--trust 127.0.0.1 --trust ::1'],
  ])('%s', (address, line, option) => {
    for (const full of [false, true]) {
      const text = plugged({ address }, 'http', full)
      expect(text).toContain(`#     listen: [${line}]\n`)
      expect(text).toContain(`\`${option}\``)
    }
  })

  test.each<[string, string[]]>([
    ['unix:/run/s.sock', ['unix']],
    ['127.0.0.1:3031', ['127.0.0.0/8']],
    ['localhost:80', ['127.0.0.1', '::1']],
  ])('%s that trusts %j needs nothing', (address, trust) => {
    expect(plugged({ address, trust })).not.toContain('trust')
  })

  test('one that trusts others is added to', () => {
    const text = plugged({ address: 'unix:/run/s.sock', trust: ['10.0.0.0/8'] })
    expect(text).toContain('trust: ["10.0.0.0/8", "unix"]')
    expect(text).toContain('`--trust 10.0.0.0/8 --trust unix`')
  })

  test('the listener that is used counts', () => {
    const listeners = [{ address: '127.0.0.1:1', trust: ['127.0.0.1'] }, { address: 'unix:/run/s.sock' }]
    expect(top(host.render(input(...listeners), { protocol: 'http' }))).toContain('address: "unix:/run/s.sock"')
  })

  test.each(host.protocols.filter((protocol) => protocol !== 'http'))('%s needs nothing', (protocol) => {
    expect(plugged({ address: 'unix:/run/s.sock' }, protocol)).not.toContain('trust')
  })
})
