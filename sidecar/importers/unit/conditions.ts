// Unit's `match` → what a request has to be: its path, and variables of it.
import { addressPattern } from './addresses.ts'
import { patternsOf, type Pattern } from './pattern.ts'
import { Refused } from './refused.ts'
import { literal } from '../../literal.ts'

/** Of several, one has to fit, and none that is negated. */
export interface Test {
  /** The variable; undefined: the path. */
  readonly variable: string | undefined
  readonly patterns: readonly Pattern[]
  /** Letters count as they are. */
  readonly exactCase: boolean
}

/** All have to hold. */
export type Conditions = readonly Test[]

/** Every request. */
export const ALWAYS: Conditions = []

type Group = Readonly<Record<string, unknown>>

/** What a member of `match` is: alternatives of which one has to hold. */
type Member = (value: unknown) => readonly Conditions[]

const one = (test: Test): readonly Conditions[] => [[test]]

const named = (write: (name: string, value: unknown) => Test[]): Member => {
  return (value) => {
    const groups = (Array.isArray(value) ? value : [value]) as Group[]
    return groups.map((group) => Object.entries(group).flatMap(([name, patterns]) => write(name, patterns)))
  }
}

const MEMBERS: Readonly<Record<string, Member>> = {
  uri: (value) => one({ variable: undefined, patterns: patternsOf(value, { decoded: true }), exactCase: true }),
  host: (value) => one({ variable: 'HTTP_HOST', patterns: patternsOf(value).map(hostPattern), exactCase: false }),
  method: (value) => one({ variable: 'REQUEST_METHOD', patterns: patternsOf(value), exactCase: false }),
  query: (value) => one({ variable: 'QUERY_STRING', patterns: patternsOf(value), exactCase: true }),
  scheme: (value) => one({ variable: 'HTTPS', patterns: [schemePattern(value)], exactCase: false }),
  source: (value) => one({ variable: 'REMOTE_ADDR', patterns: addresses(value), exactCase: false }),
  headers: named((name, value) => fieldTests(variableOf(name), patternsOf(value))),
  arguments: named((name, value) => pairTests('QUERY_STRING', '(?:^|&)', '[^&]*', '(?:&|$)', name, value)),
  cookies: named((name, value) => pairTests('HTTP_COOKIE', '(?:^|;) *', '[^;]*', ' *(?:;|$)', name, value)),
}

/** The alternatives of which one has to hold. @throws {Refused} */
export function conditionsOf(match: unknown): readonly Conditions[] {
  let all: readonly Conditions[] = [ALWAYS]
  for (const [name, value] of Object.entries((match ?? {}) as Group)) {
    const member = MEMBERS[name]
    if (!member) throw new Refused(WHY[name] ?? `nothing is known of match.${name}`)
    const alternatives = member(value)
    all = all.flatMap((before) => alternatives.map((after) => [...before, ...after]))
    if (all.length > 100) throw new Refused('it has more than a hundred alternatives')
  }
  return all
}

const WHY: Readonly<Record<string, string>> = {
  if: 'match.if is an expression of Unit: a layer of your own (docs/middleware-own.md) can say the same',
  destination: 'match.destination: what comes to one address alone is for a Sidegate of its own, with that listener',
}

/** A host name stands with or without its port. */
function hostPattern(pattern: Pattern): Pattern {
  const { source, exact } = pattern
  if (!source.startsWith('^') || !source.endsWith('$')) return pattern
  return { ...pattern, exact: exact?.toLowerCase(), source: `${source.slice(0, -1)}\\.?(?::[0-9]+)?$` }
}

function schemePattern(value: unknown): Pattern {
  const scheme = String(value).toLowerCase()
  if (!/^!?https?$/.test(scheme)) throw new Refused(`match.scheme is http or https, not ${String(value)}`)
  const secure = scheme.endsWith('https') !== scheme.startsWith('!')
  return { negated: !secure, source: '^(?:on|1)$', exact: undefined, prefix: undefined }
}

function addresses(value: unknown): Pattern[] {
  const list = Array.isArray(value) ? value : [value]
  return list.map((item) => {
    const text = String(item)
    const negated = text.startsWith('!')
    return { negated, source: addressPattern(negated ? text.slice(1) : text), exact: undefined, prefix: undefined }
  })
}

function variableOf(field: string): string {
  const name = field.toUpperCase().replaceAll('-', '_')
  return name === 'CONTENT_TYPE' || name === 'CONTENT_LENGTH' ? name : `HTTP_${name}`
}

/** A field has to be there, even for a pattern that is negated. */
function fieldTests(variable: string, patterns: readonly Pattern[]): Test[] {
  const test = { variable, patterns, exactCase: false }
  if (patterns.some(({ negated }) => !negated)) return [test]
  const there: Pattern = { negated: false, source: '.', exact: undefined, prefix: undefined }
  return [{ variable, patterns: [there], exactCase: false }, test]
}

/** A value of several in one variable, which are compared as they are written there. */
function pairTests(variable: string, before: string, any: string, after: string, name: string, value: unknown): Test[] {
  const key = `${before}${literal(name)}=`
  const patterns = patternsOf(value, { any }).map((pattern): Pattern => {
    if (!pattern.source.startsWith('^') || !pattern.source.endsWith('$'))
      throw new Refused(`the value of ${name} is matched by a regular expression: write it for query, or with *`)
    return { ...pattern, exact: undefined, prefix: undefined, source: `${key}${pattern.source.slice(1, -1)}${after}` }
  })
  const there: Pattern = { negated: false, source: key, exact: undefined, prefix: undefined }
  const test = { variable, patterns, exactCase: true }
  return patterns.some(({ negated }) => !negated) ? [test] : [{ variable, patterns: [there], exactCase: true }, test]
}
