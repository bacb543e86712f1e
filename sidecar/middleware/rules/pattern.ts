// Which paths a rule is about: a template with names (`/old/:page`, `/files/*path`, `/a{/:b}`), or a regular expression for who wants one.
// Templates are matched in linear time whatever the path is.
import { ConfigError } from '../../errors.ts'
import { regularExpression } from './conditions.ts'
import type { Log } from '../../log.ts'
import type { Taken } from './seen-path.ts'
import { warnOfSlow } from './slow-pattern.ts'

/** How the path is written in a rule; neither: every path. */
export interface PatternSettings {
  readonly from?: string | undefined
  readonly match?: string | undefined
  readonly ignoreCase: boolean
}

/** A pattern in use. */
export interface Pattern {
  /** What may stand in the target of the rule. */
  readonly names: ReadonlySet<string>
  /** What it takes out of a path; undefined when it does not fit. */
  take(text: string): Taken | undefined
}

const NOTHING: Taken = {}
const EVERY: Pattern = { names: new Set(), take: () => NOTHING }

/**
 * @param path of the rule in the configuration
 * @param log is told of a regular expression that may take for ever (RULE_SLOW)
 * @throws {ConfigError} RULE_PATTERN
 */
export async function patternOf(
  { from, match, ignoreCase }: PatternSettings,
  path: string,
  log: Log,
): Promise<Pattern> {
  if (match !== undefined) {
    warnOfSlow(match, `${path}.match`, log)
    return expressionOf(match, ignoreCase, `${path}.match`)
  }
  return from === undefined ? EVERY : templateOf(from, ignoreCase, `${path}.from`)
}

async function templateOf(from: string, ignoreCase: boolean, path: string): Promise<Pattern> {
  demandDecoded(from, path)
  const { pathToRegexp, match: matcher } = await import('path-to-regexp')
  const options = { sensitive: !ignoreCase, trailing: false, decode: false } as const
  try {
    const { keys } = pathToRegexp(from, options)
    const fits = matcher<Record<string, string>>(from, options)
    return {
      names: new Set(keys.map(({ name }) => name)),
      take: (text) => {
        const found = fits(text)
        return found ? found.params : undefined
      },
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const what = error.message.replace(/; visit .*$/s, '')
    const message = `is no template such as /old/:page or /files/*path: ${what}. A \\ in front of ( ) [ ] { } + ? ! : or * makes it a plain character; a regular expression goes into match`
    throw new ConfigError('RULE_PATTERN', path, message)
  }
}

function expressionOf(source: string, ignoreCase: boolean, path: string): Pattern {
  demandDecoded(source, path)
  const pattern = regularExpression(source, ignoreCase ? 'i' : '', path)
  const { length, groups = {} } = new RegExp(`${source}|`).exec('')!
  return {
    names: new Set([...Object.keys(groups), ...Array.from({ length }, (_, index) => String(index))]),
    take: (text) => {
      const found = pattern.exec(text)
      return found ? { ...Object.fromEntries(found.entries()), ...found.groups } : undefined
    },
  }
}

/** What never fits is a slip. */
function demandDecoded(text: string, path: string): void {
  const escape = /%[0-9A-Fa-f]{2}/.exec(text)?.[0]
  if (escape === undefined) return
  const message = `has ${escape}, and is held against the path as it is decoded: write the character itself`
  throw new ConfigError('RULE_PATTERN', path, message)
}
