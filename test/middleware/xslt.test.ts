// The layer `xslt`: a real processor, what it is kept from, and what becomes of a response.
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { Middleware } from '../../sidecar/middleware/middleware.ts'
import { xslt } from '../../sidecar/middleware/xslt.ts'
import type { TestRequest, TestResponse } from '../exchange.ts'
import { eventually, temporaryFolder } from '../harness.ts'
import { layered, type App, type MadeLayer } from './layer.ts'

const folder = temporaryFolder()
const open: Middleware[] = []
/** Counts who connects, from whatever thread. */
let connections = 0
let server: Server
let port = 0

beforeAll(async () => {
  server = createServer((socket) => {
    connections++
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<x/>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})
afterAll(async () => {
  await Promise.all(open.map((layer) => layer.close!()))
  server.close()
  folder.remove()
})

const XSL = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
const IDENTITY =
  '<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>'

/** A sheet with these things in it, in its second line. */
function sheet(content: string, more = ''): string {
  return `<xsl:stylesheet version="1.0" ${XSL} ${more}>\n${content}\n</xsl:stylesheet>`
}

let names = 0
function file(content: string, name = `sheet${++names}.xsl`): string {
  writeFileSync(join(folder.path, name), content)
  return `./${name}`
}

const XML = { status: 200, reason: 'OK', headers: [['Content-Type', 'text/xml']] as const }

/** An app that answers with a document. */
function app(body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): App {
  return (exchange) => {
    const all = { 'Content-Type': 'text/xml', ...headers }
    exchange.respond({ status, reason: 'OK', headers: Object.entries(all) })
    exchange.end(body)
  }
}

/** Layers that are open, by their sheet and settings: a thread takes a moment to start. */
const layers = new Map<string, { made: MadeLayer; app: App }>()

async function behind(content: string, answer: App, settings: Record<string, unknown> = {}): Promise<MadeLayer> {
  const key = JSON.stringify([content, settings])
  let layer = layers.get(key)
  if (!layer) {
    const app: App = (exchange) => layer!.app(exchange)
    const made = await layered(xslt, { sheet: file(content), ...settings }, app, { directory: folder.path })
    open.push(made.layer)
    layers.set(key, (layer = { made, app: answer }))
  }
  const { made } = layer
  const ask: MadeLayer['ask'] = (request) => {
    layer.app = answer
    return made.ask(request)
  }
  return { ...made, ask }
}

async function transformed(
  content: string,
  document: string | Uint8Array,
  settings: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const { ask } = await behind(content, app(document, headers), settings)
  const { status, body } = await ask().response
  return status === 200 ? String(body) : `${status}`
}

const PAGE = sheet(
  '<xsl:param name="who" select="\'nobody\'"/><xsl:template match="/"><html><p><xsl:value-of select="$who"/></p><xsl:value-of select="//b"/></html></xsl:template>',
)

test('XML becomes HTML, and the head is that of what it became', async () => {
  const { ask } = await behind(
    PAGE,
    app('<a><b>hé</b></a>', {
      ETag: '"v1"',
      'Content-Length': '17',
      'Accept-Ranges': 'bytes',
      'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'Content-MD5': 'x',
      'X-Own': '1',
    }),
    { parameters: { who: '${REMOTE_USER}' } },
  )
  const { status, headers, body } = await ask({ variables: { REMOTE_USER: 'me' } }).response
  expect([status, String(body)]).toEqual([200, '<html>\n<p>me</p>hé</html>\n'])
  expect(Object.fromEntries(headers)).toEqual({
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': String(body.byteLength),
    ETag: expect.stringMatching(/^W\/"v1;x=[0-9a-f]{16}"$/),
    'X-Own': '1',
  })
})

// What simpler processors do wrong.
test.each([
  [
    'numbers and sorting',
    '<xsl:output method="text"/><xsl:template match="/"><xsl:for-each select="//n"><xsl:sort data-type="number" order="descending"/><xsl:value-of select="format-number(., \'#,##0.00\')"/>;</xsl:for-each></xsl:template>',
    '',
    '<a><n>9</n><n>1000.256</n><n>10</n></a>',
    '1,000.26;10.00;9.00;',
  ],
  [
    'keys (Muenchian grouping)',
    '<xsl:output method="text"/><xsl:key name="k" match="i" use="@g"/><xsl:template match="/"><xsl:for-each select="//i[generate-id() = generate-id(key(\'k\', @g)[1])]"><xsl:value-of select="@g"/>=<xsl:value-of select="sum(key(\'k\', @g))"/>;</xsl:for-each></xsl:template>',
    '',
    '<a><i g="x">1</i><i g="y">2</i><i g="x">3</i></a>',
    'x=4;y=2;',
  ],
  [
    'EXSLT',
    '<xsl:output method="text"/><xsl:template match="/"><xsl:variable name="t"><q>1</q><q>2</q></xsl:variable><xsl:value-of select="count(c:node-set($t)/q)"/>,<xsl:value-of select="m:max(//n)"/>,<xsl:for-each select="str:tokenize(\'a b\')">[<xsl:value-of select="."/>]</xsl:for-each></xsl:template>',
    'xmlns:c="http://exslt.org/common" xmlns:m="http://exslt.org/math" xmlns:str="http://exslt.org/strings" exclude-result-prefixes="c m str"',
    '<a><n>3</n><n>7</n></a>',
    '2,7,[a][b]',
  ],
  [
    'namespaces, attribute sets and CDATA',
    `<xsl:output cdata-section-elements="s" omit-xml-declaration="yes"/><xsl:attribute-set name="z"><xsl:attribute name="k">v</xsl:attribute></xsl:attribute-set><xsl:template match="/f:a"><s xsl:use-attribute-sets="z"><xsl:value-of select="f:b"/></s></xsl:template>`,
    'xmlns:f="urn:f" exclude-result-prefixes="f"',
    '<a xmlns="urn:f"><b>1 &lt; 2</b></a>',
    '<s k="v"><![CDATA[1 < 2]]></s>\n',
  ],
  [
    'entities of the sheet and of the document',
    '<xsl:output omit-xml-declaration="yes"/><xsl:template match="/"><p><xsl:value-of select="a"/></p></xsl:template>',
    '',
    '<!DOCTYPE a [<!ENTITY own "inner">]><a>&own;&#8364;</a>',
    '<p>inner€</p>\n',
  ],
])('%s', async (_, content, more, document, result) => {
  expect(await transformed(sheet(content, more), document)).toBe(result)
})

test('a parameter is a text, whatever is in it', async () => {
  const { ask } = await behind(PAGE, app('<a><b/></a>'), { parameters: { who: '${REMOTE_USER}' } })
  const page = async (user: string): Promise<string> => {
    const { body } = await ask({ variables: { REMOTE_USER: user } }).response
    return /<p>(.*?)<\/p>/s.exec(String(body))![1]!
  }
  expect(await page(`O'Brien "x"`)).toBe(`O'Brien "x"`)
  expect(await page(`"`)).toBe(`"`)
  expect(await page(`/a`)).toBe(`/a`)
  expect(await page(`document('http://127.0.0.1:${port}/')`)).toContain('document(')
  expect(await page('<b>&amp;')).toBe('&lt;b&gt;&amp;amp;')
  expect(await page(Buffer.from('Jürgen €').toString('latin1'))).toBe('Jürgen €')
  expect(await page('a\u0001b')).toBe('a\ufffdb')
  const quotes = `'"\u{f0000}`.repeat(5000)
  expect(await page(Buffer.from(quotes).toString('latin1'))).toBe(quotes)
  // Nothing is no value.
  expect(await page('')).toBe('nobody')
})

test.each([
  ['text/xml', true],
  ['application/xml; charset=utf-8', true],
  ['application/atom+xml', true],
  ['Text/XML', true],
  ['text/html', false],
  ['application/json', false],
  ['image/svg+xml', false],
  ['application/xhtml+xml', false],
])('%s: transformed %j', async (type, changes) => {
  const body = await transformed(PAGE, '<a><b>1</b></a>', {}, { 'Content-Type': type })
  expect(body).toBe(changes ? '<html>\n<p>nobody</p>1</html>\n' : '<a><b>1</b></a>')
})

test('what is not transformed passes as it comes', async () => {
  const { ask } = await behind(PAGE, (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] })
    exchange.write('one')
  })
  const { carrier, hangUp } = ask()
  expect(carrier.calls).toEqual(['start'])
  hangUp()
})

