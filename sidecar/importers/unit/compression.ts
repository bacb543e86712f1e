// `settings.http.compression` → the layer `compress`.
import type { ConfigPath } from '../../problem.ts'
import type { Group } from './group.ts'
import type { Told } from './told.ts'

/** Codings of both, and their levels here. */
const LEVELS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  zstd: [1, 19],
  br: [0, 11],
  gzip: [1, 9],
}

/** `text/html`, `text/*`, `*+json`. */
const TYPE = /^(?:[\w.+-]+\/(?:[\w.+-]+|\*)|\*\+[\w.-]+)$/

/** @param to of the layer. Undefined: nothing of it is known here */
export function compressionLayer(compression: Group, told: Told, to: ConfigPath): Group | undefined {
  const path = ['settings', 'http', 'compression']
  const at = (...keys: (string | number)[]): ConfigPath => [...path, 'compressors', ...keys]
  const isList = Array.isArray(compression.compressors)
  const codings: string[] = []
  const levels: Record<string, number> = {}
  let minSize = Infinity
  for (const [index, one] of ([compression.compressors ?? []].flat() as Group[]).entries()) {
    const own = isList ? at(index) : at()
    const coding = String(one.encoding)
    const range = LEVELS[coding]
    if (!range) {
      told.left([...own, 'encoding'], `codings are ${Object.keys(LEVELS).join(', ')}`)
      continue
    }
    codings.push(coding)
    told.carried([...own, 'encoding'], [...to, 'codings'])
    if (typeof one.level === 'number') {
      const [least, most] = range
      if (one.level >= least && one.level <= most) {
        levels[coding] = one.level
        told.carried([...own, 'level'], [...to, coding])
      } else told.left([...own, 'level'], `it is from ${least} to ${most}`)
    }
    minSize = Math.min(minSize, typeof one.min_length === 'number' ? one.min_length : 0)
    if (one.min_length !== undefined)
      told.changed([...own, 'min_length'], [...to, 'minSize'], 'the least of all codings counts for each')
  }
  if (codings.length === 0) return undefined
  return { codings, ...typesOf(compression.types, [...path, 'types'], told, to), minSize, ...levels }
}

function typesOf(given: unknown, path: ConfigPath, told: Told, to: ConfigPath): { types?: readonly string[] } {
  if (given === undefined) return {}
  const types = [given].flat().map(String)
  const other = types.find((type) => !TYPE.test(type))
  if (other !== undefined) {
    told.left(path, `${other} is none of type/subtype, type/* and *+suffix: those of text are compressed`)
    return {}
  }
  told.carried(path, [...to, 'types'])
  return { types }
}
