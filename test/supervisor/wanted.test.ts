// Whether there is a supervisor, where nobody says so.
import { expect, test } from 'vitest'
import { wantsSupervisor } from '../../sidecar/supervisor/wanted.ts'
import { commandFolder } from '../cli/command-folder.ts'

const folder = commandFolder()

test.each([
  ['serve app:./a.ts', {}, 'linux', false],
  ['serve app:./a.ts', { NODE_ENV: 'production' }, 'linux', true],
  ['serve app:./a.ts', { NODE_ENV: 'production' }, 'win32', false],
  ['serve --no-supervise app:./a.ts', { NODE_ENV: 'production' }, 'linux', false],
  ['serve app:./a.ts --supervise', { NODE_ENV: 'development' }, 'linux', true],
  ['serve --supervise --no-supervise', {}, 'linux', false],
  ['serve --help', { NODE_ENV: 'production' }, 'linux', false],
  ['serve --lifeline 127.0.0.1:9', { NODE_ENV: 'production' }, 'linux', false],
  ['serve -- --supervise', {}, 'linux', false],
  ['check --supervise', { NODE_ENV: 'production' }, 'linux', false],
] as const)('sidegate %s with %j on %s: %s', (words, environment, platform, wanted) => {
  expect(wantsSupervisor(words.split(' '), environment, platform)).toBe(wanted)
})

test('in production SIGHUP reloads, and without a supervisor it stops', async () => {
  const serve = (...words: string[]) =>
    folder.run(['serve', 'respond:204', '-l', '127.0.0.1:0', ...words], { NODE_ENV: 'production' })
  const one = serve()
  await one.port()
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  const other = serve('--no-supervise')
  await other.port()
  other.signal('SIGHUP')
  expect((await other.ended).code).toBe(0)
})