test.each([
  ['no-transform', { 'Cache-Control': 'public, no-transform' }, 200],
  ['a part', { 'Content-Range': 'bytes 0-2/15' }, 206],
])('%s stays as it is', async (_, headers, status) => {
  const { ask } = await behind(PAGE, app('<a><b>1</b></a>', headers, status))
  const { body, header } = await ask().response
  expect([String(body), header('content-type')]).toEqual(['<a><b>1</b></a>', 'text/xml'])
})

test('an answer without a body is no document', async () => {
  const { ask } = await behind(PAGE, app('', {}, 201))
  const { status, header, body } = await ask().response
  expect([status, header('content-type'), body.byteLength]).toEqual([201, 'text/xml', 0])
})

test('HEAD gets the head that GET would get, without a length', async () => {
  const html = sheet('<xsl:output method="html"/><xsl:template match="/"><p/></xsl:template>')
  const { ask } = await behind(html, app('<a/>', { 'Content-Length': '4', ETag: '"v"' }))
  const { headers } = await ask({ method: 'HEAD' }).response
  expect(Object.fromEntries(headers)).toEqual({
    'Content-Type': 'text/html; charset=utf-8',
    ETag: expect.stringMatching(/^W\/"v;x=/),
  })
})

test('HEAD says no Content-Type where the result decides', async () => {
  const { ask } = await behind(PAGE, app('<a/>'))
  expect((await ask().response).header('content-type')).toBe('text/html; charset=utf-8')
  expect((await ask({ method: 'HEAD' }).response).header('content-type')).toBeUndefined()
})

test('what a sheet reads for a document makes the result one without a tag', async () => {
  const reads = sheet(
    '<xsl:output method="text"/><xsl:template match="a"><xsl:value-of select="document(\'data.xml\')/d"/></xsl:template>',
  )
  file('<d>1</d>', 'data.xml')
  const tagged = { ETag: '"v"' }
  const { ask } = await behind(reads, app('<a/>', tagged))
  const page = async (): Promise<unknown[]> => {
    const { body, header } = await ask().response
    return [String(body), header('etag')]
  }
  expect(await page()).toEqual(['1', undefined])
  file('<d>2</d>', 'data.xml')
  expect(await page()).toEqual(['2', undefined])
  const plain = await behind(reads, app('<b/>', tagged))
  expect((await plain.ask().response).header('etag')).toMatch(/^W\/"v;x=/)
})

test('an error page is no document, whatever the app was', async () => {
  const { ask } = await behind(PAGE, () => {
    throw new Error('no')
  })
  const { status, header } = await ask().response
  expect([status, header('content-type')]).toEqual([500, 'text/plain; charset=utf-8'])
})

test('a response that breaks off is no document', async () => {
  const { ask } = await behind(PAGE, (exchange) => {
    exchange.respond({
      status: 200,
      reason: 'OK',
      headers: [
        ['Content-Type', 'text/xml'],
        ['Content-Length', '50'],
      ],
    })
    exchange.write('<a><b>secret')
    exchange.end()
  })
  const { response, errors } = ask()
  const { status, body } = await response
  expect([status, errors.map(({ code }) => code)]).toEqual([500, ['BODY_TOO_SHORT']])
  expect(String(body)).not.toContain('secret')
})

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('a document in %s is taken out of it', async (coding, compress) => {
  const { ask } = await behind(PAGE, app(compress('<a><b>1</b></a>'), { 'Content-Encoding': coding }))
  const { body, header } = await ask().response
  expect([String(body), header('content-encoding')]).toEqual(['<html>\n<p>nobody</p>1</html>\n', undefined])
})

test.each([
  ['a coding that nobody knows', '<a/>', { 'Content-Encoding': 'x-own' }, 'has the content coding x-own'],
  ['one that it is not in', '<a/>', { 'Content-Encoding': 'gzip' }, 'does not come out of its content coding gzip'],
  ['one that grows', gzipSync(`<a>${' '.repeat(5000)}</a>`), { 'Content-Encoding': 'gzip' }, 'more than 2500 bytes'],
  ['no XML', '<a>\n <b>x</c></a>', {}, 'line 2, column 10: Opening and ending tag mismatch: b line 2 and c'],
  ['a text', 'hello', {}, "line 1, column 1: Start tag expected, '<' not found"],
  ['the beginning of a document', '<a><b>', {}, 'line 1, column 7: Premature end of data in tag b line 1'],
  ['bytes that are not UTF-8', Buffer.from('<a>\xe9</a>', 'latin1'), {}, 'Invalid bytes in character encoding'],
  ['an encoding that nobody knows', '<a/>', { 'Content-Type': 'text/xml; charset=x-none' }, '"x-none" encoding is not'],
  ['a thousand levels', `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`, {}, 'Excessive depth'],
  ['too many bytes', `<a>${' '.repeat(2500)}</a>`, {}, 'has more than 2500 bytes'],
  [
    'laughs',
    `<!DOCTYPE a [<!ENTITY a0 "ha">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};&a${i};">`).join('')}]><a>&a30;</a>`,
    {},
    'Maximum entity',
  ],
])('%s: 502, with the reason', async (_, body, headers, reason) => {
  const { ask } = await behind(PAGE, app(body, headers), { maxDocument: 2500 })
  const { response, errors } = ask()
  expect((await response).status).toBe(502)
  expect(errors).toMatchObject([{ code: 'XSLT_DOCUMENT', blame: 'app', message: expect.stringContaining(reason) }])
  // The same thread goes on.
  expect(String((await ask().response).status)).toBe('502')
})

test('a sheet of a newer XSLT is refused', async () => {
  const newer = sheet('<xsl:template match="/"/>').replace('"1.0"', '"3.0"')
  await expect(behind(newer, app('<a/>'))).rejects.toMatchObject({
    code: 'XSLT_SHEET',
    message: expect.stringMatching(/line 1: xsl:version: only 1\.1 features are supported/),
  })
})

test.each<[string, string | Uint8Array, Record<string, string>, string]>([
  ['is not well-formed', '<a><b></a>', {}, 'line 1, column 11: Opening and ending tag mismatch: b line 1 and a'],
  ['is in no known encoding', '<a/>', { 'Content-Type': 'text/xml; charset=none' }, 'its encoding'],
  [
    'does not come out of its coding',
    '<a/>',
    { 'Content-Encoding': 'gzip' },
    'does not come out of its content coding',
  ],
  ['has an unknown coding', '<a/>', { 'Content-Encoding': 'sdch' }, 'the content coding sdch, which cannot be undone'],
  ['is JSON', '{"a": 1}', {}, 'does not begin so'],
])('what is called XML and %s may pass', async (_, document, headers, reason) => {
  const { ask, log } = await behind(PAGE, app(document, { ETag: '"v"', ...headers }), { malformed: 'pass' })
  const { status, body, header } = await ask().response
  expect([status, String(body), header('etag'), header('content-type')]).toEqual([
    200,
    document,
    '"v"',
    headers['Content-Type'] ?? 'text/xml',
  ])
  expect(log.text).toContain(reason)
})

test('what does not begin as XML passes as it comes, however long it is', async () => {
  const settings = { malformed: 'pass', maxDocument: 1000 }
  let inner: Exchange
  const answer: App = (exchange) => (inner = exchange).respond(XML)
  const { ask } = await behind(PAGE, answer, settings)
  const { carrier, response } = ask()
  inner!.write('\n {')
  expect(String(carrier.bytes)).toBe('\n {')
  inner!.end(' '.repeat(3000))
  expect((await response).body.length).toBe(3003)
})

const UTF_16 = Buffer.from('<a><b>1</b></a>', 'utf16le')
test.each<[string, Uint8Array | string, string]>([
  ['a mark of UTF-8', '\ufeff\n<a><b>1</b></a>', ''],
  ['a mark of UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), UTF_16]), ''],
  ['the other one', Buffer.concat([Buffer.from([0xff, 0xfe]), UTF_16]).swap16(), ''],
  ['UTF-16 without', Buffer.from(UTF_16).swap16(), ';charset=utf-16be'],
])('%s begins XML', async (_, document, charset) => {
  const type = { 'Content-Type': `text/xml${charset}` }
  expect(await transformed(PAGE, document, { malformed: 'pass' }, type)).toContain('nobody</p>1</html>')
})

test('longer documents may pass, compressed ones too', async () => {
  const document = `<a>${'x'.repeat(3000)}</a>`
  const settings = { maxDocument: 1000, larger: 'pass' }
  const packed = gzipSync(document)
  const compressed = await behind(PAGE, app(packed, { 'Content-Encoding': 'gzip', ETag: '"v"' }), settings)
  const came = await compressed.ask().response
  expect([came.body, came.header('content-encoding'), came.header('etag')]).toEqual([packed, 'gzip', '"v"'])
  const { ask } = await behind(
    PAGE,
    (exchange) => {
      exchange.respond({
        status: 200,
        reason: 'OK',
        headers: [
          ['Content-Type', 'text/xml'],
          ['ETag', '"v"'],
        ],
      })
      for (let at = 0; at < document.length; at += 600) exchange.write(document.slice(at, at + 600))
      exchange.end()
    },
    settings,
  )
  const { body, header } = await ask().response
  expect([String(body), header('content-type'), header('etag')]).toEqual([document, 'text/xml', '"v"'])
})

test.each([
  ['by its declaration', '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'text/xml'],
  ['by one that the processor does not know', '<?xml version="1.0" encoding="windows-1252"?><a>é</a>', 'text/xml'],
  [
    'by Content-Type, which counts more',
    '<?xml version="1.0" encoding="UTF-8"?><a>é</a>',
    'text/xml; charset="ISO-8859-1"',
  ],
  ['by Content-Type alone', '<a>é</a>', 'application/xml;charset=windows-1252'],
])('the encoding of a document is known %s', async (_, document, type) => {
  const text = sheet('<xsl:output method="text"/><xsl:template match="/"><xsl:value-of select="a"/></xsl:template>')
  expect(await transformed(text, Buffer.from(document, 'latin1'), {}, { 'Content-Type': type })).toBe('é')
})

test.each([
  ['<xsl:output method="text"/>', 'text/plain; charset=utf-8', 'é€'],
  ['<xsl:output media-type="image/svg+xml"/>', 'image/svg+xml; charset=utf-8', 'é€'],
  ['<xsl:output method="xml" encoding="ISO-8859-1"/>', 'application/xml; charset=iso-8859-1', '\xe9&#8364;'],
  ['<xsl:output method="text" encoding="US-ASCII"/>', 'text/plain; charset=us-ascii', '??'],
  ['<xsl:output method="html" encoding="us-ascii"/>', 'text/html; charset=us-ascii', '&#233;&#8364;'],
])('%s: %s', async (output, type, text) => {
  const { ask } = await behind(
    sheet(`${output}<xsl:template match="/"><p><xsl:value-of select="a"/></p></xsl:template>`),
    app('<a>é€</a>'),
  )
  const { header, body } = await ask().response
  expect(header('content-type')).toBe(type)
  expect(body.toString(type.endsWith('utf-8') ? 'utf8' : 'latin1')).toContain(text)
})

test('the settings may name the Content-Type', async () => {
  const { ask } = await behind(PAGE, app('<a/>'), { contentType: 'application/xhtml+xml' })
  expect((await ask().response).header('content-type')).toBe('application/xhtml+xml')
})

test('a sheet includes, imports and reads what is in its folder', async () => {
  mkdirSync(join(folder.path, 'part'), { recursive: true })
  file(sheet('<xsl:output method="text" encoding="ISO-8859-1"/><xsl:include href="../name.xsl"/>'), 'part/inc.xsl')
  file(sheet('<xsl:template name="name">N</xsl:template>'), 'name.xsl')
  file('<d>read</d>', 'data.xml')
  const content = sheet(
    `<xsl:import href="part/inc.xsl"/><xsl:template match="/"><xsl:call-template name="name"/>:<xsl:value-of select="document('data.xml')"/>é</xsl:template>`,
  )
  const { ask } = await behind(content, app('<a/>'))
  const { body, header } = await ask().response
  expect([body.toString('latin1'), header('content-type')]).toEqual(['N:readé', 'text/plain; charset=iso-8859-1'])
})

test('a sheet below another folder reads what is in that', async () => {
  file(
    sheet('<xsl:include href="../common.xsl"/><xsl:template match="/"><xsl:call-template name="c"/></xsl:template>'),
    'part/page.xsl',
  )
  file(sheet('<xsl:output method="text"/><xsl:template name="c">common</xsl:template>'), 'common.xsl')
  const made = await layered(xslt, { sheet: './part/page.xsl', folder: '.' }, app('<a/>'), { directory: folder.path })
  open.push(made.layer)
  expect(String((await made.ask().response).body)).toBe('common')
  const alone = layered(xslt, { sheet: './part/page.xsl' }, app('<a/>'), { directory: folder.path })
  await expect(alone).rejects.toMatchObject({ code: 'XSLT_SHEET', message: expect.stringContaining('is not below') })
})

test('nothing is read that is elsewhere, nor asked for', async () => {
  const outside = temporaryFolder()
  writeFileSync(join(outside.path, 'secret.xml'), '<d>secret</d>')
  symlinkSync(join(outside.path, 'secret.xml'), join(folder.path, 'link.xml'))
  file('<d>secret</d>', '.hidden.xml')
  const places = [
    `http://127.0.0.1:${port}/x`,
    `file://${outside.path}/secret.xml`,
    `${outside.path}/secret.xml`,
    'link.xml',
    '.hidden.xml',
    `..${outside.path.slice(outside.path.lastIndexOf('/'))}/secret.xml`,
    '/etc/passwd',
  ]
  const read = places.map((place) => `<xsl:value-of select="document('${place}')"/>`).join('|')
  const { ask, log } = await behind(
    sheet(`<xsl:output method="text"/><xsl:template match="/">${read}</xsl:template>`),
    app('<a/>'),
  )
  expect(String((await ask().response).body)).toBe('||||||')
  expect(log.text).toContain(`http://127.0.0.1:${port}/x is not read: style sheets and documents have no network`)
  expect(log.text).toContain('link.xml cannot be read: the link leads out of')
  outside.remove()
})

