// npm run frameworks: installs frameworks from their registries, and looks at an app of each through a real nginx and Sidegate.
// docs/frameworks.md has what was seen.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Framework } from './framework.ts'
import { frameworks, missing } from './index.ts'
import { replaced, type Entry } from './page.ts'
import { run, type Seen } from './run.ts'

const PAGE = join(import.meta.dirname, '../../docs/frameworks.md')
const names = [...frameworks, ...missing].map(({ name }) => name)

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
const wanted = frameworks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const unknown = positionals.filter((one) => !frameworks.some(({ name }) => name === one))
if (values.help || unknown.length > 0) {
  const lines = frameworks.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`)
  console.log(
    `npm run frameworks -- [NAME …] [--write]\n\n  --write        writes what was seen into docs/frameworks.md\n${lines.join('\n')}`,
  )
  process.exitCode = unknown.length > 0 ? 2 : 0
} else process.exitCode = await main(wanted)

/** @returns the exit code */
async function main(list: readonly Framework[]): Promise<number> {
  const began = performance.now()
  let failures = 0
  for (const framework of list) {
    const entry = await see(framework)
    failures += 'failed' in entry ? 1 : entry.outcomes.filter(({ wrong }) => wrong !== undefined).length
    if (values.write) write(new Map([[framework.name, entry]]))
  }
  for (const { title, missing: why } of missing) console.log(`${title}\n  not run: ${why}`)
  if (values.write) write(new Map(missing.map((one) => [one.name, one])))
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  console.log(`${list.length} of ${frameworks.length} frameworks in ${minutes} minutes, ${failures} failures`)
  return failures === 0 ? 0 : 1
}

function write(entries: ReadonlyMap<string, Entry>): void {
  writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), entries, names))
}

async function see(framework: Framework): Promise<Seen | { framework: Framework; failed: string }> {
  console.log(framework.title)
  try {
    const seen = await run(framework)
    for (const { check, protocol, prefix, wrong, differs } of seen.outcomes) {
      if (wrong !== undefined) console.log(`  ✗ ${check}, ${protocol} at ${prefix || '/'}\n      ${wrong}`)
      else if (differs !== undefined) console.log(`  – ${check}, ${protocol} at ${prefix || '/'}: ${differs}`)
    }
    const well = seen.outcomes.filter(({ wrong, differs }) => wrong === undefined && differs === undefined).length
    const { install, rest } = seen.seconds
    console.log(
      `  ${seen.version}: ${well} of ${seen.outcomes.length}; ${install.toFixed(0)} s to install, ${rest.toFixed(0)} s to look`,
    )
    return seen
  } catch (error) {
    const failed = (error as Error).message
    console.log(`  ✗ ${failed}`)
    return { framework, failed }
  }
}
