// The admin interface's server, closed at odd moments.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AdminServer } from '../../sidecar/admin/server.ts'
import type { Administered } from '../../sidecar/admin/status.ts'
import { temporaryFolder } from '../harness.ts'

test.runIf(process.platform !== 'win32')('one that is closed while it opens, or before, leaves no socket', async () => {
  const { path, remove } = temporaryFolder()
  onTestFinished(remove)
  const socket = join(path, 'admin.sock')
  const server = new AdminServer({} as Administered)
  const opened = server.open(socket)
  server.close()
  await opened
  expect(existsSync(socket)).toBe(false)
  await server.open(socket)
  expect(existsSync(socket)).toBe(false)
})
