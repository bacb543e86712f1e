// A mount over files with another mount inside its folder: no spelling of a path gets past the inner one.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import { files } from '../../sidecar/mounts/files.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'

const folder = temporaryFolder()
let gateway: TestGateway

beforeAll(async () => {
  mkdirSync(join(folder.path, 'site/private/deep'), { recursive: true })
  for (const name of ['a.txt', 'private/a.txt', 'private/deep/a.txt', 'private/script'])
    writeFileSync(join(folder.path, 'site', name), `#!/bin/sh\nprintf 'Status: 200 OK\\n\\nsecret'`)
  chmodSync(join(folder.path, 'site/private/script'), 0o755)
  writeFileSync(
    join(folder.path, 'app.mjs'),
    `export const app = ({ SCRIPT_NAME, PATH_INFO }, start) => (start('200 OK', [['Content-Type', 'text/plain']]), [SCRIPT_NAME + ' ' + PATH_INFO])`,
  )
  const mount = (key: string, kind: MountKind, settings: Record<string, unknown>) => ({ key, kind, settings })
  gateway = await startGateway({
    listen: ['127.0.0.1:0'],
    directory: folder.path,
    mounts: [
      mount('/', files, { files: 'site' }),
      mount('/private', respond, { respond: 403 }),
      mount('/bin', cgi, { cgi: 'site' }),
      mount('/bin/private', respond, { respond: 403 }),
      mount('/app', app, { app: './app.mjs' }),
      mount('/app/inner', respond, { respond: 403 }),
    ],
  })
})
afterAll(async () => {
  await gateway.stop()
  folder.remove()
})

const ask = async (path: string): Promise<[number, string]> => {
  const answer = await fetch(`http://${gateway.addresses[0]}${path}`)
  return [answer.status, await answer.text()]
}

test.each([
  '/private/a.txt',
  '//private/a.txt',
  '///private//deep/a.txt',
  '/.//private/a.txt',
  '/x/..//private/a.txt',
  '/%2Fprivate/a.txt',
  '/bin//private/script',
  '/bin/%2f/private/script',
])('%s is not got', async (path) => {
  expect((await ask(path))[0]).toBe(403)
})

test('what is no mount of its own is found as before', async () => {
  expect((await ask('//a.txt'))[0]).toBe(200)
  expect((await ask('/private2//a.txt'))[0]).toBe(404)
})

test('an app is given the path as it was asked for', async () => {
  expect(await ask('/app//inner/x')).toEqual([200, '/app //inner/x'])
  expect(await ask('//app/x')).toEqual([200, '/app /x'])
})
