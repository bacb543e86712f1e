// How a target is found, which export is taken, and what is said when that fails.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { splitTargetName } from '../../sidecar/mounts/load.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { makeMount } from '../mount.ts'
import type { Outcome } from './load-child.ts'

const directory = fileURLToPath(new URL('apps/load/', import.meta.url))

const found = [
  ['./both.ts', 'default'],
  ['./both.ts#app', 'app'],
  ['./both.ts#default', 'default'],
  ['named.ts', 'application'],
  ['named.ts#other', 'other'],
  ['../load/named.ts', 'application'],
  [`${directory}named.ts`, 'application'],
  ['./whole.cjs', 'whole'],
  ['./whole.cjs#other', 'other'],
  ['./named.cjs', 'app'],
  ['./named.cjs#computed', 'computed'],
  ['./transpiled.cjs', 'default'],
  ['./odd#name.ts', 'default'],
  ['./odd#name.ts#app', 'app'],
] as const

const NOT_FOUND = [
  './namd.ts',
  './namd.cjs#other',
  './named.mjs',
  './t.ts',
  '../load',
  './nowhere/a.ts',
  './named.ts#ap',
  './none.ts',
  './throws.ts',
  './imports.mjs',
  './waits.ts',
] as const

let outcomes: Record<string, Outcome> = {}

beforeAll(async () => {
  const input = JSON.stringify({ directory, targets: [...found.map(([target]) => target), ...NOT_FOUND] })
  const script = fileURLToPath(new URL('load-child.ts', import.meta.url))
  const running = promisify(execFile)(process.execPath, [script])
  running.child.stdin!.end(input)
  outcomes = JSON.parse((await running).stdout) as typeof outcomes
})

const failure = (target: (typeof NOT_FOUND)[number]): Outcome => outcomes[target]!

describe('which export', () => {
  test.each(found)('%s gives %s', (target, expected) => {
    expect(outcomes[target]).toEqual({ says: expected })
  })

  test('a # counts when an identifier follows', () => {
    expect(splitTargetName('./a.ts#app')).toEqual({ file: './a.ts', name: 'app' })
    expect(splitTargetName('./a#b.ts')).toEqual({ file: './a#b.ts', name: undefined })
    expect(splitTargetName('#app')).toEqual({ file: '#app', name: undefined })
  })
})

describe('what goes wrong', () => {
  test('a file that is not there: the one that is most like it', () => {
    expect(failure('./namd.ts')).toMatchObject({
      code: 'TARGET_MISSING',
      path: 'mounts./shop.node',
      message: `./namd.ts is not there (${directory}namd.ts); did you mean ./named.ts?`,
    })
    expect(failure('./namd.cjs#other').message).toContain('; did you mean ./named.cjs#other?')
    expect(failure('./named.mjs').message).toContain('; did you mean ./named.cjs?')
  })

  test('a file that is not there, and nothing is like it: what there is', () => {
    expect(failure('./t.ts').message).toMatch(
      /; there is both\.ts, imports\.mjs, named\.cjs, named\.ts, .*, whole\.cjs$/,
    )
  })

  test('a folder, and a folder that is not there', () => {
    expect(failure('../load').message).toContain('is a folder')
    expect(failure('./nowhere/a.ts').message).toContain(`the folder ${directory}nowhere is not there either`)
  })

  test('an export that is not there: those that are', () => {
    const named = failure('./named.ts#ap')
    expect(named.code).toBe('TARGET_EXPORT')
    expect(named.message).toBe('./named.ts has no export ap; it exports application, other')
    expect(failure('./none.ts').message).toBe('./none.ts has no export default, app, application; it exports answer')
  })

  test('a module that throws: cause and stack', () => {
    const error = failure('./throws.ts')
    expect(error).toMatchObject({
      code: 'TARGET_RAISED',
      message: './throws.ts raised while it was loaded: no database',
    })
    expect(error.cause).toMatch(/^Error: no database\n.*throws\.ts:1/)
    expect(failure('./imports.mjs').message).toContain('no-such-package')
  })

  test('a top-level await that never settles', () => {
    const error = failure('./waits.ts')
    expect(error.code).toBe('TARGET_TIMEOUT')
    expect(error.message).toContain('500 ms')
  })

  test('an export that is no handler', async () => {
    const folder = new URL('apps/', import.meta.url)
    const koa = makeMount(node, { node: './koa.ts#app' }, folder)
    await expect(koa.mount.open()).rejects.toMatchObject({
      code: 'NODE_HANDLER',
      message: expect.stringContaining('app.callback()'),
    })
    const number = makeMount(node, { node: './load/none.ts#answer' }, folder)
    await expect(number.mount.open()).rejects.toMatchObject({ code: 'NODE_HANDLER', path: 'mounts./.node' })
    await number.mount.close()
    await number.mount.close()
  })
})
