// Loads what a mount of an app names: `./file.ts` or `./file.ts#name`. Node.js itself does the loading (type stripping, CommonJS);
// this file chooses the export by one documented order and says what is wrong in words that lead to the repair.
import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { listed, nearestFile } from '../nearest.ts'
import { ConfigError } from '../errors.ts'
import { moduleFault } from '../module-fault.ts'
import { noteLoaded } from './loaded.ts'
import type { MountContext } from './mount.ts'

/** How long a module may take to load, in milliseconds: a top-level await that never settles must not hold up the start for ever. */
export const LOAD_TIMEOUT = 10_000

/** How `loadTarget` is to load. */
export interface LoadOptions {
  /** The setting that named the target, for errors: `node` makes the path `mounts./shop.node`. Default: the mount itself. */
  readonly setting?: string
  /** Milliseconds. Default LOAD_TIMEOUT. */
  readonly timeout?: number
  /** True for an object that is what is looked for, and not a bag of exports. Default: no object is. */
  readonly isHandler?: (object: object) => boolean
}

/** A target taken apart. */
export interface AppTarget {
  /** As written. */
  readonly file: string
  /** The export asked for. */
  readonly name: string | undefined
}

/** Splits `./file.ts#name`. What follows the last `#` counts as a name only when it is an identifier. */
export function splitTargetName(target: string): AppTarget {
  const match = /^(.+)#([A-Za-z_$][\w$]*)$/.exec(target)
  return match ? { file: match[1]!, name: match[2] } : { file: target, name: undefined }
}

/**
 * Loads a target and gives the export chosen: the one named behind `#`; else the default export; else the first of `names` that
 * is exported. A CommonJS module's exports are the properties of `module.exports`; when that is a function or itself a handler (Fastify's
 * instances have a property `server`), or none of them fits, it is `module.exports` itself.
 * Relative files start at `context.directory`. The file is loaded once a process, as every module. The export comes in an object: a
 * promise would wait for one that has a method `then`, as an instance of Fastify has, and fail as it fails.
 * @throws {ConfigError} TARGET_MISSING, TARGET_EXPORT, TARGET_RAISED (cause: what the module threw), TARGET_TIMEOUT.
 */
export async function loadTarget(
  target: string,
  context: Pick<MountContext, 'path' | 'directory'>,
  names: readonly string[],
  options: LoadOptions = {},
): Promise<{ readonly exported: unknown }> {
  const path = options.setting === undefined ? context.path : `${context.path}.${options.setting}`
  const parts = splitTargetName(target)
  const { file } = parts
  const absolute = resolve(context.directory, file)
  await demandFile(absolute, parts, path)
  noteLoaded(absolute, context.path)
  const exported = await importFile(absolute, file, path, options.timeout ?? LOAD_TIMEOUT)
  return { exported: choose(exportsOf(exported, absolute), parts, names, path, options.isHandler) }
}

/**
 * The export `name` of the module of a target that `loadTarget` has loaded, or undefined: what belongs to the export that was chosen.
 * A target that names an export has nothing beside it.
 */
export async function exportBeside(
  target: string,
  context: Pick<MountContext, 'directory'>,
  name: string,
): Promise<unknown> {
  const { file, name: chosen } = splitTargetName(target)
  if (chosen !== undefined) return undefined
  const absolute = resolve(context.directory, file)
  const exports = exportsOf(await import(pathToFileURL(absolute).href), absolute).named
  return Object.hasOwn(exports, name) ? exports[name] : undefined
}

/** @throws {ConfigError} TARGET_MISSING */
export async function demandFile(absolute: string, { file, name }: AppTarget, path: string): Promise<void> {
  const found = await stat(absolute).catch(() => undefined)
  if (found?.isFile()) return
  const what = found
    ? `${file === '' ? 'an empty name' : file} is ${found.isDirectory() ? 'a folder' : 'no file'}, not a module`
    : `${file} is not there`
  const folder = found ? absolute : dirname(absolute)
  const there = await modulesIn(folder)
  const near = there && nearestFile(found ? 'index.ts' : basename(absolute), there)
  const place = found ? `${file.replace(/[/\\]$/, '')}/` : file.slice(0, file.length - basename(file).length)
  const like = name === undefined ? `${place}${near}` : `${place}${near}#${name}`
  const rest = near === undefined ? thereIs(there, folder) : `did you mean ${like}?`
  throw new ConfigError('TARGET_MISSING', path, `${what} (${absolute}); ${rest}`)
}

/** The modules of a folder; undefined when there is no such folder. */
async function modulesIn(folder: string): Promise<string[] | undefined> {
  const entries = await readdir(folder).catch(() => undefined)
  return entries?.filter((entry) => /\.[cm]?[jt]s$/.test(entry)).toSorted()
}

/** Names for who meant none that is like it. */
function thereIs(modules: readonly string[] | undefined, folder: string): string {
  if (!modules) return `the folder ${folder} is not there either`
  if (modules.length === 0) return `there is no module in ${folder}`
  return `there is ${listed(modules)}`
}

async function importFile(absolute: string, file: string, path: string, timeout: number): Promise<object> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `${file} did not finish loading within ${timeout} ms: does a top-level await never settle?`
      reject(new ConfigError('TARGET_TIMEOUT', path, message))
    }, timeout)
  })
  try {
    return await Promise.race([import(pathToFileURL(absolute).href), late])
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'TARGET_TIMEOUT' && error.path === path) throw error
    throw new ConfigError('TARGET_RAISED', path, `${file} raised while it was loaded: ${moduleFault(error)}`, {
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
}

const { cache } = createRequire(import.meta.url)

/** The exports of a module by name; `whole`: `module.exports` of a CommonJS module. */
function exportsOf(exported: object, absolute: string): { named: Record<string, unknown>; whole: unknown } {
  const named = exported as Record<string, unknown>
  // Node.js gives `module.exports` as the default export, and guesses the named ones from the text: look at the object itself.
  if (!('module.exports' in named) && cache[absolute]?.exports !== named.default) return { named, whole: undefined }
  const whole = named.default
  const object = (typeof whole === 'object' || typeof whole === 'function') && whole !== null
  return { named: object ? (whole as typeof named) : named, whole }
}

function choose(
  { named: exports, whole }: ReturnType<typeof exportsOf>,
  { file, name }: AppTarget,
  names: readonly string[],
  path: string,
  isHandler: LoadOptions['isHandler'],
): unknown {
  const has = (key: string): boolean => exports[key] !== undefined && Object.hasOwn(exports, key)
  if (name !== undefined) {
    if (has(name)) return exports[name]
  } else {
    if (has('default')) return exports.default
    if (typeof whole === 'function') return whole
    if (typeof whole === 'object' && whole !== null && isHandler?.(whole)) return whole
    for (const candidate of names) if (has(candidate)) return exports[candidate]
    if (whole !== undefined && Object.keys(exports).length > 0) return whole
  }
  const there = Object.keys(exports).filter((key) => key !== 'module.exports' && key !== '__esModule')
  const wanted = name === undefined ? `default, ${names.join(', ')}` : name
  const message = `${file} has no export ${wanted}; it exports ${there.length > 0 ? listed(there) : 'nothing'}`
  throw new ConfigError('TARGET_EXPORT', path, message)
}
