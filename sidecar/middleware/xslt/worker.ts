// The thread in which documents are transformed. What goes on there may take for ever, run out of its stack or its memory: then the thread is
// ended from outside, and another one takes its place.
import { parentPort, workerData } from 'node:worker_threads'
import { readable, written } from './encodings.ts'
import { boundMemory, hear, Said, serve } from './guards.ts'
import type { Answer, Failed, Job, SheetOutput, ThreadSettings } from './messages.ts'
import { addressOf, Folder } from './sheet-files.ts'

/** Says what a sheet has in its xsl:output, an attribute in each line. */
const OUTPUT = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/><xsl:template
match="/"><xsl:for-each select="*/xsl:output/@*"><xsl:value-of select="concat(local-name(), '=', normalize-space(.), '&#10;')"/></xsl:for-each></xsl:template></xsl:stylesheet>`

const { sheet: path, folder: root, files: known, memory } = workerData as ThreadSettings
const said = new Said()
const folder = new Folder(root, known, (line) => said.push(`${line}\n`))
boundMemory(memory)
hear(said)
serve((url) => folder.read(url))
const processor = await import('./processor.ts')

function tell(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(answer, transfer)
}

function failed(at: Failed['at'], error?: unknown): void {
  if (error !== undefined) said.push(`${wordsOf(error)}\n`)
  const lines = said.take()
  const broken = error !== undefined || lines.some((line) => /memory allocation|out of memory/i.test(line))
  tell({ type: 'failed', at, said: lines, broken })
}

function wordsOf(error: unknown): string {
  if (error instanceof processor.OutOfMemory) return 'there is no memory left for it'
  // A stack that is full, or something that the processor has not, such as files that are written.
  const { message } = error as Error
  return error instanceof RangeError
    ? `it calls itself without end (${message})`
    : `the processor broke down (${message})`
}

/** What is known of the output of a sheet and of those that it includes: what stands first counts, and the sheet itself is first. */
async function outputOf(files: readonly Uint8Array[]): Promise<SheetOutput> {
  const found: Record<string, string> = {}
  const reader = await processor.compile(await processor.parse(Buffer.from(OUTPUT), undefined, undefined))
  for (const file of files) {
    const tree = await processor.parse(file, undefined, undefined)
    if (tree === 0) continue
    const bytes = await processor.apply(reader, tree)
    processor.free(tree)
    // Within one sheet the last counts (XSLT 1.0, 16).
    const pairs = Buffer.from(bytes ?? [])
      .toString()
      .split('\n')
      .filter(Boolean)
    const own = Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    )
    for (const name in own) found[name] ??= own[name]!
  }
  processor.freeSheet(reader)
  return { method: found.method, mediaType: found['media-type'], encoding: found.encoding }
}

async function load(): Promise<number> {
  let bytes: Uint8Array
  try {
    bytes = folder.file(path)
  } catch (error) {
    said.push(`it cannot be read: ${(error as Error).message}\n`)
    return 0
  }
  const tree = await processor.parse(bytes, addressOf(path, root), undefined)
  return tree === 0 ? 0 : processor.compile(tree)
}

let at: Failed['at'] = 'sheet'

async function transform(sheet: number, output: SheetOutput, { document, charset, parameters }: Job): Promise<void> {
  at = 'document'
  let source
  try {
    source = readable(document, charset)
  } catch (error) {
    said.push(`its encoding: ${(error as Error).message}\n`)
    return failed(at)
  }
  const tree = await processor.parse(source.bytes, undefined, source.encoding)
  if (tree === 0) return failed(at)
  at = 'transformation'
  folder.reads = false
  const result = await processor.apply(sheet, tree, parameters)
  processor.free(tree)
  if (!result) return failed(at)
  const html = output.method === 'html' || (output.method === undefined && isHtml(result))
  // A copy that is nobody else's can be handed over.
  const bytes = new Uint8Array(written(result, output.encoding, output.method === 'text'))
  tell({ type: 'transformed', result: bytes, html, reads: folder.reads, said: said.take() }, [
    bytes.buffer as ArrayBuffer,
  ])
}

/** XSLT 1.0, 16: a result whose first element is `html` in no namespace is HTML unless the sheet says something else. */
function isHtml(result: Uint8Array): boolean {
  const start = Buffer.from(result.subarray(0, 1000)).toString('latin1')
  return /^\s*(?:<!DOCTYPE[^>]*>\s*)?<html(?:\s(?![^>]*\sxmlns=)[^>]*)?>/i.test(start)
}

const sheet = await load().catch((error: unknown) => void said.push(`${wordsOf(error)}\n`))
const lines = said.take()
// Some errors the processor tells of, and goes on: an element that there is not.
if (sheet && !lines.some((line) => line.startsWith('compilation error'))) {
  folder.keeps = false
  const files = { ...folder.files }
  const output = await outputOf(Object.values(files))
  said.take()
  parentPort!.on(
    'message',
    (job: Job) => void transform(sheet, output, job).catch((error: unknown) => failed(at, error)),
  )
  tell({ type: 'ready', output, files, said: lines })
} else tell({ type: 'failed', at: 'sheet', said: lines, broken: true })
