// JSON and YAML text → a value, with the line of each part. JSON must be JSON: it is read by JSON.parse, and by the YAML parser (JSON
// is YAML) only for the lines and for keys that come twice.
import type { Problem } from '../problem.ts'
import { jsonFault, lineOf, type LineOf } from '../text-lines.ts'
import { yamlMessage } from './yaml-words.ts'

/** Text that was read. */
export interface Parsed {
  readonly data: unknown
  readonly problems: Problem[]
  readonly line: LineOf
}

/** Reads the text of a configuration; `file` is its name in messages. */
export async function parseConfig(text: string, format: 'json' | 'yaml', file: string): Promise<Parsed> {
  const { parseDocument, LineCounter } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, uniqueKeys: false })
  document.errors.push(...(await import('./duplicate-keys.ts')).duplicateKeys(document))
  // The first of a line: what follows from it there is no news.
  const lines = new Map<number, string>()
  for (const error of document.errors) {
    const { line: at } = lineCounter.linePos(error.pos[0])
    if (!lines.has(at)) lines.set(at, yamlMessage(error))
  }
  const problems: Problem[] = [...lines].map(([at, message]) => ({
    code: 'CONFIG_SYNTAX',
    path: '',
    message,
    place: `${file}:${at}`,
  }))
  // The YAML parser is content with some that is no JSON, such as a comma too many.
  const fault = format === 'json' ? jsonFault(text) : undefined
  if (fault) {
    const place = fault.line === undefined ? file : `${file}:${fault.line}`
    return {
      data: undefined,
      problems: [{ code: 'CONFIG_SYNTAX', path: '', message: fault.message, place }],
      line: () => undefined,
    }
  }
  const line = await lineOf(document, lineCounter)
  if (problems.length > 0) return { data: undefined, problems, line }
  try {
    return { data: document.toJS({ maxAliasCount: 100 }) as unknown, problems, line }
  } catch (error) {
    // Aliases: too many of them, or to nothing.
    const message = (error as Error).message
    return { data: undefined, problems: [{ code: 'CONFIG_SYNTAX', path: '', message, place: file }], line }
  }
}
