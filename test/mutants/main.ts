// npm run mutants: changes the sources in small ways, one at a time, and says which changes no test notices.
//
//   npm run mutants -- [--seed N] [--from N] [--count N] [--only TEXT] [--again]
//
// The seed decides in which order the many possible changes are tried: the same order in every run, also of a part (`--only`, of FILE:LINE)
// and when other sources have changed since. `--from` leaves out the first, so that a long run can be done in pieces. What a run has found is
// kept in run/mutants: the same seed goes on where it was interrupted. `--again` tries those that had survived.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { concerning, needsBuild, sources } from './concern.ts'
import { Copy, type Outcome } from './copy.ts'
import { mutantsOf, type Mutant } from './mutant.ts'

const root = join(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
    again: { type: 'boolean', default: false },
  },
})
const seed = numberOf('seed')
const texts = new Map(sources(root).map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const all = [...texts]
  .flatMap(([file, text]) => mutantsOf(file, text))
  .filter(({ file, line }) => `${file}:${line}`.includes(values.only))
  .map((mutant) => ({ mutant, rank: rankOf(mutant) }))
  .toSorted((one, other) => (one.rank < other.rank ? -1 : 1))
  .map(({ mutant }) => mutant)
const from = numberOf('from')
const chosen = all.slice(from, from + numberOf('count'))
console.log(`seed ${seed}: ${chosen.length} of ${all.length} mutants of ${texts.size} files, from ${from} on`)

mkdirSync(join(root, 'run/mutants'), { recursive: true })
const notes = join(root, 'run/mutants', `${seed}.jsonl`)
const known = new Map<string, Outcome>()
if (existsSync(notes)) {
  for (const line of readFileSync(notes, 'utf8').split('\n').filter(Boolean)) {
    const { id, outcome } = JSON.parse(line) as { id: string; outcome: Outcome }
    if (values.again && outcome === 'passed') known.delete(id)
    else known.set(id, outcome)
  }
}

const copy = new Copy(root)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    copy.remove()
    console.log(`interrupted; to go on: npm run mutants -- --seed ${seed}`)
    process.exit(130)
  })
}

/** By the folder of their source. */
const shares = new Map<string, { killed: number; survived: number }>()
try {
  for (const mutant of chosen) {
    const outcome = known.get(idOf(mutant)) ?? (await tryOut(mutant))
    if (!known.has(idOf(mutant))) appendFileSync(notes, `${JSON.stringify({ id: idOf(mutant), outcome })}\n`)
    const folder = dirname(mutant.file)
    const share = shares.get(folder) ?? { killed: 0, survived: 0 }
    shares.set(folder, share)
    if (outcome === 'passed') share.survived++
    else share.killed++
    if (outcome !== 'failed') console.log(`${outcome === 'passed' ? 'survived' : 'late    '}  ${shown(mutant)}`)
  }
  if (copy.failed.size > 0 && (await copy.build()) === 'passed') {
    const idle = await copy.failing([...copy.failed])
    if (idle.length > 0) console.log(`these fail without any change, and say nothing: ${idle.join(' ')}`)
  }
} finally {
  copy.remove()
}
const sum = { killed: 0, survived: 0 }
for (const [folder, { killed, survived }] of [...shares].toSorted()) {
  sum.killed += killed
  sum.survived += survived
  console.log(`${folder}: ${portion(killed, survived)}`)
}
console.log(`seed ${seed}: ${portion(sum.killed, sum.survived)}, ${sum.survived} survived`)

/** Runs the tests that concern a mutant; 'passed': none noticed. */
async function tryOut(mutant: Mutant): Promise<Outcome> {
  const text = texts.get(mutant.file)!
  copy.write(mutant.file, text.slice(0, mutant.start) + mutant.after + text.slice(mutant.end))
  try {
    // Most are noticed by what runs the sources, and a build takes longer than that.
    const groups = concerning(mutant.file, root)
    const outcome = await tested(groups, (test) => !needsBuild(test, root))
    if (outcome !== 'passed') return outcome
    const built = await copy.build()
    return built === 'passed' ? await tested(groups, (test) => needsBuild(test, root)) : built
  } finally {
    copy.write(mutant.file, text)
  }
}

/** Runs some of the tests, group by group, until one notices. */
async function tested(groups: readonly string[][], among: (test: string) => boolean): Promise<Outcome> {
  for (const group of groups) {
    const files = group.filter(among)
    const outcome = files.length === 0 ? 'passed' : await copy.test(files)
    if (outcome !== 'passed') return outcome
  }
  return 'passed'
}

/** The same for the same change to the same text. */
function idOf({ file, start, after }: Mutant): string {
  return createHash('sha256')
    .update(`${file} ${start} ${after}\n${texts.get(file)}`)
    .digest('hex')
    .slice(0, 20)
}

function shown({ file, line, before, after }: Mutant): string {
  const one = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 80)
  return `${file}:${line}  ${one(before)}  →  ${one(after) || '(nothing)'}`
}

function portion(killed: number, survived: number): string {
  const tried = killed + survived
  return `${killed} of ${tried} killed${tried > 0 ? ` (${((100 * killed) / tried).toFixed(1)} %)` : ''}`
}

/** Where it stands in the order of the seed: by its change and the line that it is in. */
function rankOf({ file, start, after }: Mutant): string {
  const text = texts.get(file)!
  const begin = text.lastIndexOf('\n', start - 1) + 1
  const line = text.slice(begin, text.indexOf('\n', start))
  return createHash('sha256')
    .update(`${seed} ${file} ${line} ${start - begin} ${after}`)
    .digest('hex')
}

function numberOf(option: 'seed' | 'from' | 'count'): number {
  const value = Number(values[option])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${option} takes a whole number, not ${values[option]}`)
  process.exit(2)
}
