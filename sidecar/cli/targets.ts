// Targets of the command line → mounts. `[PLACE=]KIND:VALUE` says what it is; of a bare path or module the kind is found by the table
// in docs/cli.md, and where the table has no answer, that is an error with the candidates. Nothing is found out by counting parameters.
import { readdirSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { nearest, nearestFile } from '../nearest.ts'
import { problemsOf, type Problem } from '../problem.ts'
import { ConfigError } from '../errors.ts'
import type { BareTarget } from '../mounts/bare-target.ts'
import { splitTargetName } from '../mounts/load.ts'
import type { MountKind } from '../mounts/mount.ts'
import { otherWord } from '../mounts/other-words.ts'
import { kindOfModule, moduleKinds } from './module-kind.ts'

/** A target taken apart. */
export interface MountTarget {
  /** Where it is mounted. */
  readonly key: string
  readonly kind: string
  readonly value: string
  /** How it was found out what kind it is; undefined when it was written out. */
  readonly because?: string | undefined
}

/** What came of the targets: mounts as in the configuration, and everything that is wrong. */
export interface MountTargets {
  readonly targets: readonly MountTarget[]
  readonly problems: readonly Problem[]
}

const SCRIPT = /^\.[cm]?[jt]s$/
const CONFIGURATION = /^\.(?:json|ya?ml)$/
// A place before `=`: a prefix, or a host name with or without one.
const PLACED = /^(\/[^=:]*|[A-Za-z0-9][A-Za-z0-9.-]*(?:\/[^=:]*)?)=(.+)$/s
// A file or module, and behind `:` what to call in it, which may be a factory.
const CALLED = /^(.+?)(?::([A-Za-z_][\w.]*(?:\(.*\))?))?$/s

/**
 * Reads targets; relative paths start at `cwd`.
 * @param load load the modules of bare targets to look at their exports; else they count as apps, of which the file alone is known
 */
export async function readTargets(
  words: readonly string[],
  kinds: readonly MountKind[],
  cwd: string,
  load = true,
): Promise<MountTargets> {
  const targets: MountTarget[] = []
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
): Promise<Omit<MountTarget, 'key'>> {
  const names = kinds.map(({ kind }) => kind)
  const written = /^([a-z]+):(.*)$/s.exec(text)
  if (written && names.includes(written[1]!)) return { kind: written[1]!, value: written[2]! }

  const { file } = splitTargetName(text)
  const found = statSync(resolve(cwd, file), { throwIfNoEntry: false })
  const [, path = text, callable] = CALLED.exec(text) ?? []
  const target: BareTarget = { text, path, callable, cwd, found }
  const claims = kinds.flatMap(({ kind, claims: of }) => (of?.(target) ?? []).map((claim) => ({ kind, ...claim })))
  const [claim, another] = claims
  if (another) {
    const candidates = claims.map(({ kind, value }) => `${kind}:${value}`).toSorted()
    const there = claims.map(({ what }) => what).join(' and ')
    throw new ConfigError('TARGET_AMBIGUOUS', text, `there are ${there}: write one of ${candidates.join(', ')}`)
  }
  if (claim) return { kind: claim.kind, value: claim.value, because: claim.because }
  if (found) {
    if (SCRIPT.test(extname(file)))
      return load ? kindOfModule(text, cwd, kinds) : { kind: moduleKinds(kinds)[0]!.kind, value: text }
    const other = otherWord(extname(file).slice(1))
    if (other !== undefined) throw new ConfigError('TARGET_UNKNOWN', text, other)
    if (CONFIGURATION.test(extname(file))) {
      const message = `${file} is no app; where it is a configuration, write --config ${file}`
      throw new ConfigError('TARGET_UNKNOWN', text, message)
    }
    const endings = ['.ts', '.js', '.mjs', '.cjs', ...kinds.flatMap(({ suffixes }) => suffixes ?? [])]
    throw unknown(text, `${file} is no kind of file that is known (${endings.join(', ')})`, names)
  }
  const other = written && otherWord(written[1]!)
  if (other) throw new ConfigError('TARGET_UNKNOWN', text, `there is no kind ${written[1]}: ${other}`)
  const scheme = written && nearest(written[1]!, names)
  if (scheme) throw meant(text, `there is no kind ${written[1]}`, `${scheme}:${written[2]}`)
  const nowhere = `there is no file or Python module of this name in ${cwd}`
  const place = callable === undefined ? file : path
  const like = likeOf(place, cwd, kinds)
  if (like !== undefined) throw meant(text, nowhere, like + text.slice(place.length))
  throw unknown(text, nowhere, names)
}

/** The path of what stands where `path` was looked for, could be mounted, and has a name like it. */
function likeOf(path: string, cwd: string, kinds: readonly MountKind[]): string | undefined {
  const name = basename(path)
  const place = path.slice(0, path.length - name.length)
  let entries
  try {
    entries = readdirSync(resolve(cwd, place), { withFileTypes: true })
  } catch {
    // The folder is not there, or not to be read.
    return undefined
  }
  const known = (suffix: string): boolean =>
    SCRIPT.test(suffix) || kinds.some(({ suffixes }) => suffixes?.includes(suffix))
  const fit = entries.filter((entry) => entry.isDirectory() || (entry.isFile() && known(extname(entry.name))))
  const near = nearestFile(name, fit.map((entry) => entry.name).toSorted())
  return near === undefined ? undefined : place + near
}

/** What was written is like something that is there. */
function meant(text: string, why: string, like: string): ConfigError {
  return new ConfigError('TARGET_UNKNOWN', text, `${why}; did you mean ${like}?`)
}

function unknown(text: string, why: string, names: readonly string[]): ConfigError {
  return new ConfigError('TARGET_UNKNOWN', text, `${why}. Write KIND:VALUE; kinds are ${names.join(', ')}`)
}
