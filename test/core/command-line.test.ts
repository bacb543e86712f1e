// Command lines and environments by the rules of Windows, tried on every machine.
import { expect, test } from 'vitest'
import { commandWords } from '../../sidecar/processes/command-line.ts'
import { environmentOf, programEnvironment } from '../../sidecar/processes/environment.ts'

const raw = String.raw

// Inputs and results of "Parsing C command-line arguments" (Microsoft), and paths as they are written.
test.each<[string, string[]]>([
  [raw`C:\Python313\python.exe -u app.py`, [raw`C:\Python313\python.exe`, '-u', 'app.py']],
  [raw`"C:\Program Files\php\php-cgi.exe" -b`, [raw`C:\Program Files\php\php-cgi.exe`, '-b']],
  [raw`C:\Users\O'Brien\app.exe --x='a'`, [raw`C:\Users\O'Brien\app.exe`, `--x='a'`]],
  [raw`"abc" d e`, ['abc', 'd', 'e']],
  [raw`a\\b d"e f"g h`, [raw`a\\b`, 'de fg', 'h']],
  [raw`a\\\"b c d`, [raw`a\"b`, 'c', 'd']],
  [raw`a\\\\"b c" d e`, [raw`a\\b c`, 'd', 'e']],
  [raw`\\server\share\x.exe ""  "a b\\"`, [raw`\\server\share\x.exe`, '', 'a b\\']],
  ['  a \t b\n', ['a', 'b']],
  ['', []],
])('%j on Windows', (line, words) => expect(commandWords(line, 'win32')).toEqual(words))

test('what cannot be cut is told', () => {
  expect(commandWords('a "b c', 'win32')).toMatch(/^a quote in .* is not closed$/)
  expect(commandWords(raw`a "b\"`, 'win32')).toMatch(/is not closed$/)
  expect(commandWords(`sh -c 'a b'`, 'win32')).toMatch(/^'a begins with a single quote, which keeps no words together/)
  expect(commandWords(`sh -c 'a b'`, 'linux')).toEqual(['sh', '-c', 'a b'])
  expect(commandWords(`a 'b`, 'linux')).toMatch(/is not closed$/)
})

test('a variable is there once on Windows, in whichever letters it is written', () => {
  const layers = [
    { Path: 'system', windir: 'C:\\Windows', Ours: '1' },
    { PATH: 'first', OURS: '2', WinDir: 'D' },
  ]
  expect(environmentOf(layers, 'win32')).toEqual({ PATH: 'first', OURS: '2', WinDir: 'D' })
  expect(environmentOf([{ Path: 'system' }], 'win32')).toEqual({ PATH: 'system' })
  expect(environmentOf(layers, 'linux')).toEqual({ ...layers[0], ...layers[1] })
})

test('what is the gateway alone does not reach its programs, and their PATH is that of the machine', () => {
  const own = { Path: 'system', LISTEN_FDS: '1', HOME: '/x' }
  expect(programEnvironment({ home: 'C:\\me' }, 'win32', own)).toEqual({ PATH: 'system', home: 'C:\\me' })
  expect(programEnvironment({ home: 'y' }, 'linux', own)).toEqual({ Path: 'system', HOME: '/x', home: 'y' })
})
