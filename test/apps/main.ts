// npm run apps: installs real applications from their registries, and looks at each through a real nginx and Sidegate. docs/apps.md has what was seen.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { RealApp } from './app.ts'
import { apps } from './index.ts'
import { section, replaced } from './page.ts'
import { run, type Seen } from './run.ts'

const PAGE = join(import.meta.dirname, '../../docs/apps.md')

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
const wanted = positionals.length === 0 ? apps : apps.filter(({ name }) => positionals.includes(name))
const unknown = positionals.filter((one) => !apps.some(({ name }) => name === one))
if (values.help || unknown.length > 0) {
  const names = apps.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`)
  console.log(
    `npm run apps -- [NAME …] [--write]\n\n  --write      writes what was seen into docs/apps.md\n${names.join('\n')}`,
  )
  process.exitCode = unknown.length > 0 ? 2 : 0
} else process.exitCode = await main(wanted)

/** @returns the exit code */
async function main(list: readonly RealApp[]): Promise<number> {
  let failures = 0
  for (const app of list) {
    const seen = await look(app)
    failures += seen ? seen.checks.filter(({ wrong }) => wrong !== undefined).length : 1
    if (!seen || !values.write) continue
    writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), new Map([[app.name, section(seen)]]), apps))
  }
  return failures === 0 ? 0 : 1
}

async function look(app: RealApp): Promise<Seen | undefined> {
  console.log(app.title)
  try {
    const seen = await run(app)
    for (const { what, wrong } of seen.checks)
      console.log(wrong === undefined ? `  ✓ ${what}` : `  ✗ ${what}\n      ${wrong}`)
    return seen
  } catch (error) {
    console.log(`  ✗ ${(error as Error).message}`)
    return undefined
  }
}
