// What of a folder of scripts runs and is served, beside what its files themselves say. Patterns are regular expressions that JavaScript, PCRE and
// RE2 read alike, of the decoded path below the folder, in whichever letters.
import { HIDDEN_SEGMENT, isHidden, isUnserved, UNSERVED_NAME } from '../unserved.ts'
import { withoutTrailing } from '../trailing.ts'
import { literal } from '../literal.ts'

/** The rules of one folder; what is not set rules nothing. */
export interface ScriptRules {
  /** Below these nothing runs and nothing is served. */
  readonly closed?: string | undefined
  /** What clients have put there: no script runs, and pages are served as text. */
  readonly uploads?: string | undefined
  /** The only scripts that run. */
  readonly entries?: string | undefined
  /** What runs where a file below a path is not there, in place of the front controller. */
  readonly missing?: readonly { readonly below: string; readonly script: string }[] | undefined
}

/** Decides by these. To a folder `//uploads` is `/uploads`: paths are seen so. */
export class RuledPaths {
  readonly #closed: RegExp | undefined
  readonly #uploads: RegExp | undefined
  readonly #entries: RegExp | undefined
  readonly #missing: readonly { readonly below: RegExp; readonly script: string }[]

  constructor({ closed, uploads, entries, missing = [] }: ScriptRules) {
    this.#closed = patternOf(closed)
    this.#uploads = patternOf(uploads)
    this.#entries = patternOf(entries)
    this.#missing = missing.map(({ below, script }) => ({ below: patternOf(below)!, script }))
  }

  /** Whether nothing is there for anybody, whatever is. */
  isClosed(path: string): boolean {
    return isHidden(path) || fits(this.#closed, path)
  }

  /** Whether clients have put it there. */
  isUpload(path: string): boolean {
    return fits(this.#uploads, path)
  }

  /** Whether a script of this path runs. */
  mayRun(path: string): boolean {
    return !path.includes('/.') && !this.isUpload(path) && (!this.#entries || fits(this.#entries, path))
  }

  /** Whether a file of this path is served as it is. */
  isServed(path: string): boolean {
    return !isUnserved(path) && !this.isClosed(path)
  }

  /** The script that runs where nothing of this path is there. */
  inPlaceOf(path: string): string | undefined {
    return this.#missing.find(({ below }) => fits(below, path))?.script
  }
}

function fits(pattern: RegExp | undefined, path: string): boolean {
  return pattern !== undefined && pattern.test(path.includes('//') ? path.replaceAll(/\/{2,}/g, '/') : path)
}

function patternOf(source: string | undefined): RegExp | undefined {
  return source === undefined ? undefined : new RegExp(source, 'i')
}

/** The pattern of all that is below these paths, such as `/uploads/` and `/private`; undefined for none. */
export function belowPaths(paths: readonly string[]): string | undefined {
  if (paths.length === 0) return undefined
  const words = paths.map((path) =>
    literal(Buffer.from(withoutTrailing(path, '/').replace(/^\/+/, '')).toString('latin1')),
  )
  return `^/(?:${words.join('|')})(?:/|$)`
}

/** Both patterns as one. */
export function either(one: string | undefined, other: string | undefined): string | undefined {
  return one !== undefined && other !== undefined ? `${one}|${other}` : (one ?? other)
}

/** What a web server in front may not send of a folder by itself: scripts and uploads, what is closed, and what is never served. As text. */
export function withheldFrom({ closed, uploads }: ScriptRules, split: readonly string[]): string {
  const scripts = split.map(literal).join('|')
  const patterns = [HIDDEN_SEGMENT, `(?:${scripts})(?:/|$)`, UNSERVED_NAME, closed, uploads].filter(
    (one) => one !== undefined,
  )
  return Buffer.from(patterns.join('|'), 'latin1').toString()
}
