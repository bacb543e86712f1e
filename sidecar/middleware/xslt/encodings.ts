// The encodings of documents and results. The processor reads few, and writes UTF-8.

/** What it reads by itself, in lower case. */
const READ: ReadonlySet<string> = new Set([
  'utf-8',
  'utf8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'iso-8859-1',
  'us-ascii',
  'ascii',
])

/** A document for the processor. */
export interface Encoded {
  readonly bytes: Uint8Array
  /** What counts in the place of its own declaration; undefined: that counts. */
  readonly encoding: string | undefined
}

/**
 * A document with the encoding that counts (RFC 7303 3): a byte order mark, else the charset of Content-Type, else its own declaration.
 * @throws {RangeError} for an encoding that nobody knows, {TypeError} for bytes that are not in it
 */
export function readable(bytes: Uint8Array, charset: string | undefined): Encoded {
  if (hasMark(bytes)) return { bytes, encoding: undefined }
  const name = (charset ?? declared(bytes))?.toLowerCase()
  if (name === undefined) return { bytes, encoding: undefined }
  if (READ.has(name)) return { bytes, encoding: charset === undefined ? undefined : name }
  const text = new TextDecoder(name, { fatal: true }).decode(bytes)
  return { bytes: Buffer.from(text), encoding: 'utf-8' }
}

function hasMark(bytes: Uint8Array): boolean {
  const [a, b, c] = bytes
  return (a === 0xef && b === 0xbb && c === 0xbf) || (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe)
}

/** The encoding of the XML declaration (XML 1.0, 4.3.3). */
function declared(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  return /^<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.-]+)["']/.exec(start)?.[1]
}

/** The encodings that a sheet may write, by their names in xsl:output in lower case: the last character that each has. */
const WRITTEN: Readonly<Record<string, number>> = { 'utf-8': 0x10_ffff, 'iso-8859-1': 0xff, 'us-ascii': 0x7f }

/** Names of the encodings that a sheet may write. */
export const WRITABLE: readonly string[] = Object.keys(WRITTEN).map((name) => name.toUpperCase())

/** Whether a sheet may write it. */
export function isWritable(encoding: string): boolean {
  return Object.hasOwn(WRITTEN, encoding.toLowerCase())
}

/**
 * UTF-8 in the encoding that the sheet asks for. What that does not have becomes a character reference, as in XML and HTML it may.
 * @param plain the result is text: there a question mark takes its place
 */
export function written(utf8: Uint8Array, encoding: string | undefined, plain: boolean): Uint8Array {
  const last = WRITTEN[encoding?.toLowerCase() ?? 'utf-8']!
  if (last > 0xff) return utf8
  const text = Buffer.from(utf8).toString()
  const pattern = last === 0xff ? /[^\0-\xff]/gu : /[^\0-\x7f]/gu
  return Buffer.from(
    text.replace(pattern, (character) => (plain ? '?' : `&#${character.codePointAt(0)};`)),
    'latin1',
  )
}
