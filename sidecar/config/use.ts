// `use`: the layers in front of the gateway or of a mount, in their order. An entry is the name of a built-in one or the file of another, or a
// group with that as its one key.
import { layers } from '../middleware/index.ts'
import type { MiddlewareKind } from '../middleware/middleware.ts'
import { isLayerFile, ownLayer } from '../middleware/own/kind.ts'
import { nearest } from '../nearest.ts'
import type { ConfigPath, Problem } from '../problem.ts'
import { check } from './check.ts'
import { problemAt, type ConfigSource } from './source.ts'

/** A layer with its settings, defaults filled in. */
export interface LayerEntry {
  readonly kind: MiddlewareKind
  readonly settings: Readonly<Record<string, unknown>>
  /** Its place in the configuration. */
  readonly path: string
}

/** The layers of a list, and what is wrong with it. */
export interface CheckedUse {
  readonly value: readonly LayerEntry[]
  readonly problems: readonly Problem[]
}

/** @param use as written; undefined: no layers */
export function checkUse(use: unknown, path: ConfigPath, source: ConfigSource): CheckedUse {
  if (use === undefined) return { value: [], problems: [] }
  if (!Array.isArray(use)) {
    const message = 'must be a list of layers, such as ["request-id"]'
    return { value: [], problems: [problemAt(source, 'CONFIG_VALUE', path, message)] }
  }
  const value: LayerEntry[] = []
  const problems: Problem[] = []
  use.forEach((entry: unknown, index) => {
    const place = [...path, index]
    const taken = takeApart(entry)
    const kind = typeof taken === 'string' ? undefined : kindCalled(taken.name)
    if (typeof taken === 'string' || !kind) {
      const message = typeof taken === 'string' ? taken : unknownLayer(taken.name)
      problems.push(problemAt(source, 'LAYER_UNKNOWN', place, message))
      return
    }
    const at = typeof entry === 'string' ? place : [...place, taken.name]
    const checked = check(kind.settings, inFull(taken.settings, kind), at, source)
    problems.push(...checked.problems)
    if (checked.value) value.push({ kind, settings: checked.value as Record<string, unknown>, path: at.join('.') })
  })
  return { value, problems }
}

/** A built-in layer, or one in a file. */
function kindCalled(name: string): MiddlewareKind | undefined {
  const kinds: readonly MiddlewareKind[] = layers
  return isLayerFile(name) ? (ownLayer(name) as unknown as MiddlewareKind) : kinds.find((kind) => kind.name === name)
}

/** What an entry names and what it sets; words for one that does neither. */
function takeApart(entry: unknown): { name: string; settings: unknown } | string {
  if (typeof entry === 'string') return { name: entry, settings: {} }
  const keys = typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? Object.keys(entry) : []
  if (keys.length !== 1)
    return 'is a layer: its name, or a group with its name as the one key, such as { "request-id": {} }'
  return { name: keys[0]!, settings: (entry as Record<string, unknown>)[keys[0]!] }
}

function inFull(settings: unknown, { short }: MiddlewareKind): unknown {
  const group = typeof settings === 'object' && settings !== null && !Array.isArray(settings)
  return group || short === undefined ? settings : { [short]: settings }
}

function unknownLayer(name: string): string {
  const names = layers.map((kind) => kind.name)
  const near = nearest(name, names)
  return `there is no layer called ${name === '' ? '""' : name}; ${near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`}`
}
