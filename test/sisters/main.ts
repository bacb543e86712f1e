// npm run sisters: installs servers of other languages and of Python, and looks at each behind Sidegate behind a real nginx.
// docs/sisters.md has what was seen.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Family } from './family.ts'
import { families } from './index.ts'
import { lookInFront } from './front.ts'
import { looked, replaced, section } from './page.ts'
import { python } from './python.ts'
import { ready, run, type Seen } from './run.ts'

const PAGE = join(import.meta.dirname, '../../docs/sisters.md')

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
const FRONT = { name: 'twisted', title: "Sidegate behind twisted's reverse proxy" }
const every = [...families, FRONT]
const wanted = families.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const unknown = positionals.filter((one) => !every.some(({ name }) => name === one))
if (values.help || unknown.length > 0) {
  const lines = every.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`)
  console.log(
    `npm run sisters -- [NAME …] [--only TEXT] [--write]\n\n  --only TEXT    looks at the servers whose title has it\n  --write        writes what was seen into docs/sisters.md\n${lines.join('\n')}`,
  )
  process.exitCode = unknown.length > 0 ? 2 : 0
} else if (values.write && values.only !== undefined) {
  console.error('--write is for whole families: leave --only out')
  process.exitCode = 2
} else process.exitCode = await main(wanted)

/** @returns the exit code */
async function main(list: readonly Family[]): Promise<number> {
  const began = performance.now()
  let failures = 0
  for (const family of list) {
    const seen = await see(family)
    failures += seen.failures
    if (values.write && seen.failed === 0) write(`family: ${family.name}`, section(family, seen.servers))
  }
  if (values.write) write('generated: checks', looked)
  if (positionals.length === 0 || positionals.includes(FRONT.name)) failures += await seeFront()
  console.log(`${((performance.now() - began) / 60_000).toFixed(1)} minutes, ${failures} failures`)
  return failures === 0 ? 0 : 1
}

function write(mark: string, text: string): void {
  writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), mark, text))
}

/** @returns the number of failures */
async function seeFront(): Promise<number> {
  console.log(FRONT.title)
  const seen = await lookInFront(ready(python))
  for (const { prefix, passed, wrong } of seen) {
    console.log(`  at ${prefix || '/'}: ${passed} cases passed`)
    for (const one of wrong) console.log(`    ✗ ${one}`)
  }
  return seen.flatMap(({ wrong }) => wrong).length
}

/** Looks at all servers of a family. `failed` are those that did not serve. */
async function see(family: Family): Promise<{ servers: Seen[]; failures: number; failed: number }> {
  console.log(family.title)
  const folder = ready(family)
  const servers: Seen[] = []
  let [failures, failed] = [0, 0]
  for (const server of family.servers.filter(({ title }) => title.includes(values.only ?? ''))) {
    try {
      const seen = await run(server, family.packages, folder)
      servers.push(seen)
      const { outcomes, version } = seen
      const wrong = outcomes.filter((one) => one.wrong !== undefined)
      failures += wrong.length
      const well = outcomes.filter((one) => one.wrong === undefined && one.differs === undefined).length
      console.log(`  ${server.title} ${version}: ${well} of ${outcomes.length}`)
      for (const { check, protocol, prefix, wrong: why } of wrong)
        console.log(`    ✗ ${check}, ${protocol} at ${prefix || '/'}\n        ${why}`)
    } catch (error) {
      failures++
      failed++
      console.log(`  ${server.title}\n    ✗ ${(error as Error).message}`)
    }
  }
  return { servers, failures, failed }
}