test('entities and DTDs that are elsewhere are not there', async () => {
  const document = `<!DOCTYPE a SYSTEM "http://127.0.0.1:${port}/a.dtd" [<!ENTITY n SYSTEM "http://127.0.0.1:${port}/n"><!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:${port}/p">%p;]><a xmlns:xi="http://www.w3.org/2001/XInclude">[&n;&f;]<xi:include href="http://127.0.0.1:${port}/i"/></a>`
  expect(await transformed(sheet(`<xsl:output omit-xml-declaration="yes"/>${IDENTITY}`), document)).toContain(
    '>[]<xi:include',
  )
})

test.each([
  ['<xsl:template match="/">\n<xsl:iff test="1"/></xsl:template>', 'line 3: unknown xsl:iff'],
  [
    '<xsl:template match="/"><xsl:value-of select="a["/></xsl:template>',
    "line 2: could not compile select expression 'a['",
  ],
  ['<xsl:template match="/">', 'line 3: Opening and ending tag mismatch: template line 2 and stylesheet'],
  ['<xsl:include href="none.xsl"/>', 'line 2: none.xsl cannot be read: ENOENT'],
  ['<xsl:include href="http://127.0.0.1:PORT/x.xsl"/>', 'have no network'],
  ['<xsl:include href="../x.xsl"/>', 'it is not below'],
  [
    '<xsl:output encoding="UTF-16"/>',
    'asks for the encoding UTF-16 in xsl:output; there are UTF-8, ISO-8859-1, US-ASCII',
  ],
])('a sheet with %s is refused', async (content, reason) => {
  const made = behind(sheet(content.replace('PORT', String(port))), app('<a/>'))
  await expect(made).rejects.toMatchObject({
    code: 'XSLT_SHEET',
    path: 'use.0.xslt.sheet',
    message: expect.stringContaining(reason),
  })
})

