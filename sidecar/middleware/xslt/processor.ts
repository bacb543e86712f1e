// libxslt in WebAssembly, as far as it is needed here: bytes in, bytes out. Loaded in a thread of its own, behind its guards (guards.ts).
// Whatever is thrown from inside leaves it unusable.
import { registerAll } from 'libxslt-wasm/exslt'
import { libxslt } from 'libxslt-wasm/internal/module'

const { xmlParserOption: option } = libxslt

/** As xsltproc has it, but for what is outside: entities of the document itself are filled in, and their growth is bounded; no DTD is loaded. */
const PARSING = option.NOENT.value | option.NO_XXE.value | option.NONET.value | option.NOCDATA.value

/** No memory is left, and nothing can be freed but all. */
export class OutOfMemory extends Error {}

registerAll()

/** A tree in the memory of the processor; whoever has it frees it. */
export type Tree = number
/** A style sheet. */
export type Sheet = number

/** @returns 0 when it is not well-formed */
export async function parse(bytes: Uint8Array, url: string | undefined, encoding: string | undefined): Promise<Tree> {
  const at = put(bytes)
  const name = url === undefined ? 0 : text(url)
  const charset = encoding === undefined ? 0 : text(encoding)
  const tree = await libxslt._xmlReadMemory(at, bytes.byteLength, name, charset, PARSING)
  for (const pointer of [at, name, charset]) libxslt._free(pointer)
  return tree
}

/** Makes a sheet of a tree, which it has from then on. @returns 0 when it is none */
export async function compile(tree: Tree): Promise<Sheet> {
  const sheet = await libxslt._xsltParseStylesheetDoc(tree)
  if (sheet === 0) libxslt._xmlFreeDoc(tree)
  return sheet
}

/**
 * @param parameters XPath expressions by name
 * @returns undefined when the sheet fails
 */
export async function apply(
  sheet: Sheet,
  tree: Tree,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Uint8Array | undefined> {
  const strings = Object.entries(parameters).flat().map(text)
  const list = list0(strings)
  const result = await libxslt._xsltApplyStylesheet(sheet, tree, list)
  for (const pointer of [...strings, list]) libxslt._free(pointer)
  if (result === 0) return undefined
  const bytes = written(result, sheet)
  libxslt._xmlFreeDoc(result)
  return bytes
}

/** Frees a tree. */
export function free(tree: Tree): void {
  libxslt._xmlFreeDoc(tree)
}

/** Frees a sheet. */
export function freeSheet(sheet: Sheet): void {
  libxslt._xsltFreeStylesheet(sheet)
}

function written(result: Tree, sheet: Sheet): Uint8Array | undefined {
  // 0: no encoder. What the sheet says of encodings is done later: this buffer is UTF-8 in any case.
  const buffer = libxslt._xmlAllocOutputBuffer(0)
  if (buffer === 0) throw new OutOfMemory()
  const size = libxslt._xsltSaveResultTo(buffer, result, sheet)
  const from = libxslt._xmlOutputBufferGetContent(buffer)
  const bytes = size < 0 ? undefined : libxslt.HEAPU8.slice(from, from + libxslt._xmlOutputBufferGetSize(buffer))
  libxslt._xmlOutputBufferClose(buffer)
  return bytes
}

function put(bytes: Uint8Array): number {
  const at = libxslt._malloc(Math.max(bytes.byteLength, 1))
  if (at === 0) throw new OutOfMemory()
  // Asked for anew each time: it is another view when the memory has grown.
  libxslt.HEAPU8.set(bytes, at)
  return at
}

function text(string: string): number {
  return put(Buffer.from(`${string}\0`))
}

/** A list of pointers that ends with a zero. */
function list0(pointers: readonly number[]): number {
  if (pointers.length === 0) return 0
  return put(new Uint8Array(Uint32Array.from([...pointers, 0]).buffer))
}
