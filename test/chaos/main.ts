// npm run chaos: load through a real nginx and past it, while what may happen happens. docs/chaos.md says what the columns mean.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { happenings } from './events/index.ts'
import { Random } from './random.ts'
import { heading, lines, resources } from './report.ts'
import { run, type Result } from './run.ts'

// Below run/, which git does not look at.
const RESULTS = 'run/chaos'
const SHOWN = 10
/** A gateway gives memory back after eight seconds of rest, and after twice as long the next time (docs/bench.md). */
const REST_MS = 20_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    times: { type: 'string', default: '20' },
    requests: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '6' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  const names = happenings.map(({ name, sentence }) => `  ${name.padEnd(20)} ${sentence}`)
  console.log(
    `npm run chaos -- [--seed N] [--only NAME,NAME…] [--times N] [--requests N] [--clients N]\n\n${names.join('\n')}`,
  )
} else {
  process.exitCode = await main()
}

/** @returns the exit code */
async function main(): Promise<number> {
  const only = values.only?.split(',')
  const unknown = only?.find((name) => !happenings.some((one) => one.name === name))
  if (unknown !== undefined) {
    console.error(`chaos: there is no ${unknown}; there are ${happenings.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const chosen = happenings.filter(({ name }) => only?.includes(name) ?? true)
  const [seed, times, requests, clients] = [values.seed, values.times, values.requests, values.clients].map(Number)
  console.log(`seed ${seed}\n\n${heading}`)
  const results: Result[] = []
  const findings = await run(chosen, {
    random: new Random(seed!),
    times: times!,
    requests: requests!,
    clients: clients!,
    rest: REST_MS,
    done(result) {
      results.push(result)
      console.log(lines(result, SHOWN))
    },
  })
  console.log(`\n${resources(findings)}`)
  mkdirSync(RESULTS, { recursive: true })
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`)
  writeFileSync(file, `${JSON.stringify({ seed, times, requests, clients, results, ...findings }, undefined, 2)}\n`)
  console.log(`chaos: written to ${file}`)
  return findings.problems.length + results.flatMap(({ problems }) => problems).length > 0 ? 1 : 0
}
