// Configurations that would take for ever: those that contain themselves, files without an end, and many mounts.
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../sidecar/config/load.ts'
import { parseConfig } from '../../sidecar/config/parse.ts'
import { temporaryFolder } from '../harness.ts'
import { readConfig } from './read.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

test.each([
  ['c.yaml', 'mounts:\n  /: &loop\n    respond: 204\n    headers: *loop\n', 'c.yaml:4: mounts./.headers'],
  ['c.yaml', 'listen: &loop\n  - *loop\nmounts:\n  /: { respond: 204 }\n', 'c.yaml:2: listen.0'],
  ['c.mjs', 'const a = { mounts: {} }\na.mounts["/"] = a\nexport default a\n', 'c.mjs: mounts./'],
])('%s: what contains itself is told with its place (%#)', async (name, text, place) => {
  const { problems } = await readConfig(name, text)
  expect(problems).toEqual([`${place}: this contains itself [CONFIG_VALUE]`])
})

test('what is nested beyond reason is told', async () => {
  const { problems } = await readConfig('c.json', `{ "mounts": ${'['.repeat(200)}${']'.repeat(200)} }`)
  expect(problems[0]).toMatch(/this is nested too deep \[CONFIG_VALUE\]$/)
})

test.each(['zero.yaml', 'zero.json', 'zero.mjs'])('%s: a link to a device is no configuration', async (name) => {
  symlinkSync('/dev/zero', join(folder.path, name))
  await expect(loadConfig(name, folder.path, {})).rejects.toMatchObject({
    code: 'CONFIG_MISSING',
    message: 'it is no file',
  })
})

test('nor is a folder', async () => {
  mkdirSync(join(folder.path, 'folder.yaml'))
  await expect(loadConfig('folder.yaml', folder.path, {})).rejects.toMatchObject({ message: 'it is no file' })
})

test.each(['yaml', 'json'] as const)('%s: a key that is there twice is told, with its line', async (format) => {
  const { problems } = await parseConfig('{\n"a": 1,\n"b": { "c": 1,\n"c": 2 },\n"a": 3\n}', format, 'f')
  expect(problems.map(({ place }) => place)).toEqual(['f:4', 'f:5'])
})

test('the lines of five times as many mounts are found in about five times as long', async () => {
  const time = async (count: number): Promise<number> => {
    const names = Array.from({ length: count }, (_, index) => `/mount-${index}`)
    const { line } = await parseConfig(`mounts:\n${names.map((name) => `  ${name}: 1\n`).join('')}`, 'yaml', 'f')
    const { user } = process.cpuUsage()
    for (const [index, name] of names.entries()) expect(line(['mounts', name, 'respond'])).toBe(index + 2)
    return process.cpuUsage().user - user
  }
  await time(1000)
  const one = await time(2000)
  // Quadratic, it would be 25 times as long.
  expect(await time(10_000)).toBeLessThan(one * 14)
})

test.each(['yaml', 'json'] as const)(
  '%s: five times the mounts take about five times as long to read',
  async (format) => {
    const time = async (count: number): Promise<number> => {
      const entries = Array.from({ length: count }, (_, index) => [`/mount-${index}`, { respond: 204 }] as const)
      const text = JSON.stringify({ mounts: Object.fromEntries(entries) }, undefined, 1)
      const { user } = process.cpuUsage()
      expect((await parseConfig(text, format, 'f')).problems).toEqual([])
      return process.cpuUsage().user - user
    }
    await time(2000)
    const one = await time(2000)
    // Quadratic, it would be 25 times as long.
    expect(await time(10_000)).toBeLessThan(one * 14)
  },
)
