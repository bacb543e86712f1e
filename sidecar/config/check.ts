// A value against a schema: every problem with its place and words that lead to the repair.
import * as v from 'valibot'
import { groupOf, unknownKeys } from './describe.ts'
import { nearest } from '../nearest.ts'
import { formatPath, type ConfigPath, type Problem } from '../problem.ts'
import { problemAt, type ConfigSource } from './source.ts'

/** What came of a check. */
export interface Checked<Output> {
  /**
   * The value with its defaults filled in. Where there are problems, what is left without the wrong settings, so that more can be
   * checked; undefined when that cannot be used.
   */
  readonly value: Output | undefined
  readonly problems: readonly Problem[]
}

/** Checks the part of a configuration at `path`. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  path: ConfigPath,
  source: ConfigSource,
): Checked<v.InferOutput<Schema>> {
  const converted = convert(schema, value, path, source)
  const result = v.safeParse(schema, converted)
  if (result.success) return { value: result.output, problems: [] }
  const problems = unknownKeys(schema, value, path).map(({ path: place, known }) => {
    return problemAt(source, 'CONFIG_KEY', place, unknownKeyMessage(String(place.at(-1)), known))
  })
  for (const issue of expand(schema, converted, result.issues)) {
    // Unknown keys have been told above, all of them and with the nearest known one.
    if (issue.expected === 'never' && issue.type.endsWith('object')) continue
    problems.push(problemAt(source, 'CONFIG_VALUE', [...path, ...keysOf(issue)], words(issue)))
  }
  const rest = v.safeParse(schema, without(converted, problems, path))
  return { value: rest.success ? rest.output : undefined, problems }
}

/** A copy of a value without the settings that are wrong. */
function without(value: unknown, problems: readonly Problem[], path: ConfigPath): unknown {
  const wrong = new Set(problems.map((problem) => problem.path))
  const walk = (part: unknown, place: ConfigPath): unknown => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    const kept = Object.entries(part).filter(([key]) => !wrong.has(formatPath([...place, key])))
    return Object.fromEntries(kept.map(([key, inside]) => [key, walk(inside, [...place, key])]))
  }
  return walk(value, path)
}

/** Says that a key is not known, and which one may have been meant. */
export function unknownKeyMessage(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`
  return `there is no setting ${key}; ${hint}`
}

type Issue = v.BaseIssue<unknown>

function keysOf(issue: Issue): (string | number)[] {
  return (issue.path ?? []).map((item) => item.key as string | number)
}

/** Of "a text or a group of settings" that got a group: what is wrong inside it. */
function expand(schema: v.GenericSchema, value: unknown, issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.type !== 'union' || issue.path || issue.input === null || typeof issue.input !== 'object') return [issue]
    const group = groupOf(schema)
    const inside = group && v.safeParse(group, value)
    return inside && !inside.success ? [...inside.issues] : [issue]
  })
}

function words(issue: Issue): string {
  if (issue.type.endsWith('object') && issue.received === 'undefined') return 'is missing'
  if (issue.received === 'undefined' && issue.kind === 'schema') return 'is missing'
  const got = shown(issue.input)
  if (issue.type === 'picklist') {
    const { requirement, expected } = issue as Issue & { requirement?: unknown }
    const known = [...(expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1]!)
    const near = typeof issue.input === 'string' && requirement === undefined ? nearest(issue.input, known) : undefined
    return `is ${got}; ${near === undefined ? `it can be ${known.join(', ')}` : `did you mean ${near}?`}`
  }
  // It is about a part of the value, and has said of it what can be told.
  if (issue.type === 'raw_check') return issue.message
  if (!issue.message.startsWith('Invalid ')) return `${issue.message} (it is ${got})`
  if (issue.type === 'integer') return `is ${got}, must be a whole number`
  if (issue.type === 'non_empty' || (issue.type === 'min_length' && issue.input === ''))
    return Array.isArray(issue.input) ? 'is an empty list, must have one entry or more' : 'is empty'
  if (issue.type === 'min_length' && Array.isArray(issue.input)) return 'is an empty list, must have one entry or more'
  if (typeof issue.input === 'function')
    return `is ${got}: a configuration has the names of modules, such as "./hello.ts#app"`
  return `is ${got}, must be ${wanted(issue.expected ?? 'something else')}`
}

const WORDS: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'a group of settings',
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
}

/** What valibot calls `(number | Object)`. */
function wanted(expected: string): string {
  return expected
    .replace(/^\((.*)\)$/, '$1')
    .split(' | ')
    .map((type) => WORDS[type] ?? type)
    .join(' or ')
}

/** A value in the words of a configuration. */
export function shown(value: unknown): string {
  if (typeof value === 'object') return kindOf(value)
  if (typeof value === 'function') return 'a function'
  // Infinity, NaN, which are no JSON.
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : 'a group of settings'
}

/** Texts that came from the environment become numbers, true or false where the schema wants them. */
function convert(schema: v.GenericSchema, value: unknown, path: ConfigPath, source: ConfigSource): unknown {
  if (source.expanded.size === 0) return value
  const result = v.safeParse(schema, value)
  if (result.success) return value
  const converted: unknown = structuredClone(value)
  for (const issue of result.issues) {
    const keys = keysOf(issue)
    if (keys.length === 0 || !source.expanded.has(formatPath([...path, ...keys]))) continue
    const better = fromText(issue.input, issue.expected ?? '')
    if (better === undefined) continue
    const last = keys.pop()!
    const parent = keys.reduce<unknown>((inside, key) => (inside as Record<string, unknown>)[key], converted)
    ;(parent as Record<string, unknown>)[last] = better
  }
  return converted
}

function fromText(text: unknown, expected: string): number | boolean | undefined {
  if (typeof text !== 'string') return undefined
  if (expected.includes('number') && /^-?[0-9]+(?:\.[0-9]+)?$/.test(text)) return Number(text)
  if (expected.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return undefined
}
