// Problems that were found after the configuration was read, such as a file that is not there: which line of the file they belong to.
import type { ConfigPath, Problem } from '../problem.ts'
import type { ConfigSource } from './source.ts'

/** The problem with its place, when it has none and its path leads to one. */
export function locate(problem: Problem, source: ConfigSource): Problem {
  if (problem.place !== undefined || problem.path === '') return problem
  const path = split(problem.path, source.data)
  return path ? { ...problem, place: source.place(path) } : problem
}

/** `mounts./shop.venv` → its keys. The keys of mounts may hold dots themselves: the one that is there counts. */
function split(text: string, data: unknown): ConfigPath | undefined {
  const [top = '', ...rest] = text.split('.')
  const group = (data as Record<string, unknown> | null | undefined)?.[top]
  if (group === undefined || group === null) return undefined
  if (top !== 'mounts') return [top, ...rest.map((key) => (/^[0-9]+$/.test(key) ? Number(key) : key))]
  for (let end = rest.length; end > 0; end--) {
    const key = rest.slice(0, end).join('.')
    if (Object.hasOwn(group as object, key)) return [top, key, ...rest.slice(end)]
  }
  return [top]
}
