// A files mount over the scripts of another mount of the same configuration.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../harness.ts'
import { Sidegate, sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
for (const name of ['wp', 'site/cgi-bin', 'tree', 'free']) mkdirSync(join(folder.path, name), { recursive: true })
symlinkSync('wp', join(folder.path, 'current'))
write('wp/version.php', '<?php $secret')
write('wp/style.css', 'css')
write('site/cgi-bin/tool', '#!/bin/sh\n')
write('tree/config.inc', '<?php $secret')
write('free/example.php', 'an example')
write(
  'sidegate.yaml',
  `listen: [127.0.0.1:0]
mounts:
  /wp: { files: current }
  /site: { files: site }
  /tree: { files: tree }
  /free: { files: free }
  php.test: { upstream: 'fastcgi://127.0.0.1:9', root: wp }
  inc.test: { upstream: 'fastcgi://127.0.0.1:9', root: tree, split: ['.inc'] }
  cgi.test: { cgi: site/cgi-bin }
`,
)

test('check warns of it', async () => {
  const { err } = await sidegate(['check', '--no-listen', '--config', 'sidegate.yaml'], folder.path)
  const warnings = err.split('\n').filter((line) => line.includes('warning: '))
  expect(
    warnings.map((line) =>
      line.replace(/^.*warning: (\S+) (\S+) has scripts below .*\((.*)\): they are 404 here.*$/, '$1 $2 $3'),
    ),
  ).toEqual([
    'mounts./wp.files: mounts.php.test *.php',
    'mounts./site.files: mounts.cgi.test what is there',
    'mounts./tree.files: mounts.inc.test *.inc',
  ])
})

test('serve does not serve their source', async () => {
  const gateway = new Sidegate(['serve', '--config', 'sidegate.yaml'], folder.path)
  try {
    const port = await gateway.port()
    const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    for (const path of ['/wp/version.php', '/site/cgi-bin/tool', '/tree/config.inc'])
      expect([path, await status(path)]).toEqual([path, 404])
    for (const path of ['/wp/style.css', '/free/example.php']) expect([path, await status(path)]).toEqual([path, 200])
  } finally {
    await gateway.stop()
  }
})

test('nginx is not told to serve such a folder itself', async () => {
  const { out } = await sidegate(['plug', 'nginx', '--config', 'sidegate.yaml'], folder.path)
  const alias = [...out.matchAll(/ alias ([^;]*);/g)].map(([, path]) => path!.replaceAll('"', ''))
  expect(alias).toEqual([`${join(folder.path, 'free')}/`])
})
