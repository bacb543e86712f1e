// Where the parts of a text in JSON or YAML stand. JSON is YAML, whose parser tells lines.
import type { Document, LineCounter, Pair, YAMLMap } from 'yaml'
import type { ConfigPath } from './problem.ts'

/** Gives the line of a place, or of the nearest one around it; the first is 1. */
export type LineOf = (path: ConfigPath) => number | undefined

/** @param lineCounter has counted the lines of the document */
export async function lineOf({ contents }: Document, lineCounter: LineCounter): Promise<LineOf> {
  const { isNode, isMap, isScalar, isSeq } = await import('yaml')
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
  return (path) => {
    let node: unknown = contents
    let range = isNode(node) ? node.range : undefined
    for (const key of path) {
      const pair = isMap(node) ? pairOf(node, String(key)) : undefined
      node = isSeq(node) ? node.items[Number(key)] : pair?.value
      // The line of the key says more than that of the value, which may begin below it.
      range = (isNode(pair?.key) ? pair.key.range : isNode(node) ? node.range : undefined) ?? range
    }
    return range ? lineCounter.linePos(range[0]).line : undefined
  }
}

/** What JSON.parse has against a text, and in which line, where its message tells; undefined: nothing. */
export function jsonFault(text: string): { readonly message: string; readonly line: number | undefined } | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const { message } = error as Error
    const at = /position ([0-9]+)/.exec(message)?.[1]
    return { message, line: at === undefined ? undefined : text.slice(0, Number(at)).split('\n').length }
  }
}