test.each([
  [{ sheet: './none.xsl' }, '.sheet', './none.xsl cannot be read: ENOENT'],
  [{ sheet: './data.xml' }, '.sheet', 'data.xml, line 1: xsltParseStylesheetProcess : document is not a stylesheet'],
  [{ sheet: './data.xml', folder: './none' }, '.folder', './none: ENOENT'],
  [{ sheet: './data.xml', folder: './part' }, '.sheet', './data.xml is not below the folder ./part'],
])('%j is refused, by check too', async (settings, place, reason) => {
  const refusal = { code: 'XSLT_SHEET', path: `use.0.xslt${place}`, message: expect.stringContaining(reason) }
  const context = { directory: folder.path }
  await expect(layered(xslt, settings, app(''), context)).rejects.toMatchObject(refusal)
})

test('a sheet that fails costs that document, and says why', async () => {
  const content = sheet(
    '<xsl:template match="/"><xsl:message>seen</xsl:message><xsl:if test="a/bad"><xsl:message terminate="yes">not this one</xsl:message></xsl:if><ok/></xsl:template>',
  )
  const { ask, log } = await behind(content, (exchange) => app(exchange.variables.QUERY_STRING ?? '')(exchange))
  const { response, errors } = ask({ path: '/?<a><bad/></a>' })
  expect((await response).status).toBe(502)
  expect(errors).toMatchObject([
    { code: 'XSLT_FAILED', blame: 'config', message: expect.stringContaining('not this one') },
  ])
  expect((await ask({ path: '/?<a/>' }).response).status).toBe(200)
  expect(log.text).toContain('seen')
})

