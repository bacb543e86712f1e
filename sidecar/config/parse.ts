// JSON and YAML text → a value, with the line of each part. JSON must be JSON: it is read by JSON.parse, and by the YAML parser (JSON
// is YAML) only for the lines and for keys that come twice.
import type { ConfigPath, Problem } from './problem.ts'
import { yamlMessage } from './yaml-words.ts'

/** Text that was read. */
export interface Parsed {
  readonly data: unknown
  readonly problems: Problem[]
  /** The line of a place, or of the nearest one around it; the first is 1. */
  line(path: ConfigPath): number | undefined
}

/** Reads the text of a configuration; `file` is its name in messages. */
export async function parseConfig(text: string, format: 'json' | 'yaml', file: string): Promise<Parsed> {
  const { parseDocument, LineCounter, isNode, isMap, isScalar } = await import('yaml')
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
  if (format === 'json') {
    const why = jsonError(text)
    if (why !== undefined) {
      // Where the YAML parser is content (a comma too many), JSON.parse tells the position in its message.
      const at = /position ([0-9]+)/.exec(why)?.[1]
      const line = at === undefined ? undefined : text.slice(0, Number(at)).split('\n').length
      const place = line === undefined ? file : `${file}:${line}`
      return {
        data: undefined,
        problems: [{ code: 'CONFIG_SYNTAX', path: '', message: why, place }],
        line: () => undefined,
      }
    }
  }

  const line = (path: ConfigPath): number | undefined => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
      // The line of the key says more than that of the value, which may begin below it.
      const parent: unknown = depth < 2 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
      const pair =
        depth > 0 && isMap(parent)
          ? parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === path[depth - 1])
          : undefined
      const range = pair && isNode(pair.key) ? pair.key.range : isNode(node) ? node.range : undefined
      if (range) return lineCounter.linePos(range[0]).line
    }
    return undefined
  }
  if (problems.length > 0) return { data: undefined, problems, line }
  try {
    return { data: document.toJS({ maxAliasCount: 100 }) as unknown, problems, line }
  } catch (error) {
    // Aliases: too many of them, or to nothing.
    const message = (error as Error).message
    return { data: undefined, problems: [{ code: 'CONFIG_SYNTAX', path: '', message, place: file }], line }
  }
}

function jsonError(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
