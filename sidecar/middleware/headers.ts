// The layer `headers`: fields of requests and of responses, set, added, replaced and left out.
import * as v from 'valibot'
import type { Exchange } from '../exchange.ts'
import { through, type Layer } from '../layer.ts'
import { addVariable, copyVariables, fieldOfVariable, isSecure, variableName, type Variables } from '../variables.ts'
import type { Head, HeaderPair } from '../wire/head.ts'
import { checkHost } from '../wire/http-variables.ts'
import { chosenBy, noteChoice, variablesIn, withChoice, type ChosenBy } from './chosen-by.ts'
import {
  changeEntries,
  fieldChanges,
  isRemoved,
  replacedValue,
  type ChangeSettings,
  type FieldChanges,
} from './field-changes.ts'
import { madeFields, type Varied } from './made-fields.ts'
import type { MiddlewareKind } from './middleware.ts'
import { isNamed } from './response-fields.ts'
import { isAmong, statusEntry, statusRange, type StatusRange } from './statuses.ts'

const settings = v.strictObject({
  request: v.pipe(v.optional(v.strictObject(changeEntries)), v.description('What apps get of requests.')),
  response: v.pipe(
    v.optional(
      v.strictObject({
        ...changeEntries,
        statuses: v.pipe(
          v.optional(v.array(statusEntry)),
          v.description('Only in responses with one of these statuses: 404, 5xx, 500-599. Unless set: in all.'),
        ),
      }),
    ),
    v.description('What clients get of responses.'),
  ),
  secure: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'Responses get what browsers heed, where the app has not said otherwise: X-Content-Type-Options, X-Frame-Options, Referrer-Policy, and over TLS Strict-Transport-Security.',
    ),
  ),
})

/** What browsers heed, as most sites can have it. */
const SECURE: readonly HeaderPair[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'SAMEORIGIN'],
  ['Referrer-Policy', 'strict-origin-when-cross-origin'],
]
/** RFC 6797: a year, for this host alone. */
const TRANSPORT: HeaderPair = ['Strict-Transport-Security', 'max-age=31536000']

const REFUSED = { proxy: 'never reaches an app: programs take HTTP_PROXY for a setting (httpoxy)' }

export const headers: MiddlewareKind<'headers', typeof settings, never> = {
  name: 'headers',
  summary: 'Sets, adds, replaces and leaves out header fields, of requests and of responses.',
  settings,
  create({ request, response, secure }, { path, log }) {
    const inward = request && fieldChanges(request, `${path}.request`, log, REFUSED)
    const outward = response && fieldChanges(response, `${path}.response`, log)
    const ranges = response?.statuses?.map(statusRange)
    const by = response && chosenBy(templatesOf(response))
    const made = request && madeFields(madeOf(request))
    const layer = responseLayer(outward, ranges, secure, by, made)
    return {
      handle(exchange, next) {
        if (!inward && !layer) return next(exchange)
        if (by) noteChoice(exchange, by)
        const variables = inward ? changedRequest(exchange, inward) : exchange.variables
        next(through(exchange, layer ?? {}, { variables }))
      },
    }
  },
}

/** The variables that the values of response fields are filled with. */
function templatesOf({ default: defaults, set, add }: ChangeSettings): string[] {
  return variablesIn([...Object.values(defaults), ...Object.values(set), ...Object.values(add).flat()])
}

/** The fields of requests that are given values, with these. */
function madeOf({ default: defaults, set, add }: ChangeSettings): (readonly [string, string])[] {
  const added = Object.entries(add).flatMap(([name, texts]) => [texts].flat().map((text) => [name, text] as const))
  return [...Object.entries(defaults), ...Object.entries(set), ...added]
}

function responseLayer(
  changes: FieldChanges | undefined,
  ranges: readonly StatusRange[] | undefined,
  secure: boolean,
  by: ChosenBy | undefined,
  made: Varied | undefined,
): Layer | undefined {
  if (!changes && !secure && !made) return undefined
  const changed = (given: Head, outer: Exchange): Head => {
    const head = made ? made(given, outer) : given
    const isOwn = changes && (!ranges || isAmong(head.status, ranges))
    const own = isOwn ? changedHead(by ? withChoice(head, by) : head, changes, outer) : head
    return secure ? secured(own, outer) : own
  }
  return { head: changed, upgrade: (head, outer) => outer.upgrade(changed(head, outer)) }
}

/** The variables with what is changed of their fields. A value that comes out empty leaves its field out. */
function changedRequest(exchange: Exchange, changes: FieldChanges): Variables {
  const variables = copyVariables(exchange.variables)
  if (changes.removed.size > 0 || changes.replaced.length > 0) {
    for (const variable in variables) {
      const lower = fieldOfVariable(variable)
      if (lower === undefined) continue
      if (isRemoved(lower, changes)) delete variables[variable]
      else variables[variable] = replacedValue(lower, variables[variable]!, changes)
    }
  }
  for (const { name, value } of changes.defaults) {
    if (variables[variableName(name)] === undefined) setField(variables, name, value.fill(exchange))
  }
  for (const { name, value } of changes.set) setField(variables, name, value.fill(exchange))
  for (const { name, value } of changes.added) {
    const text = value.fill(exchange)
    if (text !== '') addVariable(variables, variableName(name), text)
  }
  if (variables.HTTP_HOST && variables.HTTP_HOST !== exchange.variables.HTTP_HOST) checkHost(variables.HTTP_HOST)
  return variables
}

function setField(variables: Variables, name: string, value: string): void {
  if (value === '') delete variables[variableName(name)]
  else variables[variableName(name)] = value
}

/** The head with what is changed of its fields; templates are about the request as it came to this layer. */
function changedHead({ status, reason, headers: given }: Head, changes: FieldChanges, outer: Exchange): Head {
  const fields: HeaderPair[] = []
  const there = new Set<string>()
  for (const [name, value] of given) {
    const lower = name.toLowerCase()
    if (isRemoved(lower, changes)) continue
    fields.push([name, replacedValue(lower, value, changes)])
    there.add(lower)
  }
  const own = changes.set.map(({ name, lower, value }) => ({ name, lower, text: value.fill(outer) }))
  for (const { name, lower, value } of changes.defaults) {
    const text = there.has(lower) ? '' : value.fill(outer)
    if (text !== '') fields.push([name, text])
  }
  const kept = own.length === 0 ? fields : fields.filter(([name]) => !own.some(({ lower }) => isNamed(name, lower)))
  for (const { name, text } of own) if (text !== '') kept.push([name, text])
  for (const { name, value } of changes.added) {
    const text = value.fill(outer)
    if (text !== '') kept.push([name, text])
  }
  return { status, reason, headers: kept }
}

function secured({ status, reason, headers: given }: Head, { variables }: Exchange): Head {
  const wanted = isSecure(variables) ? [...SECURE, TRANSPORT] : SECURE
  const missing = wanted.filter(([name]) => !given.some(([one]) => isNamed(one, name.toLowerCase())))
  return { status, reason, headers: [...given, ...missing] }
}
