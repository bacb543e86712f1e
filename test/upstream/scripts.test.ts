// `root` of the two mounts that can have one: what is wrong with it stops the start, in the same words.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { temporaryFolder } from '../harness.ts'
import { makeMount } from '../mount.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
mkdirSync(join(folder.path, 'site'))
writeFileSync(join(folder.path, 'site/index.php'), '')

const mounts: Record<string, { kind: MountKind; fastcgi: object; other: object }> = {
  upstream: {
    kind: upstream as unknown as MountKind,
    fastcgi: { upstream: 'fastcgi://127.0.0.1:1' },
    other: { upstream: ['fastcgi://127.0.0.1:1', 'http://127.0.0.1:1'] },
  },
  run: {
    kind: run as unknown as MountKind,
    fastcgi: { run: 'nothing $SOCKET', speaks: 'fastcgi' },
    other: { run: 'nothing $SOCKET', speaks: 'http' },
  },
}

async function failure(name: string, settings: object, speaks: 'fastcgi' | 'other' = 'fastcgi'): Promise<unknown> {
  const { kind, [speaks]: server } = mounts[name]!
  const { mount } = makeMount(kind, { ...server, ...settings }, pathToFileURL(`${folder.path}/`))
  const thrown: unknown = await mount.open().then(
    () => undefined,
    (error: unknown) => error,
  )
  await mount.close()
  return thrown
}

test.each(Object.keys(mounts))('%s: what is wrong with root', async (name) => {
  const root = (message: string): object => ({ code: 'UPSTREAM_ROOT', path: 'mounts./.root', message })
  expect(await failure(name, { root: 'nowhere' })).toMatchObject(
    root(`nowhere is not there (${join(folder.path, 'nowhere')})`),
  )
  expect(await failure(name, { root: 'site/index.php' })).toMatchObject(
    root(`site/index.php is no folder (${join(folder.path, 'site/index.php')})`),
  )
  expect(await failure(name, { root: 'site' }, 'other')).toMatchObject(
    root(expect.stringMatching(/^root is for PHP by FastCGI; .*http.* finds its own files$/) as string),
  )
})

test.each(Object.keys(mounts))('%s: what needs root', async (name) => {
  expect(await failure(name, { frontController: '/index.php' })).toMatchObject({
    code: 'UPSTREAM_ROOT',
    path: 'mounts./.frontController',
    message: 'frontController needs root, the folder of the scripts',
  })
})

test('upstream: scriptRoot needs root', async () => {
  expect(await failure('upstream', { scriptRoot: '/srv' })).toMatchObject({
    code: 'UPSTREAM_ROOT',
    path: 'mounts./.scriptRoot',
    message: 'scriptRoot needs root, the folder of the scripts',
  })
})
