import { expect, test } from 'vitest'
import { Gateway } from '../../sidecar/gateway.ts'
import { Log } from '../../sidecar/log.ts'
import { until } from '../harness.ts'
import { mountOf } from './gateway.ts'

test('a start that takes long says which mounts it waits for', async () => {
  let text = ''
  const log = new Log('text', { write: () => {} }, { write: (piece) => (text += piece) })
  let ready = (): void => {}
  const slow = mountOf(() => {})
  slow.open = () => new Promise((resolve) => (ready = resolve))
  const mounts = [
    { key: '/quick', mount: mountOf(() => {}) },
    { key: '/slow', mount: slow },
  ]
  const gateway = new Gateway({ listen: [], mounts, log })
  const started = gateway.start()
  await until('it says so', () => text.includes('\n'))
  expect(text).toMatch(/^\S+ info still waiting for the start of \/slow\n$/)
  ready()
  await started
  await gateway.close()
})