/** Does something terrible for documents that are `bad`, and something ordinary for others. */
const TERRIBLE: Readonly<Record<string, string>> = {
  recursion: '<xsl:call-template name="r"/>',
  time: '<xsl:value-of select="count(//x[count(//x[count(//x) > 1]) > 1])"/>',
  memory: '<xsl:call-template name="grow"><xsl:with-param name="s" select="\'xxxxxxxxxxxxxxxx\'"/></xsl:call-template>',
  files: '<xsl:document href="/tmp/sidegate-written">x</xsl:document>',
}
test.each([
  ['recursion', 'XSLT_FAILED', 'it calls itself without end'],
  ['time', 'XSLT_TIMEOUT', 'took more than 0.3 s'],
  ['memory', 'XSLT_FAILED', ''],
  ['files', 'XSLT_FAILED', ''],
])('%s without end: 502, and the next document is transformed', async (what, code, reason) => {
  const content = sheet(
    `<xsl:output method="text"/><xsl:template match="/"><xsl:if test="bad">${TERRIBLE[what]}</xsl:if>ok</xsl:template>` +
      '<xsl:template name="r"><xsl:call-template name="r"/></xsl:template>' +
      '<xsl:template name="grow"><xsl:param name="s"/><xsl:call-template name="grow"><xsl:with-param name="s" select="concat($s, $s)"/></xsl:call-template></xsl:template>',
  )
  const bad = `<bad>${'<x/>'.repeat(3000)}</bad>`
  const answer: App = (exchange) => app(exchange.variables.QUERY_STRING === 'bad' ? bad : '<a/>')(exchange)
  const settings = what === 'time' ? { timeout: 0.3 } : { memory: 64 * 1024 * 1024, timeout: 60 }
  const { ask } = await behind(content, answer, settings)
  const { response, errors } = ask({ path: '/?bad' })
  // It waits for a thread, and has the one that comes after.
  const next = ask().response
  expect((await response).status).toBe(502)
  expect(errors).toMatchObject([{ code, message: expect.stringContaining(reason) }])
  expect(String((await next).body)).toBe('ok')
})

