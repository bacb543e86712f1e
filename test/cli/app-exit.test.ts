// An app that ends the process: the log says which one, and the exit code that it was no stop.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from './command-folder.ts'
import type { Sidegate } from './sidegate.ts'

const folder = commandFolder()
const { write } = folder

mkdirSync(join(folder.path, 'library'))
write('library/leaves.mjs', 'export const leaves = (code) => process.exit(code)')
write(
  'leaves.mjs',
  `import { leaves } from './library/leaves.mjs'
export const handler = (request, response) => {
  setTimeout(() => leaves(Number(request.url.slice(1))))
}`,
)
mkdirSync(join(folder.path, 'other'))
write('other/stays.mjs', 'export default (request, response) => response.end()')
write('at-once.mjs', 'process.exit(0)')

function start(...words: string[]): Sidegate {
  const one = folder.run(['serve', ...words, '--listen', '127.0.0.1:0', '--log-format', 'json'])
  return one
}

test.each([
  [0, 1],
  [7, 7],
])('process.exit(%d) of an app is an error record that names it, and exit code %d', async (given, code) => {
  const one = start('/shop=node:./leaves.mjs', '/other=node:./other/stays.mjs')
  const [, port] = await one.said(/listening on 127\.0\.0\.1:(\d+)/)
  await fetch(`http://127.0.0.1:${port}/shop/${given}`).catch(() => {})
  const { err, code: actual } = await one.ended
  expect(actual).toBe(code)
  const record = err.split('\n').find((line) => line.includes('APP_EXITED'))
  expect(JSON.parse(record!)).toMatchObject({ level: 'error', code: 'APP_EXITED', blame: 'app', mount: '/shop' })
  expect(record).toContain(`process.exit(${given}), in ${join(folder.path, 'library/leaves.mjs')}:1`)
})

test.each([
  ['node:./at-once.mjs', /the app of mounts\.\/ ended the whole gateway: process\.exit\(0\), in .*at-once\.mjs:1/],
  ['./at-once.mjs', /APP_EXITED: .*process\.exit\(0\), in .*at-once\.mjs:1/],
])('one that does so while it is loaded too: %s', async (target, message) => {
  const { code, err } = await start(target).ended
  expect(code).toBe(1)
  expect(err).toMatch(message)
})

test('a stop is none', async () => {
  const one = start('node:./other/stays.mjs')
  await one.said(/listening on/)
  expect(await one.stop()).toMatchObject({ code: 0, err: expect.not.stringContaining('APP_EXITED') })
})
