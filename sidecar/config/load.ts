// Finds and reads a configuration file. TypeScript and JavaScript are loaded by Node.js itself, the default export counts; JSON and
// YAML are read as text and get their ${VARIABLES}.
import { existsSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../errors.ts'
import { moduleFault } from '../module-fault.ts'
import { endless } from './endless.ts'
import { expandVariables } from './expand.ts'
import { parseConfig } from './parse.ts'
import type { Problem } from '../problem.ts'
import type { ConfigSource } from './source.ts'
import { demandFile, readTextFile } from '../text-file.ts'

/** The names that are looked for, in this order. */
export const CONFIG_NAMES: readonly string[] = ['ts', 'mts', 'js', 'mjs', 'json', 'yaml', 'yml'].map(
  (extension) => `sidegate.config.${extension}`,
)

/** How long a configuration module may take to load, in milliseconds: a top-level await that never settles must not hang the start. */
const LOAD_TIMEOUT = 10_000

/**
 * The configuration file of a folder.
 * @returns its absolute path, or undefined when there is none.
 * @throws {ConfigError} CONFIG_TWICE when there are several: none of them is taken silently.
 */
export function findConfig(directory: string): string | undefined {
  const found = CONFIG_NAMES.filter((name) => existsSync(join(directory, name)))
  if (found.length > 1) {
    throw new ConfigError(
      'CONFIG_TWICE',
      '',
      `there are ${found.join(' and ')}: keep one, or choose with --config FILE`,
    )
  }
  return found[0] === undefined ? undefined : join(directory, found[0])
}

/**
 * Reads a configuration file; problems of its text are in the result.
 * @param file absolute, or relative to `directory`
 * @throws {ConfigError} CONFIG_MISSING, CONFIG_FORMAT, CONFIG_SYNTAX (no UTF-8), CONFIG_RAISED, CONFIG_EXPORT, CONFIG_LATE
 */
export async function loadConfig(
  file: string,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConfigSource> {
  const absolute = resolve(directory, file)
  const shown = shortest(absolute, directory)
  const extension = extname(absolute)
  const isModule = /^\.[cm]?[jt]s$/.test(extension)
  if (!isModule && !['.json', '.yaml', '.yml'].includes(extension)) {
    const message = `a configuration is .ts, .mts, .js, .mjs, .json, .yaml or .yml; this is ${basename(absolute)}`
    throw new ConfigError('CONFIG_FORMAT', shown, message)
  }
  if (isModule) {
    await demandFile(absolute, shown, 'CONFIG_MISSING')
    const data = await importConfig(absolute, shown)
    const problem = endless(data)
    return {
      file: shown,
      directory: dirname(absolute),
      data: problem ? undefined : data,
      expanded: new Set(),
      problems: problem ? [{ ...problem, place: shown }] : [],
      place: () => shown,
    }
  }
  const text = await readTextFile(absolute, shown, { missing: 'CONFIG_MISSING', syntax: 'CONFIG_SYNTAX' })
  const parsed = await parseConfig(text, extension === '.json' ? 'json' : 'yaml', shown)
  const place = (path: readonly (string | number)[]): string => {
    const line = parsed.line(path)
    return line === undefined ? shown : `${shown}:${line}`
  }
  const problem = endless(parsed.data)
  if (problem) parsed.problems.push({ ...problem, place: place(problem.path.split('.')) })
  const { data, places, problems } = expandVariables(problem ? undefined : parsed.data, environment)
  const located: Problem[] = problems.map(({ path, problem }) => ({ ...problem, place: place(path) }))
  return {
    file: shown,
    directory: dirname(absolute),
    data,
    expanded: places,
    problems: [...parsed.problems, ...located],
    place,
  }
}

async function importConfig(absolute: string, shown: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `it did not finish loading within ${LOAD_TIMEOUT / 1000} s: does a top-level await never settle?`
    timer = setTimeout(() => reject(new ConfigError('CONFIG_LATE', shown, message)), LOAD_TIMEOUT)
  })
  let exported: { default?: unknown }
  try {
    exported = (await Promise.race([import(pathToFileURL(absolute).href), late])) as { default?: unknown }
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'CONFIG_LATE') throw error
    throw new ConfigError('CONFIG_RAISED', shown, `it raised while it was loaded: ${moduleFault(error)}`, {
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
  if (exported.default === undefined) {
    const names = Object.keys(exported).join(', ') || 'nothing'
    const message = `it has no default export (it exports ${names}): write export default defineConfig({ … })`
    throw new ConfigError('CONFIG_EXPORT', shown, message)
  }
  return exported.default
}

/** Relative when that stays below `directory`, else absolute. */
function shortest(absolute: string, directory: string): string {
  const path = relative(directory, absolute)
  return path === '' || path.startsWith('..') ? absolute : path
}
