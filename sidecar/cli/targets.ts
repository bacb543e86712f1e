// Targets of the command line → mounts. `[PLACE=]KIND:VALUE` says what it is; of a bare path or module the kind is found by the table
// in docs/cli.md, and where the table has no answer, that is an error with the candidates. Nothing is found out by counting parameters.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { nearest, nearestFile } from '../nearest.ts'
import { problemsOf, type Problem } from '../problem.ts'
import { ConfigError } from '../errors.ts'
import { splitTargetName } from '../mounts/load.ts'
import type { MountKind } from '../mounts/mount.ts'
import { otherWord } from '../mounts/other-words.ts'
import { kindOfModule } from './module-kind.ts'

/** A target taken apart. */
export interface Target {
  /** Where it is mounted. */
  readonly key: string
  readonly kind: string
  readonly value: string
  /** How it was found out what kind it is; undefined when it was written out. */
  readonly because?: string | undefined
}

/** What came of the targets: mounts as in the configuration, and everything that is wrong. */
export interface Targets {
  readonly targets: readonly Target[]
  readonly problems: readonly Problem[]
}

const SCRIPT = /^\.[cm]?[jt]s$/
/** Of files. */
const MOUNTABLE = /^\.(?:[cm]?[jt]s|py|wsgi)$/
// A place before `=`: a prefix, or a host name with or without one.
const PLACED = /^(\/[^=:]*|[A-Za-z0-9][A-Za-z0-9.-]*(?:\/[^=:]*)?)=(.+)$/s
// A file or module, and behind `:` what to call in it, which may be a factory.
const PYTHON = /^(.+?)(?::([A-Za-z_][\w.]*(?:\(\))?))?$/s
const MODULE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/

/**
 * Reads targets; relative paths start at `cwd`.
 * @param load load the modules of bare targets to look at their exports; else they count as apps, of which the file alone is known
 */
export async function readTargets(
  words: readonly string[],
  kinds: readonly MountKind[],
  cwd: string,
  load = true,
): Promise<Targets> {
  const targets: Target[] = []
  const problems: Problem[] = []
  const taken = new Map<string, string>()
  for (const word of words) {
    const [, key = '/', rest = word] = PLACED.exec(word) ?? []
    const before = taken.get(key)
    if (before !== undefined) {
      const message = `${before} is at ${key} already; give each its place, such as /name=${rest}`
      problems.push({ code: 'MOUNT_TWICE', path: word, message })
      continue
    }
    taken.set(key, word)
    try {
      targets.push({ key, ...(await readTarget(rest, kinds, cwd, load)) })
    } catch (error) {
      const found = problemsOf(error)
      if (!found) throw error
      problems.push(...found.map((problem) => ({ ...problem, path: word })))
    }
  }
  return { targets, problems }
}

/** @throws {ConfigError} TARGET_KIND, TARGET_AMBIGUOUS, TARGET_UNKNOWN, and those of loading a module */
async function readTarget(
  text: string,
  kinds: readonly MountKind[],
  cwd: string,
  load: boolean,
): Promise<Omit<Target, 'key'>> {
  const names = kinds.map(({ kind }) => kind)
  const written = /^([a-z]+):(.*)$/s.exec(text)
  if (written && names.includes(written[1]!)) return { kind: written[1]!, value: written[2]! }

  const { file } = splitTargetName(text)
  const found = statSync(resolve(cwd, file), { throwIfNoEntry: false })
  const python = PYTHON.exec(text)
  const pythonFile =
    python && /\.(?:py|wsgi)$/.test(python[1]!) && isFile(resolve(cwd, python[1]!)) ? python[1]! : undefined
  const moduleFile = python && MODULE.test(python[1]!) ? moduleOf(python[1]!, cwd) : undefined
  // `shop.wsgi` is a file, and it is the module wsgi in the package shop: which one is meant cannot be known.
  if (pythonFile !== undefined && moduleFile !== undefined) {
    const callable = python![2] === undefined ? '' : `:${python![2]}`
    const candidates = [`python:./${text}`, `python:./${moduleFile}${callable}`]
    throw ambiguous(text, candidates, `there are ${pythonFile} and ${moduleFile}`)
  }
  if (found?.isDirectory()) {
    if (moduleFile !== undefined)
      throw ambiguous(text, [`files:${text}`, `python:${text}`], `${text} is a folder and a Python package`)
    return { kind: 'files', value: text, because: 'it is a folder' }
  }
  if (pythonFile !== undefined) {
    const value = /[/\\]/.test(text) ? text : `./${text}`
    return { kind: 'python', value, because: `${pythonFile} is a Python file` }
  }
  if (moduleFile !== undefined) return { kind: 'python', value: text, because: `${moduleFile} is a Python module` }
  if (found) {
    if (SCRIPT.test(extname(file))) return load ? kindOfModule(text, cwd) : { kind: 'app', value: text }
    const other = otherWord(extname(file).slice(1))
    if (other !== undefined) throw new ConfigError('TARGET_UNKNOWN', text, other)
    throw unknown(text, `${file} is no kind of file that is known (.ts, .js, .mjs, .cjs, .py, .wsgi)`, names)
  }
  const other = written && otherWord(written[1]!)
  if (other) throw new ConfigError('TARGET_UNKNOWN', text, `there is no kind ${written[1]}: ${other}`)
  const scheme = written && nearest(written[1]!, names)
  if (scheme) throw meant(text, `there is no kind ${written[1]}`, `${scheme}:${written[2]}`)
  const nowhere = `there is no file or Python module of this name in ${cwd}`
  const path = python?.[2] === undefined ? file : python[1]!
  const like = likeOf(path, cwd)
  if (like !== undefined) throw meant(text, nowhere, like + text.slice(path.length))
  throw unknown(text, nowhere, names)
}

/** The path of what stands where `path` was looked for, could be mounted, and has a name like it. */
function likeOf(path: string, cwd: string): string | undefined {
  const name = basename(path)
  const place = path.slice(0, path.length - name.length)
  let entries
  try {
    entries = readdirSync(resolve(cwd, place), { withFileTypes: true })
  } catch {
    // The folder is not there, or not to be read.
    return undefined
  }
  const fit = entries.filter((entry) => entry.isDirectory() || (entry.isFile() && MOUNTABLE.test(extname(entry.name))))
  const near = nearestFile(name, fit.map((entry) => entry.name).toSorted())
  return near === undefined ? undefined : place + near
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** The file of a dotted module name, as Python would find it in `cwd`; undefined when there is none. */
function moduleOf(name: string, cwd: string): string | undefined {
  const stem = name.replaceAll('.', '/')
  return [`${stem}.py`, `${stem}/__init__.py`].find((file) => existsSync(join(cwd, file)))
}

/** More than one kind fits. */
function ambiguous(text: string, candidates: readonly string[], why: string): ConfigError {
  return new ConfigError('TARGET_AMBIGUOUS', text, `${why}: write one of ${candidates.join(', ')}`)
}

/** What was written is like something that is there. */
function meant(text: string, why: string, like: string): ConfigError {
  return new ConfigError('TARGET_UNKNOWN', text, `${why}; did you mean ${like}?`)
}

function unknown(text: string, why: string, names: readonly string[]): ConfigError {
  return new ConfigError('TARGET_UNKNOWN', text, `${why}. Write KIND:VALUE; kinds are ${names.join(', ')}`)
}
