// The path of a request as rules see it: PATH_INFO, which is what requests are routed by, decoded once and without dot segments, so that no
// other spelling gets past a rule. Two spellings that mean the same to some are looked at too: an encoded slash that is part of a name, and
// repeated slashes as one.
import { isUtf8 } from 'node:buffer'
import { requestTargets } from '../../targets.ts'
import { encodePath, type Variables } from '../../variables.ts'

/** Stands for a `%2F` that parts no segments. Private use: nobody writes it, and a path with it is seen decoded only. */
const ENCODED_SLASH = '\u{e02f}'
const ENCODED_SLASH_BYTES = Buffer.from(ENCODED_SLASH).toString('latin1')

/** What a rule took out of a path, by name; undefined: an optional part that was not there. */
export type Taken = Readonly<Record<string, string | undefined>>

/** One spelling of the path. */
export interface SeenPath {
  /** What patterns are held against: characters, where the path is UTF-8, else bytes. */
  readonly text: string
  /** A part of `text` as bytes, for PATH_INFO. */
  decoded(part: string): string
  /** The same, percent-encoded, for a path of a URL. */
  encoded(part: string): string
}

/** The spellings of the path of a request; the first that fits a rule counts. */
export function seenPaths(variables: Variables): readonly SeenPath[] {
  const path = variables.PATH_INFO ?? ''
  const seen = [new Spelling(path)]
  const named = withNamedSlashes(variables)
  if (named !== undefined) seen.unshift(new Spelling(named))
  if (path.includes('//')) seen.push(new Spelling(path.replace(/\/{2,}/g, '/')))
  return seen
}

/** PATH_INFO with the slashes marked that came encoded; undefined where there are none, or the bytes of the client are not to be found again. */
export function withNamedSlashes(variables: Variables): string | undefined {
  const path = variables.PATH_INFO ?? ''
  if (!/%2f/i.test(variables.REQUEST_URI ?? '') || path.includes(ENCODED_SLASH_BYTES)) return undefined
  const raw = requestTargets(variables).below.replace(/\?.*$/s, '')
  let marked = ''
  let at = 0
  for (let i = 0; i < raw.length; i++, at++) {
    const escape = raw[i] === '%'
    const named = escape && /^2f$/i.test(raw.slice(i + 1, i + 3))
    marked += named ? ENCODED_SLASH_BYTES : (path[at] ?? '')
    if (escape) i += 2
  }
  return at === path.length ? marked : undefined
}

class Spelling implements SeenPath {
  readonly text: string
  readonly #utf8: boolean

  /** @param path latin-1, each character a byte */
  constructor(path: string) {
    const bytes = Buffer.from(path, 'latin1')
    this.#utf8 = isUtf8(bytes)
    this.text = this.#utf8 ? bytes.toString('utf8') : path
  }

  decoded(part: string): string {
    return this.#bytes(part).replaceAll(ENCODED_SLASH_BYTES, '/')
  }

  encoded(part: string): string {
    return this.#bytes(part).split(ENCODED_SLASH_BYTES).map(encodePath).join('%2F')
  }

  #bytes(part: string): string {
    return this.#utf8 ? Buffer.from(part).toString('latin1') : part
  }
}
