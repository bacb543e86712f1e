// npm run mutants: changes the sources in small ways, one at a time, and says which changes no test notices.
//
//   npm run mutants -- [--count N] [--seed N] [--only TEXT]
//
// The seed decides which of the many possible changes are tried. What a run has found is kept in run/mutants: the same seed goes on where it
// was interrupted.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { concerning, needsBuild, sources } from './concern.ts'
import { Copy, type Outcome } from './copy.ts'
import { mutantsOf, type Mutant } from './mutant.ts'

const root = join(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
const random = seeded(seed)
const texts = new Map(sources(root).map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const all = [...texts]
  .filter(([file]) => file.includes(values.only))
  .flatMap(([file, text]) => mutantsOf(file, text))
  .map((mutant) => ({ mutant, rank: random() }))
  .toSorted((one, other) => one.rank - other.rank)
  .map(({ mutant }) => mutant)
const chosen = all.slice(0, Number(values.count))
console.log(`seed ${seed}: ${chosen.length} of ${all.length} mutants of ${texts.size} files`)

mkdirSync(join(root, 'run/mutants'), { recursive: true })
const notes = join(root, 'run/mutants', `${seed}.jsonl`)
const known = new Map<string, Outcome>()
if (existsSync(notes)) {
  for (const line of readFileSync(notes, 'utf8').split('\n').filter(Boolean)) {
    const { id, outcome } = JSON.parse(line) as { id: string; outcome: Outcome }
    known.set(id, outcome)
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

let killed = 0
const survivors: Mutant[] = []
try {
  for (const mutant of chosen) {
    const outcome = known.get(idOf(mutant)) ?? (await tryOut(mutant))
    if (!known.has(idOf(mutant))) appendFileSync(notes, `${JSON.stringify({ id: idOf(mutant), outcome })}\n`)
    if (outcome === 'passed') {
      survivors.push(mutant)
      console.log(`survived  ${shown(mutant)}`)
    } else killed++
  }
} finally {
  copy.remove()
}
const share = ((100 * killed) / (killed + survivors.length)).toFixed(1)
console.log(`seed ${seed}: ${killed} of ${killed + survivors.length} killed (${share} %), ${survivors.length} survived`)

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

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
