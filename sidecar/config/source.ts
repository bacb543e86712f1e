// A configuration as it was read: the value, and where each part of it stands.
import { formatPath, type ConfigPath, type Problem } from '../problem.ts'

/** A configuration before it is checked. */
export interface ConfigSource {
  /** The file as it is named in messages; undefined: the command line. */
  readonly file: string | undefined
  /** Where it is a file of another server: the option that names it, without the dashes, and whether there are words for its importer. */
  readonly foreign?: { readonly option: string; readonly hasWords: boolean } | undefined
  /** Absolute; relative paths in the settings start here. */
  readonly directory: string
  readonly data: unknown
  /** Places whose text came from the environment (expand.ts). */
  readonly expanded: ReadonlySet<string>
  /** Problems found while it was read. */
  readonly problems: readonly Problem[]
  /** `FILE:LINE` for a place, or the nearest one around it; undefined when there is no file. */
  place(path: ConfigPath): string | undefined
}

/** A configuration that came from the command line alone. */
export function fromCommandLine(data: unknown, directory: string): ConfigSource {
  return { file: undefined, directory, data, expanded: new Set(), problems: [], place: () => undefined }
}

/** The source with some of its top-level settings replaced, as options of the command line do. */
export function withOverrides(source: ConfigSource, overrides: Readonly<Record<string, unknown>>): ConfigSource {
  if (Object.keys(overrides).length === 0) return source
  const { data } = source
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return source
  const merged: Record<string, unknown> = { ...data }
  for (const [key, value] of Object.entries(overrides)) {
    const before = merged[key]
    const both = isPlain(before) && isPlain(value)
    merged[key] = both ? { ...before, ...value } : value
  }
  const replaced = (path: ConfigPath): boolean => {
    const [key, inner] = path
    if (key === undefined || !Object.hasOwn(overrides, key)) return false
    const value = overrides[key]
    return !isPlain(value) || inner === undefined || Object.hasOwn(value, inner)
  }
  return {
    ...source,
    data: merged,
    expanded: new Set([...source.expanded].filter((path) => !Object.hasOwn(overrides, path.split('.')[0]!))),
    place: (path) => (replaced(path) ? 'command line' : source.place(path)),
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A problem of a source, with its place. */
export function problemAt(source: ConfigSource, code: string, path: ConfigPath, message: string): Problem {
  return { code, path: formatPath(path), message, place: source.place(path) }
}
