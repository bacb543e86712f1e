// Files as a response: all of them arrive whole, whichever way the system takes them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openMount, type TestMount } from './mount.ts'

const TEXT = Array.from({ length: 30_000 }, (_, number) => `${number} from a file `).join('')

function served(): Promise<TestMount> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return openMount({ python: 'files', env: { FOLDER: folder } })
}

test('files on a disk, parts of them, and what only looks like one', async () => {
  const { ask } = await served()
  const kinds = ['plain', 'unbuffered', 'temporary', 'named', 'zipped', 'memory']
  const bodies = []
  for (const kind of kinds) bodies.push((await ask({ path: `/${kind}` })).body.toString() === TEXT)
  expect(bodies).toEqual(kinds.map(() => true))
  expect((await ask({ path: '/middle' })).body.toString() === TEXT.slice(100_000)).toBe(true)
  expect((await ask({ path: '/at_end' })).body).toHaveLength(0)
  expect((await ask({ path: '/plain?written' })).body.toString() === `written before: ${TEXT}`).toBe(true)
  expect((await ask({ path: '/plain', method: 'HEAD' })).body).toHaveLength(0)
})

test('a client that goes away from a file stops it, and the next request is answered', async () => {
  const { start, ask } = await served()
  const { carrier, hangUp } = start({ path: '/plain', slow: true })
  await carrier.until(({ chunks }) => chunks.length > 0)
  hangUp()
  expect((await ask({ path: '/middle' })).body.toString() === TEXT.slice(100_000)).toBe(true)
})
