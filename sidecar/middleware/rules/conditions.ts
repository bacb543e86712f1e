// When a rule counts: by the variables of a request.
import * as v from 'valibot'
import { ConfigError } from '../../errors.ts'
import type { Variables } from '../../variables.ts'

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

/** @throws {ConfigError} RULE_PATTERN for a regular expression that is none */
export function conditionOf(
  { when, unless }: { readonly when?: Settings | undefined; readonly unless?: Settings | undefined },
  path: string,
): Condition {
  const wanted = testsOf(when ?? {}, `${path}.when`)
  const unwanted = testsOf(unless ?? {}, `${path}.unless`)
  return (variables) =>
    wanted.every((test) => test(variables)) && (unwanted.length === 0 || !unwanted.some((test) => test(variables)))
}

function testsOf(settings: Settings, path: string): Condition[] {
  return Object.entries(settings).map(([name, values]) => {
    const tests = [values].flat().map((one) => testOf(one, `${path}.${name}`))
    return (variables) => tests.some((test) => test(variables[name] ?? ''))
  })
}

function testOf(text: string, path: string): (value: string) => boolean {
  const [, source, flags] = /^\/(.+)\/(i?)$/s.exec(text) ?? []
  if (source === undefined) return (given) => given === text
  const pattern = regularExpression(source, flags ?? '', path)
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
