// What keeps a module from loading is said with the way out, and without the insides of Node.js and Sidegate.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../harness.ts'
import { sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)

const FAULTS: Record<string, readonly [text: string, said: string]> = {
  'package.mjs': ["import 'no-such-package/x'", 'npm install no-such-package adds it'],
  'scoped.mjs': ["import '@no/such'", 'npm install @no/such adds it'],
  'required.cjs': ["require('no-such-package')", 'npm install no-such-package adds it'],
  'extension.mts': ["import './other'", 'Node.js wants the whole name, other.ts'],
  'compiled.mts': ["import './other.js'", 'Node.js wants the whole name, other.ts'],
  'type.mts': ["import { Thing } from './other.ts'", 'if that is a type, write import type { Thing }'],
  'enum.mts': ['enum A { B }', 'translates nothing; "erasableSyntaxOnly"'],
  'raises.mjs': [
    'const open = () => { throw new Error("no database") }\nopen()',
    'raised while it was loaded: no database',
  ],
  'alias.mjs': ["import '~/other'", "Cannot find package '~' imported from"],
}

test('in an app', { timeout: 60_000 }, async () => {
  write('other.ts', 'export type Thing = 1')
  for (const [name, [text]] of Object.entries(FAULTS)) write(name, text)
  const mounts = Object.keys(FAULTS).map((name, index) => `  /${index}: { app: ./${name} }`)
  write('apps.yaml', `listen: [unix:s.sock]\nmounts:\n${mounts.join('\n')}\n`)
  const { code, err } = await sidegate(['check', '--start', '-c', 'apps.yaml'], folder.path)
  expect(code).toBe(1)
  const problems = err.split(/^(?=sidegate: )/m)
  for (const [name, [, said]] of Object.entries(FAULTS)) {
    const problem = problems.find((text) => text.includes(`./${name} `))
    expect(problem?.split('\n')[0]).toContain(said)
    expect(problem).not.toMatch(/node:internal|sidecar\/|chunks\//)
  }
  const raised = problems.find((text) => text.includes('no database'))
  expect(raised?.match(/^ +at .*raises\.mjs:[12]:[0-9]+\)?$/gm)).toHaveLength(2)
  expect(problems.find((text) => text.includes('~'))).not.toContain('npm install')
})

test('in a configuration', { timeout: 30_000 }, async () => {
  write('forgotten.ts', 'export default defineConfig({ mounts: {} })')
  const { code, err } = await sidegate(['check', '-c', 'forgotten.ts'], folder.path)
  expect(code).toBe(1)
  expect(err.split('\n')[0]).toContain("defineConfig is not defined: write import { defineConfig } from 'sidegate'")
  expect(err.match(/^ +at /gm)).toHaveLength(1)
})