test('documents wait for a thread, and no more than may', async () => {
  const { ask } = await behind(sheet('<xsl:template match="/"><ok/></xsl:template>'), app('<a/>'), { queue: 2 })
  const all = Array.from({ length: 5 }, () => ask())
  const statuses = await Promise.all(all.map(async ({ response }) => (await response).status))
  expect(statuses.toSorted()).toEqual([200, 200, 200, 503, 503])
  expect(all.flatMap(({ errors }) => errors.map(({ code }) => code))).toEqual(['XSLT_BUSY', 'XSLT_BUSY'])
})

test('a client that is gone makes room in the queue', async () => {
  const { ask } = await behind(sheet('<xsl:template match="/"><ok/></xsl:template>'), app('<a/>'), { queue: 1 })
  const first = ask()
  const gone = ask()
  await new Promise((resolve) => setImmediate(resolve))
  gone.hangUp()
  const third = ask()
  expect([(await first.response).status, (await third.response).status, (await gone.response).cut]).toEqual([
    200,
    200,
    true,
  ])
})

/** Threads as they are started, each when it is ready. */
function startedThreads(): { thread: Worker; ready: Promise<unknown> }[] {
  const started: { thread: Worker; ready: Promise<unknown> }[] = []
  const listener = (thread: Worker): void => void started.push({ thread, ready: once(thread, 'message') })
  process.on('worker', listener)
  onTestFinished(() => void process.off('worker', listener))
  return started
}

