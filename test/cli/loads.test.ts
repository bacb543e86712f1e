// What a command has nothing to do with is not loaded for it: each start would take longer.
import { expect, test } from 'vitest'
import { commandFolder } from './command-folder.ts'
import { sidegate } from './sidegate.ts'

const folder = commandFolder()
folder.write('sidegate.mjs', "export default { mounts: { '/': { respond: 204 } } }")
folder.write('sidegate.yaml', 'mounts: { /: { respond: 204 } }')
// Prints the packages whose modules are loaded as CommonJS, as `yaml` is.
folder.write(
  'loaded.cjs',
  `process.on('exit', () => {
  const names = Object.keys(require.cache).map((file) => /node_modules[\\\\/]([^\\\\/]+)/.exec(file)?.[1])
  process.stderr.write('loaded: ' + [...new Set(names)].join(' ') + '\\n')
})`,
)

test.each([
  [['--version'], false],
  [['check', '--no-listen', '-c', 'sidegate.mjs'], false],
  [['check', '--no-listen', '-c', 'sidegate.yaml'], true],
])('%j', async (words, isYaml) => {
  const { err } = await sidegate(words, folder.path, { NODE_OPTIONS: '--require ./loaded.cjs' })
  expect(/^loaded: .*$/m.exec(err)?.[0].includes('yaml')).toBe(isYaml)
})
