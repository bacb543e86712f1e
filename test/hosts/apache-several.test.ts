// One Apache in front of several Sidegates: each request reaches the one that its ProxyPass names.
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { apache } from '../../plugin/apache/host.ts'
import type { PlugInput } from '../../plugin/host.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import { open } from '../conformance/client.ts'
import { startGateway, temporaryFolder } from '../harness.ts'
import { installed, startServer } from './servers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

/** A Sidegate that answers with its own name, and what `plug` is told of it. */
async function named(name: string): Promise<PlugInput> {
  const address = `unix:${join(folder.path, name)}`
  const mounts = [{ key: `/${name}`, kind: respond, settings: { respond: 200, body: name } }]
  const gateway = await startGateway({
    listen: [{ address, trust: ['unix'], mode: '0666' }],
    mounts,
    directory: folder.path,
    host: 'apache',
  })
  onTestFinished(() => gateway.stop())
  return {
    directory: folder.path,
    listeners: [{ address }],
    mounts: mounts.map(({ key }) => ({ key, kind: 'respond' })),
  }
}

describe.skipIf(!installed('apache'))('several Sidegates over Unix sockets behind one Apache', () => {
  test.each(apache.protocols)('by %s', async (protocol) => {
    const [one, two] = [await named('one'), await named('two')]
    const first = apache.render(one, { protocol, full: true })
    const second = apache.render(two, { protocol })
    const server = await startServer('apache', { config: first.replace('</VirtualHost>', (end) => second + end) })
    onTestFinished(() => server.stop())
    const ask = async (target: string): Promise<string> =>
      (await open({ address: server.address, transport: 'http' }, { target }).whole()).body.toString()
    expect([await ask('/one'), await ask('/two')]).toEqual(['one', 'two'])
  })
})