test('a thread that ends while it has nothing to do costs no document', async () => {
  const started = startedThreads()
  const { ask } = await behind(sheet('<xsl:template match="/"><idle/></xsl:template>'), app('<a/>'))
  await started[0]!.thread.terminate()
  expect((await ask().response).status).toBe(200)
  // Nobody has heard of its end when the document is given to it.
  void started[1]!.thread.terminate()
  expect((await ask().response).status).toBe(200)
  expect(started.length).toBe(3)
})

test('a document with which a second thread is lost is given up', async () => {
  const started = startedThreads()
  const content = sheet(`<!-- lost --><xsl:template match="/">${TERRIBLE.time}</xsl:template>`)
  const { ask } = await behind(content, app(`<bad>${'<x/>'.repeat(3000)}</bad>`), { timeout: 60 })
  const { response, errors } = ask()
  for (const time of [0, 1]) {
    await eventually(() => expect(started.length).toBe(time + 1))
    const { thread, ready } = started[time]!
    await ready
    await thread.terminate()
  }
  expect((await response).status).toBe(500)
  expect(errors).toMatchObject([{ code: 'XSLT_THREAD', message: expect.stringContaining('was lost') }])
})

test('several threads', async () => {
  const { ask } = await behind(PAGE, app('<a><b>1</b></a>'), { threads: 2 })
  const pages = await Promise.all(Array.from({ length: 20 }, async () => String((await ask().response).body)))
  expect(new Set(pages)).toEqual(new Set(['<html>\n<p>nobody</p>1</html>\n']))
})

