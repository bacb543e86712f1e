// What importers read files with: XML, and patterns of names.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { glob, nameMatcher } from '../../sidecar/importers/glob.ts'
import { parseXml } from '../../sidecar/importers/xml.ts'
import { temporaryFolder } from '../harness.ts'

test('elements, attributes, text, CDATA, entities and lines', () => {
  const root = parseXml(
    '\ufeff<?xml version="1.0"?>\n<!-- <no/> -->\n<a one="1" two=\'&lt;&quot;\'>\n  <b/>x &amp; &#233;&#x1F600;<![CDATA[<c>&amp;]]>\n</a >\n',
    'a.xml',
  )
  expect(root).toMatchObject({ name: 'a', attributes: { one: '1', two: '<"' }, line: 3 })
  expect(root.children).toEqual([{ name: 'b', attributes: {}, children: [], text: '', line: 4 }])
  expect(root.text).toBe('\n  x & é😀<c>&amp;\n')
})

test.each([
  ['', 'a.xml:1: there is no element in it'],
  ['<a>', 'a.xml:1: <a> of line 1 is not closed'],
  ['<a>\n</b>', 'a.xml:2: </b> stands where </a> belongs'],
  ['</a>', 'a.xml:1: </a> ends nothing'],
  ['<a/>\n<b/>', 'a.xml:2: <b> stands behind the end of the document'],
  ['text', 'a.xml:1: there is text outside of all elements'],
  ['<a b="1" b="2"/>', 'a.xml:1: the attribute b is there twice'],
  ['<a>&none;</a>', 'a.xml:1: there is no entity &none;'],
  ['<a>a & b</a>', 'a.xml:1: an & in a text is written &amp;'],
  ['<a>&#x110000;</a>', 'a.xml:1: there is no character &#x110000;'],
  [
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<a>&x;</a>',
    'a.xml:1: this is no XML that is read here: leave the document type out',
  ],
  ['<a <b>', 'a.xml:1: this is no XML'],
  [`${'<a>'.repeat(101)}`, 'a.xml:1: more than 100 elements are in one another'],
])('%j is told', (text, message) => {
  expect(() => parseXml(text, 'a.xml')).toThrow(
    expect.objectContaining({
      code: 'IMPORT_SYNTAX',
      path: message.slice(0, message.indexOf(': ')),
      message: message.slice(message.indexOf(': ') + 2),
    }),
  )
})

const { path, remove } = temporaryFolder()
afterAll(remove)

test('patterns of file names', async () => {
  for (const name of ['a/one.ini', 'a/two.ini', 'a/.hidden.ini', 'b/three.ini', 'b/[x].ini']) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), '')
  }
  symlinkSync('nowhere', join(path, 'a/broken.ini'))
  const found = async (pattern: string): Promise<string[]> =>
    (await glob(join(path, pattern))).map((file) => file.slice(path.length + 1))
  expect(await found('a/*.ini')).toEqual(['a/one.ini', 'a/two.ini'])
  expect(await found('?/t*.ini')).toEqual(['a/two.ini', 'b/three.ini'])
  expect(await found('[!a]/[t[]*')).toEqual(['b/[x].ini', 'b/three.ini'])
  expect(await found('a/.*')).toEqual(['a/.hidden.ini'])
  expect(await found('c/*')).toEqual([])
  expect(nameMatcher('[a-c]?.*')('b1.x')).toBe(true)
  expect(nameMatcher('[!a-c]*')('b1')).toBe(false)
})
