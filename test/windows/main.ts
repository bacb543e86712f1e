// `npm run test:windows`: what of the tests on Windows programs takes longer than `npm test` has time for. The command and what it starts; the unit
// part of the tests on node.exe; the conformance suite through IIS's stand-in, the handler and Sidegate; what a handler has to stand. Behind `--`
// the names of parts (programs, unit, conformance, proof) may follow, and `write`, which writes the tables of docs/hosts/iis.md from the run.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentWith } from '../document.ts'
import { conformanceOf, conformanceTable, type ConformanceRow, type Served } from './conformance.ts'
import { proofTable, prove } from './proof.ts'
import { unprepared } from './setup.ts'
import { FILES_LEFT_OUT, TESTS_LEFT_OUT } from './unit/left-out.ts'
import { runUnit } from './unit/run.ts'

const PARTS = ['programs', 'unit', 'conformance', 'proof']
const INTERFACES: readonly Served[] = ['app', 'node', 'fetch', 'python']

const words = process.argv.slice(2)
const unknown = words.filter((word) => word !== 'write' && !PARTS.includes(word))
const chosen = words.filter((word) => PARTS.includes(word))
const wanted = (part: string): boolean => chosen.length === 0 || chosen.includes(part)
const tables: Record<string, string> = {}
let failures = 0

async function timed(name: string, part: () => Promise<void>): Promise<void> {
  if (!wanted(name)) return
  const begin = performance.now()
  await part()
  console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s\n`)
}

async function programs(): Promise<void> {
  const config = join(import.meta.dirname, 'programs/vitest.config.ts')
  const { status } = spawnSync('vitest', ['run', '--config', config], { stdio: 'inherit' })
  if (status !== 0) failures++
}

async function unit(): Promise<void> {
  const { files, passed, failed, leftOut, stale } = await runUnit()
  failures += failed + stale.length
  console.log(`unit: ${files} files, ${passed} tests passed, ${failed} failed, ${leftOut} left out`)
  for (const [file, reason] of Object.entries(FILES_LEFT_OUT)) console.log(`  left out: ${file}: ${reason}`)
  for (const [file, name, reason] of TESTS_LEFT_OUT) console.log(`  left out: ${file} ${String(name)}: ${reason}`)
  for (const entry of stale) console.log(`  no test fits ${entry} in test/windows/unit/left-out.ts`)
}

async function conformance(): Promise<void> {
  const rows: ConformanceRow[] = []
  for (const kind of INTERFACES) {
    const row = await conformanceOf(kind)
    rows.push(row)
    failures += row.failed.length
    for (const reason of row.failed) console.log(`  failed: ${kind}: ${reason}`)
  }
  tables['conformance'] = conformanceTable(rows)
  console.log(tables['conformance'])
}

async function proof(): Promise<void> {
  const rows = await prove()
  failures += rows.filter(({ ok }) => !ok).length
  for (const { what, ok } of rows) if (!ok) console.log(`  failed: ${what}`)
  tables['proof'] = proofTable(rows)
  console.log(tables['proof'])
}

const reason = unprepared()
if (unknown.length > 0 || reason !== undefined) {
  console.error(unknown.length > 0 ? `there is no part ${unknown.join(', ')}` : `cannot run: ${reason}`)
  process.exitCode = 1
} else {
  await timed('programs', programs)
  await timed('unit', unit)
  await timed('conformance', conformance)
  await timed('proof', proof)
  if (words.includes('write')) {
    const { file, text } = documentWith('hosts/iis.md', tables)
    writeFileSync(file, text)
  }
  process.exitCode = failures > 0 ? 1 : 0
}
