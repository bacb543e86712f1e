// Names of files by the rules of Windows, as text: tried on every machine.
import { describe, expect, test } from 'vitest'
import { folded, foldedPath, isBelow, isPlainName, isPlainPath } from '../../sidecar/file-names.ts'

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

describe('names that may be those of another file on Windows', () => {
  test.each([
    ['a dot behind it', ['a.php.', 'a.php..', 'a.', '.', '..', '...', 'sub.']],
    ['a blank behind it', ['a.php ', 'a.php. ', ' ', 'a .php ']],
    ['a stream', ['a.php::$DATA', 'a.php:x', 'sub::$INDEX_ALLOCATION', ':', 'sub:$I30:$INDEX_ALLOCATION']],
    ['a drive', ['C:', 'c:a.php']],
    ['a backslash', ['..\\a', 'sub\\a.php', '\\\\server\\share', '\\\\?\\C:', '\\']],
    ['a letter that stands in no name', ['a<.php', 'a>', 'a"', 'a|', 'a?', '*', 'a\u0001', 'a\n', 'a\0']],
    ['a device', ['aux', 'CON', 'Nul', 'prn', 'com1', 'COM9', 'lpt1', 'com0', 'com¹', 'LPT³', 'conin$', 'CONOUT$']],
    ['a device with an ending', ['aux.php', 'con.tar.gz', 'nul .txt', 'AUX.', 'com1.txt']],
    ['a short name', ['SECRET~1.PHP', 'secret~1.php', 'GIT~1', 'PROGRA~1', 'A1B2C3~9.HT', 'ABC~12.x', '~1', 'A~1.']],
  ])('%s', (_, names) => {
    for (const name of names) expect([name, isPlainName(name)]).toEqual([name, false])
    for (const name of names) expect([name, isPlainPath(latin1(`/sub/${name}/b`))]).toEqual([name, false])
  })

  test.each([
    'a.php',
    '.htaccess',
    ' a',
    'a b.txt',
    'auxiliary',
    'console.log',
    'con1',
    'com10',
    'com',
    'nully.txt',
    'x.aux',
    'backup~',
    'a~b',
    'a~1b.txt',
    'longername~1.txt',
    'a~1.html',
    'a~1.tar.gz',
    'café.txt',
    'a%20b;c,d+e=f@g!h$i&j(k)[l]{m}^n#o',
  ])('%j is none', (name) => {
    expect(isPlainName(name)).toBe(true)
    expect(isPlainPath(latin1(`/${name}`))).toBe(true)
  })

  test('empty names part nothing', () => expect(isPlainPath('//a//b/')).toBe(true))
})

test('large and small letters are the same on Windows alone', () => {
  // The small letters of those behind the first take another number of bytes.
  expect(foldedPath(latin1('/ÀB/\u1e9e\u0130\u212a'), 'win32')).toBe(latin1('/àb/\u1e9e\u0130\u212a'))
  expect(foldedPath(latin1('/\u03a3\u03c3\u03c2\u2167\u24b6\u01c5\u00df'), 'win32')).toBe(
    latin1('/\u03c3\u03c3\u03c3\u2177\u24d0\u01c6\u00df'),
  )
  expect(foldedPath('/AB', 'linux')).toBe('/AB')
  expect(foldedPath('/A\xff', 'win32')).toBe('/a\xff')
  expect([folded('A.PHP', 'win32'), folded('A.PHP', 'linux')]).toEqual(['a.php', 'A.PHP'])
})

test.each<[string, string, boolean, boolean]>([
  ['/site/wp/a.php', '/site/wp', true, true],
  ['/site/wp', '/site/wp', true, true],
  ['/site/wp/', '/site/wp/', true, true],
  ['/site/wp/a', '/site/wp/', true, true],
  ['/site/wp2/a.php', '/site/wp', false, false],
  ['/a', '/', true, true],
  ['/site/WP/a.php', '/Site/wp', true, false],
  ['C:\\Site\\wp\\a.php', 'c:\\site', true, false],
  ['C:\\site', 'C:\\', true, false],
  ['C:\\site2', 'C:\\site', false, false],
  ['\\\\server\\share\\a', '\\\\SERVER\\share', true, false],
])('%s below %s: on Windows %s, else %s', (path, folder, windows, other) => {
  expect([isBelow(path, folder, 'win32'), isBelow(path, folder, 'linux')]).toEqual([windows, other])
})
