// The conformance suite through an upstream mount: the app sits in another gateway, and what reaches it by each protocol is the same.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { apps, cases, notApplicable, runCase } from '../conformance/index.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { layered } from '../layered.ts'
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

const protocols = ['http', 'uwsgi', 'fastcgi', 'scgi', 'ajp']
const plain = upstream as unknown as MountKind
const ways = [
  ...protocols.map((protocol) => [protocol, 'directly', plain] as const),
  ...['http', 'fastcgi'].map((protocol) => [protocol, 'through layers', layered(plain)] as const),
]

describe.each(ways)('%s, %s', (protocol, _, kind) => {
  let outer: UpstreamGateway
  beforeAll(async () => {
    outer = await upstreamGateway({ upstream: `${protocol}://unix:${socket}` }, { directory: folder.path, kind })
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
