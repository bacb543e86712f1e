// What a request has to be → the conditions of a rule of `rewrite`.
import type { Conditions, Test } from './conditions.ts'
import type { Pattern } from './pattern.ts'
import { literal } from '../../literal.ts'

/** The conditions of a rule. */
export interface RuleConditions {
  readonly match?: string
  readonly when?: Readonly<Record<string, readonly string[]>>
  readonly unless?: Readonly<Record<string, readonly string[]>>
}

/** @param below the path has to be this one or below it, whose rest is then `$<rest>` */
export function ruleConditions(conditions: Conditions, below = ''): RuleConditions {
  const match = pathExpression(
    conditions.filter(({ variable }) => variable === undefined),
    below,
  )
  const when: Record<string, string[]> = {}
  const unless: Record<string, string[]> = {}
  for (const variable of new Set(conditions.map((test) => test.variable))) {
    if (variable === undefined) continue
    const tests = conditions.filter((test) => test.variable === variable)
    const wanted = tests
      .map(({ patterns }) => patterns.filter(({ negated }) => !negated))
      .filter(({ length }) => length > 0)
    const unwanted = tests.flatMap(({ patterns }) => patterns.filter(({ negated }) => negated))
    const flag = tests.every(({ exactCase }) => exactCase) ? '' : 'i'
    if (wanted.length === 1) when[variable] = wanted[0]!.map((pattern) => valueOf(pattern, flag))
    else if (wanted.length > 1) when[variable] = [`/^${wanted.map(ahead).join('')}/${flag}`]
    if (unwanted.length > 0) unless[variable] = unwanted.map((pattern) => valueOf(pattern, flag))
  }
  return {
    ...(match !== undefined && { match }),
    ...(Object.keys(when).length > 0 && { when }),
    ...(Object.keys(unless).length > 0 && { unless }),
  }
}

function valueOf({ exact, source }: Pattern, flag: string): string {
  const isPlain = exact !== undefined && flag === '' && exact !== '' && !exact.startsWith('/')
  return isPlain ? exact : `/${source}/${flag}`
}

/** Undefined: every path. */
function pathExpression(tests: readonly Test[], below: string): string | undefined {
  const sets = tests.flatMap(({ patterns }) => {
    const wanted = patterns.filter(({ negated }) => !negated)
    return wanted.length === 0 || wanted.some(({ prefix }) => prefix === '') ? [] : [wanted]
  })
  const unwanted = tests.flatMap(({ patterns }) => patterns.filter(({ negated }) => negated))
  const [only] = sets
  if (below === '') {
    if (sets.length === 0 && unwanted.length === 0) return undefined
    if (only && sets.length === 1 && unwanted.length === 0) return alternatives(only)
  }
  const rest = below === '' ? '' : `${literal(below)}(?<rest>/.*|$)`
  const not = unwanted.length === 0 ? '' : `(?!.*?(?:${alternatives(unwanted)}))`
  return `^${sets.map(ahead).join('')}${not}${rest}`
}

function ahead(patterns: readonly Pattern[]): string {
  return `(?=.*?(?:${alternatives(patterns)}))`
}

function alternatives(patterns: readonly Pattern[]): string {
  return patterns.map(({ source }) => source.replace(/(?<!\\)\.\*\$$/, '')).join('|')
}
