// What the layer `headers` does to fields: the settings of one direction, checked and ready.
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { HOP_BY_HOP } from '../wire/field-names.ts'
import type { Log } from '../log.ts'
import { TOKEN } from '../token.ts'
import { warnOfSlow } from './rules/slow-pattern.ts'
import { fieldTemplate, type Template } from './template.ts'

const name = v.pipe(v.string(), v.regex(TOKEN, 'is the name of a header field'))

/** The settings of one direction. */
export const changeEntries = {
  remove: v.pipe(
    v.optional(v.array(name), []),
    v.description('Fields that are left out; `X-Debug-*` is every one whose name begins so.'),
  ),
  replace: v.pipe(
    v.optional(v.record(name, v.strictTuple([v.string(), v.string()])), {}),
    v.description('In the value of a field, a regular expression and what stands in the place of all it fits ($1 …).'),
  ),
  default: v.pipe(
    v.optional(v.record(name, v.string()), {}),
    v.description('Fields with the value that they get where they are not there.'),
  ),
  set: v.pipe(
    v.optional(v.record(name, v.string()), {}),
    v.description('Fields with their value, in the place of those that are there.'),
  ),
  add: v.pipe(
    v.optional(v.record(name, v.union([v.string(), v.array(v.string())])), {}),
    v.description('Fields that come beside those that are there.'),
  ),
}

/** The settings of one direction, defaults filled in. */
export type ChangeSettings = v.InferOutput<v.StrictObjectSchema<typeof changeEntries, undefined>>

/** A field and its value. */
export interface FieldValue {
  readonly name: string
  readonly lower: string
  readonly value: Template
}

/** A field, and what is done to its value. */
interface Replacement {
  readonly lower: string
  readonly pattern: RegExp
  readonly text: string
}

/** What is done to fields, in this order. Names in lower case. */
export interface FieldChanges {
  readonly removed: ReadonlySet<string>
  /** What names begin with that are left out too. */
  readonly prefixes: readonly string[]
  readonly replaced: readonly Replacement[]
  readonly defaults: readonly FieldValue[]
  readonly set: readonly FieldValue[]
  readonly added: readonly FieldValue[]
}

/**
 * @param path of the settings, for errors
 * @param log is told of a regular expression that may take for ever (RULE_SLOW)
 * @param refused names that are not to be changed beside those of the framing, with the reason
 * @throws {ConfigError} FIELD_FIXED, REGEXP_BAD, TEMPLATE_BAD
 */
export function fieldChanges(
  settings: ChangeSettings,
  path: string,
  log: Log,
  refused: Readonly<Record<string, string>> = {},
): FieldChanges {
  const demand = (field: string, place: string): void => {
    const lower = field.toLowerCase()
    const why = Object.hasOwn(refused, lower) ? refused[lower] : isFraming(lower) ? FRAMING : undefined
    if (why !== undefined) throw new ConfigError('FIELD_FIXED', place, `${field} ${why}`)
  }
  const values = (group: Readonly<Record<string, string | readonly string[]>>, at: string): FieldValue[] =>
    Object.entries(group).flatMap(([field, given]) => {
      const place = `${path}.${at}.${field}`
      demand(field, place)
      return [given].flat().map((one) => ({
        name: field,
        lower: field.toLowerCase(),
        value: fieldTemplate(one, place),
      }))
    })
  settings.remove.forEach((field, index) => demand(field, `${path}.remove.${index}`))
  const removed = settings.remove.map((field) => field.toLowerCase())
  return {
    removed: new Set(removed),
    prefixes: removed.filter((field) => field.endsWith('*')).map((field) => field.slice(0, -1)),
    replaced: Object.entries(settings.replace).map(([field, [pattern, text]]) => {
      const place = `${path}.replace.${field}`
      demand(field, place)
      warnOfSlow(pattern, place, log)
      return { lower: field.toLowerCase(), pattern: regularExpression(pattern, place), text }
    }),
    defaults: values(settings.default, 'default'),
    set: values(settings.set, 'set'),
    added: values(settings.add, 'add'),
  }
}

/** True for a field that stays, whoever wants it away. */
export function isFraming(lower: string): boolean {
  return lower === 'content-length' || HOP_BY_HOP.has(lower)
}

const FRAMING = 'says how one connection is used or how long a body is, which is for whoever sends it'

/** True for a field that is left out. */
export function isRemoved(lower: string, { removed, prefixes }: FieldChanges): boolean {
  return removed.has(lower) || (!isFraming(lower) && prefixes.some((prefix) => lower.startsWith(prefix)))
}

/** A value after the replacements for its field. */
export function replacedValue(lower: string, value: string, { replaced }: FieldChanges): string {
  let text = value
  for (const one of replaced) if (one.lower === lower) text = text.replace(one.pattern, one.text)
  return text
}

function regularExpression(pattern: string, path: string): RegExp {
  try {
    return new RegExp(pattern, 'g')
  } catch (error) {
    throw new ConfigError('REGEXP_BAD', path, (error as Error).message, { cause: error })
  }
}
