// How far a client has got in what is sent to it.
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Taking } from '../../sidecar/listen/taking.ts'
import { until } from '../harness.ts'

test('one that takes something has its time anew, and is late when it takes nothing for longer', async () => {
  const handle = { bytesWritten: 100, writeQueueSize: 60 }
  const taking = new Taking({ _handle: handle } as unknown as Socket, 5)
  const passes = async (): Promise<void> => {
    const begun = performance.now()
    await until('the time is over', () => performance.now() - begun > 6)
  }
  taking.begin()
  await passes()
  handle.writeQueueSize = 59
  expect(taking.late).toBe(false)
  await passes()
  expect(taking.late).toBe(true)
})
