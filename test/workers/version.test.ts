// Another version of Sidegate that is installed over one that runs.
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { Sidegate } from '../cli/sidegate.ts'

const PACKAGE = join(import.meta.dirname, '../..')
const folder = commandFolder()

test('a worker that starts with the files of another version is told of', async () => {
  const installed = join(folder.path, 'installed')
  for (const name of ['dist', 'package.json']) cpSync(join(PACKAGE, name), join(installed, name), { recursive: true })
  symlinkSync(join(PACKAGE, 'node_modules'), join(installed, 'node_modules'))
  folder.write('app.py', 'import os\ndef application(environ, start):\n    os._exit(1)\n')
  const command = [process.execPath, join(installed, 'dist/sidecar/main.js')]
  const one = new Sidegate(['serve', 'python:app', '-l', '127.0.0.1:0'], folder.path, {}, undefined, command)
  const port = await one.port()
  expect(one.err).not.toContain('VERSION_MIXED')
  const path = join(installed, 'package.json')
  const { version, ...others } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  writeFileSync(path, JSON.stringify({ ...others, version: '99.0.0' }))
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(502)
  await one.said(new RegExp(`runs with the files of Sidegate 99\\.0\\.0, its gateway is ${version}: .*VERSION_MIXED`))
  await one.stop()
})
