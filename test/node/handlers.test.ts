// What a CommonJS module exports by `module.exports = …` is the handler, whatever properties it has.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('an object that is itself a handler comes before its properties', () => {
  const expected = {
    './fastify.cjs': 'node: fastify',
    './server.cjs': 'node: server',
    './express.cjs': 'node: express',
    './bag.cjs': 'node: bag',
    './hono.cjs': 'fetch: hono',
    './object.cjs': 'fetch: object',
  }
  const directory = fileURLToPath(new URL('apps/handlers/', import.meta.url))
  const input = JSON.stringify({ directory, targets: Object.keys(expected) })
  const script = fileURLToPath(new URL('handlers-child.ts', import.meta.url))
  expect(JSON.parse(execFileSync(process.execPath, [script], { input, encoding: 'utf8' }))).toEqual(expected)
})
