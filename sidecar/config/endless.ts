// A configuration that contains itself: by an alias of YAML, or by a reference in a module. Whoever walks through it would never end.
import { formatPath, type ConfigPath, type Problem } from '../problem.ts'

/** Deeper than any configuration is. */
const DEPTH_MAX = 100

/** What is wrong with a value that contains itself, or is nested without reason; undefined: nothing. */
export function endless(data: unknown): Problem | undefined {
  const around = new Set<unknown>()
  const walk = (value: unknown, path: ConfigPath): Problem | undefined => {
    if (value === null || typeof value !== 'object') return undefined
    const message = around.has(value) ? 'this contains itself' : 'this is nested too deep'
    if (around.has(value) || path.length > DEPTH_MAX) {
      return { code: 'CONFIG_VALUE', path: formatPath(path.slice(0, 10)), message }
    }
    around.add(value)
    for (const [key, inside] of Object.entries(value)) {
      const found = walk(inside, [...path, key])
      if (found) return found
    }
    around.delete(value)
    return undefined
  }
  return walk(data, [])
}