// RFC 9110 13.1.2.
const conditional: App = (exchange) => {
  const { HTTP_IF_NONE_MATCH: tags = '', QUERY_STRING: type = 'text/xml' } = exchange.variables
  const headers: [string, string][] = [
    ['ETag', '"v1"'],
    ['Content-Type', type || 'text/xml'],
  ]
  if (/"v1"/.test(tags)) {
    exchange.respond({ status: 304, reason: 'Not Modified', headers })
    return exchange.end()
  }
  exchange.respond({ status: 200, reason: 'OK', headers })
  exchange.end('<a/>')
}

test('a client that has the page already is told so, until sheet or parameters change', async () => {
  const one = await behind(PAGE, conditional, { parameters: { who: '${REMOTE_USER}' } })
  const tagOf = ({ header }: TestResponse): string => header('etag')!
  const asked = (tags: string, more: TestRequest = {}): TestRequest => ({ headers: { 'If-None-Match': tags }, ...more })
  const tag = tagOf(await one.ask().response)
  const again = await one.ask(asked(tag)).response
  expect([again.status, tagOf(again)]).toEqual([304, tag])
  expect((await one.ask(asked(`"x", ${tag}`)).response).status).toBe(304)
  expect((await one.ask(asked(tag, { variables: { REMOTE_USER: 'me' } })).response).status).toBe(200)
  const other = await behind(`${PAGE}<!-- changed -->`, conditional)
  expect((await other.ask(asked(tag)).response).status).toBe(200)
  // What is not transformed keeps its tag.
  const image = await one.ask({ path: '/?image/png', headers: { 'If-None-Match': '"v1"' } }).response
  expect([image.status, tagOf(image)]).toEqual([304, '"v1"'])
})

test('what comes from the header of a request is cached for those that have the same', async () => {
  const { ask } = await behind(PAGE, app('<a/>', { Vary: 'Cookie' }), {
    parameters: { who: '${HTTP_ACCEPT_LANGUAGE}' },
  })
  expect((await ask().response).header('vary')).toBe('Cookie, accept-language')
})

test('what is under way when it is closed is over', async () => {
  // It takes minutes.
  const sheetFile = file(sheet(`<xsl:template match="/">${TERRIBLE.time}</xsl:template>`))
  const long = app(`<bad>${'<x/>'.repeat(3000)}</bad>`)
  const { ask, layer } = await layered(xslt, { sheet: sheetFile, timeout: 60 }, long, { directory: folder.path })
  const all = [ask(), ask()]
  await new Promise((resolve) => setImmediate(resolve))
  await layer.close!()
  expect(await Promise.all(all.map(async ({ response }) => (await response).status))).toEqual([500, 500])
  expect(all.map(({ errors: [error] }) => error?.code)).toEqual(['XSLT_THREAD', 'XSLT_THREAD'])
  await layer.close!()
})

test('check starts nothing that stays', async () => {
  const { layer } = await behind(PAGE, app('<a/>'))
  expect(await layer.check!()).toBe(undefined)
})

test('an older Node.js is told of', async () => {
  const engine = (globalThis as unknown as { WebAssembly: object }).WebAssembly
  const suspending = Object.getOwnPropertyDescriptor(engine, 'Suspending')!
  Reflect.deleteProperty(engine, 'Suspending')
  try {
    const made = layered(xslt, { sheet: './name.xsl' }, app('<a/>'), { directory: folder.path })
    await expect(made).rejects.toMatchObject({ code: 'XSLT_NODE', message: expect.stringContaining('Node.js 24') })
  } finally {
    Object.defineProperty(engine, 'Suspending', suspending)
  }
})

test('nobody was connected to by all this', () => {
  expect(connections).toBe(0)
})
