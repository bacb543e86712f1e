// Every number among the settings has an upper bound, which the error and the JSON Schema name.
import { expect, test } from 'vitest'
import { configSchema } from '../../sidecar/config/json-schema.ts'
import { readConfig } from './read.ts'

type Json = Readonly<Record<string, unknown>>

/** The places of numbers below a schema, each with its upper bound. */
function numbersOf(schema: Json, place: string): [place: string, most: unknown][] {
  const here: [string, unknown][] =
    schema.type === 'number' || schema.type === 'integer' ? [[place, schema.maximum]] : []
  const below = Object.entries(schema).flatMap(([key, value]) =>
    value !== null && typeof value === 'object' ? numbersOf(value as Json, `${place}.${key}`) : [],
  )
  return [...here, ...below]
}

test('every number has an upper bound', () => {
  const numbers = numbersOf(configSchema() as Json, 'config')
  expect(numbers.length).toBeGreaterThan(40)
  expect(numbers.filter(([, most]) => typeof most !== 'number')).toEqual([])
})

test('what is beyond it is told with the bound', async () => {
  const { problems } = await readConfig(
    'c.yaml',
    `mounts:
  /python: { python: a, threads: 1e9, startTimeout: 2592000 }
  /run: { run: a, speaks: http, keepAlive: .inf }
  /up: { upstream: http://127.0.0.1:1, health: { path: /, interval: 3e6 }, spoolMemory: 1e12 }
drainTimeout: 2592000
`,
  )
  expect(
    problems.map((line) => line.replace(/^c\.yaml:[0-9]+: (\S+): (.*) \[CONFIG_VALUE\]$/, '$1 $2')).toSorted(),
  ).toEqual([
    'drainTimeout is 2592000, must be <=1000000',
    'mounts./python.startTimeout is 2592000, must be <=1000000',
    'mounts./python.threads is 1000000000, must be <=1000',
    'mounts./run.keepAlive is Infinity, must be <=1000000',
    'mounts./up.health.interval is 3000000, must be <=1000000',
    'mounts./up.spoolMemory is 1000000000000, must be <=1073741824',
  ])
})
