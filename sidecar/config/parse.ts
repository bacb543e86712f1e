// JSON and YAML text → a value, with the line of each part. JSON must be JSON: it is read by JSON.parse, and by the YAML parser (JSON
// is YAML) only for the lines and for keys that come twice.
import type { Pair, YAMLMap } from 'yaml'
import type { ConfigPath, Problem } from '../problem.ts'
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
  const { parseDocument, LineCounter, isNode, isMap, isScalar, isSeq } = await import('yaml')
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

  // Thousands of mounts may be wrong, and each is looked up: a map's own way to find a key is to go through all of them.
  const indexes = new Map<YAMLMap, ReadonlyMap<string, Pair>>()
  const pairOf = (map: YAMLMap, key: string): Pair | undefined => {
    let index = indexes.get(map)
    if (!index) {
      index = new Map(map.items.map((pair) => [String(isScalar(pair.key) ? pair.key.value : pair.key), pair]))
      indexes.set(map, index)
    }
    return index.get(key)
  }
  const line = (path: ConfigPath): number | undefined => {
    let node: unknown = document.contents
    let range = isNode(node) ? node.range : undefined
    for (const key of path) {
      const pair = isMap(node) ? pairOf(node, String(key)) : undefined
      node = isSeq(node) ? node.items[Number(key)] : pair?.value
      // The line of the key says more than that of the value, which may begin below it.
      range = (isNode(pair?.key) ? pair.key.range : isNode(node) ? node.range : undefined) ?? range
    }
    return range ? lineCounter.linePos(range[0]).line : undefined
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
