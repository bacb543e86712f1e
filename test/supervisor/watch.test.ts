// Reloads that a changed file asks for.
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'

const folder = commandFolder()
const { write } = folder
const path = (...names: string[]): string => join(folder.path, ...names)

test('a touched file, there or not, and sources below a folder', async () => {
  mkdirSync(path('app', 'node_modules'), { recursive: true })
  write('app/app.mjs', 'export default (request, response) => response.end()')
  write(
    'sidegate.json',
    JSON.stringify({
      listen: ['127.0.0.1:0'],
      mounts: { '/': { node: './app/app.mjs' } },
      reloadOnTouch: ['tmp/restart.txt'],
    }),
  )
  const one = folder.run(['serve', '--supervise', '-c', 'sidegate.json', '--watch', 'app'])
  await one.port()
  // No sources of the app: nothing comes of them before what does.
  write('app/node_modules/x.js', '')
  write('app/data.sqlite', '')
  mkdirSync(path('tmp'))
  write('tmp/restart.txt', '')
  await one.said(/restart\.txt has changed: gateway 2 comes up/)
  await one.said(/gateway 1 is over/)
  utimesSync(path('tmp/restart.txt'), 1, 1)
  await one.said(/restart\.txt has changed: gateway 3 comes up/)
  await one.said(/gateway 2 is over/)
  mkdirSync(path('app/part'))
  write('app/part/new.py', '')
  await one.said(/new\.py has changed: gateway 4 comes up/)
  await one.said(/gateway 3 is over/)
  rmSync(path('app/part'), { recursive: true })
  // Both are gone: the one or the other is seen first.
  await one.said(/(?:new\.py|part) has changed: gateway 5 comes up/)
  write('app/app.mjs', 'throw new Error()')
  await one.said(/gateway [56] did not come up/)
  expect(one.err).not.toMatch(/(?:x\.js|data\.sqlite) has changed/)
})

test('without a supervisor the option is refused, and the setting is told to do nothing', async () => {
  const { code, err } = await folder.run(['serve', 'respond:204', '--watch', '.']).ended
  expect(code).toBe(2)
  expect(err).toContain('--watch goes with --supervise')
  writeFileSync(
    path('c.json'),
    JSON.stringify({ listen: ['127.0.0.1:0'], mounts: { '/': { respond: 204 } }, reloadOnTouch: ['x'] }),
  )
  const one = folder.run(['serve', '-c', 'c.json'])
  await one.said(/reloadOnTouch: without --supervise nothing is reloaded/)
})
