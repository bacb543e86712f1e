// What the rules of `rewrite` and `redirect` have in common: which requests they are about.
import * as v from 'valibot'
import { ConfigError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Variables } from '../../variables.ts'
import { chosenBy, type ChosenBy } from '../chosen-by.ts'
import { conditionEntries, conditionOf } from './conditions.ts'
import { patternOf } from './pattern.ts'
import { seenPaths, type SeenPath, type Taken } from './seen-path.ts'

/** The settings. */
export const ruleEntries = {
  from: v.pipe(
    v.optional(v.string()),
    v.description(
      'The path below the mount, decoded: `/old/:page` has a name for one segment, `/files/*path` one for the rest, `{…}` stands round what may be missing. Letters count as they are. Without `from` and `match`: every path.',
    ),
  ),
  match: v.pipe(
    v.optional(v.string()),
    v.description('The same as a regular expression, which fits anywhere in the path unless `^` and `$` hold it.'),
  ),
  ignoreCase: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Large and small letters of the path are the same.'),
  ),
  ...conditionEntries,
}

type RuleSettings = v.InferOutput<v.StrictObjectSchema<typeof ruleEntries, undefined>>

/** What a rule found in a request. */
export interface Fit {
  readonly seen: SeenPath
  readonly taken: Taken
}

/** A rule's first half, in use. */
export interface Matcher {
  readonly names: ReadonlySet<string>
  /** What its conditions are about beside the URL. */
  readonly by: ChosenBy | undefined
  /** Whether its path is that of the request, whatever its conditions say. */
  concerns(variables: Variables): boolean
  /** Undefined: the rule is not about this request. */
  fit(variables: Variables): Fit | undefined
}

/**
 * @param path of the rule in the configuration
 * @param log is told of a pattern that may take for ever
 * @throws {ConfigError} RULE_PATTERN
 */
export async function matcherOf(settings: RuleSettings, path: string, log: Log): Promise<Matcher> {
  if (settings.from !== undefined && settings.match !== undefined)
    throw new ConfigError('RULE_PATTERN', path, 'has both from and match: leave one out')
  const pattern = await patternOf(settings, path, log)
  const counts = conditionOf(settings, path, log)
  const fitOf = (variables: Variables): Fit | undefined => {
    // `OPTIONS *` asks for no path.
    const { SCRIPT_NAME: script, PATH_INFO: path } = variables
    if (!script && !path) return undefined
    for (const seen of seenPaths(variables)) {
      const taken = pattern.take(seen.text)
      if (taken) return { seen, taken }
    }
    return undefined
  }
  return {
    names: pattern.names,
    by: chosenBy(Object.keys({ ...settings.when, ...settings.unless })),
    concerns: (variables) => fitOf(variables) !== undefined,
    fit: (variables) => (counts(variables) ? fitOf(variables) : undefined),
  }
}
