// When a rule counts: by the variables of a request.
import * as v from 'valibot'
import { ConfigError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Variables } from '../../variables.ts'
import { warnOfSlow } from './slow-pattern.ts'

/** A variable, and what it has to be. */
const entry = v.record(v.string(), v.union([v.string(), v.array(v.string())]))

type Settings = Readonly<Record<string, string | readonly string[]>>

/** The settings, as a rule has them. */
export const conditionEntries = {
  when: v.pipe(
    v.optional(entry),
    v.description(
      'Only for requests whose variables are so: `{ HTTP_HOST: old.example.com }`. One of several: a list; a regular expression: between slashes, with `i` behind it where letters are all the same; a variable that is not there is empty.',
    ),
  ),
  unless: v.pipe(
    v.optional(entry),
    v.description('Not for requests of which one variable is so: `{ HTTPS: on }`. Written as `when`.'),
  ),
}

/** Whether a rule counts for a request. */
export type Condition = (variables: Variables) => boolean

/**
 * @param log is told of a regular expression that may take for ever (RULE_SLOW)
 * @throws {ConfigError} RULE_PATTERN for a regular expression that is none
 */
export function conditionOf(
  { when, unless }: { readonly when?: Settings | undefined; readonly unless?: Settings | undefined },
  path: string,
  log: Log,
): Condition {
  const wanted = testsOf(when ?? {}, `${path}.when`, log)
  const unwanted = testsOf(unless ?? {}, `${path}.unless`, log)
  return (variables) =>
    wanted.every((test) => test(variables)) && (unwanted.length === 0 || !unwanted.some((test) => test(variables)))
}

function testsOf(settings: Settings, path: string, log: Log): Condition[] {
  return Object.entries(settings).map(([name, values]) => {
    const tests = [values].flat().map((one) => testOf(one, `${path}.${name}`, log))
    return (variables) => tests.some((test) => test(variables[name] ?? ''))
  })
}

function testOf(text: string, path: string, log: Log): (value: string) => boolean {
  const [, source, flags] = /^\/(.+)\/(i?)$/s.exec(text) ?? []
  if (source === undefined) return (given) => given === text
  const pattern = regularExpression(source, flags ?? '', path)
  warnOfSlow(source, path, log)
  return (given) => pattern.test(given)
}

/**
 * `.` is a line break, too: `%0A` in a path leads past no rule.
 * @throws {ConfigError} RULE_PATTERN
 */
export function regularExpression(source: string, flags: string, path: string): RegExp {
  try {
    return new RegExp(source, `${flags}s`)
  } catch (error) {
    throw new ConfigError('RULE_PATTERN', path, `is no regular expression: ${(error as Error).message}`)
  }
}
