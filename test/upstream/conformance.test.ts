// The conformance suite through an upstream mount: the app sits in another gateway, and what reaches it by each protocol is the same.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { apps, cases, notApplicable, runCase } from '../conformance/index.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { upstreamGateway, type UpstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const file = fileURLToPath(apps.app)
const socket = join(folder.path, 'inner.sock')
let inner: TestGateway

beforeAll(async () => {
  inner = await startGateway({
    listen: [{ address: `unix:${socket}`, trust: ['unix'] }],
    mounts: [{ key: '/', kind: app, settings: { app: file, lint: false } }],
    directory: dirname(file),
  })
})

afterAll(async () => {
  await inner.stop()
  folder.remove()
})

// A head has to fit into one packet of 8 KB.
const impossible: Record<string, readonly string[]> = { ajp: ['header-large', 'header-large-out'] }

describe.each(['http', 'uwsgi', 'fastcgi', 'scgi', 'ajp'])('%s', (protocol) => {
  let outer: UpstreamGateway
  beforeAll(async () => {
    outer = await upstreamGateway({ upstream: `${protocol}://unix:${socket}` }, { directory: folder.path })
  })
  afterAll(() => outer?.stop())

  const fixed = { transport: 'http', interface: 'app', prefix: '' } as const
  const applicable = cases.filter(
    (one) => notApplicable(one, fixed) === undefined && !impossible[protocol]?.includes(one.name),
  )
  test.for(applicable.map((one) => [one.name, one] as const))('%s', async ([, one]) => {
    const { result, error } = await runCase(one, { ...fixed, address: outer.addresses[0]! })
    if (result === 'failed') throw error
    expect(result).toBe('passed')
  })
})
