// A pattern of Unit's `match`: an exact text, one with `*`, or a regular expression behind `~`; each negated by `!`.
import { Refused } from './refused.ts'
import { literal } from '../../literal.ts'

/** A pattern. */
export interface Pattern {
  readonly negated: boolean
  /** A regular expression that says the same. */
  readonly source: string
  /** The text, where it is one. */
  readonly exact: string | undefined
  /** `/shop` of `/shop/*`; empty for `*` and `/*`. */
  readonly prefix: string | undefined
}

/** What stands for a `*`. */
interface Options {
  /** Escapes (`%2A`) are taken out first, as of `uri` and `arguments`. */
  readonly decoded?: boolean
  /** What a `*` is. */
  readonly any?: string
}

/** @throws {Refused} for a regular expression that JavaScript has not */
export function patternOf(text: string, { decoded = false, any = '.*' }: Options = {}): Pattern {
  const negated = text.startsWith('!')
  const body = negated ? text.slice(1) : text
  if (body.startsWith('~')) {
    const source = expressionOf(body.slice(1))
    return { negated, source, exact: undefined, prefix: undefined }
  }
  const parts = body.split('*').map((part) => (decoded ? decodedText(part) : part))
  const source = `^${parts.map(literal).join(any)}$`
  const [first = '', second] = parts
  const isPrefix = parts.length === 2 && second === '' && (first === '' || first.endsWith('/'))
  return {
    negated,
    source,
    exact: parts.length === 1 ? first : undefined,
    prefix: isPrefix ? first.replace(/\/$/, '') : undefined,
  }
}

/** One or several of them. @throws {Refused} */
export function patternsOf(value: unknown, options?: Options): Pattern[] {
  const list = Array.isArray(value) ? value : [value]
  return list.map((one) => {
    if (typeof one !== 'string') throw new Refused(`${JSON.stringify(one)} is no pattern`)
    return patternOf(one, options)
  })
}

function decodedText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refused(`${text} has an escape that is no UTF-8`)
  }
}

/** From PCRE. @throws {Refused} */
function expressionOf(source: string): string {
  const what = `the regular expression ${source}`
  if (/^\(\?[a-z]+\)|\(\?[>|#]|\\[AzZGKQ]|[*+?}]\+|\(\*/.test(source))
    throw new Refused(`${what} has what PCRE has and JavaScript has not`)
  try {
    new RegExp(source, 's')
  } catch (error) {
    throw new Refused(`${what} is none of JavaScript: ${(error as Error).message}`)
  }
  if (/%[0-9A-Fa-f]{2}/.test(source))
    throw new Refused(`${what} has an escape, and paths are decoded here: write the character`)
  return source
}
