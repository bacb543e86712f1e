// Every Python on the path from 3.8 on runs the worker. Its standard library is all that it needs.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openMount } from './mount.ts'

const found = Array.from({ length: 8 }, (_, index) => `python3.${8 + index}`).filter(
  (name) => spawnSync(name, ['-c', 'pass']).status === 0,
)

test('there is one', () => expect(found.length).toBeGreaterThan(0))

test.for(found)('%s', async (interpreter) => {
  const { ask, start, lines } = await openMount({ python: 'spec', interpreter, threads: 2 })
  expect((await ask({ path: '/hello' })).body.toString()).toBe('Hello World\n')
  expect((await ask({ path: '/generator' })).body.toString()).toBe('ab')
  const { body } = await ask({ path: '/read_input?iterate', method: 'POST', body: 'one\ntwo' })
  expect(JSON.parse(body.toString())).toEqual(['one\n', 'two'])
  expect((await ask({ path: '/file' })).body.length).toBe(240_000)
  const { response, errors } = start({ path: '/raises' })
  expect((await response).status).toBe(500)
  expect(errors[0]!.cause).toContain('in raises')
  expect(lines).toEqual([])
})
