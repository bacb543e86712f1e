// npm run joints -- [--seed N] [--runs N]: layers in random chains, many of them.
import { parseArgs } from 'node:util'
import { keepTheirPromises } from './property.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string' } } })
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const runs = Number(values.runs ?? 5000)
console.log(`seed ${seed}, ${runs} runs`)
// A layer's threads do not keep the process up.
const awake = setInterval(() => {}, 60_000)
const from = performance.now()
await keepTheirPromises({ seed, runs })
console.log(`held, in ${((performance.now() - from) / 1000).toFixed(0)} s`)
clearInterval(awake)
