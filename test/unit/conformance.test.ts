// The conformance suite through the proxy of the stand-in for Unit: what its way with requests and responses leaves of them.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import { apps, runConformance } from '../conformance/index.ts'
import { freePort, startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { StandIn } from './stand-in/control.ts'

const file = fileURLToPath(apps.node)

describe.each(['', '/api'])('at %j', (prefix) => {
  const folder = temporaryFolder()
  let gateway: TestGateway
  let unit: StandIn
  let address = ''

  beforeAll(async () => {
    const socket = `unix:${join(folder.path, 's')}`
    gateway = await startGateway({
      listen: [socket],
      mounts: [{ key: prefix || '/', kind: node, settings: { node: file } }],
      directory: folder.path,
      host: 'unit',
    })
    address = `127.0.0.1:${await freePort()}`
    unit = await StandIn.start({
      config: { listeners: { [address]: { pass: 'routes' } }, routes: [{ action: { proxy: `http://${socket}` } }] },
    })
  })
  afterAll(async () => {
    await gateway?.stop()
    await unit?.stop()
    folder.remove()
  })

  test('every case that Unit leaves possible', async () => {
    const results = await runConformance({
      address,
      transport: 'http',
      interface: 'node',
      prefix,
      behind: { host: 'unit', protocol: 'http' },
    })
    expect(results.filter(({ result }) => result === 'failed')).toEqual([])
    expect(results.filter(({ result }) => result === 'passed').length).toBeGreaterThan(60)
  })
})
