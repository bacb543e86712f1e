// What the processor says of a document or a sheet, in lines for a terminal, put into one sentence.
import { addressedName } from './sheet-files.ts'

/** Longest sentence. */
const MAX = 400

/** `compilation error: file http://sheet.invalid/s.xsl line 4 element if`; what is wrong stands in the next line. */
const IN_SHEET = /^(?:compilation|runtime) error:? file (\S+) line (\d+)/
/** `Entity: line 2: parser error : …` of a document, `http://sheet.invalid/s.xsl:3: parser error : …` of a sheet. */
const IN_SOURCE = /^(?:(\S+):(\d+)|Entity: line (\d+)): \w+ (?:error|warning) : (.*)$/
/** Says what another line says better. */
const ECHO = /^error: fetchExternalEntity\(\)/
/** Why a file was not to be had. */
const NOT_READ = / (?:is not|cannot be) read: /

/** Lines without those that say nothing. */
export function meant(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.trim() !== '' && !ECHO.test(line))
}

/**
 * `line 3, column 17: Opening and ending tag mismatch: b line 3 and a`, `s.xsl, line 4: unknown xsl:iff`.
 * @param lines as the processor wrote them: a message, then maybe a piece of the source, then a `^` below the place in it
 * @param otherwise when nothing of use was said
 * @param source of the document, for the column
 */
export function complaint(lines: readonly string[], otherwise: string, source?: Uint8Array): string {
  const said = meant(lines)
  return (inSheet(said) ?? inSource(said, source) ?? plain(source ? said[0] : said.at(-1)) ?? otherwise).slice(0, MAX)
}

function inSheet(said: readonly string[]): string | undefined {
  const at = said.findIndex((line) => IN_SHEET.test(line))
  if (at < 0) return undefined
  const [, file = '', line] = IN_SHEET.exec(said[at]!)!
  const words = said.find((one) => NOT_READ.test(one)) ?? said[at + 1] ?? said[0]!
  return `${addressedName(file)}, line ${line}: ${words.replace(/^[\w:-]+ ?: (?=unknown|unable|could)/, '')}`
}

function inSource(said: readonly string[], source: Uint8Array | undefined): string | undefined {
  const at = said.findIndex((line) => IN_SOURCE.test(line))
  if (at < 0) return undefined
  const [, file, inFile, inDocument, words] = IN_SOURCE.exec(said[at]!)!
  const line = Number(inFile ?? inDocument)
  const column = source && columnOf(said, at, line, source)
  const where = [file && addressedName(file), `line ${line}`, column && `column ${column}`].filter(Boolean).join(', ')
  return `${where}: ${words}`
}

/** Of a document what is said first counts; a sheet may have said this and that before it failed. */
function plain(line: string | undefined): string | undefined {
  const words = line?.replace(/^(?:I\/O|XPath) error : /, '')
  return words === 'runtime error' ? undefined : words
}

/** Of a long line the processor shows a piece: its place in the line is looked up. */
function columnOf(said: readonly string[], at: number, line: number, source: Uint8Array): number | undefined {
  const [, piece, mark] = said.slice(at, at + 3)
  if (piece === undefined || mark === undefined || !/^\s*\^\s*$/.test(mark)) return undefined
  const start = lineOf(source, line).indexOf(piece)
  return start < 0 ? undefined : start + mark.indexOf('^') + 1
}

/** A line of a document, from 1 on. */
function lineOf(source: Uint8Array, line: number): string {
  let start = 0
  for (let before = line - 1; before > 0; before--) start = source.indexOf(10, start) + 1
  const end = source.indexOf(10, start)
  return Buffer.from(source.subarray(start, end < 0 ? undefined : end)).toString()
}
