// Whether a module could be loaded, as far as that can be said without running it: the file is there, and its text is a module's.
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { extname, resolve } from 'node:path'
import { compileFunction } from 'node:vm'
import { ConfigError } from '../errors.ts'
import { moduleFault } from '../module-fault.ts'
import { demandFile, splitTargetName } from './load.ts'
import type { MountContext } from './mount.ts'

/**
 * Looks at the module that a target names; what it exports is seen only when it runs.
 * @param setting the setting that named it, for errors; undefined: `path` itself
 * @throws {ConfigError} TARGET_MISSING, TARGET_RAISED
 */
export async function checkTarget(
  target: string,
  { path, directory }: Pick<MountContext, 'path' | 'directory'>,
  setting?: string,
): Promise<void> {
  const parts = splitTargetName(target)
  const absolute = resolve(directory, parts.file)
  const place = setting === undefined ? path : `${path}.${setting}`
  await demandFile(absolute, parts, place)
  const wrong = syntaxError(await readFile(absolute, 'utf8'), absolute)
  if (!wrong) return
  const line = wrong.line === undefined ? '' : `, line ${wrong.line}`
  throw new ConfigError('TARGET_RAISED', place, `${parts.file} cannot be loaded${line}: ${wrong.message}`)
}

/** A mistake in a text. */
export interface SyntaxMistake {
  readonly message: string
  readonly line: number | undefined
}

/** What is wrong with the text of a module; undefined when nothing is. */
export function syntaxError(text: string, file: string): SyntaxMistake | undefined {
  const typed = /^\.[cm]?ts$/.test(extname(file))
  // CommonJS, in which more is allowed: `return`, `with`. What is neither that nor a module is told as a module.
  if (!typed && parses(text)) return undefined
  return typeStrippingError(text)
}

function parses(text: string): boolean {
  try {
    compileFunction(text.replace(/^#!.*/, ''), ['exports', 'require', 'module', '__filename', '__dirname'])
    return true
  } catch {
    return false
  }
}

/** By what Node.js itself loads TypeScript with: JavaScript modules are the part of it without types. */
function typeStrippingError(text: string): SyntaxMistake | undefined {
  const { emitWarning } = process
  // Once a process Node.js says that this function is experimental, which is nobody's concern but ours.
  process.emitWarning = () => {}
  try {
    stripTypeScriptTypes(text)
    return undefined
  } catch (error) {
    const line = /^[^\n]*:(\d+)\n/.exec((error as Error).stack ?? '')?.[1]
    return { message: moduleFault(error), line: line === undefined ? undefined : Number(line) }
  } finally {
    process.emitWarning = emitWarning
  }
}
